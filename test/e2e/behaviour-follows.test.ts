/**
 * Each switch of both simulators away from its default, one at a time: the main scenarios end as they should, with the profile
 * that `verify --write` wrote and without one, and no key is taken from anybody who is entitled to it. SWITCHES=each: all values
 * of all switches. SWITCHES=listLagMs,mostRows: those of these.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { setStage, type Stage } from '../../client/stage.js';
import { createKept } from '../../database/kept.js';
import { openDatabase } from '../../database/database.js';
import { memberWorkflowId, stateQuery } from '../../messages/to-member.js';
import { createSession } from '../../nexudus/session.js';
import { assumptions } from '../../verify/assumptions.js';
import { verifyByWriting, withFindings } from '../../verify/by-writing.js';
import { keepProfile } from '../../verify/keep-profile.js';
import { usualPauseMs } from '../../verify/patience.js';
import { verifyByReading } from '../../verify/verify.js';
import { createLogger } from '../../worker/logging.js';
import type { Service } from '../../worker/service.js';
import { noPace } from '../nexudus/stub.js';
import { leave, newTemporal } from '../support/dev-server.js';
import { eventually, patienceMs } from '../support/eventually.js';
import { hurried } from '../support/space.js';
import { reader, testEmail } from '../verify/writing.js';
import { KeyWatch } from './switches/key-watch.js';
import { Members, policies, refusedBy } from './switches/members.js';
import { assertTaken, joinLocations, pushEnv, tellOfChanges } from './switches/pushes.js';
import { allAtOnce, rows, usualBut, type Row } from './switches/values.js';

/** How long everything goes on as ever: several polls, reconciliations and comparisons. */
const quietMs = 5_000;
const often = {
  LATCHKEY_POLL_INTERVAL: '1s',
  LATCHKEY_RECONCILIATION_INTERVAL: '5s',
  LATCHKEY_COMPARISON_INTERVAL: '5s',
};
/** Within the published limits. */
const paced = {
  LATCHKEY_POLL_INTERVAL: '10s',
  LATCHKEY_RECONCILIATION_INTERVAL: '1m',
  LATCHKEY_COMPARISON_INTERVAL: '20s',
};

/** The rows that touch safety most. */
const short = ['Kisi patchMovesValidity: false', 'Kisi listLagMs: 500'];
const wanted = process.env['SWITCHES'];
const chosen = [...rows, allAtOnce].filter(isChosen);

function isChosen(row: Row): boolean {
  const { title } = row;
  if (wanted === undefined) return short.includes(title);
  return wanted === 'each' || wanted.split(',').some((name) => title.split(/[ :]/).includes(name));
}

describe('the main scenarios, where an API is otherwise than documented', function () {
  this.timeout(480_000);

  it('has the rows that were asked for', () => {
    assert.ok(wanted === undefined ? chosen.length === short.length : chosen.length > 0);
  });

  // One after another: a process serves one space, and makes its digests of e-mails with the secret of that space.
  for (const row of chosen)
    for (const isVerified of [true, false])
      it(`${row.title}, ${isVerified ? 'with a verified profile' : 'without a profile'}`, () =>
        onStage(row, isVerified));
});

async function onStage(row: Row, isVerified: boolean): Promise<void> {
  const stage = await set(row, isVerified);
  try {
    await play(stage, row, isVerified);
  } finally {
    await stage.stop();
    await leave(stage.env['TEMPORAL_NAMESPACE']);
  }
}

/** The stage of a row, without a worker yet. */
async function set(row: Row, isVerified: boolean): Promise<Stage> {
  // What verify tells an operator to do where this differs.
  const advised = isVerified && row.nexudus.planPassExpires === 'periodEnd' ? { lastDay: 'exclusive' } : {};
  const stage = await setStage({
    temporal: await newTemporal(),
    log: createLogger({ level: process.env['TEST_LOG'] === undefined ? 'silent' : 'debug' }),
    env: {
      ...(isLimited(row) ? paced : often),
      ...(row.hasPushes ? pushEnv : {}),
    },
    file: JSON.stringify({ policies: { ...policies, ...advised } }),
  });
  const { nexudus, kisi } = usualBut(row);
  Object.assign(stage.nexudus.switches, nexudus);
  Object.assign(stage.kisi.switches, kisi);
  return stage;
}

async function play(stage: Stage, row: Row, isVerified: boolean): Promise<void> {
  const watch = new KeyWatch(stage.kisi);
  const members = new Members(stage, watch);
  members.fill();
  const refused = keysOf(refusedBy).flatMap((name) => (name in row.kisi ? refusedBy[name] : []));
  for (const name of refused) members.expectNothing(name);
  if (row.hasPushes) joinLocations(stage);
  if (row.isThrottled) throttle(stage);
  // After this, every list has what was there before.
  await sleep(stage.kisi.switches.listLagMs);
  if (isVerified) await writeProfile(stage, row);
  const service = await stage.startWorker(isLimited(row) ? {} : hurried());
  if (row.hasPushes) await tellOfChanges(stage, service.pushPort);
  const areDue = (): boolean => watch.wrong().length === 0;
  await eventually('first keys', areDue, patienceMs, 50, () => Promise.resolve(watch.wrong()));
  await members.live();
  await sleep(quietMs);
  assert.deepEqual(watch.wrong(), []);
  const mayReplace = row.kisi.patchMovesValidity === false;
  assert.deepEqual(watch.takenWrongly(mayReplace), []);
  assert.equal(watch.unseen(), 0);
  assertMails(stage);
  for (const name of refused) await assertTold(service, members.idOf(name));
  if (row.hasPushes) await assertTaken(stage);
}

/** As `latchkey verify --write` does it. */
async function writeProfile({ config, kisi, ids }: Stage, row: Row): Promise<void> {
  const ways = {
    nexudus: { ...config.nexudus, pace: noPace(), session: createSession() },
    kisi: { ...config.kisi },
    pauseMs: isLimited(row) ? usualPauseMs : 5,
  };
  const db = await openDatabase(config.databaseUrl);
  try {
    const kept = createKept(db);
    const { profile } = await verifyByReading({ ...ways, zoned: [] });
    const { findings, stays } = await verifyByWriting({
      ...{ ...ways, kept, groupId: ids.groups.romeOffice, email: testEmail, ask: reader({ kisi }) },
      settleMs: 300 + 2 * kisi.switches.listLagMs,
    });
    assert.deepEqual(stays, []);
    const { answers } = await keepProfile(kept, withFindings(profile, findings));
    for (const { name, switch: known } of assumptions) {
      if (known === null || !(known in row.nexudus || known in row.kisi)) continue;
      const answer = answers[name];
      if (wanted !== undefined) console.log(`        ${row.title}: ${name} ${answer?.result ?? 'no answer'}`);
    }
  } finally {
    await db.destroy();
  }
}

/** Both APIs send a request away now and then. */
function throttle({ nexudus, kisi }: Stage): void {
  const { throttleStatus } = nexudus.switches;
  const wait = kisi.switches.retryAfterHeader ? { retryAfter: 1 } : {};
  for (const skip of [5, 40, 90, 150, 200, 260]) {
    const one = { match: '/', kind: 'status', times: 1, skip } as const;
    nexudus.faults.add({ ...one, match: '/api/', status: throttleStatus, retryAfter: 1 });
    kisi.faults.add({ ...one, status: 429, ...wait });
  }
}

/** The published limits are kept by the worker’s own pace. */
const isLimited = ({ nexudus, kisi }: Row): boolean => 'rateLimits' in nexudus || 'rateLimit' in kisi;

/** Nobody gets more than the one mail of an invitation. */
function assertMails({ kisi }: Stage): void {
  const mails = kisi.mails.filter(({ to }) => to !== testEmail);
  const people = mails.map(({ to }) => to);
  assert.deepEqual(people, [...new Set(people)]);
  assert.deepEqual(
    mails.filter(({ kind }) => kind !== 'invitation'),
    [],
  );
}

/** The workflow tells that a member gets no key, and what it waits for, except while it tries again. */
async function assertTold({ client }: Service, memberId: number): Promise<void> {
  await eventually('the workflow says what it waits for', async () => {
    const member = client.workflow.getHandle(memberWorkflowId(memberId));
    const { waitingFor, keys } = await member.query(stateQuery);
    assert.deepEqual(keys, []);
    return waitingFor !== null;
  });
}

const keysOf = (of: typeof refusedBy): (keyof typeof refusedBy)[] =>
  Object.keys(of) as (keyof typeof refusedBy)[];
