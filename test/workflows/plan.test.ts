/** A plan that a person applies, and undoes, on a skipped clock. */
import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import type { LedgerKey } from '../../access/plan.js';
import { holdingsQuery, membershipChanged } from '../../messages/to-member.js';
import {
  planPartUpdate,
  type ChangeDone,
  type PlanPart,
  type PlannedChange,
} from '../../messages/to-plan.js';
import { member, pass, profile } from '../support/builders.js';
import { Clockwork, settled, until } from '../support/clockwork.js';
import { stopTimeSkippingEnv, timeSkippingEnv } from '../support/timeSkipping.js';

/** For how long a plan can be undone. So short because the test server's clock, after an update, may skip no more. */
const undoWindowMs = 20_000;

describe('a plan, at a member’s workflow', () => {
  // A server whose clock was skipped among updates skips no more for the next file.
  after(stopTimeSkippingEnv);

  /** Tells a story of a member with a key; `part` makes what a plan has this member do. */
  async function holding(
    story: (
      world: Clockwork,
      handle: WorkflowHandle,
      key: LedgerKey,
      part: (what: PlanPart['what']) => PlanPart,
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
  const send = (handle: WorkflowHandle, part: PlanPart): Promise<ChangeDone[]> =>
    handle.executeUpdate(planPartUpdate, { args: [part] });

  function taking(key: LedgerKey, had: LedgerKey | null = key): PlanPart['what'] {
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
    holding(async (world, handle, key, part) => {
      const done = { groupId: key.groupId, done: true, why: null };
      assert.deepEqual(await send(handle, part(taking(key))), [done]);
      assert.deepEqual(await world.open(), []);
      await handle.signal(membershipChanged);
      await world.env.sleep(undoWindowMs / 2);
      assert.deepEqual(await world.open(), []);
      await until(world, handle, ({ standing }) => standing.startsWith('By the rules there should be a key'));
      await world.env.sleep(undoWindowMs / 2);
      await until(world, handle, async () => (await world.open()).length === 1);
    }));

  it('is undone to just the key that was, and not touched by the rules then', () =>
    holding(async (world, handle, key, part) => {
      await send(handle, part(taking(key)));
      world.profiles.set(100, profile({ member: member({ active: false }) }));
      const keys = [{ groupId: key.groupId, key, wasThere: null }];
      assert.deepEqual(
        (await send(handle, part({ does: 'undo', keys }))).map(({ done }) => done),
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
    holding(async (world, handle, key, part) => {
      const [answer] = await send(handle, part(taking(key, { ...key, because: 'another pass' })));
      assert.deepEqual(
        [answer?.done, answer?.why],
        [false, 'its key is another one since the plan was made'],
      );
      assert.equal(world.keys.length, 1);
    }));

  it('is done once, however often it is sent', () =>
    holding(async (world, handle, key, part) => {
      const first = await send(handle, part(taking(key)));
      assert.deepEqual(await send(handle, part(taking(key))), first);
      assert.equal(world.log.filter((what) => what.startsWith('revoke')).length, 1);
    }));

  it('says what an order holds back, and goes on', () =>
    holding(async (world, handle, key, part) => {
      world.order = 'Writing to Kisi is stopped by Mia.';
      const [answer] = await send(handle, part(taking(key)));
      assert.deepEqual([answer?.done, answer?.why], [false, world.order]);
      world.order = null;
      const { ledger } = await handle.query(holdingsQuery);
      assert.deepEqual(ledger, [key]);
    }));

  it('gives way to what changes while it waits for Kisi', () =>
    holding(async (world, handle, key, part) => {
      world.kisiFails = 'DELETE answered 503';
      const answer = send(handle, part(taking(key)));
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

  describe('that somebody made up,', () => {
    /** A key that a person gave the same Kisi user by hand. */
    function byHand(world: Clockwork, { userId }: LedgerKey, groupId = 99): LedgerKey {
      const validUntil = Date.UTC(2090, 0);
      world.keys.push({ id: 9_000, userId, groupId, validUntil });
      return {
        ...{ groupId, userId, keyId: 9_000, validUntil, byHand: false, handUntil: null, uncertain: false },
        ...{ version: 1_000_000, until: null, because: 'claimed', standsOn: [] },
      };
    }
    const stays = (world: Clockwork, { keyId, validUntil }: LedgerKey): void => {
      assert.equal(world.keys.find(({ id }) => id === keyId)?.validUntil, validUntil);
    };

    it('takes no key away and moves none that is not in the ledger', () =>
      holding(async (world, handle, key, part) => {
        const claimed = byHand(world, key);
        for (const had of [claimed, null]) {
          const [answer] = await send(handle, {
            ...part(taking(claimed, had)),
            planId: `revoke${had === null}`,
          });
          assert.deepEqual(
            [answer?.done, answer?.why],
            [false, 'its key is another one since the plan was made'],
          );
        }
        const moved = taking(claimed, null);
        assert.ok(moved.does === 'apply');
        const at = Date.UTC(2030, 0);
        const kisiEnd = { set: at, atLeast: at, atMost: at, renewLeadMs: 0 };
        const wish = {
          groupId: 99,
          until: null,
          awaitingRenewal: false,
          because: 'x',
          standsOn: [],
          kisiEnd,
        };
        moved.changes = moved.changes.map((one) => ({ ...one, step: { kind: 'move', key: claimed, wish } }));
        assert.equal((await send(handle, { ...part(moved), planId: 'move' }))[0]?.done, false);
        stays(world, claimed);
      }));

    it('is refused where it says one group and does another, or is another member’s', () =>
      holding(async (world, handle, key, part) => {
        const claimed = byHand(world, key);
        const what = taking(key);
        assert.ok(what.does === 'apply');
        const [change] = what.changes;
        const refused = async (over: object, says: RegExp): Promise<void> => {
          const wrong = part({ ...what, changes: [{ ...change, ...over } as PlannedChange] });
          await assert.rejects(send(handle, wrong), (error: Error) => says.test(String(error.cause)));
        };
        await refused({ step: { kind: 'revoke', key: claimed } }, /must be about one group/);
        await refused({ line: { ...change!.line, memberId: 101 } }, /the plan is for another/);
        const freezeUntil = (await world.now()) + 200 * 24 * 3_600_000;
        await assert.rejects(send(handle, { ...part(what), freezeUntil }), (error: Error) =>
          /freezeUntil is too far ahead/.test(String(error.cause)),
        );
        assert.equal(world.keys.length, 2);
      }));

    it('takes nothing over, although it says that it may', () =>
      holding(async (world, handle, key, part) => {
        const claimed = byHand(world, key);
        const what = taking(claimed, null);
        assert.ok(what.does === 'apply');
        const at = Date.UTC(2030, 0);
        const kisiEnd = { set: at, atLeast: at, atMost: at, renewLeadMs: 0 };
        const wish = {
          groupId: 99,
          until: null,
          awaitingRenewal: false,
          because: 'x',
          standsOn: [],
          kisiEnd,
        };
        const step = { kind: 'grant' as const, wish: { ...wish, takesOver: true } };
        await send(handle, part({ ...what, changes: what.changes.map((one) => ({ ...one, step })) }));
        const { ledger } = await handle.query(holdingsQuery);
        assert.equal(ledger.find(({ groupId }) => groupId === 99)?.byHand, true);
        stays(world, claimed);
      }));

    it('is not undone where it was never done, so that a claim does not become a key of ours', () =>
      holding(async (world, handle, key, part) => {
        const claimed = byHand(world, key);
        const keys = [{ groupId: 99, key: claimed, wasThere: null }];
        const [answer] = await send(handle, part({ does: 'undo', keys }));
        assert.deepEqual(
          [answer?.done, answer?.why],
          [false, 'this member does not remember that the plan did it'],
        );
        assert.deepEqual((await handle.query(holdingsQuery)).ledger, [key]);
        stays(world, claimed);
      }));

    it('is undone without a key for Latchkey where a person has given one since', () =>
      holding(async (world, handle, key, part) => {
        await send(handle, part(taking(key)));
        const given = byHand(world, key, key.groupId);
        await send(handle, part({ does: 'undo', keys: [{ groupId: key.groupId, key, wasThere: null }] }));
        // One that is byHand is never taken away.
        const { ledger } = await handle.query(holdingsQuery);
        assert.deepEqual(
          ledger.map(({ groupId, byHand }) => [groupId, byHand]),
          [[key.groupId, true]],
        );
        stays(world, given);
      }));
  });

  it('does not believe what a start by hand says of keys', async () => {
    await Clockwork.run(await timeSkippingEnv(), async (world) => {
      world.profiles.set(100, profile({ member: member({ active: false }) }));
      world.keys.push({ id: 9_000, userId: 500, groupId: 99, validUntil: null });
      const claimed: LedgerKey = {
        ...{ groupId: 99, userId: 500, keyId: 9_000, validUntil: null, byHand: false, handUntil: null },
        ...{ uncertain: false, version: 1_000_000, until: null, because: 'claimed', standsOn: [] },
      };
      const handle = await world.start(100, {
        ledger: [claimed],
        dropped: [{ userId: 1, groupId: 1, version: 9 }],
        kisiUser: { id: 500, emailDigest: 'x' },
        frozen: [{ groupId: 12, until: Date.UTC(2099, 0), why: 'x', endsWithRules: null }],
      });
      await until(world, handle, settled);
      const { ledger, frozen } = await handle.query(holdingsQuery);
      assert.deepEqual([ledger, frozen, world.keys.length], [[], [], 1]);
      assert.deepEqual(await world.ownership.all(), []);
    });
  });
});
