import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Profile } from '../../access/types.js';
import { keyEmailDigests } from '../../activities/email-digest.js';
import {
  kisiBatchTaskQueue,
  kisiTaskQueue,
  membershipChanged,
  resyncNow,
  type Wake,
} from '../../messages/to-member.js';
import { contract, member, pass, passType, planPass, profile, rules } from '../support/builders.js';
import { Clockwork, settled, until } from '../support/clockwork.js';
import { eventually } from '../support/eventually.js';
import { timeSkippingEnv } from '../support/timeSkipping.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

async function story(tell: (world: Clockwork) => Promise<void>): Promise<void> {
  await Clockwork.run(await timeSkippingEnv(), tell);
}

/** What a member had written to Kisi, and in which queues. */
async function writesIn(handle: WorkflowHandle): Promise<[string, string][]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: task }): [string, string][] => {
    const [name, queue] = [task?.activityType?.name ?? '', task?.taskQueue?.name ?? ''];
    return /^(create|move|remove)/.test(name) ? [[name, queue]] : [];
  });
}

describe('the member workflow, on a skipped clock', () => {
  it('grants the key of a bought pass, mails once, and revokes at the pass’s end', () =>
    story(async (world) => {
      const expiresAt = (await world.now()) + 3 * hour + 1;
      world.profiles.set(100, profile({ passes: [pass({ expiresAt })] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      assert.deepEqual(await world.open(), [12]);
      await world.env.sleep(3 * hour + 2000);
      await until(world, handle, (view) => view.state === 'noAccess');
      assert.deepEqual(world.keys, []);
      assert.equal(world.mails, 1);
      assert.deepEqual(world.log, ['filter', 'search', 'user', 'grant 12', 'revoke 12']);
    }));

  it('makes the Kisi user at once where there surely is none', () =>
    story(async (world) => {
      world.knowsUsers = true;
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      assert.deepEqual([world.log, world.mails], [['filter', 'user', 'grant 12'], 1]);
    }));

  it('never flaps at renewal: the key stays, and is renewed ahead only', () =>
    story(async (world) => {
      const start = await world.now();
      const record = profile({
        contracts: [contract({ startsAt: start - day })],
        passes: [planPass({ expiresAt: start + hour + 1 })],
      });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      for (let i = 1; i <= 5; i++) {
        await world.env.sleep(hour);
        record.passes = [planPass({ id: 900 + i, expiresAt: start + (i + 1) * hour + 1 })];
        await handle.signal(membershipChanged);
      }
      await until(world, handle, (view) => view.keys[0]?.because.includes('pass 905') === true);
      assert.deepEqual(world.log, ['filter', 'search', 'user', 'grant 12']);
      await world.env.sleep(hour + 20 * minute);
      await until(world, handle, (view) => view.state === 'noAccess');
    }));

  it('moves the door’s end on when less than half of the horizon is left', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, settled);
      await world.env.sleep(10 * day);
      const view = await until(world, handle, (v) => v.nextChange !== null);
      assert.deepEqual(await world.open(), [12]);
      assert.equal(view.state, 'access');
      const writes = world.log.filter((line) => line === 'move').length;
      assert.ok(writes >= 2 && writes <= 3, `${writes} moves in ten days`);
    }));

  it('takes nothing away while Nexudus cannot be read, says so, and goes on by itself', () =>
    story(async (world) => {
      const expiresAt = (await world.now()) + hour;
      world.profiles.set(100, profile({ passes: [pass({ expiresAt })] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      world.nexudusFails = 'GET /billing/coworkertimepasses answered 503';
      await world.env.sleep(2 * hour);
      const view = await until(world, handle, (v) => v.waitingFor !== null);
      assert.match(view.waitingFor?.what ?? '', /answered 503/);
      assert.equal(world.keys.length, 1);
      world.nexudusFails = null;
      await until(world, handle, (v) => v.state === 'noAccess' && v.waitingFor === null);
      assert.deepEqual(world.keys, []);
    }));

  it('waits out a Kisi outage, and a newer wish overtakes the waiting one', () =>
    story(async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      world.kisiFails = 'POST /users answered 503';
      const handle = await world.start(100);
      await until(world, handle, (view) => view.waitingFor !== null);
      record.member = member({ active: false });
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
      world.kisiFails = null;
      await world.env.sleep(10 * minute);
      assert.deepEqual(world.log, [], 'the overtaken grant is never made');
    }));

  it('ends access at its instant although another write waits for Kisi', () =>
    story(async (world) => {
      const now = await world.now();
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      world.kisiFails = 'PATCH /role_assignments/{id} answered 503';
      world.kisiFailsAt = 'move';
      const end = now + hour + 1;
      record.passes = [pass({ expiresAt: end })];
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.waitingFor !== null);
      await world.env.sleep(end - (await world.now()) + 2000);
      await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
      assert.deepEqual(world.keys, []);
      assert.equal(world.log.includes('move'), false);
    }));

  it('makes one key although the answer of the write was lost', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      world.users.set('ada@example.org', 5);
      const handle = await world.start(100);
      world.losesAnswers = 0;
      await until(world, handle, settled);
      assert.equal(world.keys.length, 1);
      world.losesAnswers = 1;
      const record = world.profiles.get(100);
      assert.ok(record);
      record.passes = [];
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.state === 'noAccess');
      world.losesAnswers = 2;
      record.passes = [pass()];
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.state === 'access');
      assert.equal(world.keys.length, 1);
    }));

  it('says that the member only came or went where nothing else woke it', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      assert.equal(world.lastLook?.isCheckIn, false);
      const looks = async (...reasons: Wake['reason'][]): Promise<boolean | undefined> => {
        const before = world.looks;
        await Promise.all(reasons.map((reason) => handle.signal(membershipChanged, { reason })));
        await eventually('another look', () => world.looks > before);
        await until(world, handle, settled);
        return world.lastLook?.isCheckIn;
      };
      assert.equal(await looks('checkIn'), true);
      assert.equal(await looks('changed'), false);
    }));

  it('writes what is one of many in a queue of its own, but an end of access never', () =>
    story(async (world) => {
      const record = profile({ passes: [] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, settled);
      record.passes = [pass()];
      await handle.signal(membershipChanged, { reason: 'changed', isBatch: true });
      await until(world, handle, (view) => view.state === 'access');
      record.passes = [];
      await handle.signal(membershipChanged, { reason: 'changed', isBatch: true });
      await until(world, handle, (view) => view.state === 'noAccess');
      record.passes = [pass()];
      await handle.signal(membershipChanged, { reason: 'changed' });
      await until(world, handle, (view) => view.state === 'access');
      const [bulk, queue] = [kisiBatchTaskQueue(world.taskQueue), kisiTaskQueue(world.taskQueue)];
      assert.deepEqual(await writesIn(handle), [
        ['createKisiUser', bulk],
        ['createKey', bulk],
        ['removeKey', queue],
        ['createKey', queue],
      ]);
    }));

  it('leaves a key alone that a person gave by hand', () =>
    story(async (world) => {
      world.users.set('ada@example.org', 5);
      world.keys.push({ id: 77, userId: 5, groupId: 12, validUntil: null });
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      const view = await until(world, handle, (v) => v.keys.length === 1);
      assert.equal(view.keys[0]?.givenByHand, true);
      record.passes = [];
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.state === 'noAccess');
      assert.equal(world.keys.length, 1);
    }));

  for (const validUntil of [null, 400 * day]) {
    it(`takes over a key that was there where the space wants that: it gets an end, and goes (${validUntil === null ? 'no end' : 'a far end'})`, () =>
      story(async (world) => {
        world.rules = rules({ existingKeys: 'adopt' });
        const began = await world.now();
        world.users.set('ada@example.org', 5);
        world.keys.push({ id: 77, userId: 5, groupId: 12, validUntil: validUntil && began + validUntil });
        const record = profile({ passes: [pass({ expiresAt: began + 30 * day })] });
        world.profiles.set(100, record);
        const handle = await world.start(100);
        await until(world, handle, () => (world.keys[0]?.validUntil ?? Infinity) <= began + 31 * day);
        assert.deepEqual([world.keys.length, world.mails], [1, 0]);
        record.passes = [];
        await handle.signal(membershipChanged);
        await until(world, handle, () => world.keys.length === 0);
      }));
  }

  it('does not take over the key of somebody with a higher role in Kisi, and leaves it after the pass, too', () =>
    story(async (world) => {
      world.rules = rules({ existingKeys: 'adopt' });
      world.isStaff = true;
      world.users.set('ada@example.org', 5);
      world.keys.push({ id: 77, userId: 5, groupId: 12, validUntil: null });
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (v) => v.keys[0]?.givenByHand === true);
      await handle.signal(membershipChanged);
      await world.env.sleep(minute);
      record.passes = [];
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.state === 'noAccess');
      assert.deepEqual(world.keys, [{ id: 77, userId: 5, groupId: 12, validUntil: null }]);
      assert.equal(world.log.filter((what) => what.startsWith('grant')).length, 1, 'it is not tried again');
    }));

  it('takes over a key that it had left alone, once the space wants that', () =>
    story(async (world) => {
      world.users.set('ada@example.org', 5);
      world.keys.push({ id: 77, userId: 5, groupId: 12, validUntil: null });
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, (v) => v.keys[0]?.givenByHand === true);
      world.rules = rules({ existingKeys: 'adopt' });
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.keys[0]?.givenByHand === false);
      await until(world, handle, () => world.keys[0]?.validUntil !== null);
      assert.equal(world.keys.length, 1);
    }));

  it('gives a key back, with the end that a person had given it, when the pass ends before that', () =>
    story(async (world) => {
      world.users.set('ada@example.org', 5);
      const handUntil = (await world.now()) + 2 * day;
      world.keys.push({ id: 77, userId: 5, groupId: 12, validUntil: handUntil });
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      const view = await until(world, handle, (v) => v.keys.length === 1);
      assert.equal(view.keys[0]?.givenByHand, false);
      assert.ok((world.keys[0]?.validUntil ?? 0) > handUntil);
      record.passes = [];
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.state === 'noAccess');
      assert.deepEqual(world.keys, [{ id: 77, userId: 5, groupId: 12, validUntil: handUntil }]);
    }));

  it('takes a key away that it had moved on when a person’s own end is past', () =>
    story(async (world) => {
      world.users.set('ada@example.org', 5);
      const now = await world.now();
      world.keys.push({ id: 77, userId: 5, groupId: 12, validUntil: now + hour });
      world.profiles.set(100, profile({ passes: [pass({ expiresAt: now + day + 1 })] }));
      const handle = await world.start(100);
      await until(world, handle, (v) => v.keys.length === 1);
      await world.env.sleep(day + 2000);
      await until(world, handle, (v) => v.state === 'noAccess');
      assert.deepEqual(world.keys, []);
    }));

  it('moves a key again whose last move had no answer, and takes the moved one away in the end', () =>
    story(async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (v) => v.state === 'access');
      world.losesAnswers = 1_000;
      const expiresAt = (await world.now()) + day + 1;
      record.passes = [pass({ expiresAt })];
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.waitingFor !== null);
      world.losesAnswers = 0;
      // A newer wish overtakes the move that waits.
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.waitingFor === null && v.state === 'access');
      assert.ok((world.keys[0]?.validUntil ?? 0) < expiresAt + hour);
      await world.env.sleep(day + 2000);
      await until(world, handle, (v) => v.state === 'noAccess');
      assert.deepEqual(world.keys, []);
    }));

  it('keeps a key while what speaks against it may be a bad read', () =>
    story(async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      record.passes = [];
      world.doubts = [{ passId: 900, why: 'coworkertimepasses answered empty' }];
      await handle.signal(membershipChanged);
      const view = await until(world, handle, (v) => v.waitingFor !== null);
      assert.match(view.waitingFor?.what ?? '', /answered empty/);
      assert.equal(world.keys.length, 1);
      world.doubts = [];
      await world.env.sleep(31_000);
      await until(world, handle, (v) => v.state === 'noAccess');
      assert.deepEqual(world.keys, []);
    }));

  it('answers a resync by what it finds then, not by what it waited for before', () =>
    story(async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (v) => v.keys.length === 1);
      record.passes = [];
      world.doubts = [{ passId: 900, why: 'too many rows are gone' }];
      await handle.signal(membershipChanged);
      await until(world, handle, (v) => v.waitingFor !== null);
      record.passes = [pass()];
      world.doubts = [];
      assert.equal((await handle.executeUpdate(resyncNow)).problem, null);
    }));

  it('lets the lowest profile own the keys, and hands them over when it goes', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      world.profiles.set(
        101,
        profile({ member: member({ id: 101 }), passes: [pass({ id: 901, memberId: 101 })] }),
      );
      const owner = await world.start(100);
      const other = await world.start(101);
      await until(world, owner, (view) => view.state === 'access');
      await until(world, other, (view) => view.state === 'otherProfile');
      assert.equal(world.keys.length, 1);
      world.profiles.delete(100);
      await owner.signal(membershipChanged);
      await until(world, other, (view) => view.state === 'access');
      assert.equal(world.keys.length, 1);
      assert.deepEqual(
        world.log.filter((line) => line.startsWith('revoke')),
        [],
      );
      await until(world, owner, (view) => view.state === 'ended');
    }));

  it('moves the keys to a new Kisi user when the e-mail changes', () =>
    story(async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      record.member = member({ email: 'ada@new.example.org' });
      await handle.signal(membershipChanged);
      const isHers = ({ userId }: { userId: number }): boolean =>
        userId === world.users.get('ada@new.example.org');
      await until(world, handle, () => world.keys.length === 1 && world.keys.every(isHers));
      assert.equal(world.mails, 2);
    }));

  it('keeps a key by a profile’s pass while the e-mail of the profile that owns the keys is empty', () =>
    story(async (world) => {
      const own = profile();
      const other = profile({ member: member({ id: 101 }), passes: [pass({ memberId: 101 })] });
      world.profiles.set(100, own).set(101, other);
      const handle = await world.start(100);
      await world.start(101);
      await until(world, handle, (view) => view.state === 'access');
      own.member = member({ email: '' });
      await handle.executeUpdate(resyncNow);
      assert.deepEqual([world.keys.length, world.mails], [1, 1]);
      assert.deepEqual(
        world.log.filter((line) => line.startsWith('revoke')),
        [],
      );
      other.passes = [];
      await handle.signal(membershipChanged);
      await until(world, handle, () => world.keys.length === 0);
    }));

  it('gives all keys anew to a member whose Kisi user was deleted by hand, when the next grant shows it', () =>
    story(async (world) => {
      const record = profile({ passes: [pass()] });
      world.profiles.set(100, record);
      world.facts = { passTypes: [passType(), passType({ id: 31, kisiGroupIds: [13] })] };
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      world.users.clear();
      world.keys = [];
      record.passes = [pass(), pass({ id: 901, passTypeId: 31 })];
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.keys.length === 2);
      assert.deepEqual(await world.open(), [12, 13]);
      assert.equal(world.mails, 2);
    }));

  it('mends on resync what was taken away by hand, and answers what changed', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      world.keys = [];
      const report = await handle.executeUpdate(resyncNow);
      assert.deepEqual(report, {
        changes: ['group 12: the key was gone from Kisi', 'granted group 12 (created)'],
        problem: null,
        isDone: true,
      });
      assert.equal(world.keys.length, 1);
    }));

  it('takes no key away on a resync where the secret that tells e-mails apart is lost', () =>
    story(async (world) => {
      world.facts = { passTypes: [passType(), passType({ id: 31, kisiGroupIds: [13] })] };
      world.profiles.set(100, profile({ passes: [pass(), pass({ id: 901, passTypeId: 31 })] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.keys.length === 2);
      const before = world.keys.map(({ id }) => id);
      keyEmailDigests(randomBytes(32));
      assert.deepEqual(await handle.executeUpdate(resyncNow), { changes: [], problem: null, isDone: true });
      assert.deepEqual(
        world.keys.map(({ id }) => id),
        before,
      );
      assert.equal(world.mails, 1);
    }));

  it('answers a resync whose time ran out by saying that it is not known yet', () =>
    story(async (world) => {
      world.profiles.set(100, profile({ passes: [pass()] }));
      const handle = await world.start(100);
      await until(world, handle, (view) => view.state === 'access');
      world.nexudusFails = 'Nexudus is down';
      await handle.signal(membershipChanged);
      await until(world, handle, (view) => view.waitingFor !== null);
      // The look that is under way ends only when Nexudus answers, and the one that is asked for comes after it.
      const asked = await handle.startUpdate(resyncNow, { waitForStage: 'ACCEPTED' });
      await world.env.sleep(21_000);
      assert.deepEqual(await asked.result(), { changes: [], problem: 'Nexudus is down', isDone: false });
      world.nexudusFails = null;
      await world.env.sleep(31_000);
      await until(world, handle, settled);
      assert.deepEqual(await handle.executeUpdate(resyncNow), { changes: [], problem: null, isDone: true });
    }));

  describe('says of each key since when it is due', () => {
    /** Tells a story of a member with a key whose pass was just bought; `change` suspends the member or ends that. */
    async function boughtNow(
      tell: (
        world: Clockwork,
        handle: WorkflowHandle,
        change: (active: boolean) => Promise<number>,
      ) => Promise<void>,
    ): Promise<void> {
      await story(async (world) => {
        const boughtAt = await world.now();
        world.profiles.set(100, bought(true, boughtAt, boughtAt));
        const handle = await world.start(100);
        await until(world, handle, (view) => view.state === 'access');
        assert.deepEqual(world.dues.splice(0), [boughtAt]);
        await world.env.sleep(hour);
        await tell(world, handle, async (active) => {
          const changedAt = await world.now();
          world.profiles.set(100, bought(active, changedAt, boughtAt));
          await handle.signal(membershipChanged);
          return changedAt;
        });
      });
    }

    const bought = (active: boolean, changedAt: number, boughtAt: number): Profile =>
      profile({ member: member({ active, changedAt }), passes: [pass({ changedAt: boughtAt })] });

    it('through an outage of Kisi and further looks, in full', () =>
      boughtNow(async (world, handle, change) => {
        world.kisiFails = 'Kisi answered 503';
        const suspendedAt = await change(false);
        await until(world, handle, (view) => view.waitingFor !== null);
        await world.env.sleep(10_000);
        await handle.signal(membershipChanged);
        await world.env.sleep(10_000);
        world.kisiFails = null;
        await until(world, handle, (view) => view.state === 'noAccess');
        assert.deepEqual(world.dues, [suspendedAt]);
      }));

    it('but not of one that was gone from Kisi, which no record in Nexudus tells', () =>
      boughtNow(async (world, handle) => {
        world.keys = [];
        await handle.executeUpdate(resyncNow);
        assert.equal(world.keys.length, 1);
        assert.deepEqual(world.dues, [null]);
      }));

    it('but not of one that waited for people', () =>
      boughtNow(async (world, handle, change) => {
        world.order = 'revokes are stopped';
        await change(false);
        await until(world, handle, (view) => view.waitingFor !== null);
        await world.env.sleep(hour);
        world.order = null;
        await handle.signal(membershipChanged);
        await until(world, handle, (view) => view.state === 'noAccess');
        assert.deepEqual(world.dues, [null]);
      }));
  });
});
