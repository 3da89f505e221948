import { sameEnd } from './drift.js';
import { placeName, type Dropped, type Place } from './ownership.js';
import type { Freeze, LedgerKey } from './plan.js';
import type { Entitlement, Instant } from './types.js';

/** A member's ledger, and the keys that were taken out of it since the record was last told. */
export interface Ledger {
  ledger: LedgerKey[];
  dropped: Dropped[];
}

/** A key as it is to be, to Kisi and on record. */
export interface KeyWish extends LedgerKey {
  validUntil: Instant;
}

/** What Kisi answered to a grant or a move. */
export interface KeyWritten {
  outcome: 'created' | 'adopted' | 'extended' | 'byHand' | 'moved';
  keyId: number;
  validUntil: Instant | null;
  /** The end that a person had given to a key that was extended. */
  was: Instant | null;
  /** The person's higher role in Kisi, for which a key that was there is not taken over. */
  higherRole?: string;
  /** How many writes are on record for this place. */
  version: number;
}

/** A key as an inspection of Kisi shows it. */
export interface KeyInKisi {
  keyId: number;
  groupId: number;
  validUntil: Instant | null | 'unreadable';
  /** A write whose answer was lost made it after the key was taken away. */
  isLate?: boolean;
}

/** The key at a place; undefined: there is none. Pure. */
export function keyAt(ledger: readonly LedgerKey[], place: Place): LedgerKey | undefined {
  return ledger.find((key) => isAt(place, key));
}

/** The ledger with a key in place of the one at its place. Pure. */
export function withKey({ ledger, dropped }: Ledger, key: LedgerKey): Ledger {
  return { ledger: [...without(ledger, key), key], dropped: without(dropped, key) };
}

/** The ledger without a key that the record does not have either. Pure. */
export function withoutKey({ ledger, dropped }: Ledger, place: Place): Ledger {
  return { ledger: without(ledger, place), dropped };
}

/** The ledger without the keys of a Kisi user who is gone, and whose keys went along. Pure. */
export function withoutUser({ ledger, dropped }: Ledger, userId: number): Ledger {
  return { ledger: ledger.filter((key) => key.userId !== userId), dropped };
}

/** The ledger without a key that is given up without a write to Kisi. The record is told at the next look. Pure. */
export function withDropped({ ledger, dropped }: Ledger, key: LedgerKey): Ledger {
  const { userId, groupId } = key;
  const version = Math.max(key.version, keyAt(ledger, key)?.version ?? 0);
  return { ledger: without(ledger, key), dropped: [...without(dropped, key), { userId, groupId, version }] };
}

/**
 * A key as it is noted before it is granted: after a lost answer nobody can tell any more what was there. `known`: the
 * ledger's key at the same place. Pure.
 */
export function toGrant(wish: Entitlement, userId: number, known: LedgerKey | undefined): KeyWish {
  return {
    groupId: wish.groupId,
    userId,
    keyId: null,
    validUntil: wish.kisiEnd.set,
    byHand: false,
    handUntil: known?.byHand === true ? known.validUntil : (known?.handUntil ?? null),
    uncertain: false,
    version: known?.version ?? 0,
    ...reasonOf(wish),
  };
}

/** A key as it is noted before its end is moved. Pure. */
export function toMove(key: LedgerKey, wish: Entitlement): KeyWish {
  return { ...key, ...reasonOf(wish), validUntil: wish.kisiEnd.set, uncertain: true };
}

/** A key as it is noted before it is taken away or given back. Pure. */
export function toRevoke(key: LedgerKey): LedgerKey {
  return { ...key, uncertain: true };
}

/** A key for which the rules have another reason or another end of access, and which stays as it is in Kisi. Pure. */
export function explained(key: LedgerKey, wish: Entitlement): LedgerKey {
  return { ...key, ...reasonOf(wish) };
}

/**
 * A key after Kisi granted it or moved its end. `takesOver`: a key that was there by hand becomes Latchkey's own, unless the
 * person has a higher role. Pure.
 */
export function granted(entry: LedgerKey, written: KeyWritten, takesOver = false): LedgerKey {
  const { outcome, keyId, validUntil, was, version, higherRole } = written;
  const byHand = outcome === 'byHand';
  const key = {
    ...entry,
    keyId,
    validUntil,
    byHand,
    handUntil: was ?? entry.handUntil,
    uncertain: false,
    version,
    higherRole: byHand ? higherRole : undefined,
  };
  return takesOver && higherRole === undefined ? takenOver(key) : key;
}

/** A key that Latchkey may take away from now on, whoever gave it. Pure. */
export function takenOver(key: LedgerKey): LedgerKey {
  return { ...key, byHand: false, handUntil: null };
}

/** The key of a grant whose answer was lost, as Kisi shows it by group and end; undefined: it was not made. Pure. */
export function recovered(key: LedgerKey, inKisi: readonly KeyInKisi[]): LedgerKey | undefined {
  const made = inKisi.find(
    ({ groupId, validUntil }) =>
      groupId === key.groupId && validUntil !== 'unreadable' && sameEnd(validUntil, key.validUntil),
  );
  return made && { ...key, keyId: made.keyId };
}

/**
 * The ledger brought in line with all keys that Kisi shows of a user, and the groups whose keys are gone from Kisi. Keys whose
 * grant is still without an answer stay as they are. Pure.
 */
export function inspected(
  before: Ledger,
  userId: number,
  inKisi: readonly KeyInKisi[],
  frozen: readonly Freeze[],
): Ledger & { goneGroupIds: number[] } {
  const goneGroupIds: number[] = [];
  let after = before;
  for (const key of before.ledger) {
    if (key.userId !== userId || key.keyId === null) continue;
    const { groupId } = key;
    const real = inKisi.find((one) => one.groupId === groupId);
    // An end that cannot be read tells nothing: by its id it is the same key or another one.
    if (real?.validUntil === 'unreadable' && real.keyId === key.keyId) continue;
    if (real === undefined || real.validUntil === 'unreadable') {
      after = withDropped(after, key);
      goneGroupIds.push(groupId);
    } else {
      const isFrozen = frozen.some((freeze) => freeze.groupId === groupId);
      after = withKey(after, asInKisi(key, real.keyId, real.validUntil, isFrozen));
    }
  }
  return { ...after, goneGroupIds };
}

function asInKisi(key: LedgerKey, keyId: number, validUntil: Instant | null, isFrozen: boolean): LedgerKey {
  const isSame = sameEnd(key.validUntil, validUntil);
  return {
    ...key,
    // The person may have another role by now.
    higherRole: undefined,
    keyId,
    // Kisi may store an end less exactly than it was asked for.
    validUntil: isSame ? key.validUntil : validUntil,
    // An end that somebody else set is moved back, even where it would do.
    uncertain: !key.byHand && !isFrozen && !isSame,
  };
}

/**
 * The ledger with keys that another profile of the same person hands over. Both profiles may have found the same key at the
 * same time: this one knows the last write, and only the giver knows whose the key is. Pure.
 */
export function withInherited(ledger: readonly LedgerKey[], given: readonly LedgerKey[]): LedgerKey[] {
  const others = ledger.filter((mine) => keyAt(given, mine) === undefined);
  const inherited = given.map((key) => {
    const mine = keyAt(ledger, key);
    if (mine === undefined || mine.keyId === null || mine.byHand) return key;
    return { ...mine, byHand: key.byHand, handUntil: key.handUntil };
  });
  return [...others, ...inherited];
}

function reasonOf({
  until,
  because,
  standsOn,
}: Entitlement): Pick<LedgerKey, 'until' | 'because' | 'standsOn'> {
  return { until, because, standsOn };
}

function isAt(place: Place, other: Place): boolean {
  return placeName(place) === placeName(other);
}

function without<P extends Place>(places: readonly P[], place: Place): P[] {
  return places.filter((one) => !isAt(place, one));
}
