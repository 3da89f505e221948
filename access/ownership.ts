import { sameEnd } from './drift.js';
import type { LedgerKey } from './plan.js';
import type { Instant, Member } from './types.js';

/**
 * Who gives keys as the Kisi user of the API key. `shared`: people too, so that who made a key tells nothing. `latchkeyOnly`:
 * nobody else, so that whatever that user made is Latchkey's.
 */
export const apiUsers = ['shared', 'latchkeyOnly'] as const;
export type ApiUser = (typeof apiUsers)[number];

/**
 * The profile that owns the keys of a person: of those that share an e-mail, and so are one user to Kisi, the one with the
 * lowest id. Null: there is no profile.
 */
export function keyOwner(profileIds: readonly number[]): number | null {
  return profileIds.length === 0 ? null : Math.min(...profileIds);
}

/**
 * The e-mail of the Kisi user that a profile's keys are given to: its own or, where that is empty, the one that all other profiles
 * of the person have. Null: none has one, they differ, or the profile is not among them.
 */
export function emailForKeys(
  profiles: readonly Pick<Member, 'id' | 'email'>[],
  memberId: number,
): string | null {
  const own = profiles.find(({ id }) => id === memberId);
  if (own === undefined) return null;
  const asked = own.email === '' ? profiles : [own];
  const [email = null, ...others] = new Set(
    asked.map((profile) => profile.email).filter((one) => one !== ''),
  );
  return others.length === 0 ? email : null;
}

/** Where a key can be: Kisi holds one for each user and group. */
export interface Place {
  userId: number;
  groupId: number;
}

/** Whose the key at a place is, by the record in the database: that is the truth. */
export interface OwnedKey<K = LedgerKey> extends Place {
  memberId: number;
  /** Counts the writes to this place: of two stories about it, the one with more is newer. */
  version: number;
  /** Null: it was taken away, or given up. */
  key: K | null;
}

/**
 * A write to Kisi whose answer never came. A network or a gateway may hold it, so that Kisi carries it out later, even after
 * the key was taken away or given again.
 */
export interface UnansweredWrite extends Place {
  /** Whose key it was. */
  memberId: number;
  /** `put`: it gives the key, or moves its end. `giveBack`: it moves the end back to the one that a person had given. */
  does: 'put' | 'giveBack' | 'remove';
  /** The key as it is once the write is carried out; for a removal, as it was before. */
  key: LedgerKey;
  /** When it was sent last. */
  at: Instant;
  /** When the person's keys were last looked at in Kisi since; null: never. */
  lookedAt: Instant | null;
}

/** A write that is about to be sent. */
export type WriteSent = Omit<UnansweredWrite, 'at' | 'lookedAt'>;

const minuteMs = 60_000;
/** How long after a write without an answer to look what became of it; later, a comparison sees that. */
const looksAfterMs = [1, 5, 15, 60].map((minutes) => minutes * minuteMs);

/** When to look in Kisi for what these writes may still do to the member's keys, soonest first; a past time is due. Pure. */
export function looksFor(writes: readonly UnansweredWrite[], ledger: readonly LedgerKey[]): Instant[] {
  return writes
    .filter((write) => mayHarm(write, ledger))
    .flatMap(({ at, lookedAt }) =>
      looksAfterMs.map((ms) => at + ms).filter((look) => look > (lookedAt ?? at)),
    )
    .toSorted((a, b) => a - b);
}

/** Kisi holds one key at a place, so that it refuses a late grant where there is one; and an id that is gone is not reused. */
function mayHarm({ does, key, ...place }: UnansweredWrite, ledger: readonly LedgerKey[]): boolean {
  const there = ledger.find((one) => placeName(one) === placeName(place));
  if (there === undefined || there.keyId === null) return does === 'put';
  if (there.keyId !== key.keyId) return false;
  return does === 'remove' || !sameEnd(there.validUntil, key.validUntil);
}

/** Whether a key in Kisi is as this write would have made it: it has the user, the group and the end. Pure. */
export function isBy(write: UnansweredWrite, key: Place & { validUntil: Instant | null }): boolean {
  return (
    write.does === 'put' &&
    placeName(write) === placeName(key) &&
    sameEnd(write.key.validUntil, key.validUntil)
  );
}

/** A key that a workflow has taken out of its ledger, so that the record does not give it back. */
export type Dropped = Place & Pick<LedgerKey, 'version'>;

/** What a member's workflow knows of its keys: a copy of the record, which may be older than it, or newer. */
export interface LedgerCopy<K = LedgerKey> {
  ledger: readonly K[];
  dropped: readonly Dropped[];
}

/** A copy brought in line with the record, and what the record is to be told. */
export interface Reconciled<K = LedgerKey> {
  ledger: K[];
  news: OwnedKey<K>[];
}

/** A place as a key of a map. */
export const placeName = ({ userId, groupId }: Place): string => `${userId}/${groupId}`;

/**
 * Brings a member's copy and the record in line, place by place: the story with more writes is the newer one, so that
 * either may have been restored from a backup, or be empty. Where both have as many writes, the record says whose the key is,
 * and the workflow what is known of it. `rows`: all that is on record of the member and of the places in the copy. Pure.
 */
export function reconciled<K extends Dropped = LedgerKey>(
  memberId: number,
  { ledger, dropped }: LedgerCopy<K>,
  rows: readonly OwnedKey<K>[],
): Reconciled<K> {
  const rowAt = new Map(rows.map((row) => [placeName(row), row]));
  const news: OwnedKey<K>[] = [];
  const tell = ({ userId, groupId, version }: Dropped, key: K | null): void => {
    news.push({ userId, groupId, memberId, version, key });
  };
  const kept = ledger.flatMap((key): K[] => {
    const row = rowAt.get(placeName(key));
    if (row === undefined || key.version > row.version) {
      tell(key, key);
      return [key];
    }
    if (row.memberId !== memberId) return [];
    if (row.version > key.version) return row.key === null ? [] : [row.key];
    if (JSON.stringify(row.key) !== JSON.stringify(key)) tell(key, key);
    return [key];
  });
  const inLedger = new Set(ledger.map(placeName));
  const droppedAt = new Map(dropped.map((one) => [placeName(one), one]));
  const recalled = rows.flatMap((row): K[] => {
    const { memberId: owner, key, version } = row;
    if (owner !== memberId || key === null || inLedger.has(placeName(row))) return [];
    const gone = droppedAt.get(placeName(row));
    // A dropped key comes back where it was written to since, by a run of the workflow that this one knows nothing of.
    if (gone === undefined || gone.version < version) return [key];
    tell({ ...gone, version: gone.version + 1 }, null);
    return [];
  });
  return { ledger: [...kept, ...recalled], news };
}
