import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  emptyGuard,
  isUnforeseen,
  weigh,
  withoutMembers,
  withRuling,
  type Guard,
  type Look,
  type Unforeseen,
} from '../../access/revocation-guard.js';
import type { LossCause } from '../../access/losses.js';

const minute = 60_000;
const now = Date.parse('2026-11-25T10:00:00Z');
const limits = { people: 5, share: 0.1 };

const loss = (memberId: number, over: Partial<Unforeseen> = {}): Unforeseen => ({
  memberId,
  locationId: 1,
  groupId: 12,
  cause: 'mapping',
  why: `pass of ${memberId} does not open group 12 any more`,
  doubt: null,
  ...over,
});
const looks = (count: number, from = 1, over: Partial<Unforeseen> = {}): Look[] =>
  Array.from({ length: count }, (_, i) => ({ memberId: from + i, losses: [loss(from + i, over)] }));
const judged = (before: Guard, seen: readonly Look[], at = now, holders = 20) =>
  weigh(before, seen, () => holders, limits, at);
const withheld = ({ verdicts }: ReturnType<typeof weigh>): number[] =>
  verdicts.filter(({ withheldBy }) => withheldBy !== null).map(({ memberId }) => memberId);

describe('the revocation guard', () => {
  it('lets losses up to the larger limit go, and withholds all where there are more', () => {
    assert.deepEqual(withheld(judged(emptyGuard, looks(5))), []);
    assert.equal(withheld(judged(emptyGuard, looks(6))).length, 6);
    assert.deepEqual(withheld(judged(emptyGuard, looks(20), now, 200)), []);
    assert.equal(withheld(judged(emptyGuard, looks(21), now, 200)).length, 21);
  });

  it('counts each location and group apart', () => {
    const here = looks(5);
    const there = looks(5, 11, { locationId: 2 });
    const other = looks(5, 21, { groupId: 13 });
    assert.deepEqual(withheld(judged(emptyGuard, [...here, ...there, ...other])), []);
  });

  it('counts what went within the last hour, and not before that', () => {
    const { guard } = judged(emptyGuard, looks(4));
    assert.deepEqual(withheld(judged(guard, looks(2, 11), now + 59 * minute)), [11, 12]);
    assert.deepEqual(withheld(judged(guard, looks(2, 11), now + 61 * minute)), []);
  });

  it('counts a person once, however often it is looked at', () => {
    const { guard } = judged(emptyGuard, looks(5));
    assert.deepEqual(withheld(judged(guard, looks(5), now + minute)), []);
  });

  it('is one thing to look at while it grows, and another one later', () => {
    const first = judged(emptyGuard, looks(6));
    assert.deepEqual(first.begun, [1]);
    const second = judged(first.guard, looks(6, 11, { locationId: 2 }), now + 1000);
    assert.deepEqual([second.begun, second.guard.withheld.length], [[], 1]);
    const later = judged(second.guard, looks(6, 21, { locationId: 3 }), now + 5 * minute);
    assert.deepEqual(later.begun, [2]);
  });

  it('lets just those go that were listed when a person approved', () => {
    const { guard } = judged(emptyGuard, looks(6));
    const approved = withRuling(guard, 1, { does: 'approve', by: 'Mia', why: '', at: now });
    assert.ok(approved);
    const again = judged(approved, [...looks(6), ...looks(6, 11)], now + minute / 2);
    assert.deepEqual(withheld(again), [11, 12, 13, 14, 15, 16]);
    assert.deepEqual(again.begun, [2]);
  });

  it('keeps what a person rejected until it is no loss any more', () => {
    const { guard } = judged(emptyGuard, looks(6));
    const rejected = withRuling(guard, 1, { does: 'reject', by: 'Mia', why: 'an error', at: now });
    assert.ok(rejected);
    const again = judged(rejected, looks(6), now + 3 * 60 * minute);
    assert.equal(withheld(again).length, 6);
    assert.match(again.verdicts[0]?.why ?? '', /but Mia rejected that/);
    const back = Array.from({ length: 6 }, (_, i) => ({ memberId: 1 + i, losses: [] }));
    assert.deepEqual(judged(again.guard, back, now + 3 * 60 * minute).guard.withheld, []);
  });

  it('forgets what is no loss any more', () => {
    const { guard } = judged(emptyGuard, looks(6));
    const back = Array.from({ length: 6 }, (_, i) => ({ memberId: 1 + i, losses: [] }));
    assert.deepEqual(judged(guard, back, now + minute).guard.withheld, []);
  });

  it('forgets those who have ended, and what was only theirs', () => {
    const { guard } = judged(emptyGuard, looks(6));
    assert.deepEqual(
      withoutMembers(guard, [2, 3]).withheld[0]?.losses.map(({ memberId }) => memberId),
      [1, 4, 5, 6],
    );
    assert.deepEqual(withoutMembers(guard, [1, 2, 3, 4, 5, 6]).withheld, []);
  });

  it('withholds a loss by a doubtful read, even of one key, until a person approves it', () => {
    const [look] = looks(1, 1, { doubt: 'too many rows are gone', cause: 'vanished' });
    assert.ok(look);
    const { guard, verdicts } = judged(emptyGuard, [look]);
    assert.match(verdicts[0]?.why ?? '', /withheld \(1\) since too many rows are gone/);
    const approved = withRuling(guard, 1, { does: 'approve', by: 'Mia', why: '', at: now });
    assert.ok(approved);
    assert.deepEqual(withheld(judged(approved, [look])), []);
  });

  it('takes no ruling on a number that it does not have', () => {
    assert.equal(withRuling(emptyGuard, 1, { does: 'approve', by: 'Mia', why: '', at: now }), null);
  });

  it('does not count ends that were known, uses and what a person ordered', () => {
    const causes: LossCause[] = [
      'ended',
      'uses',
      'exception',
      'member',
      'contract',
      'expiry',
      'mapping',
      'vanished',
    ];
    const unforeseen = causes.filter((cause) => isUnforeseen({ groupId: 12, cause, why: '' }));
    assert.deepEqual(unforeseen, ['member', 'contract', 'expiry', 'mapping', 'vanished']);
  });

  it('never lets more go to a place within an hour than the limit, however they come', () => {
    const batch = fc.array(fc.record({ memberId: fc.nat(60), locationId: fc.constantFrom(1, 2) }), {
      maxLength: 12,
    });
    const steps = fc.array(fc.record({ batch, afterMs: fc.nat(30 * minute) }), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (story) => {
        let guard = emptyGuard;
        let at = now;
        const gone: { at: number; locationId: number | null; memberId: number }[] = [];
        for (const { batch: seen, afterMs } of story) {
          at += afterMs;
          const byMember = new Map(seen.map(({ memberId, locationId }) => [memberId, locationId]));
          const batchLooks = [...byMember].map(([memberId, locationId]) => ({
            memberId,
            losses: [loss(memberId, { locationId })],
          }));
          const weighed = judged(guard, batchLooks, at);
          guard = weighed.guard;
          for (const { memberId, withheldBy } of weighed.verdicts)
            if (withheldBy === null) gone.push({ at, memberId, locationId: byMember.get(memberId) ?? null });
          for (const place of [1, 2]) {
            const lately = gone.filter((one) => one.locationId === place && one.at > at - 60 * minute);
            assert.ok(new Set(lately.map(({ memberId }) => memberId)).size <= limits.people);
          }
        }
      }),
    );
  });
});
