/**
 * Rush hour: so many pushes a minute, at the published limits. One push in eight is a purchase, one is a suspension, and six are
 * check-ins. How soon does a purchase become a key? How soon does a suspension end one? `node --import=tsx bench/rush.ts [members] [ms a call takes] [rates...]`.
 */
import { nextFreePort } from '../worker/ports.js';
import { addCrowd, allAsleep, settle, threeHomes } from './crowd.js';
import { percentile, tell, type Row } from './rows.js';
import { applyLimits, latchkey, say, setStage, startWorkerProcess, wait } from './stage.js';

const [members = 1_000, delayMs = 0, ...given] = process.argv.slice(2).map(Number);
const rates = given.length > 0 ? given : [1, 10, 30, 60, 120, 300];
/** One push in so many is a purchase, and the next one a suspension. */
const every = 8;
/** A rate ends after so many of each, and so long, in which the limits of a minute show. */
const wanted = 12;
const [shortestMs, longestMs] = [2 * 60_000, 5 * 60_000];
const secret = 'a secret of this bench';
const port = await nextFreePort(18_200);
const rows: Row[] = [];

const stage = await setStage({
  LATCHKEY_PUSH_PORT: String(port),
  LATCHKEY_PUSH_URL: `http://127.0.0.1:${port}`,
  NEXUDUS_WEBHOOK_SECRET: secret,
  LATCHKEY_FULL_PASS_INTERVAL: '2h',
  LATCHKEY_AUDIT_INTERVAL: '7d',
});
const { nexudus, kisi, ids } = stage;
nexudus.switches.hookSecret = secret;
const homes = threeHomes(stage);
const crowd = addCrowd(stage, homes, members);
await settle(stage, crowd);
applyLimits(stage);
const worker = await startWorkerProcess(stage);
await latchkey(stage, 'hooks', 'install');
await allAsleep(stage, members);
// As after each hourly audit, it is known who has a Kisi user.
await latchkey(stage, 'drift', '--now');
if (delayMs > 0) for (const { faults } of [nexudus, kisi]) faults.add({ match: '^/', kind: 'slow', delayMs });
/** Those who check in, in turn, and those who are suspended, each once. */
let next = 0;
let newcomers = 0;
for (const rate of rates) await rush(rate);
await worker.stop();
await stage.stop();
tell(rows);

async function rush(rate: number): Promise<void> {
  // What the rate before has used up of the minute is not this one's.
  await wait(61_000);
  const [gained, lost]: [Promise<number>[], Promise<number>[]] = [[], []];
  const gapMs = 60_000 / rate;
  for (const { requests } of [nexudus, kisi]) requests.clear();
  const startedAt = performance.now();
  const tookMs = (): number => performance.now() - startedAt;
  for (let i = 0; tookMs() < longestMs && (lost.length < wanted || tookMs() < shortestMs); i++) {
    // At a slow rate every push is one that matters, or there would be none.
    const kind = rate * every < 60 ? i % 2 : i % every;
    if (kind === 0) gained.push(purchase());
    else if (kind === 1) lost.push(suspension());
    else checkIn();
    await wait(Math.max(0, startedAt + (i + 1) * gapMs - performance.now()));
  }
  const minutes = tookMs() / 60_000;
  const asked = nexudus.requests.list();
  const told = `${rate} pushes a minute, ${members} members, ${delayMs} ms a call`;
  report(`purchase to key, ${told}`, await Promise.all(gained), rate);
  report(`suspension to no key, ${told}`, await Promise.all(lost), rate);
  const throttled = asked.filter(({ status }) => status === 409).length;
  const perMinute = asked.length / minutes;
  const ofKisi = (kisi.requests.count() / minutes).toFixed(0);
  say(`requests a minute: ${perMinute.toFixed(0)}, throttled: ${throttled}; of Kisi: ${ofKisi}`);
  rows.push({
    what: `Nexudus requests a minute (throttled in all: ${throttled}), ${told}`,
    measured: perMinute.toFixed(0),
    floor: '',
    ratio: null,
    goal: 'at most 120, none throttled',
    holds: perMinute <= 120 && throttled === 0,
  });
}

async function purchase(): Promise<number> {
  const Email = `rush${newcomers++}@example.com`;
  const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
  const from = performance.now();
  nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
  while (kisi.org.keysOf(Email).length === 0) await wait(20);
  return (performance.now() - from) / 1_000;
}

async function suspension(): Promise<number> {
  const place = next++ % members;
  const [memberId = 0, userId = 0] = [crowd.memberIds[place], crowd.userIds[place]];
  const from = performance.now();
  nexudus.space.suspend(memberId);
  while (kisi.org.assignments().some((key) => key.user_id === userId)) await wait(50);
  return (performance.now() - from) / 1_000;
}

function checkIn(): void {
  nexudus.space.checkIn(crowd.memberIds[next++ % members] ?? 0);
}

function report(what: string, took: readonly number[], rate: number): void {
  const [p50, p95, longest] = [percentile(took, 0.5), percentile(took, 0.95), Math.max(...took)];
  const most = rate <= 30 ? 2 : 6;
  say(`${what}: p50 ${p50.toFixed(2)}, p95 ${p95.toFixed(2)}, longest ${longest.toFixed(2)} s`);
  rows.push({
    what: `${what}, p95 of ${took.length} (p50 ${p50.toFixed(2)} s, longest ${longest.toFixed(2)} s)`,
    measured: `${p95.toFixed(2)} s`,
    floor: '',
    ratio: null,
    goal: `under ${most} s`,
    holds: p95 < most,
  });
}
