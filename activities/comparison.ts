import { sameEnd, type Drift, type DriftKey } from '../access/drift.js';
import { placeName } from '../access/ownership.js';
import { iso, type Instant } from '../access/types.js';
import {
  higherRoleOf,
  keyRole,
  rightTo,
  type KisiGroup,
  type KisiKey,
  type KisiUser,
} from '../kisi/records.js';
import { isTooMuchGone } from '../lib/too-much-gone.js';
import type { ShownHoldings, ShownKey } from '../messages/to-member.js';
import { groupBy } from '../nexudus/collections.js';

/** What Kisi holds, and what of it is ours to look at. */
export interface KisiState {
  keys: readonly KisiKey[];
  users: readonly KisiUser[];
  groups: readonly KisiGroup[];
  /** The groups that pass types open. */
  mappedIds: readonly number[];
  /** Their names at an earlier comparison. */
  groupNames: Readonly<Record<number, string>>;
}

export type Ledgers = ReadonlyMap<number, ShownHoldings>;

/** What a comparison found, how many keys the ledgers hold, and how many of them Kisi lacks. */
export interface Comparison {
  found: Drift[];
  held: number;
  lost: number;
}

/** Every difference between the ledgers and Kisi, in the order of their keys. Pure. */
export function compare(
  ledgers: Ledgers,
  state: KisiState,
  coworkers: ReadonlyMap<string, number> | null,
  now: Instant,
): Comparison {
  const kisi = { ...state, keys: withEndsThatShow(ledgers, state.keys) };
  const byId: ById = {
    users: new Map(kisi.users.map((user) => [user.id, user])),
    groups: new Map(kisi.groups.map((group) => [group.id, group])),
    keysOf: groupBy(kisi.keys, ({ userId }) => userId),
  };
  const members = [...ledgers].map(([memberId, holdings]) => memberDrift(memberId, holdings, byId, now));
  const found = [
    ...members.flatMap((one) => one.found),
    ...unownedDrift(ledgers, kisi, byId, coworkers, now),
    ...unreadableDrift(ledgers, kisi),
    ...groupDrift(kisi, byId),
  ];
  const sum = (of: 'held' | 'lost'): number => members.reduce((total, one) => total + one[of], 0);
  return {
    found: found.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    held: sum('held'),
    lost: sum('lost'),
  };
}

/**
 * The keys as listed. Where too many that have an end by the ledgers show none in Kisi, ends that are missing count as
 * unreadable: nobody took them all away in Kisi at once.
 */
function withEndsThatShow(ledgers: Ledgers, keys: readonly KisiKey[]): readonly KisiKey[] {
  const byId = new Map(keys.map((key) => [key.id, key]));
  const ends = [...ledgers.values()]
    .flatMap(({ ledger }) => ledger.filter(({ validUntil }) => validUntil !== null))
    .flatMap(({ keyId }) => byId.get(keyId ?? 0) ?? [])
    .map(({ validUntil }) => validUntil);
  if (!isTooMuchGone(ends.filter((end) => end === null).length, ends.length)) return keys;
  return keys.map((key) => (key.validUntil === null ? { ...key, validUntil: 'unreadable' as const } : key));
}

/** The member whose keys are compared, as a difference names it. */
type Member = Pick<Drift, 'userId' | 'comparedAt'> & { memberId: number };

/** Kisi's lists by id, and keys by the user who holds them. */
interface ById {
  users: ReadonlyMap<number, KisiUser>;
  groups: ReadonlyMap<number, KisiGroup>;
  keysOf: ReadonlyMap<number, KisiKey[]>;
}

/** What differs of the keys that one member holds. */
function memberDrift(memberId: number, holdings: ShownHoldings, byId: ById, now: Instant): Comparison {
  const { kisiUser, comparedAt } = holdings;
  const held = comparable(holdings, byId, now);
  if (kisiUser === null || held.length === 0) return { found: [], held: 0, lost: 0 };
  const about = { memberId, userId: kisiUser.id, comparedAt };
  const user = byId.users.get(kisiUser.id);
  if (user === undefined) {
    const what = `Kisi user ${kisiUser.id} is gone, and with it ${held.length} keys`;
    const gone = drift('userDeleted', [memberId], { ...about, keys: held.map(keyOf), what });
    return { found: [gone], held: held.length, lost: held.length };
  }
  const real = byId.keysOf.get(user.id) ?? [];
  const found = held.flatMap((key) => keyDrift(key, rightTo(key.groupId, real), about) ?? []);
  const lost = found.filter(({ kind }) => kind === 'missing').length;
  if (!user.accessEnabled) {
    const what = `Kisi user ${user.id} is suspended there, so the keys open nothing`;
    found.push(drift('userSuspended', [memberId], { ...about, keys: [], what }));
  }
  return { found, held: held.length, lost };
}

/** The keys that can be compared: not those with a write under way, nor those that have ended, which Kisi may keep or not. */
function comparable({ ledger, kisiUser }: ShownHoldings, { groups }: ById, now: Instant): ShownKey[] {
  return ledger.filter(
    ({ keyId, uncertain, userId, groupId, validUntil }) =>
      keyId !== null &&
      !uncertain &&
      userId === kisiUser?.id &&
      groups.has(groupId) &&
      (validUntil === null || validUntil > now),
  );
}

/** How a key of a ledger differs from what is there in Kisi; null: not at all. */
function keyDrift(key: ShownKey, there: KisiKey | null, member: Member): Drift | null {
  const { groupId, byHand } = key;
  const of = [member.memberId, groupId];
  if (there === null) {
    const what = `key ${key.keyId ?? ''}, ${endWords(key.validUntil)}, is not in Kisi`;
    return drift('missing', of, { ...member, groupId, keys: [keyOf(key)], what });
  }
  const { id, roleId, validUntil } = there;
  // `unreadableDrift` tells of such an end.
  if (validUntil === 'unreadable' || byHand) return null;
  const about = { ...member, groupId, keys: [{ keyId: id, groupId, validUntil }] };
  if (roleId !== keyRole) {
    const role = higherRoleOf([there]) ?? 'another role';
    const what = `right ${id} is ${role} in Kisi by now, which is not Latchkey's to move or take away`;
    return drift('changed', of, { ...about, what });
  }
  if (sameEnd(validUntil, key.validUntil)) return null;
  const what = `it is ${endWords(validUntil)} in Kisi, not ${endWords(key.validUntil)}`;
  return drift('changed', of, { ...about, what });
}

/** Keys to mapped groups that are in nobody's ledger: of members, or of people that Nexudus does not know. */
function unownedDrift(
  ledgers: Ledgers,
  kisi: KisiState,
  { users }: ById,
  coworkers: ReadonlyMap<string, number> | null,
  now: Instant,
): Drift[] {
  const owners = ownersOf(ledgers);
  return [...groupBy(unowned(ledgers, kisi, now), ({ userId }) => userId)].flatMap(
    ([userId, keys]): Drift[] => {
      const user = users.get(userId);
      // The user was made since the users were listed, or nobody can say who it is.
      if (user === undefined) return [];
      const memberId = owners.get(userId) ?? coworkers?.get(user.email);
      if (memberId === undefined && coworkers === null) return [];
      const about = { memberId: memberId ?? null, userId, comparedAt: null };
      if (memberId === undefined) {
        const groupIds = keys.map(({ groupId }) => groupId).join(', ');
        const what = `Kisi user ${userId}, whose e-mail no coworker has, holds keys to groups ${groupIds}`;
        return [drift('orphan', [userId], { ...about, keys: keys.map(realKey), what })];
      }
      return keys.map((key) => {
        const { groupId } = key;
        const what = `key ${key.id}, ${endWords(key.validUntil)}, was not given by Latchkey`;
        return drift('extra', [userId, groupId], { ...about, groupId, keys: [realKey(key)], what });
      });
    },
  );
}

/** Members by their Kisi users; where several have the same user, the one with the lowest id. */
function ownersOf(ledgers: Ledgers): Map<number, number> {
  return new Map(
    [...ledgers]
      .toSorted(([a], [b]) => b - a)
      .flatMap(([memberId, { kisiUser }]) => (kisiUser === null ? [] : [[kisiUser.id, memberId] as const])),
  );
}

/** Keys of members, or to mapped groups, whose end cannot be read: only a person can say what becomes of such. */
function unreadableDrift(ledgers: Ledgers, { keys, mappedIds }: KisiState): Drift[] {
  const unreadable = keys.filter(({ validUntil }) => validUntil === 'unreadable');
  if (unreadable.length === 0) return [];
  const [owners, owned] = [ownersOf(ledgers), ownedPlaces(ledgers)];
  return unreadable
    .filter((key) => mappedIds.includes(key.groupId) || owned.has(placeName(key)))
    .map(({ id, userId, groupId }) => {
      const memberId = owners.get(userId) ?? null;
      const what = `key ${id} of Kisi user ${userId} has an end there that cannot be read`;
      return drift('endUnreadable', [id], { memberId, userId, groupId, keys: [], comparedAt: null, what });
    });
}

/** The places of all keys in ledgers, also of those that were found there. */
function ownedPlaces(ledgers: Ledgers): Set<string> {
  return new Set([...ledgers.values()].flatMap(({ ledger }) => ledger.map(placeName)));
}

/** A key whose end can be read. */
type ReadableKey = KisiKey & { validUntil: Instant | null };

/** Keys to mapped groups that open doors, have not ended and are in nobody's ledger. */
export function unowned(ledgers: Ledgers, { keys, mappedIds }: KisiState, now: Instant): ReadableKey[] {
  const owned = ownedPlaces(ledgers);
  return keys
    .filter((key): key is ReadableKey => key.validUntil !== 'unreadable')
    .filter(
      (key) =>
        key.roleId === keyRole &&
        mappedIds.includes(key.groupId) &&
        !owned.has(placeName(key)) &&
        (key.validUntil === null || key.validUntil > now),
    );
}

function groupDrift({ mappedIds, groupNames }: KisiState, { groups }: ById): Drift[] {
  const about = { memberId: null, userId: null, keys: [], comparedAt: null };
  return mappedIds.flatMap((groupId): Drift[] => {
    const name = groups.get(groupId)?.name;
    const was = groupNames[groupId];
    if (name === undefined)
      return [drift('groupGone', [groupId], { ...about, groupId, what: 'Kisi has it not any more' })];
    if (was === undefined || was === name) return [];
    return [drift('groupRenamed', [groupId], { ...about, groupId, what: `its name is "${name}" now` })];
  });
}

/** The group names to remember; for a group that was renamed or is gone, the name that was known. */
export function namesOf({ groups, mappedIds, groupNames }: KisiState): Record<number, string> {
  const now = new Map(groups.map(({ id, name }) => [id, name]));
  const names = mappedIds.map((id) => [id, groupNames[id] ?? now.get(id)] as const);
  return Object.fromEntries(names.flatMap(([id, name]) => (name === undefined ? [] : [[id, name]])));
}

type About = Omit<Drift, 'kind' | 'key' | 'groupId'> & Partial<Pick<Drift, 'groupId'>>;

function drift(kind: Drift['kind'], of: readonly number[], { groupId = null, ...about }: About): Drift {
  return { key: [kind, ...of].join('/'), kind, groupId, ...about };
}

const keyOf = ({ keyId, groupId, validUntil }: ShownKey): DriftKey => ({
  keyId: keyId ?? 0,
  groupId,
  validUntil,
});
const realKey = ({ id, groupId, validUntil }: ReadableKey): DriftKey => ({ keyId: id, groupId, validUntil });
const endWords = (end: Instant | null): string => (end === null ? 'without an end' : `until ${iso(end)}`);
