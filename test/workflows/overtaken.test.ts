import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { ensureSearchAttributes } from '../../temporal-server/search-attributes.js';
import { membershipChanged, resyncNow, searchAttributes, stateQuery } from '../../messages/to-member.js';
import { member, pass, profile } from '../support/builders.js';
import { Clockwork, until } from '../support/clockwork.js';
import { newTemporal } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';

/** On a real server: the time-skipping one tries an activity again although its cancellation was asked for. */
describe('the member workflow, overtaken', () => {
  let env: TestWorkflowEnvironment;
  before(async () => {
    const temporal = await newTemporal();
    env = await TestWorkflowEnvironment.createFromExistingServer(temporal);
    await ensureSearchAttributes(env.connection, temporal.namespace, searchAttributes, Date.now() + 30_000);
  });
  after(() => env.teardown());

  it('ends access at its instant although a write that was under way fails only after it', () =>
    Clockwork.run(env, async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      world.kisiFails = 'PATCH /role_assignments/{id} answered 503';
      world.kisiFailsAt = 'move';
      let answer = (): void => undefined;
      world.kisiHolds = new Promise((resolve) => (answer = resolve));
      record.passes = [pass({ expiresAt: (await world.now()) + 5000 })];
      await handle.signal(membershipChanged);
      await until(world, handle, () => cancelAsked(handle));
      assert.equal(world.heldCalls, 1);
      answer();
      await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
      assert.deepEqual(world.keys, []);
    }));

  it('gives a key anew that was taken away without an answer when access is back', () =>
    Clockwork.run(env, async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      world.losesAnswers = Infinity;
      record.member = member({ active: false });
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.waitingFor !== null);
      assert.deepEqual(world.keys, []);
      record.member = member();
      await handle.signal(membershipChanged);
      await until(world, handle, () => world.keys.length > 0);
      world.losesAnswers = 0;
      await until(world, handle, (view) => view.state === 'access' && view.waitingFor === null);
      assert.deepEqual(await world.open(), [12]);
    }));

  it('takes a key away that was given without an answer, although one with another end was wished since', () =>
    Clockwork.run(env, async (world) => {
      const hour = 3_600_000;
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      const changeTo = async (active: boolean, hours: number): Promise<void> => {
        record.member = member({ active });
        record.passes = [pass({ expiresAt: (await world.now()) + hours * hour })];
        await handle.signal(membershipChanged);
      };
      await until(world, handle, (view) => view.state === 'access');
      await changeTo(false, 1);
      await until(world, handle, (view) => view.state === 'noAccess');
      world.losesAnswers = Infinity;
      await changeTo(true, 1);
      await until(world, handle, (view) => view.waitingFor !== null);
      assert.equal(world.keys.length, 1);
      world.losesAnswers = 0;
      world.kisiFails = 'Kisi answered 503';
      await changeTo(true, 2);
      await until(world, handle, (view) => view.lastError === 'Kisi answered 503');
      await changeTo(false, 2);
      world.kisiFails = null;
      // Between the read and the write it waits for nothing either.
      await until(world, handle, () => world.keys.length === 0);
      await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
    }));

  it('goes on with a look that is under way when orders that kept it from writing are taken back, however often', () =>
    Clockwork.run(env, async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      let answer = (): void => undefined;
      world.nexudusHolds = new Promise((resolve) => (answer = resolve));
      const handle = await world.start(100);
      await eventually('the read', () => world.heldReads > 0);
      for (let i = 0; i < 3; i++) {
        await handle.signal(membershipChanged, { reason: 'released', isBatch: true });
        await handle.query(stateQuery);
      }
      assert.equal(world.heldReads, 1);
      answer();
      await until(world, handle, (view) => view.state === 'access');
      assert.deepEqual(await world.open(), [12]);
      await handle.executeUpdate(resyncNow, { args: [] });
      assert.equal(world.looks, 2);
    }));

  it('does not let a member wait in line for a resync of all where something changes for it', () =>
    Clockwork.run(env, async (world) => {
      const [first, second] = [100, 101].map((id) =>
        profile({ member: member({ id, email: `${id}@example.org` }), passes: [pass({ memberId: id })] }),
      );
      assert.ok(first && second);
      const handles: WorkflowHandle[] = [];
      for (const record of [first, second]) {
        world.profiles.set(record.member.id, record);
        handles.push(await world.start(record.member.id));
      }
      for (const handle of handles) await until(world, handle, (view) => view.state === 'access');
      let goOn = (): void => undefined;
      world.fullReadHolds = new Promise((resolve) => (goOn = resolve));
      const resyncAll = { reason: 'resync', isBatch: true } as const;
      const [ahead, waiting] = handles;
      await ahead?.signal(membershipChanged, resyncAll);
      await eventually('a call that is held', () => world.heldCalls > 0);
      await waiting?.signal(membershipChanged, resyncAll);
      await world.env.sleep(1_000);
      second.passes = [];
      await waiting?.signal(membershipChanged, { reason: 'changed' });
      assert.ok(waiting);
      await until(world, waiting, (view) => view.state === 'noAccess');
      assert.equal(world.heldCalls, 1);
      goOn();
      await ahead?.executeUpdate(resyncNow);
    }));
});

async function cancelAsked(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).some((event) => event.activityTaskCancelRequestedEventAttributes);
}
