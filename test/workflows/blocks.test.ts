/** A block, carried out from the ledger: whatever does not answer. */
import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Exception } from '../../access/types.js';
import { ensureSearchAttributes } from '../../temporal-server/search-attributes.js';
import { freezeGroup, membershipChanged, searchAttributes } from '../../messages/to-member.js';
import { member, pass, profile } from '../support/builders.js';
import { Clockwork, until } from '../support/clockwork.js';
import { newTemporal } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';
import { ledgerKey } from '../support/stores.js';

const nexudusDown = 'GET /billing/coworkertimepasses answered 503';

const block = (over: Partial<Exception> = {}): Exception => ({
  id: 1,
  kind: 'block',
  memberId: 100,
  groupId: null,
  from: 0,
  until: Date.UTC(2126, 0),
  by: 'gina',
  reason: 'a stolen phone',
  ...over,
});

/** On a real server: the time-skipping one tries an activity again although its cancellation was asked for. */
describe('a block, carried out by the member’s workflow', () => {
  let env: TestWorkflowEnvironment;
  before(async () => {
    const temporal = await newTemporal();
    env = await TestWorkflowEnvironment.createFromExistingServer(temporal);
    await ensureSearchAttributes(env.connection, temporal.namespace, searchAttributes, Date.now() + 30_000);
  });
  after(() => env.teardown());

  const story = (tell: (world: Clockwork) => Promise<void>): Promise<void> => Clockwork.run(env, tell);

  async function withKey(world: Clockwork, id = 100): Promise<WorkflowHandle> {
    if (!world.profiles.has(id)) world.profiles.set(id, profile({ passes: [pass()] }));
    const handle = await world.start(id);
    await until(world, handle, (view) => view.state === 'access');
    return handle;
  }
  async function order(world: Clockwork, handle: WorkflowHandle, ...exceptions: Exception[]): Promise<void> {
    world.exceptions = exceptions;
    await handle.signal(membershipChanged, { reason: 'order' });
  }
  const gone = (world: Clockwork): Promise<void> => eventually('no key', () => world.keys.length === 0);

  it('takes the key while the member waits for Nexudus, and gives it back only by a read', () =>
    story(async (world) => {
      const handle = await withKey(world);
      world.nexudusFails = nexudusDown;
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.waitingFor !== null);
      await order(world, handle, block());
      await gone(world);
      await until(world, handle, (v) => v.blocks?.waitsFor === null && v.waitingFor !== null);
      const view = await until(world, handle, (v) => v.state === 'noAccess');
      assert.deepEqual([view.keys, view.blocks?.waitsFor], [[], null]);

      await order(world, handle);
      await until(world, handle, (v) => v.waitingFor !== null);
      assert.deepEqual(world.keys, [], 'nothing is given without a read');
      world.nexudusFails = null;
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.state === 'access');
      assert.deepEqual(
        world.log.filter((line) => /grant|revoke/.test(line)),
        ['grant 12', 'revoke 12', 'grant 12'],
      );
    }));

  it('takes the key while a read hangs that never ends', () =>
    story(async (world) => {
      const handle = await withKey(world);
      let goOn = (): void => undefined;
      world.nexudusHolds = new Promise((resolve) => (goOn = resolve));
      await handle.signal(membershipChanged);
      await eventually('the read', () => world.heldReads > 0);
      await order(world, handle, block());
      // A read that hangs would keep the worker from stopping.
      await gone(world).finally(goOn);
      await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
    }));

  it('changes nothing where Nexudus answers: the rules say the same, and nothing flaps', () =>
    story(async (world) => {
      const handle = await withKey(world);
      await order(world, handle, block());
      await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
      for (let i = 0; i < 3; i++) await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.standing.includes('exception 1'));
      assert.deepEqual(
        world.log.filter((line) => /grant|revoke/.test(line)),
        ['grant 12', 'revoke 12'],
      );
    }));

  it('takes just the group that is blocked, and no key that a person gave by hand', () =>
    story(async (world) => {
      const handle = await withKey(world);
      const [key] = world.keys;
      assert.ok(key);
      world.nexudusFails = nexudusDown;
      const [user] = world.users.values();
      const byHand = ledgerKey({ userId: user ?? 0, groupId: 13, keyId: 999, byHand: true });
      world.keys.push({ id: 999, userId: user ?? 0, groupId: 13, validUntil: null });
      await world.ownership.put([
        { userId: byHand.userId, groupId: 13, memberId: 100, version: 1, key: byHand },
      ]);
      await order(world, handle, block({ groupId: 14 }), block({ id: 2, groupId: 12 }));
      await eventually('the group', () => world.keys.length === 1);
      await order(world, handle, block({ id: 3 }));
      await until(world, handle, (view) => view.blocks !== null);
      assert.deepEqual(
        world.keys.map(({ groupId }) => groupId),
        [13],
      );
    }));

  it('tries its write again where Kisi does not answer, says so, and does it although others wait', () =>
    story(async (world) => {
      const handle = await withKey(world);
      world.nexudusFails = nexudusDown;
      world.kisiFails = 'DELETE /role_assignments/{id} answered 503';
      await order(world, handle, block());
      const view = await until(world, handle, (v) => (v.blocks?.waitsFor ?? null) !== null);
      assert.match(view.waitingFor?.what ?? '', /^A block is not carried out yet: DELETE .* answered 503$/);
      // Something else comes meanwhile, which needs Nexudus.
      const before = world.failedReads;
      await handle.signal(membershipChanged);
      await eventually('it waits', () => world.failedReads > before);
      world.kisiFails = null;
      await gone(world);
      await until(world, handle, (v) => v.blocks?.waitsFor === null);
    }));

  it('is taken back while its write waits for Kisi: nothing is taken away any more', () =>
    story(async (world) => {
      const handle = await withKey(world);
      world.nexudusFails = nexudusDown;
      world.kisiFails = 'DELETE /role_assignments/{id} answered 503';
      await order(world, handle, block());
      await until(world, handle, (v) => (v.blocks?.waitsFor ?? null) !== null);
      await order(world, handle);
      await until(world, handle, (v) => v.blocks?.waitsFor === null);
      world.kisiFails = null;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      assert.equal(world.keys.length, 1);
    }));

  it('waits while somebody has stopped writing, says so, and goes on when the stop is taken back', () =>
    story(async (world) => {
      const handle = await withKey(world);
      world.nexudusFails = nexudusDown;
      world.order = 'Writing to Kisi is stopped by ada.';
      await order(world, handle, block());
      const view = await until(world, handle, (v) => (v.blocks?.waitsFor ?? null) !== null);
      assert.match(view.blocks?.waitsFor ?? '', /not carried out yet: Writing to Kisi is stopped by ada/);
      assert.equal(world.keys.length, 1);
      world.order = null;
      // As the workflow control does it when a stop is taken back.
      await handle.signal(membershipChanged, { reason: 'order' });
      await gone(world);
    }));

  it('goes past a group that is left alone for a while, and past the guard against too many losses', () =>
    story(async (world) => {
      const handle = await withKey(world);
      world.guard = {
        weigh: ({ losses }) =>
          Promise.resolve(losses.map((loss) => ({ ...loss, withheldBy: 1, why: 'too many' }))),
      };
      const frozen = {
        groupId: 12,
        until: Date.UTC(2126, 0),
        why: 'a plan was applied',
        endsWithRules: null,
      };
      await handle.signal(freezeGroup, frozen);
      await order(world, handle, block());
      await gone(world);
      await until(world, handle, (view) => view.state === 'noAccess');
    }));

  it('finds the keys on record of a member whose workflow did not run', () =>
    story(async (world) => {
      const handle = await withKey(world);
      await handle.terminate();
      world.nexudusFails = nexudusDown;
      world.exceptions = [block()];
      const anew = await world.start(100);
      await anew.signal(membershipChanged, { reason: 'order' });
      await gone(world);
    }));

  it('takes keys from the ledger alone where the database does not answer', () =>
    story(async (world) => {
      const handle = await withKey(world);
      world.nexudusFails = nexudusDown;
      world.recordFails = true;
      await order(world, handle, block());
      await gone(world);
    }));

  it('takes the keys that another profile of the person owns', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      world.profiles.set(101, profile({ member: member({ id: 101 }), passes: [] }));
      const other = await world.start(101);
      await withKey(world, 100);
      await until(world, other, (view) => view.state === 'otherProfile');
      world.nexudusFails = nexudusDown;
      await order(world, other, block({ memberId: 101 }));
      await gone(world);
    }));

  it('asks the others where a profile has no workflow and knows of none', () =>
    story(async (world) => {
      await withKey(world, 100);
      world.profiles.set(101, profile({ member: member({ id: 101 }), passes: [] }));
      await world.handle(100).signal(membershipChanged);
      await until(world, world.handle(100), async () => {
        const { siblingIds } = await world.handle(100).query<{ siblingIds: number[] }>('holdings');
        return siblingIds.includes(101);
      });
      world.nexudusFails = nexudusDown;
      world.profilesBeside = [100];
      world.exceptions = [block({ memberId: 101 })];
      const fresh = await world.start(101);
      await fresh.signal(membershipChanged, { reason: 'order' });
      await gone(world);
    }));

  it('does not wait for a comparison with Kisi before it takes away what is known to end', () =>
    story(async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await withKey(world);
      world.kisiFails = 'GET /role_assignments answered 429';
      world.kisiFailsAt = 'inspect';
      record.member = member({ active: false });
      await handle.signal('resync');
      await gone(world);
      world.kisiFails = null;
      await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
    }));

  it('comes a hundred times at once and takes the key once', () =>
    story(async (world) => {
      const handle = await withKey(world);
      world.nexudusFails = nexudusDown;
      world.exceptions = [block()];
      await Promise.all(
        Array.from({ length: 100 }, () => handle.signal(membershipChanged, { reason: 'order' })),
      );
      await gone(world);
      await until(world, handle, (view) => view.blocks?.waitsFor === null);
      assert.equal(world.log.filter((line) => line === 'revoke 12').length, 1);
    }));
});
