import assert from 'node:assert/strict';
import { holdersOf } from '../../desk/group-facts.js';
import type { KisiKey } from '../../kisi/records.js';
import { ledgerKey } from '../support/stores.js';

const now = Date.parse('2026-11-29T12:00:00Z');
const hour = 3_600_000;
const inKisi = (userId: number, over: Partial<KisiKey> = {}): KisiKey => ({
  ...{ id: userId, userId, groupId: 12, roleId: 'group_basic', validFrom: null },
  ...{ validUntil: now + hour, createdAt: now - hour, createdById: 1 },
  ...over,
});
const owned = (userId: number, memberId: number, over: Parameters<typeof ledgerKey>[0] = {}) => ({
  ...{ userId, memberId, groupId: 12, version: 1 },
  key: ledgerKey({ userId, until: now + hour / 2, validUntil: now + hour, because: 'pass 3', ...over }),
});
const users = new Map([
  [100, { id: 5, emailDigest: 'a' }],
  [101, { id: 6, emailDigest: 'b' }],
]);
const held = (
  keys: ReturnType<typeof owned>[],
  kisi: KisiKey[] | null,
  lost: number[] = [],
): ReturnType<typeof holdersOf> => holdersOf(12, { keys, users }, kisi, { now, lostSince: new Set(lost) });

describe('who holds a key to a group', () => {
  it('is told as Kisi has it, with what is on record: who gave it, until when and why', () => {
    const found = held(
      [owned(5, 100), owned(7, 102, { byHand: true })],
      [inKisi(5), inKisi(6), inKisi(7), inKisi(9)],
    );
    assert.deepEqual(
      found.map(({ memberId, givenBy, why }) => [memberId, givenBy, why]),
      [
        [100, 'latchkey', 'pass 3'],
        [101, 'others', null],
        [102, 'byHand', 'pass 3'],
        [null, 'others', null],
      ],
    );
    assert.deepEqual([found[0]?.until, found[0]?.endsInKisi], [now + hour / 2, now + hour]);
  });

  it('leaves out a key that has ended, and names a higher role', () => {
    const manager = inKisi(6, { roleId: 'group_manager', validUntil: null });
    const found = held(
      [],
      [inKisi(5, { validUntil: now }), manager, inKisi(9, { validUntil: 'unreadable' })],
    );
    assert.deepEqual(
      found.map(({ userId, role, endsInKisi }) => [userId, role, endsInKisi]),
      [
        [6, 'group_manager', null],
        [9, null, 'unreadable'],
      ],
    );
  });

  it('says of a key on record that Kisi does not show it; where Kisi was not read, says nothing of that', () => {
    assert.equal(held([owned(5, 100)], [])[0]?.endsInKisi, 'missing');
    assert.equal(held([owned(5, 100)], null)[0]?.endsInKisi, now + hour);
  });

  it('leaves out a key that was taken away since Kisi was read', () => {
    assert.deepEqual(held([], [inKisi(5)], [100]), []);
    assert.equal(held([], [inKisi(5)], [101]).length, 1);
    // A key that is on record again was given anew.
    assert.equal(held([owned(5, 100)], [inKisi(5)], [100]).length, 1);
  });
});
