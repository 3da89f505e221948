/** A plan that a person applies, and undoes, on a skipped clock. */
import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import type { LedgerKey } from '../../access/plan.js';
import type { PlannedChange } from '../../activities/preview.js';
import { holdingsQuery, membershipChanged, stateQuery } from '../../workflows/messages.js';
import { planErrandUpdate, type ChangeDone, type PlanErrand } from '../../workflows/plan-messages.js';
import { member, pass, profile } from '../support/builders.js';
import { Clockwork, settled, until } from '../support/clockwork.js';
import { stopTimeSkippingEnv, timeSkippingEnv } from '../support/timeSkipping.js';

/** For how long a plan can be undone. So short because the test server's clock, after an update, may skip no more. */
const undoWindowMs = 20_000;

describe('a plan, at a member’s workflow', () => {
  // A server whose clock was skipped among updates skips no more for the next file.
  after(stopTimeSkippingEnv);

  /** A member with a key, and what a plan does that takes it away. */
  async function holding(
    story: (
      world: Clockwork,
      handle: WorkflowHandle,
      key: LedgerKey,
      errand: (what: PlanErrand['what']) => PlanErrand,
    ) => Promise<void>,
  ): Promise<void> {
    await Clockwork.run(await timeSkippingEnv(), async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => settled(view) && view.keys.length === 1);
      const { ledger, kisiUser } = await handle.query(holdingsQuery);
      const [key] = ledger;
      assert.ok(key);
      const freezeUntil = (await world.now()) + undoWindowMs;
      await story(world, handle, key, (what) => ({
        planId: '12345678',
        by: 'Mia',
        locationId: null,
        emailDigest: kisiUser?.emailDigest ?? null,
        freezeUntil,
        what,
      }));
    });
  }
  const send = (handle: WorkflowHandle, errand: PlanErrand): Promise<ChangeDone[]> =>
    handle.executeUpdate(planErrandUpdate, { args: [errand] });

  function taking(key: LedgerKey, had: LedgerKey | null = key): PlanErrand['what'] {
    const { groupId, validUntil } = key;
    const line: PlannedChange['line'] = {
      memberId: 100,
      groupId,
      does: 'revoke',
      before: validUntil,
      had: true,
      after: null,
      until: null,
      why: 'another mapping',
      requests: 1,
    };
    return { does: 'apply', rules: 'other rules', changes: [{ line, step: { kind: 'revoke', key }, had }] };
  }

  it('is done, and holds against the rules until its time to be undone is over', () =>
    holding(async (world, handle, key, errand) => {
      const done = { groupId: key.groupId, done: true, why: null };
      assert.deepEqual(await send(handle, errand(taking(key))), [done]);
      assert.deepEqual(await world.open(), []);
      await handle.signal(membershipChanged);
      await world.env.sleep(undoWindowMs / 2);
      assert.deepEqual(await world.open(), []);
      assert.match((await handle.query(stateQuery)).standing, /^By the rules there should be a key/);
      await world.env.sleep(undoWindowMs / 2);
      await until(world, handle, async () => (await world.open()).length === 1);
    }));

  it('is undone to just the key that was, and not touched by the rules then', () =>
    holding(async (world, handle, key, errand) => {
      await send(handle, errand(taking(key)));
      world.profiles.set(100, profile({ member: member({ active: false }) }));
      const keys = [{ groupId: key.groupId, key, wasThere: null }];
      assert.deepEqual(
        (await send(handle, errand({ does: 'undo', keys }))).map(({ done }) => done),
        [true],
      );
      const { ledger } = await handle.query(holdingsQuery);
      const [keyId] = world.keys.map(({ id }) => id);
      // How often it was written to is no part of what was undone.
      assert.deepEqual(ledger, [{ ...key, keyId, version: ledger[0]?.version }]);
      await handle.signal(membershipChanged);
      await world.env.sleep(undoWindowMs / 2);
      assert.equal(world.keys.length, 1);
      await world.env.sleep(undoWindowMs);
      await until(world, handle, () => world.keys.length === 0);
    }));

  it('leaves a key alone that is another one since', () =>
    holding(async (world, handle, key, errand) => {
      const [answer] = await send(handle, errand(taking(key, { ...key, because: 'another pass' })));
      assert.deepEqual(
        [answer?.done, answer?.why],
        [false, 'its key is another one since the plan was made'],
      );
      assert.equal(world.keys.length, 1);
    }));

  it('is done once, however often it is sent', () =>
    holding(async (world, handle, key, errand) => {
      const first = await send(handle, errand(taking(key)));
      assert.deepEqual(await send(handle, errand(taking(key))), first);
      assert.equal(world.log.filter((what) => what.startsWith('revoke')).length, 1);
    }));

  it('says what an order holds back, and goes on', () =>
    holding(async (world, handle, key, errand) => {
      world.order = 'Writing to Kisi is stopped by Mia.';
      const [answer] = await send(handle, errand(taking(key)));
      assert.deepEqual([answer?.done, answer?.why], [false, world.order]);
      world.order = null;
      const { ledger } = await handle.query(holdingsQuery);
      assert.deepEqual(ledger, [key]);
    }));

  it('gives way to what changes while it waits for Kisi', () =>
    holding(async (world, handle, key, errand) => {
      world.kisiFails = 'DELETE answered 503';
      const answer = send(handle, errand(taking(key)));
      await until(world, handle, (view) => view.waitingFor !== null);
      await handle.signal(membershipChanged);
      assert.deepEqual(
        (await answer).map(({ done }) => done),
        [false],
      );
      world.kisiFails = null;
      await until(world, handle, (view) => view.waitingFor === null);
      assert.equal(world.keys.length, 1);
    }));
});
