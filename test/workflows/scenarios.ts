/** Short stories whose histories are recorded (record.ts) and replayed for ever (replay.test.ts). Fake people only. */
import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type {
  Act,
  Crowd,
  DriftActivities,
  FullPassMemory,
  KeyActivities,
  PollActivities,
  PollMemory,
  SpeakerActivities,
  TrailActivities,
  WakeActivities,
} from '../../activities/contract.js';
import type { PlannedChange } from '../../activities/preview.js';
import { defaultDriftPolicy, type Drift } from '../../access/drift.js';
import type { Profile } from '../../access/types.js';
import { workflowBundle } from '../../worker/bundle.js';
import {
  breakerWorkflowType,
  ruleUpdate,
  weighUpdate,
  type WeighingAnswer,
} from '../../workflows/breaker-messages.js';
import {
  controlWorkflowType,
  exceptUpdate,
  firstOrders,
  pauseUpdate,
  resumeUpdate,
  withdrawUpdate,
  type KeptOrders,
} from '../../workflows/control-messages.js';
import {
  auditInterval,
  auditNow,
  driftWorkflowType,
  firstDrift,
  findingUpdate,
} from '../../workflows/drift-messages.js';
import {
  holdingsQuery,
  kisiTaskQueue,
  membershipChanged,
  nexudusTaskQueue,
  resyncNow,
  speakerWorkflowType,
  stateQuery,
  type MemberView,
} from '../../workflows/messages.js';
import {
  addMembersUpdate,
  planReportQuery,
  planWorkflowType,
  undoUpdate,
  type PlanReport,
} from '../../workflows/plan-messages.js';
import { contract, member, pass, planPass, profile } from '../support/builders.js';
import { Clockwork } from '../support/clockwork.js';
import { eventually } from '../support/space.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Runs a story; answers the runs whose histories are kept, by the name of their file. */
type Scenario = (env: TestWorkflowEnvironment, keep: Keep) => Promise<void>;
export type Keep = (name: string, handle: WorkflowHandle) => Promise<void>;

/** A story of member 100, who has these records, up to the moment at which `tell` is done. */
function ofMember(
  name: string,
  tell: (world: Clockwork, start: () => Promise<WorkflowHandle>) => Promise<WorkflowHandle>,
): Scenario {
  return (env, keep) =>
    Clockwork.run(env, async (world) => {
      await keep(name, await tell(world, () => world.start(100)));
    });
}

function has(world: Clockwork, over: Partial<Profile>): Profile {
  const record = profile(over);
  world.profiles.set(record.member.id, record);
  return record;
}

/** Lets the skipped clock run until the workflow's state is as wanted. */
async function until(
  world: Clockwork,
  handle: WorkflowHandle,
  wanted: (view: MemberView) => boolean,
): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (wanted(await handle.query(stateQuery))) return;
    await world.env.sleep(100);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never came: ${JSON.stringify(await handle.query(stateQuery))}`);
}

const hasAccess = (view: MemberView): boolean => view.state === 'access';
const hasNone = (view: MemberView): boolean => view.state === 'noAccess' && view.waitingFor === null;

const joinAndExpiry = ofMember('join-and-expiry', async (world, start) => {
  has(world, { passes: [pass({ expiresAt: (await world.now()) + 3 * hourMs })] });
  const handle = await start();
  await until(world, handle, hasAccess);
  await world.env.sleep(3 * hourMs + 1000);
  await until(world, handle, hasNone);
  return handle;
});

const renewal = ofMember('renewal', async (world, start) => {
  const began = await world.now();
  const record = has(world, {
    contracts: [contract({ startsAt: began - dayMs })],
    passes: [planPass({ expiresAt: began + hourMs })],
  });
  const handle = await start();
  await until(world, handle, hasAccess);
  await world.env.sleep(hourMs + 5 * minuteMs);
  record.passes = [planPass({ id: 901, expiresAt: began + 5 * dayMs })];
  await handle.signal(membershipChanged);
  await world.env.sleep(4 * dayMs);
  await until(world, handle, (view) => hasAccess(view) && world.log.includes('move'));
  return handle;
});

const suspension = ofMember('suspension', async (world, start) => {
  const record = has(world, { passes: [pass()] });
  const handle = await start();
  await until(world, handle, hasAccess);
  record.member = member({ active: false });
  await handle.signal(membershipChanged);
  await until(world, handle, hasNone);
  record.member = member();
  await handle.signal(membershipChanged);
  await until(world, handle, hasAccess);
  return handle;
});

const kisiOutage = ofMember('kisi-outage-overtaken', async (world, start) => {
  const record = has(world, { passes: [pass()] });
  world.kisiFails = 'POST /users answered 503';
  const handle = await start();
  await until(world, handle, (view) => view.waitingFor !== null);
  record.member = member({ active: false });
  await handle.signal(membershipChanged);
  await until(world, handle, hasNone);
  world.kisiFails = null;
  return handle;
});

const nexudusOutage = ofMember('nexudus-outage', async (world, start) => {
  has(world, { passes: [pass({ expiresAt: (await world.now()) + hourMs })] });
  const handle = await start();
  await until(world, handle, hasAccess);
  world.nexudusFails = 'GET /billing/coworkertimepasses answered 503';
  await world.env.sleep(hourMs + 10 * minuteMs);
  await until(world, handle, (view) => view.waitingFor !== null);
  world.nexudusFails = null;
  await until(world, handle, hasNone);
  return handle;
});

const lostAnswer = ofMember('lost-answer', async (world, start) => {
  world.users.set('ada@example.org', 5);
  const record = has(world, {});
  const handle = await start();
  await until(world, handle, hasNone);
  world.losesAnswers = 4;
  record.passes = [pass()];
  await handle.signal(membershipChanged);
  await until(world, handle, (view) => hasAccess(view) && view.waitingFor === null);
  return handle;
});

const knownToBeNobody = ofMember('known-to-be-nobody', async (world, start) => {
  world.knowsUsers = true;
  has(world, { passes: [pass({ expiresAt: (await world.now()) + hourMs })] });
  const handle = await start();
  await until(world, handle, hasAccess);
  assert.deepEqual(world.log, ['filter', 'user', 'grant 12']);
  await world.env.sleep(hourMs + 1000);
  await until(world, handle, hasNone);
  return handle;
});

const lostGrantOvertaken = ofMember('lost-grant-overtaken', async (world, start) => {
  world.users.set('ada@example.org', 5);
  const began = await world.now();
  const record = has(world, { passes: [pass({ expiresAt: began + dayMs })] });
  world.losesGrants = true;
  const handle = await start();
  await until(world, handle, (view) => view.waitingFor !== null);
  assert.equal(world.keys.length, 1);
  record.passes = [pass({ expiresAt: began + 2 * dayMs })];
  world.losesGrants = false;
  await handle.signal(membershipChanged);
  await until(world, handle, (view) => hasAccess(view) && view.waitingFor === null);
  assert.ok(world.log.includes('inspect') && world.log.includes('move'), world.log.join());
  return handle;
});

const handOver: Scenario = (env, keep) =>
  Clockwork.run(env, async (world) => {
    has(world, { passes: [pass({ memberId: 101 })], member: member({ id: 101 }) });
    const first = await world.start(101);
    await until(world, first, hasAccess);
    has(world, {});
    const owner = await world.start(100);
    await first.signal(membershipChanged);
    await until(world, first, (view) => view.state === 'otherProfile');
    await until(world, owner, hasAccess);
    await keep('hand-over-giver', first);
    await keep('hand-over-owner', owner);
  });

const resync = ofMember('resync', async (world, start) => {
  has(world, { passes: [pass()] });
  const handle = await start();
  await until(world, handle, hasAccess);
  world.keys = [];
  await handle.executeUpdate(resyncNow);
  return handle;
});

const givenByHand = ofMember('given-by-hand', async (world, start) => {
  world.users.set('ada@example.org', 5);
  world.keys.push({ id: 77, userId: 5, groupId: 12, validUntil: (await world.now()) + 2 * dayMs });
  const record = has(world, { passes: [pass()] });
  const handle = await start();
  await until(world, handle, hasAccess);
  record.passes = [];
  await handle.signal(membershipChanged);
  await until(world, handle, hasNone);
  return handle;
});

const heldByAnOrder = ofMember('held-by-an-order', async (world, start) => {
  const record = has(world, { passes: [pass()] });
  world.order = 'Writing to Kisi is stopped.';
  const handle = await start();
  await until(world, handle, (view) => view.waitingFor !== null);
  world.order = null;
  await handle.signal(membershipChanged, { reason: 'order' });
  await until(world, handle, hasAccess);
  world.order = 'Taking keys away is stopped.';
  record.member = member({ active: false });
  await handle.signal(membershipChanged);
  await until(world, handle, (view) => view.waitingFor !== null);
  world.order = null;
  await handle.signal(membershipChanged, { reason: 'order' });
  await until(world, handle, hasNone);
  return handle;
});

const newEmail = ofMember('new-e-mail', async (world, start) => {
  const record = has(world, { passes: [pass()] });
  const handle = await start();
  await until(world, handle, hasAccess);
  record.member = member({ email: 'ada@new.example.org' });
  await handle.signal(membershipChanged);
  await until(world, handle, () => world.mails === 2 && world.keys.length === 1);
  return handle;
});

const turnOver: Scenario = (env, keep) =>
  Clockwork.run(env, async (world) => {
    has(world, { passes: [pass()] });
    const handle = await world.start(100);
    await until(world, handle, hasAccess);
    const { runId } = await handle.describe();
    await world.env.sleep(31 * dayMs);
    await until(world, handle, hasAccess);
    await keep('turn-over-first-run', env.client.workflow.getHandle(handle.workflowId, runId));
    await keep('turn-over-next-run', handle);
  });

const idleEnd = ofMember('idle-end', async (world, start) => {
  has(world, {});
  const handle = await start();
  await until(world, handle, hasNone);
  await world.env.sleep(91 * dayMs);
  await handle.result();
  return handle;
});

const pollMemory: PollMemory = {
  readTo: { coworkertimepasses: Date.UTC(2026, 0, 1) },
  seen: {},
  lending: {},
  woken: 2,
};
const fullPassMemory: FullPassMemory = {
  at: Date.UTC(2026, 0, 1),
  members: { '100': 'a' },
  reference: 'b',
  rules: 'c',
  baselines: {},
  suspects: {},
  woken: 1,
};

const polls: Scenario = async (env, keep) => {
  const found: Crowd = { mayStart: [100, 101], others: [102], wake: { reason: 'changed', inBulk: true } };
  let crowds: Crowd[] = [];
  const woken: Crowd[] = [];
  const activities: PollActivities = {
    pollChanges: () => Promise.resolve({ ...pollMemory, crowds }),
    fullPass: () => Promise.resolve(fullPassMemory),
  };
  const wakes: Pick<WakeActivities, 'wakeCrowd'> = {
    wakeCrowd: (crowd) => Promise.resolve(void woken.push(crowd)),
  };
  const taskQueue = `polls-${crypto.randomUUID()}`;
  const workflows = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities: wakes,
  });
  const reads = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: nexudusTaskQueue(taskQueue),
    activities,
  });
  const story = async (): Promise<void> => {
    for (const [name, type] of [
      ['poll', 'poll'],
      ['full-pass', 'fullPass'],
      ['poll-of-a-crowd', 'poll'],
    ] as const) {
      crowds = name === 'poll-of-a-crowd' ? [found] : [];
      const handle = await env.client.workflow.start(type, { taskQueue, workflowId: `${taskQueue}-${name}` });
      const memory: unknown = await handle.result();
      assert.ok(!Object.hasOwn(Object(memory) as object, 'crowds'), 'who is to be woken is not remembered');
      await keep(name, handle);
    }
    const { runId } = await env.client.workflow.getHandle(`${taskQueue}-poll-of-a-crowd`).describe();
    const crowd = env.client.workflow.getHandle(`crowd-${runId}-0`);
    await crowd.result();
    assert.deepEqual(woken, [found]);
    await keep('crowd', crowd);
  };
  await workflows.runUntil(reads.runUntil(story()));
};

/** A term that ends, as when the process stops, and the next one. */
const speaking: Scenario = async (env, keep) => {
  const taskQueue = `speaker-${crypto.randomUUID()}`;
  let terms = 0;
  const activities: SpeakerActivities = { speak: () => Promise.resolve(terms++).then(() => undefined) };
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
  });
  await worker.runUntil(async () => {
    const handle = await env.client.workflow.start(speakerWorkflowType, { taskQueue, workflowId: taskQueue });
    while (terms < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await keep('speaker', env.client.workflow.getHandle(taskQueue, handle.firstExecutionRunId));
    await env.client.workflow.getHandle(taskQueue).terminate();
  });
};

/** What the workflow `control` asked of the activities, in plain words. */
export interface Asked {
  wakes: string[];
  acts: Pick<Act, 'what' | 'memberId' | 'by' | 'why'>[];
}

/** Runs a story of the workflow `control` in a fresh space, or in one where these orders hold. */
export async function ofControl(
  env: TestWorkflowEnvironment,
  story: (handle: WorkflowHandle, asked: Asked) => Promise<void>,
  initial?: KeptOrders,
): Promise<void> {
  await ofOrders(env, controlWorkflowType, initial ?? firstOrders('live', await env.currentTimeMs()), story);
}

/** Runs a story of a workflow to which people give orders. */
async function ofOrders(
  env: TestWorkflowEnvironment,
  workflowType: string,
  initial: unknown,
  story: (handle: WorkflowHandle, asked: Asked) => Promise<void>,
): Promise<void> {
  const taskQueue = `orders-${crypto.randomUUID()}`;
  const asked: Asked = { wakes: [], acts: [] };
  const trail: TrailActivities = {
    noteAct: ({ what, memberId, by, why }) =>
      Promise.resolve(void asked.acts.push({ what, memberId, by, why })),
  };
  const activities: Pick<WakeActivities, 'wakeHeld' | 'wakeOrdered' | 'wakeRunning' | 'letPoll'> = {
    wakeRunning: (ids) => {
      asked.wakes.push(`wake ${ids.join(', ')}`);
      return Promise.resolve([]);
    },
    wakeHeld: () => Promise.resolve(void asked.wakes.push('wake')),
    wakeOrdered: (id) => Promise.resolve(void asked.wakes.push(`wake ${id}`)),
    letPoll: (allowed) => Promise.resolve(void asked.wakes.push(allowed ? 'poll' : 'no poll')),
  };
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
  });
  const keeper = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: nexudusTaskQueue(taskQueue),
    activities: trail,
  });
  const told = async (): Promise<void> => {
    const handle = await env.client.workflow.start(workflowType, {
      taskQueue,
      workflowId: taskQueue,
      args: [initial],
    });
    await story(handle, asked).finally(async () => {
      // What was under way at its end would hold up the skipped clock of the next story.
      await eventually('rest', () => isAtRest(handle));
      await handle.terminate();
    });
  };
  await worker.runUntil(keeper.runUntil(told()));
}

/** Whether no task is under way. */
async function isAtRest(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  const count = (part: 'workflowTask' | 'activityTask', step: 'Scheduled' | 'Completed'): number =>
    (events ?? []).filter((event) => event[`${part}${step}EventAttributes`]).length;
  return (['workflowTask', 'activityTask'] as const).every(
    (part) => count(part, 'Scheduled') === count(part, 'Completed'),
  );
}

/** Many would lose a key at once; a person approves it, and they have lost it. */
const heldAtOnce: Scenario = (env, keep) =>
  ofOrders(env, breakerWorkflowType, null, async (handle, { wakes, acts }) => {
    const ids = [1, 2, 3, 4, 5, 6];
    const loss = { locationId: 1, groupId: 12, cause: 'mapping', why: 'a test', doubt: null } as const;
    const weigh = (lost: boolean): Promise<WeighingAnswer> => {
      const looks = ids.map((memberId) => ({ memberId, losses: lost ? [{ memberId, ...loss }] : [] }));
      const limits = { people: 5, share: 0.1 };
      return handle.executeUpdate(weighUpdate, { args: [{ looks, holders: [[1, 20]], limits }] });
    };
    assert.deepEqual((await weigh(true)).heldMembers, ids);
    await handle.executeUpdate(ruleUpdate, { args: [{ id: 1, does: 'approve', by: 'Mia', why: '' }] });
    await env.sleep(15_000);
    assert.ok((await weigh(true)).verdicts.every(({ heldBy }) => heldBy === null));
    assert.deepEqual((await weigh(false)).heldMembers, []);
    await env.sleep(minuteMs);
    assert.deepEqual(
      wakes.map((woken) => woken === 'wake 1, 2, 3, 4, 5, 6'),
      wakes.map(() => true),
    );
    assert.match(acts[0]?.what ?? '', /^approve held 1: 6 keys/);
    await keep('held-at-once', handle);
  });

/** Orders are given and taken back. */
const orders: Scenario = (env, keep) =>
  ofControl(env, async (handle, { wakes, acts }) => {
    await handle.executeUpdate(pauseUpdate, { args: [{ level: 'all', by: 'Mia', why: 'a test' }] });
    await env.sleep(minuteMs);
    await handle.executeUpdate(resumeUpdate, { args: [{ by: 'Mia', why: '' }] });
    await env.sleep(minuteMs);
    const thrice = (poll: string): string[] => [poll, 'wake', poll, 'wake', poll, 'wake'];
    assert.deepEqual(wakes, [...thrice('no poll'), ...thrice('poll')]);
    assert.deepEqual(
      acts.map(({ what }) => what),
      ['pause all', 'resume'],
    );
    await keep('orders', handle);
  });

/** A key is allowed until its end, and another blocked and not any more. */
const exceptions: Scenario = (env, keep) =>
  ofControl(env, async (handle, { wakes }) => {
    const wish = { memberId: 100, groupId: 12, by: 'Mia', reason: 'a test' };
    const until = (await env.currentTimeMs()) + 5 * dayMs;
    await handle.executeUpdate(exceptUpdate, { args: [{ ...wish, kind: 'allow', until }] });
    await env.sleep(5 * dayMs + minuteMs);
    await handle.executeUpdate(exceptUpdate, { args: [{ ...wish, kind: 'block', until: until + hourMs }] });
    await handle.executeUpdate(withdrawUpdate, { args: [{ exceptionId: 2, by: 'Mia', why: '' }] });
    assert.deepEqual(wakes, ['wake 100', 'wake 100', 'wake 100']);
    await keep('exceptions', handle);
  });

/** A plan takes a key away, against the rules, and is undone. */
const planned: Scenario = (env, keep) =>
  Clockwork.run(env, async (world) => {
    has(world, { passes: [pass()] });
    const handle = await world.start(100);
    await until(world, handle, hasAccess);
    const { ledger, kisiUser } = await handle.query(holdingsQuery);
    const [key] = ledger;
    assert.ok(key);
    const order = {
      planId: '12345678',
      by: 'Mia',
      why: '',
      rules: 'others',
      memberCount: 1,
      undoWindowMs: hourMs,
    };
    const plan = await env.client.workflow.start(planWorkflowType, {
      taskQueue: world.taskQueue,
      workflowId: `${world.taskQueue}-plan`,
      args: [order],
    });
    const stage = async (wanted: PlanReport['stage']): Promise<void> => {
      while ((await plan.query(planReportQuery)).stage !== wanted) await world.env.sleep(100);
    };
    const { groupId, validUntil } = key;
    const line: PlannedChange['line'] = {
      memberId: 100,
      groupId,
      does: 'revoke',
      before: validUntil,
      had: true,
      after: null,
      until: null,
      why: 'a test',
      requests: 1,
    };
    const changes: PlannedChange[] = [{ line, step: { kind: 'revoke', key }, had: key }];
    const emailDigest = kisiUser?.emailDigest ?? null;
    await plan.executeUpdate(addMembersUpdate, {
      args: [[{ memberId: 100, locationId: null, emailDigest, changes }]],
    });
    await stage('applied');
    assert.equal(world.keys.length, 0);
    await plan.executeUpdate(undoUpdate, { args: [{ by: 'Mia', why: '' }] });
    await stage('undone');
    assert.equal(world.keys.length, 1);
    await plan.result();
    await keep('plan', plan);
    await keep('plan-at-a-member', handle);
  });

/** Audits by the clock and on demand: keys are mended, a second writer shows, a person rules. */
const audits: Scenario = async (env, keep) => {
  const taskQueue = `drift-${crypto.randomUUID()}`;
  const done: string[] = [];
  let found: Drift[] = [];
  let held = 10;
  const noted: string[] = [];
  const of = (kind: Drift['kind'], over: Partial<Drift>): Drift => ({
    key: `${kind}/100/12`,
    kind,
    memberId: 100,
    userId: 5,
    groupId: 12,
    keys: [{ keyId: 77, groupId: 12, validUntil: null }],
    what: 'a test',
    comparedAt: null,
    ...over,
  });
  const activities: DriftActivities & Pick<KeyActivities, 'removeKey'> = {
    compareWithKisi: () =>
      Promise.resolve(done.push('audit')).then(() => ({
        found,
        more: 0,
        held,
        lost: found.filter(({ kind }) => kind === 'missing').length,
        groupNames: { 12: 'Office' },
        policy: defaultDriftPolicy,
      })),
    wakeToMend: (ids) => Promise.resolve(void done.push(`wake ${ids.join()}`)),
    except: ({ kind, memberId, groupId }) =>
      Promise.resolve(done.push(`${kind} ${memberId} ${groupId ?? ''}`)).then(() => null),
    freeze: (id, { groupId }) => Promise.resolve(void done.push(`freeze ${id} ${groupId}`)),
    noteFindings: (notes) => Promise.resolve(void noted.push(...notes.map(({ what }) => what))),
    removeKey: ({ keyId }, { by, memberId }) =>
      Promise.resolve(void done.push(`remove ${keyId ?? ''} of ${memberId ?? ''} by ${by}`)),
  };
  const trail: TrailActivities = { noteAct: ({ what }) => Promise.resolve(void noted.push(what)) };
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
  });
  const kisi = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: kisiTaskQueue(taskQueue),
    activities,
  });
  const keeper = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: nexudusTaskQueue(taskQueue),
    activities: trail,
  });
  const story = async (): Promise<void> => {
    const handle = await env.client.workflow.start(driftWorkflowType, {
      taskQueue,
      workflowId: taskQueue,
      args: [firstDrift(taskQueue, 15 * minuteMs, defaultDriftPolicy)],
    });
    const expect = (...steps: string[]): void => {
      assert.deepEqual(done.splice(0), steps);
    };
    const order = { by: 'Mia', why: '' };
    await env.sleep(14 * minuteMs);
    expect();
    found = [of('missing', {})];
    await env.sleep(2 * minuteMs);
    expect('audit', 'wake 100');

    const other = [{ keyId: 78, groupId: 12, validUntil: null }];
    const undone = of('missing', { keys: other, comparedAt: await env.currentTimeMs() });
    found = [undone, of('extra', {}), of('changed', {})];
    const second = await handle.executeUpdate(auditNow);
    expect('audit', 'wake 100');
    assert.deepEqual(
      second.findings.map(({ kind, contested }) => [kind, contested]),
      [
        ['missing', true],
        ['extra', false],
        ['changed', false],
      ],
    );
    for (const id of [1, 2])
      await handle.executeUpdate(findingUpdate, { args: [{ id, verb: 'repair', ...order }] });
    expect('wake 100', 'audit', 'wake 100', 'remove 77 of 100 by Mia');
    await handle.executeUpdate(findingUpdate, { args: [{ id: 3, verb: 'adopt', ...order }] });
    await handle.executeUpdate(findingUpdate, { args: [{ id: 1, verb: 'adopt', ...order }] });
    expect('freeze 100 12', 'block 100 12');

    // All keys gone at once: not believed before an audit at least 10 minutes later agrees.
    held = 2;
    found = [of('missing', {}), of('missing', { key: 'missing/101/12', memberId: 101 })];
    assert.match((await handle.executeUpdate(auditNow)).alert ?? '', /^Kisi lacks 2 of 2 keys at once/);
    await handle.signal(auditInterval, 5 * minuteMs);
    await env.sleep(6 * minuteMs);
    expect('audit', 'audit');
    await env.sleep(5 * minuteMs);
    expect('audit', 'wake 101');
    assert.deepEqual(noted.slice(0, 3), ['finding 1: missing', 'finding 1: repair', 'finding 2: extra']);
    await keep('drift', handle);
    await handle.terminate();
  };
  await worker.runUntil(keeper.runUntil(kisi.runUntil(story())));
};

export const scenarios: readonly Scenario[] = [
  orders,
  heldAtOnce,
  exceptions,
  planned,
  audits,
  joinAndExpiry,
  renewal,
  suspension,
  kisiOutage,
  nexudusOutage,
  lostAnswer,
  knownToBeNobody,
  lostGrantOvertaken,
  handOver,
  resync,
  givenByHand,
  newEmail,
  turnOver,
  idleEnd,
  heldByAnOrder,
  polls,
  speaking,
];
