import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { readingRules } from '../../access/pass-rules.js';
import type { ReconciliationMemory, PollActivities, PollMemory } from '../../messages/to-activities.js';
import { KnownRecords } from '../../activities/known.js';
import { createPollActivities, type PollDeps } from '../../activities/poll.js';
import type { Wake } from '../../messages/to-member.js';
import { createNexudusClient, type NexudusClient } from '../../nexudus/client.js';
import { createReplica } from '../../nexudus/replica.js';
import { createPacer } from '../../nexudus/pace.js';
import { createReader } from '../../nexudus/reader.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { rules } from '../support/builders.js';

/** Temporal without a run of any workflow. */
const client = { workflow: { list: () => [] } } as unknown as Client;
const nobody: PollDeps['waker'] = {
  wake: () => Promise.resolve(),
  wakeIfRunning: () => Promise.resolve(false),
};

describe('what the polls and reconciliations tell of Nexudus', () => {
  let nexudus: NexudusSimulator;
  let activities: PollActivities;
  let told: string[] = [];
  const lags: string[] = [];
  const logger = new DefaultLogger('INFO', ({ message }) => void told.push(message));

  before(async () => {
    nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
    for (let i = 0; i < 20; i++) nexudus.space.addCoworker({ Email: `m${i}@example.com` });
    activities = pollsOf(nexudus, nobody, (collection) => void lags.push(collection));
  });
  beforeEach(() => {
    told = [];
  });
  afterEach(() => {
    nexudus.faults.clear();
  });
  after(() => nexudus.stop());

  const poll = (memory: PollMemory | null): Promise<PollMemory> =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger }).run(() =>
      activities.pollChanges(memory),
    );
  const pass = (memory: ReconciliationMemory | null): Promise<ReconciliationMemory> =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger }).run(() =>
      activities.reconcile(memory),
    );
  const whileIts = (kind: 'lossy' | 'status'): void => {
    nexudus.faults.add({ match: '/api/spaces/coworkers', kind, status: 503 });
  };

  it('is once that a list lost most of its rows, for as long as that is not believed', async () => {
    const whole = await pass(null);
    whileIts('lossy');
    const doubting = await pass(whole);
    await pass(doubting);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /lost most rows of coworkers \(8 rows, 20 before\)/);
    assert.deepEqual(doubting.baselines['coworkers'], whole.baselines['coworkers']);
  });

  it('is once that it cannot be read, and once that it can be again', async () => {
    const whole = await pass(null);
    whileIts('status');
    await assert.rejects(pass(whole));
    await assert.rejects(pass(whole));
    nexudus.faults.clear();
    await pass(whole);
    await pass(whole);
    assert.equal(told.length, 2, told.join('\n'));
    assert.match(
      told[0] ?? '',
      /^The reconciliation waits, and nothing is taken away meanwhile: .*coworkers.*503/,
    );
    assert.match(told[1] ?? '', /can read Nexudus again/);
  });

  it('is once of an outage, at whichever of the lists it shows', async () => {
    const whole = await pass(null);
    for (const match of ['/spaces/coworkers', '/spaces/teams', '/billing/coworkercontracts']) {
      nexudus.faults.add({ match, kind: 'status', status: 503 });
      await assert.rejects(pass(whole));
      nexudus.faults.clear();
    }
    assert.equal(told.length, 1, told.join('\n'));
    await pass(whole);
    nexudus.faults.add({ match: '/spaces/coworkers', kind: 'truncated' });
    await assert.rejects(pass(whole));
    assert.equal(told.length, 3, told.join('\n'));
    nexudus.faults.clear();
    await pass(whole);
  });

  it('is each record that is malformed or makes no sense, once, by whichever read comes upon it first', async () => {
    const { space } = nexudus;
    const absurd = (value: unknown): never => value as never;
    const type = space.addTimePass().Id;
    const ann = space.addCoworker({ Email: 'ann@example.com' }).Id;
    const ids = [
      space.addPass({ CoworkerId: absurd(null), TimePassId: type }).Id,
      space.addPass({ CoworkerId: ann, TimePassId: type, Used: absurd('no') }).Id,
      space.addPass({ CoworkerId: ann, TimePassId: type, ExpireDate: '0001-01-01T00:00:00' }).Id,
    ];
    const old = space.addTimePass({ BusinessId: absurd(null) }).Id;
    try {
      const first = await poll(null);
      const whole = await pass(null);
      await poll(first);
      await pass(whole);
      const said = told.filter((line) => line.includes('record'));
      assert.deepEqual(
        said.map((line) => [line.match(/record (\d+)/)?.[1], line.match(/in Nexudus (.*); no key/)?.[1]]),
        [
          [String(ids[0]), 'it counts for nobody'],
          [String(ids[1]), `it opens nothing for coworker ${ann}`],
          [String(ids[2]), `it opens nothing for coworker ${ann}`],
          [String(old), 'it counts for nobody'],
        ],
      );
      assert.ok(said.every((line) => !line.includes('example.com')));
      space.update('timepasses', old, { Name: 'again' });
      await pass(whole);
      assert.equal(told.filter((line) => line.includes('record')).length, 5);
    } finally {
      for (const id of ids) space.remove('coworkertimepasses', id);
      space.remove('timepasses', old);
    }
  });

  it('is no more than twenty lines where all records have another shape', async () => {
    const { space } = nexudus;
    const ids = Array.from({ length: 50 }, () => space.addTimePass({ BusinessId: null as never }).Id);
    try {
      await pass(null);
      const said = told.filter((line) => line.includes('record'));
      assert.equal(said.length, 21);
      assert.match(said.at(-1) ?? '', /^30 more records of Nexudus are so\.$/);
    } finally {
      for (const id of ids) space.remove('timepasses', id);
    }
  });

  it('is a location whose time zone is not known any more, once', async () => {
    const { space } = nexudus;
    const { Id } = space.addBusiness({ Name: 'Nowhere' });
    await pass(null);
    space.update('businesses', Id, { SimpleTimeZoneId: space.addSimpleTimeZone({ Name: 'Atlantis' }).Id });
    await pass(null);
    await pass(null);
    const said = told.filter((line) => line.includes('time zone'));
    assert.deepEqual(said, [
      `Location ${Id} has no known time zone: its passes wait until it is named in latchkey.yaml.`,
    ]);
  });

  it('includes the members that a reconciliation leaves to a workflow, where they are too many to wait for', async () => {
    const woken: number[] = [];
    const waker = { ...nobody, wake: (id: number) => Promise.resolve(void woken.push(id)) };
    const many = await startNexudusSimulator({ switches: { rateLimits: null } });
    const passOver = async (): Promise<number[]> => {
      const passes = pollsOf(many, waker, () => undefined);
      type Passed = Awaited<ReturnType<PollActivities['reconcile']>>;
      const pass = (): Promise<Passed> => passes.reconcile(null);
      const env = new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger });
      const { batches = [] } = await env.run<[], Passed, typeof pass>(pass);
      return batches.flatMap(({ mayStart }) => mayStart);
    };
    try {
      const { Id: TimePassId } = many.space.addTimePass({ Name: 'Day', BusinessId: 1 });
      const add = (from: number, to: number): void => {
        for (let i = from; i < to; i++) {
          const { Id } = many.space.addCoworker({ Email: `crowd${i}@example.com` });
          many.space.addPass({ CoworkerId: Id, TimePassId, BusinessId: 1 });
        }
      };
      add(0, 200);
      assert.deepEqual([(await passOver()).length, woken.splice(0).length], [0, 200]);
      add(200, 201);
      assert.deepEqual([(await passOver()).length, woken.length], [201, 0]);
    } finally {
      await many.stop();
    }
  });

  it('is how late each record was noticed, once, but not of those from before the first poll', async () => {
    const { space } = nexudus;
    const payer = space.addCoworker({ Email: 'payer@example.com' }).Id;
    const borrowers = [1, 2].map((i) => space.addCoworker({ Email: `b${i}@example.com` }).Id);
    space.addTeam({ ShareTimePasses: true, PayingMemberId: payer, TeamMembers: borrowers });
    const type = space.addTimePass().Id;
    const first = await poll(null);
    assert.deepEqual(lags, []);
    // A poll reads passes each time, and this one touches three people.
    space.addPass({ CoworkerId: payer, TimePassId: type });
    await poll(await poll(first));
    assert.deepEqual(lags, ['coworkertimepasses']);
  });
});

describe('a poll that finds many changes', () => {
  it('wakes up to 200 members itself, and leaves more to a workflow, so that the next poll need not wait', async () => {
    const nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
    const type = nexudus.space.addTimePass();
    const woken: number[] = [];
    const waker = { ...nobody, wake: (id: number) => Promise.resolve(void woken.push(id)) };
    const polls = pollsOf(nexudus, waker);
    const poll = (memory: PollMemory | null): ReturnType<PollActivities['pollChanges']> =>
      new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }).run(() => polls.pollChanges(memory));
    const join = (count: number): number[] =>
      Array.from({ length: count }, () => {
        const { Id } = nexudus.space.addCoworker();
        nexudus.space.addPass({ CoworkerId: Id, TimePassId: type.Id });
        return Id;
      });
    try {
      const first = await poll(null);
      const few = join(200);
      const { batches: none, ...second } = await poll(first);
      assert.equal(none, undefined);
      assert.deepEqual(woken.toSorted(), few.toSorted());
      // A coworker and a pass for each: those of ten thousand must fit into what one workflow may hand to the next.
      assert.ok(JSON.stringify(second.seen).length < 12 * 400 + 200, JSON.stringify(second.seen));
      const many = join(201);
      const { batches = [] } = await poll(second);
      assert.equal(woken.length, 200);
      assert.deepEqual(
        batches.map(({ mayStart }) => mayStart.toSorted()),
        [many.toSorted()],
      );
      assert.equal(batches[0]?.wake.isBatch, true);
    } finally {
      await nexudus.stop();
    }
  });
});

describe('a poll after a webhook', () => {
  let nexudus: NexudusSimulator;
  const woken: number[] = [];
  const lags: string[] = [];
  const known = new KnownRecords();
  const checkedIn: number[] = [];
  const told = (id: number, { reason }: Wake): Promise<void> => {
    woken.push(id);
    if (reason === 'checkIn') checkedIn.push(id);
    return Promise.resolve();
  };
  const waker = {
    wake: told,
    wakeIfRunning: (id: number, wake: Wake) => told(id, wake).then(() => true),
  };
  let polls: PollActivities;

  before(async () => {
    nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
    polls = pollsOf(nexudus, waker, (collection) => void lags.push(collection), known);
  });
  beforeEach(() => {
    woken.splice(0);
    lags.splice(0);
  });
  after(() => nexudus.stop());

  type Polled = Awaited<ReturnType<PollActivities['pollChanges']>>;
  const poll = (memory: PollMemory | null, by = polls): Promise<Polled> =>
    new MockActivityEnvironment(
      { startToCloseTimeoutMs: 60_000 },
      { logger: new DefaultLogger('ERROR') },
    ).run(() => by.pollChanges(memory));
  /** Has the member judged as the webhook's wake does. */
  async function judge(memberId: number): Promise<void> {
    const reader = createReader({
      ...{ client: clientOf(nexudus), readingRules, now: Date.now },
      baselines: () => Promise.resolve(null),
    });
    const request = { memberId, notBefore: Date.now(), reference: 'kept' as const };
    const { written } = await reader.readMember({
      ...{ ...request, isBatch: false, isCheckIn: false, siblingIds: [], standsOn: [] },
    });
    known.note(memberId, Date.now(), written);
  }

  it('wakes nobody anew who was judged by just what it finds, and tells how late it is all the same', async () => {
    const { space } = nexudus;
    const [type, first] = [space.addTimePass().Id, await poll(null)];
    const [ann, ben] = [space.addCoworker().Id, space.addCoworker().Id];
    for (const CoworkerId of [ann, ben]) space.addPass({ CoworkerId, TimePassId: type });
    await judge(ann);
    const second = await poll(first);
    assert.deepEqual([woken, second.woken], [[ben], 1]);
    assert.equal(lags.filter((collection) => collection === 'coworkertimepasses').length, 2);
    space.addPass({ CoworkerId: ann, TimePassId: type });
    await poll(second);
    assert.deepEqual(woken, [ben, ann]);
  });

  it('explains whom it wakes by what it found, however long the copy has had that, and nobody else', async () => {
    const { space } = nexudus;
    let nowMs = 0;
    const replica = createReplica(() => nowMs);
    const pollsOfNew = (): PollActivities => pollsOf(nexudus, waker, undefined, known, undefined, replica);
    const others = pollsOfNew();
    const [type, first] = [space.addTimePass().Id, await poll(null, others)];
    const [ann, ben] = [space.addCoworker().Id, space.addCoworker().Id];
    for (const CoworkerId of [ann, ben]) space.addPass({ CoworkerId, TimePassId: type });
    await judge(ben);
    const areExplained = (): boolean[] => [ann, ben].map((id) => replica.hasChanged(id, 2_000));
    // The clock of Nexudus is not known before its first answer, and then the copy takes nothing.
    await poll(first, pollsOfNew());
    assert.deepEqual(areExplained(), [false, false]);
    await poll(first, others);
    nowMs = 60_000;
    woken.splice(0);
    assert.deepEqual(areExplained(), [false, false]);
    await poll(first, others);
    assert.deepEqual(woken, [ann]);
    assert.deepEqual(areExplained(), [true, false]);
  });

  it('says of a check-in that it is no more than that, and of a purchase nothing like it', async () => {
    const { space } = nexudus;
    const type = space.addTimePass().Id;
    const [ann, ben] = [space.addCoworker().Id, space.addCoworker().Id];
    const memory = await poll(null);
    // Check-ins are read once a minute.
    const due = { ...memory, readTo: { ...memory.readTo, checkins: Date.now() - 120_000 } };
    space.addCheckin({ CoworkerId: ann, BusinessId: 1 });
    space.addPass({ CoworkerId: ben, TimePassId: type });
    woken.splice(0);
    await poll(due);
    assert.deepEqual(woken.toSorted(), [ann, ben]);
    assert.deepEqual(checkedIn, [ann]);
  });

  it('wakes nobody for a check-in that was read since, unless the clocks may be wrong by as much', async () => {
    const { space } = nexudus;
    const [ann, ben, eve] = [space.addCoworker().Id, space.addCoworker().Id, space.addCoworker().Id];
    const memory = await poll(null);
    const due = { ...memory, readTo: { ...memory.readTo, checkins: Date.now() - 120_000 } };
    const at = Date.now();
    for (const CoworkerId of [ann, ben, eve]) space.addCheckin({ CoworkerId, BusinessId: 1 });
    known.note(ann, Date.now() + 4_500, []);
    known.note(ben, at + 1_000, []);
    woken.splice(0);
    await poll(due);
    assert.deepEqual(woken.toSorted(), [ben, eve]);
  });

  it('wakes nobody for a check-in that a webhook told of, but for one that comes after that', async () => {
    const { space } = nexudus;
    const [ann, ben] = [space.addCoworker().Id, space.addCoworker().Id];
    const memory = await poll(null);
    const due = { ...memory, readTo: { ...memory.readTo, checkins: Date.now() - 120_000 } };
    const at = Date.now();
    for (const CoworkerId of [ann, ben]) space.addCheckin({ CoworkerId, BusinessId: 1 });
    known.note(ann, Date.now(), [], Date.now());
    known.note(ben, at, [], at - 5_000);
    woken.splice(0);
    await poll(due);
    assert.deepEqual(woken, [ben]);
  });

  it('wakes nobody anew while Nexudus asks to wait for a day where only check-ins are read', async () => {
    const { space, faults } = nexudus;
    const [type, ann] = [space.addTimePass().Id, space.addCoworker().Id];
    const first = await poll(null);
    const atOnce = { turn: () => Promise.resolve(), pause: () => undefined };
    const patient = pollsOf(nexudus, waker, undefined, undefined, clientOf(nexudus, atOnce));
    space.addPass({ CoworkerId: ann, TimePassId: type });
    faults.add({ match: '/api/spaces/checkins', kind: 'status', status: 409, retryAfter: 86_400 });
    const told: string[] = [];
    const logger = new DefaultLogger('INFO', ({ message }) => void told.push(message));
    // Check-ins are due only once in a minute.
    const aged = (memory: PollMemory): PollMemory => ({
      ...memory,
      readTo: { ...memory.readTo, checkins: 1 },
    });
    const again = (memory: PollMemory): Promise<Polled> =>
      new MockActivityEnvironment({ startToCloseTimeoutMs: 60_000 }, { logger }).run(() =>
        patient.pollChanges(aged(memory)),
      );
    woken.splice(0);
    await again(await again(await again(first)));
    assert.deepEqual(woken, [ann]);
    assert.equal(told.length, 1, told.join('\n'));
    assert.match(told[0] ?? '', /^The poll of check-ins.* waits.*checkins: .*to wait for a day/);
    faults.clear();
  });

  it('wakes those who borrow a pass that only its owner was judged by', async () => {
    const { space } = nexudus;
    const [payer, borrower] = [space.addCoworker().Id, space.addCoworker().Id];
    space.addTeam({ ShareTimePasses: true, PayingMemberId: payer, TeamMembers: [borrower] });
    const [type, first] = [space.addTimePass().Id, await poll(null)];
    woken.splice(0);
    space.addPass({ CoworkerId: payer, TimePassId: type });
    await judge(payer);
    await poll(first);
    assert.deepEqual(woken, [borrower]);
  });
});

const clientOf = (
  nexudus: NexudusSimulator,
  pace = createPacer({ minGapMs: 1, perMinute: Infinity, perHour: Infinity }).reconciliations,
): NexudusClient =>
  createNexudusClient({
    baseUrl: nexudus.url,
    auth: { email: 'admin@example.com', password: 'nexudus-password' },
    pace,
  });

function pollsOf(
  nexudus: NexudusSimulator,
  waker: PollDeps['waker'],
  tellLag: (collection: string) => void = () => undefined,
  known: KnownRecords = new KnownRecords(),
  reads = clientOf(nexudus),
  replica = createReplica(),
): PollActivities {
  return createPollActivities({
    replica,
    nexudus: reads,
    nexudusForReconciliations: reads,
    client,
    waker,
    rules: rules(),
    known,
    baselines: { read: () => Promise.resolve(null), note: () => undefined },
    auditLog: { list: () => Promise.resolve([]), prune: () => Promise.resolve(0) },
    ownership: { all: () => Promise.resolve([]), prune: () => Promise.resolve() },
    auditLogRetentionMs: 0,
    tellLag,
    now: Date.now,
    verdict: () => ({ state: 'agreed', right: ['machine', 'nexudus', 'kisi'], wrong: [] }),
  });
}
