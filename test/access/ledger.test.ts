import assert from 'node:assert/strict';
import {
  explained,
  granted,
  inspected,
  keyAt,
  recovered,
  takenOver,
  toGrant,
  toMove,
  toRevoke,
  withDropped,
  withInherited,
  withKey,
  withoutKey,
  withoutUser,
  type KeyInKisi,
  type KeyWritten,
  type Ledger,
} from '../../access/ledger.js';
import type { Freeze, LedgerKey } from '../../access/plan.js';
import type { Entitlement } from '../../access/types.js';
import { ledgerKey } from '../support/stores.js';

const day = 86_400_000;
const now = Date.parse('2026-11-25T10:00:00Z');

const reason = { until: now + day, because: 'pass 2', standsOn: [{ kind: 'pass', id: 2 }] } as const;

function wish(over: Partial<Entitlement> = {}): Entitlement {
  const end = now + 2 * day;
  const kisiEnd = { set: end, atLeast: end, atMost: end, renewLeadMs: 0 };
  return { groupId: 12, awaitingRenewal: false, ...reason, standsOn: [], kisiEnd, ...over };
}

const key = (over: Partial<LedgerKey> = {}): LedgerKey =>
  ledgerKey({ validUntil: now + 7 * day, because: 'pass 1', ...over });

const ledgerOf = (...ledger: LedgerKey[]): Ledger => ({ ledger, dropped: [] });

function written(over: Partial<KeyWritten> = {}): KeyWritten {
  return { outcome: 'created', keyId: 78, validUntil: now + 2 * day, was: null, version: 2, ...over };
}

describe('the ledger', () => {
  const other = key({ groupId: 13 });
  const before: Ledger = { ledger: [key(), other], dropped: [{ userId: 5, groupId: 14, version: 3 }] };

  it('holds one key for each user and group', () => {
    const moved = key({ keyId: 78 });
    assert.deepEqual(withKey(before, moved), { ledger: [other, moved], dropped: before.dropped });
    const elsewhere = key({ userId: 6 });
    assert.deepEqual(withKey(before, elsewhere).ledger, [key(), other, elsewhere]);
    assert.equal(keyAt(before.ledger, { userId: 5, groupId: 13 }), other);
    assert.equal(keyAt(before.ledger, { userId: 6, groupId: 13 }), undefined);
  });

  it('no longer calls a key dropped that it holds again', () => {
    assert.deepEqual(withKey(before, key({ groupId: 14 })).dropped, []);
  });

  it('forgets a revoked key, which is on record as taken away', () => {
    assert.deepEqual(withoutKey(before, key()), { ledger: [other], dropped: before.dropped });
  });

  it('forgets all keys of a user who is gone', () => {
    const another = key({ userId: 6 });
    assert.deepEqual(withoutUser(ledgerOf(key(), another, other), 5), ledgerOf(another));
  });

  it('remembers of a dropped key the last write that it knows', () => {
    const dropped = { userId: 5, groupId: 12, version: 4 };
    const known = ledgerOf(key({ version: 4 }));
    assert.deepEqual(withDropped(known, key()), { ledger: [], dropped: [dropped] });
    assert.deepEqual(withDropped(withDropped(known, key()), key({ version: 5 })).dropped, [
      { ...dropped, version: 5 },
    ]);
    assert.deepEqual(withDropped(before, key()).dropped.length, 2);
  });

  it('is never changed in place', () => {
    const kept = structuredClone(before);
    withKey(before, key({ keyId: 78 }));
    withoutKey(before, key());
    withoutUser(before, 5);
    withDropped(before, key());
    inspected(before, 5, [], []);
    assert.deepEqual(before, kept);
  });
});

describe('a key that is about to be written', () => {
  it('is noted with the end that is asked for, and without an id', () => {
    assert.deepEqual(
      toGrant(wish(), 5, undefined),
      key({ keyId: null, validUntil: now + 2 * day, version: 0, until: now + day, because: 'pass 2' }),
    );
  });

  it('remembers the end that a person gave it', () => {
    const byHand = key({ byHand: true, validUntil: now + 3 * day, version: 4 });
    const noted = toGrant(wish(), 5, byHand);
    assert.deepEqual([noted.handUntil, noted.byHand, noted.version], [now + 3 * day, false, 4]);
    assert.equal(toGrant(wish(), 5, key({ handUntil: now + day })).handUntil, now + day);
    assert.equal(toGrant(wish(), 5, key()).handUntil, null);
  });

  it('is uncertain while it is moved or taken away', () => {
    const moving = { ...key(), until: now + day, because: 'pass 2', validUntil: now + 2 * day };
    assert.deepEqual(toMove(key(), wish()), { ...moving, uncertain: true });
    assert.deepEqual(toRevoke(key()), key({ uncertain: true }));
  });

  it('only has another reason where nothing is written', () => {
    assert.deepEqual(explained(key(), wish()), key({ until: now + day, because: 'pass 2' }));
  });
});

describe('a key that was granted or moved', () => {
  const entry = toGrant(wish(), 5, undefined);

  it('is as Kisi made it', () => {
    const made = granted(entry, written());
    assert.deepEqual(made, { ...entry, keyId: 78, version: 2, higherRole: undefined });
    const move = toMove(key(), wish());
    const moved = granted(move, written({ outcome: 'moved', keyId: 79 }));
    assert.deepEqual([moved.keyId, moved.validUntil, moved.uncertain], [79, now + 2 * day, false]);
  });

  it('remembers the end that a person had given it', () => {
    const extended = written({ outcome: 'extended', was: now + day });
    assert.equal(granted(entry, extended).handUntil, now + day);
    const noted = { ...entry, handUntil: now + 3 * day };
    assert.equal(granted(noted, written()).handUntil, now + 3 * day);
  });

  it('is left to the person who gave it by hand', () => {
    const byHand = granted(entry, written({ outcome: 'byHand', validUntil: null }));
    assert.deepEqual([byHand.byHand, byHand.validUntil, byHand.keyId], [true, null, 78]);
  });

  it('is taken over where that is wanted, and nothing of the person’s stays with it', () => {
    const found = written({ outcome: 'byHand', was: now + day });
    const ours = granted(entry, found, true);
    assert.deepEqual([ours.byHand, ours.handUntil], [false, null]);
    assert.deepEqual(takenOver(granted(entry, found)), ours);
  });

  it('is not taken over from a person with a higher role', () => {
    const higherRole = 'organization_administrator';
    const found = granted(entry, written({ outcome: 'byHand', higherRole }), true);
    assert.deepEqual([found.byHand, found.higherRole], [true, higherRole]);
    assert.equal(granted(entry, written({ higherRole })).higherRole, undefined);
  });

  it('is found by its group and end where the answer was lost', () => {
    const shown: KeyInKisi[] = [
      { keyId: 1, groupId: 13, validUntil: entry.validUntil },
      { keyId: 2, groupId: 12, validUntil: 'unreadable' },
      { keyId: 3, groupId: 12, validUntil: entry.validUntil + 999 },
    ];
    assert.deepEqual(recovered(entry, shown), { ...entry, keyId: 3 });
    assert.equal(recovered(entry, shown.slice(0, 2)), undefined);
    assert.equal(recovered(entry, [{ keyId: 3, groupId: 12, validUntil: now }]), undefined);
  });
});

describe('an inspection', () => {
  const inKisi = (over: Partial<KeyInKisi> = {}): KeyInKisi => ({
    keyId: 77,
    groupId: 12,
    validUntil: now + 7 * day,
    ...over,
  });
  const look = (held: LedgerKey, shown: KeyInKisi[], frozen: Freeze[] = []): LedgerKey | undefined =>
    inspected(ledgerOf(held), 5, shown, frozen).ledger[0];

  it('keeps a key that is as it was', () => {
    assert.deepEqual(look(key(), [inKisi()]), key({ higherRole: undefined }));
    assert.equal(look(key(), [inKisi({ validUntil: now + 7 * day + 999 })])?.validUntil, now + 7 * day);
  });

  it('drops a key that is gone from Kisi', () => {
    const after = inspected(ledgerOf(key({ version: 3 })), 5, [inKisi({ groupId: 13 })], []);
    assert.deepEqual(after, {
      ledger: [],
      dropped: [{ userId: 5, groupId: 12, version: 3 }],
      goneGroupIds: [12],
    });
  });

  it('takes over the id and the end that Kisi has, and has another end moved back', () => {
    const seen = look(key(), [inKisi({ keyId: 80, validUntil: now + day })]);
    assert.deepEqual([seen?.keyId, seen?.validUntil, seen?.uncertain], [80, now + day, true]);
  });

  it('has the end of a key given by hand, or of a frozen one, stay as it is', () => {
    const shown = [inKisi({ validUntil: now + day })];
    const freeze = { groupId: 12, until: now + day, why: 'an order', endsWithRules: null };
    assert.equal(look(key({ byHand: true }), shown)?.uncertain, false);
    assert.equal(look(key(), shown, [freeze])?.uncertain, false);
    assert.equal(look(key(), shown, [{ ...freeze, groupId: 13 }])?.uncertain, true);
  });

  it('forgets a higher role, which may be another by now', () => {
    const left = key({ byHand: true, higherRole: 'organization_owner' });
    assert.equal(look(left, [inKisi()])?.higherRole, undefined);
  });

  it('knows a key by its id where its end cannot be read', () => {
    const unreadable = inKisi({ validUntil: 'unreadable' });
    assert.deepEqual(look(key(), [unreadable]), key());
    assert.equal(look(key({ keyId: 76 }), [unreadable]), undefined);
  });

  it('leaves alone the keys of another user, and those whose grant has no answer yet', () => {
    const tried = key({ keyId: null });
    const others = ledgerOf(tried, key({ userId: 6 }));
    assert.deepEqual(inspected(others, 5, [], []), { ...others, goneGroupIds: [] });
  });
});

describe('withInherited: keys that another profile hands over', () => {
  it('are added where there is none, or replace a key that was only tried or taken for given by hand', () => {
    const given = key({ because: 'given', handUntil: now + day });
    const other = key({ groupId: 13 });
    assert.deepEqual(withInherited([other], [given]), [other, given]);
    assert.deepEqual(withInherited([key({ keyId: null })], [given]), [given]);
    assert.deepEqual(withInherited([key({ byHand: true })], [given]), [given]);
  });

  it('keep the last write of this profile, but are ours or a person’s as the giver had them', () => {
    const mine = key({ keyId: 78, validUntil: now + 8 * day, handUntil: now + 7 * day });
    assert.deepEqual(withInherited([mine], [key()]), [{ ...mine, handUntil: null }]);
  });
});
