/** Stories of members. */
import assert from 'node:assert/strict';
import { membershipChanged, resyncNow } from '../../../messages/to-member.js';
import { contract, member, pass, planPass } from '../../support/builders.js';
import { Clockwork, until } from '../../support/clockwork.js';
import { has, hasAccess, hasNone, ofMember, type Scenario } from './story.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

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

const heldByAnOrder = ofMember('stopped-by-an-order', async (world, start) => {
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

const continueAsNewRun: Scenario = (env, keep) =>
  Clockwork.run(env, async (world) => {
    has(world, { passes: [pass()] });
    const handle = await world.start(100);
    await until(world, handle, hasAccess);
    const { runId } = await handle.describe();
    await world.env.sleep(31 * dayMs);
    await until(world, handle, hasAccess);
    await keep('continued-first-run', env.client.workflow.getHandle(handle.workflowId, runId));
    await keep('continued-next-run', handle);
  });

const idleEnd = ofMember('idle-end', async (world, start) => {
  has(world, {});
  const handle = await start();
  await until(world, handle, hasNone);
  await world.env.sleep(91 * dayMs);
  await handle.result();
  return handle;
});

export const memberStories: readonly Scenario[] = [
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
  continueAsNewRun,
  idleEnd,
  heldByAnOrder,
];
