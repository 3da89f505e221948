/**
 * How soon the desk answers with many members, beside a worker: a person's page that nobody looked at before, and one that was just
 * looked at; Today; and the search. `node --import=tsx bench/desk.ts 300`.
 */
import { nextFreePort } from '../lib/ports.js';
import { accessStateKey, memberWorkflowId, memberWorkflowType, stateQuery } from '../messages/to-member.js';
import { percentile, tell, type Row } from './rows.js';
import { applyLimits, say, setStage, startWorkerProcess, wait, type BenchStage } from './stage.js';

const members = Number(process.argv[2] ?? 300);
/** How many pages of each kind are asked for, one after another. */
const pages = 40;
/** A front desk does not ask about somebody else every second. */
const restMs = 2_500;
/** A little longer than a health line counts as of now, so that each page reads it. */
const todayRestMs = 2_100;
const typed = ['member 1', 'Member 29', 'member1@', 'nobody at all', '12'];

const stage = await setStage();
const memberIds = fill(stage);
say(`${members} members`);
const port = await nextFreePort(18_200);
const worker = await startWorkerProcess(stage, { LATCHKEY_DESK_PORT: String(port) });
const url = `http://127.0.0.1:${port}`;
await until(async () => (await runningCount()) >= members);
await until(() => isFound(memberIds.at(-1) ?? 0));
applyLimits(stage);
// Requests that went out without any limit count for the limits too.
await wait(3_000);
const people = await lookAtPeople();
const today = await timed(pages, () => msOf('/today'), todayRestMs);
const asked = stage.nexudus.requests.list().length;
const search = await timed(pages, (i) =>
  msOf(`/search?q=${encodeURIComponent(typed[i % typed.length] ?? '')}`),
);
const askedBySearch = stage.nexudus.requests.list().length - asked;
await worker.stop();
await stage.stop();
tell([
  row("a person's page that nobody looked at before", people.cold, 300, people.floor),
  row('the same page, at once again', people.kept, 300, people.floor),
  row('until such a page is of now', people.ofNow, 3_000),
  row('Today', today, 500),
  row('an answer of the search', search, 150),
  {
    what: `desk with ${members} members: requests to Nexudus while ${pages} searches are answered`,
    ...{ measured: String(askedBySearch), floor: '0', ratio: null },
    // The poll goes on meanwhile, and so does whatever keeps the list of people up.
    ...{ goal: `fewer than ${pages / 2}`, holds: askedBySearch < pages / 2 },
  },
]);

interface Looks {
  cold: number[];
  kept: number[];
  /** From the first look until the page needs no mark of an earlier time. */
  ofNow: number[];
  /** How long Temporal, asked from here, takes to tell of a member that nobody asked about: no page that asks it is faster. */
  floor: number[];
}

async function lookAtPeople(): Promise<Looks> {
  const looks: Looks = { cold: [], kept: [], ofNow: [], floor: [] };
  const step = Math.max(1, Math.floor(members / pages));
  for (let i = 0; i < pages; i++) {
    const [id = 0, neighbour = id] = memberIds.slice(i * step, i * step + 2);
    const startedMs = performance.now();
    looks.cold.push(await msOf(`/people/${id}`));
    while ((await textOf(`/people/${id}`)).includes('being asked again')) await wait(50);
    looks.ofNow.push(performance.now() - startedMs);
    looks.kept.push(await msOf(`/people/${id}`));
    await wait(restMs);
    looks.floor.push(await temporalMs(neighbour));
  }
  return looks;
}

async function timed(times: number, ask: (i: number) => Promise<number>, restMs = 0): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < times; i++) {
    values.push(await ask(i));
    await wait(restMs);
  }
  return values;
}

function row(what: string, valuesMs: readonly number[], mostMs: number, floorMs?: readonly number[]): Row {
  const p95 = percentile(valuesMs, 0.95);
  const floor = floorMs === undefined ? null : percentile(floorMs, 0.95);
  return {
    what: `desk with ${members} members: ${what}, p95`,
    measured: `${p95.toFixed(0)} ms (median ${percentile(valuesMs, 0.5).toFixed(0)} ms)`,
    floor: floor === null ? '' : `${floor.toFixed(0)} ms: two questions to Temporal`,
    ratio: floor === null ? null : p95 / floor,
    goal: `at most ${mostMs} ms`,
    holds: p95 <= mostMs,
  };
}

function fill({ nexudus, ids }: BenchStage): number[] {
  return Array.from({ length: members }, (_, i) => {
    const { Id } = nexudus.space.addCoworker({
      ...{ Email: `member${i}@example.com`, FullName: `Member ${i}`, InvoicingBusinessId: ids.rome },
    });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    return Id;
  });
}

async function runningCount(): Promise<number> {
  const query = `WorkflowType = '${memberWorkflowType}' AND ${accessStateKey.name} = 'access'`;
  return (await stage.client.workflow.count(query)).count;
}

/** Whether the desk has read who is in Nexudus. */
async function isFound(id: number): Promise<boolean> {
  return (await textOf(`/search?q=${id}`).catch(() => '')).includes(`/people/${id}`);
}

/** As a page asks: how the workflow is listed, then how it stands. */
async function temporalMs(memberId: number): Promise<number> {
  const startedMs = performance.now();
  const handle = stage.client.workflow.getHandle(memberWorkflowId(memberId));
  await handle.describe();
  await handle.query(stateQuery);
  return performance.now() - startedMs;
}

async function msOf(path: string): Promise<number> {
  const startedMs = performance.now();
  await textOf(path);
  return performance.now() - startedMs;
}

/** Throws where the answer is no page. */
async function textOf(path: string): Promise<string> {
  const answer = await fetch(`${url}${path}`);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
  return text;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await wait(500);
}
