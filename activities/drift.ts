import { ApplicationFailure } from '@temporalio/activity';
import { sameEnd, signatureOf, type Drift, type DriftKey, type DriftPolicy } from '../access/drift.js';
import { placeName, type UnansweredWrite } from '../access/ownership.js';
import { iso, type Instant, type MappingRule } from '../access/types.js';
import type { KisiClient } from '../kisi/client.js';
import type { Directory } from '../kisi/directory.js';
import type { Moves } from '../kisi/keys.js';
import {
  higherRoleOf,
  keyRole,
  rightTo,
  type KisiGroup,
  type KisiKey,
  type KisiUser,
} from '../kisi/records.js';
import { plausible } from '../nexudus/changes.js';
import type { NexudusClient } from '../nexudus/client.js';
import { groupBy } from '../nexudus/collections.js';
import { searchEmail } from '../nexudus/source.js';
import type { Ownership } from '../database/ownership.js';
import type { AuditLog } from '../database/audit-log.js';
import type { ExceptionWish } from '../messages/to-control.js';
import type { ShownHoldings } from '../messages/to-member.js';
import type { BaselineBook } from './baselines.js';
import type { DriftActivities, DriftReport, DriftRequest } from '../messages/to-activities.js';
import { nowhere, type Gate } from './gate.js';
import { isMadeBy, takeBack } from './late.js';
import { remote } from './remote.js';
import { inBatches, type Waker } from './wake.js';

export interface DriftDeps {
  /** What the members' workflows that run show that they hold; `afresh`: what these say when they are asked. */
  readLedgers: (afresh: readonly number[]) => Promise<Ledgers>;
  nexudus: Pick<NexudusClient, 'list' | 'listSparing'>;
  kisi: Pick<KisiClient, 'listAllKeys' | 'listGroups' | 'currentUser'>;
  ownership: Pick<Ownership, 'at' | 'own' | 'answered' | 'unanswered'>;
  directory: Pick<Directory, 'read' | 'known'>;
  moves: Moves;
  mapping: readonly MappingRule[];
  policy: DriftPolicy;
  baselines: Pick<BaselineBook, 'read'>;
  gate: Pick<Gate, 'admit'>;
  auditLog: Pick<AuditLog, 'note'>;
  orderException: (wish: ExceptionWish, id: string) => Promise<string | null>;
  waker: Pick<Waker, 'wakeIfRunning' | 'freezeIfRunning'>;
  now: () => Instant;
}

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

/** So that all that is found fits what one workflow may hold. */
const mostFound = 500;
/** A list that tells what keys do not (who is suspended, what a group is called) is read anew once it is so old. */
const listLastsMs = 55 * 60_000;

/** A list as it was read at an instant. */
interface Groups {
  readAt: Instant;
  rows: KisiGroup[];
}

/** Compares what members' workflows hold with Kisi, and sets right what the workflow `drift` says. */
export function createDriftActivities(deps: DriftDeps): DriftActivities {
  const memory: { groups: Groups | null } = { groups: null };
  return remote<DriftActivities>({
    compareWithKisi: (request) => comparison(deps, request, memory),
    async wakeToMend(memberIds) {
      await inBatches(memberIds, (id) =>
        deps.waker.wakeIfRunning(id, { reason: 'drift', isBatch: memberIds.length > 1 }),
      );
    },
    async freeze(memberId, freeze) {
      await deps.waker.freezeIfRunning(memberId, freeze);
    },
    except: (wish, id) => deps.orderException(wish, id),
    async noteFindings(notes) {
      for (const { id, ...note } of notes)
        await deps.auditLog.note({
          ...note,
          key: `finding/${id}`,
          kind: 'finding',
          state: 'done',
          locationId: null,
          before: null,
          planId: null,
          answer: null,
        });
    },
  });
}

async function comparison(
  deps: DriftDeps,
  { settled, groupNames, isAsked }: DriftRequest,
  memory: { groups: Groups | null },
): Promise<DriftReport> {
  await deps.gate.admit('read', nowhere);
  const isNew = (drift: Drift): boolean => !settled.includes(signatureOf(drift));
  const before = await deps.readLedgers([]);
  const keys = { ...(await readKeys(deps)), groupNames };
  const ledgers = (await recallLate(deps, keys.keys)) ? await deps.readLedgers([]) : before;
  const kept = isAsked ? null : keptLists(deps, memory);
  let kisi = { ...keys, ...(kept ?? (await readLists(deps, memory))) };
  const coworkers = await readCoworkers(deps, ledgers, kisi);
  let first = compare(ledgers, kisi, coworkers, deps.now());
  if (kept !== null && (first.found.some(isNew) || hasStranger(ledgers, kisi, deps.now()))) {
    kisi = { ...keys, ...(await readLists(deps, memory)) };
    first = compare(ledgers, kisi, coworkers, deps.now());
  }
  const found = first.found.some(isNew)
    ? await witnessed(
        deps,
        agreed(first.found, compare(await secondLook(deps, first.found), kisi, coworkers, deps.now()).found),
        kisi.users,
      )
    : first.found;
  if (found.some((drift) => drift.kind === 'changed' && isNew(drift))) deps.moves.areHeeded = false;
  return {
    found: found.slice(0, mostFound),
    more: Math.max(0, found.length - mostFound),
    held: first.held,
    lost: first.lost,
    groupNames: namesOf(kisi),
    policy: deps.policy,
  };
}

/**
 * Has members see to what writes whose answers were lost have done in Kisi since: keys that they made, and ends that they moved.
 * Whatever the policies say, these are Latchkey's own. Answers whether whose a key is on record is another by now.
 */
async function recallLate({ ownership, kisi, waker }: DriftDeps, keys: readonly KisiKey[]): Promise<boolean> {
  const writes = await ownership.unanswered('all');
  if (writes.length === 0) return false;
  const taken = await takeBack(ownership, keys, writes, async () => (await kisi.currentUser()).id);
  const moved = await movedLate(ownership, keys, writes);
  const memberIds = new Set([...taken.map(({ memberId }) => memberId), ...moved]);
  await inBatches([...memberIds], (id) =>
    waker.wakeIfRunning(id, { reason: 'drift', isBatch: memberIds.size > 1 }),
  );
  return taken.length > 0;
}

/** Whose keys have an end in Kisi that such a write has moved them to, and not the one on record. */
async function movedLate(
  ownership: DriftDeps['ownership'],
  keys: readonly KisiKey[],
  writes: readonly UnansweredWrite[],
): Promise<number[]> {
  const memberIds: number[] = [];
  for (const there of keys.filter((key) => writes.some((write) => isMadeBy(write, key)))) {
    const owned = await ownership.at(there);
    if (owned === null || owned.key?.keyId !== there.id || there.validUntil === 'unreadable') continue;
    if (!sameEnd(owned.key.validUntil, there.validUntil)) memberIds.push(owned.memberId);
  }
  return memberIds;
}

/** A member may have written while the lists were read, and what it shows may be a little behind. */
function secondLook({ readLedgers }: DriftDeps, found: readonly Drift[]): Promise<Ledgers> {
  const concerned = found.flatMap(({ memberId }) => (memberId === null ? [] : [memberId]));
  return readLedgers([...new Set(concerned)]);
}

/** What a second look at the ledgers shows just so. */
function agreed(first: readonly Drift[], second: readonly Drift[]): Drift[] {
  const again = new Set(second.map((drift) => JSON.stringify(drift)));
  return first.filter((drift) => again.has(JSON.stringify(drift)));
}

/**
 * Before keys are taken away from people that Nexudus does not know, each is searched for by e-mail, since a list that lacks
 * one row is one witness. Drops the findings about those that the search does find. A request for each.
 */
async function witnessed(
  { nexudus, policy }: DriftDeps,
  found: readonly Drift[],
  users: readonly KisiUser[],
): Promise<Drift[]> {
  if (policy.orphan !== 'repair') return [...found];
  const emailOf = new Map(users.map(({ id, email }) => [id, email]));
  const sure: Drift[] = [];
  for (const drift of found) {
    const email = drift.kind === 'orphan' ? (emailOf.get(drift.userId ?? 0) ?? '') : '';
    if (email === '' || (await searchEmail(nexudus, email)).length === 0) sure.push(drift);
  }
  return sure;
}

/** What every comparison reads: a request for each 250 keys. */
async function readKeys({
  kisi,
  nexudus,
  mapping,
}: DriftDeps): Promise<Pick<KisiState, 'keys' | 'mappedIds'>> {
  const keys = await kisi.listAllKeys();
  const configured = new Set(mapping.map(({ passTypeId }) => passTypeId));
  const types = await nexudus.listSparing('timepasses');
  const byField = types.rows.filter(({ id }) => !configured.has(id)).flatMap((type) => type.kisiGroupIds);
  const mappedIds = [...new Set([...mapping.flatMap(({ groupIds }) => groupIds), ...byField])];
  return { keys, mappedIds: mappedIds.sort((a, b) => a - b) };
}

type Lists = Pick<KisiState, 'users' | 'groups'>;

/** What an earlier comparison read, while that is young enough; null: it is not. */
function keptLists({ directory, now }: DriftDeps, { groups }: { groups: Groups | null }): Lists | null {
  const users = directory.known(listLastsMs);
  if (users === null || groups === null || now() - groups.readAt >= listLastsMs) return null;
  return { users, groups: groups.rows };
}

/** A request for each 100 users and each 250 groups. */
async function readLists(
  { directory, kisi, now }: DriftDeps,
  memory: { groups: Groups | null },
): Promise<Lists> {
  const users = await directory.read();
  const readAt = now();
  const groups = await kisi.listGroups();
  memory.groups = { readAt, rows: groups };
  return { users, groups };
}

/** Whether somebody holds keys that are told of who has come to Kisi since its users were listed. */
function hasStranger(ledgers: Ledgers, kisi: KisiState, now: Instant): boolean {
  const known = new Set(kisi.users.map(({ id }) => id));
  return unowned(ledgers, kisi, now).some(({ userId }) => !known.has(userId));
}

/** Coworkers' ids by e-mail, where there are keys of which it must be told whose they are. Null: it cannot be told. */
async function readCoworkers(
  { nexudus, baselines, now }: DriftDeps,
  ledgers: Ledgers,
  kisi: KisiState,
): Promise<Map<string, number> | null> {
  if (unowned(ledgers, kisi, now()).length === 0) return new Map();
  const { rows, broken } = await nexudus.listSparing('coworkers');
  const baseline = (await baselines.read())?.['coworkers'];
  if (!plausible(baseline, rows.length)) {
    throw ApplicationFailure.create({
      type: 'Nexudus',
      message: `Nexudus lists ${rows.length} coworkers where there were ${baseline?.count ?? 'more'}, so it cannot be told whose keys are extra.`,
      nonRetryable: true,
    });
  }
  if (broken.length > 0) return null;
  // Of several profiles with the same e-mail the lowest id owns the keys.
  const known = rows.filter(({ email }) => email !== '').toSorted((a, b) => b.id - a.id);
  return new Map(known.map(({ email, id }) => [email, id]));
}

/** Every difference between the ledgers and Kisi, in the order of their keys. Pure. */
export function compare(
  ledgers: Ledgers,
  kisi: KisiState,
  coworkers: ReadonlyMap<string, number> | null,
  now: Instant,
): Comparison {
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

/** Kisi's lists by id, and keys by the user who holds them. */
interface ById {
  users: ReadonlyMap<number, KisiUser>;
  groups: ReadonlyMap<number, KisiGroup>;
  keysOf: ReadonlyMap<number, KisiKey[]>;
}

/** What differs of the keys that one member holds. */
function memberDrift(
  memberId: number,
  { ledger, kisiUser, comparedAt }: ShownHoldings,
  { users, groups, keysOf }: ById,
  now: Instant,
): Comparison {
  // A key whose write is under way tells nothing, nor does one that has ended: Kisi may keep such or not.
  const held = ledger.filter(
    ({ keyId, uncertain, userId, groupId, validUntil }) =>
      keyId !== null &&
      !uncertain &&
      userId === kisiUser?.id &&
      groups.has(groupId) &&
      (validUntil === null || validUntil > now),
  );
  if (kisiUser === null || held.length === 0) return { found: [], held: 0, lost: 0 };
  const about = { memberId, userId: kisiUser.id, comparedAt };
  const user = users.get(kisiUser.id);
  if (user === undefined) {
    const what = `Kisi user ${kisiUser.id} is gone, and with it ${held.length} keys`;
    const gone = drift('userDeleted', [memberId], { ...about, keys: held.map(keyOf), what });
    return { found: [gone], held: held.length, lost: held.length };
  }
  const real = keysOf.get(user.id) ?? [];
  const found = held.flatMap((key): Drift[] => {
    const { groupId } = key;
    const there = rightTo(groupId, real);
    if (there === null) {
      const what = `key ${key.keyId ?? ''}, ${endWords(key.validUntil)}, is not in Kisi`;
      return [drift('missing', [memberId, groupId], { ...about, groupId, keys: [keyOf(key)], what })];
    }
    const { id, validUntil } = there;
    // Told apart, see `unreadableDrift`.
    if (validUntil === 'unreadable') return [];
    if (there.roleId !== keyRole && !key.byHand) {
      const what = `right ${id} is ${higherRoleOf([there]) ?? 'another role'} in Kisi by now, which is not Latchkey's to move or take away`;
      const keys = [{ keyId: id, groupId, validUntil }];
      return [drift('changed', [memberId, groupId], { ...about, groupId, keys, what })];
    }
    if (key.byHand || sameEnd(validUntil, key.validUntil)) return [];
    const what = `it is ${endWords(validUntil)} in Kisi, not ${endWords(key.validUntil)}`;
    const keys = [{ keyId: id, groupId, validUntil }];
    return [drift('changed', [memberId, groupId], { ...about, groupId, keys, what })];
  });
  const lost = found.filter(({ kind }) => kind === 'missing').length;
  if (!user.accessEnabled) {
    const what = `Kisi user ${user.id} is suspended there, so the keys open nothing`;
    found.push(drift('userSuspended', [memberId], { ...about, keys: [], what }));
  }
  return { found, held: held.length, lost };
}

/** Keys to mapped groups that are in nobody's ledger: of members, or of people whom Nexudus does not know. */
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
      // Made since the users were listed, or nobody can say who it is.
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

/** Members by their Kisi users; of several with the same the lowest id. */
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

/** Where members hold keys, or found some. */
function ownedPlaces(ledgers: Ledgers): Set<string> {
  return new Set([...ledgers.values()].flatMap(({ ledger }) => ledger.map(placeName)));
}

/** A key whose end can be read. */
type ReadableKey = KisiKey & { validUntil: Instant | null };

/** Keys to mapped groups that open doors, have not ended and are in nobody's ledger. */
function unowned(ledgers: Ledgers, { keys, mappedIds }: KisiState, now: Instant): ReadableKey[] {
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

/** The names that are remembered: of a group that was renamed or is gone the one that was known. */
function namesOf({ groups, mappedIds, groupNames }: KisiState): Record<number, string> {
  const now = new Map(groups.map(({ id, name }) => [id, name]));
  const names = mappedIds.map((id) => [id, groupNames[id] ?? now.get(id)] as const);
  return Object.fromEntries(names.flatMap(([id, name]) => (name === undefined ? [] : [[id, name]])));
}

type About = Omit<Drift, 'kind' | 'key' | 'groupId'> & Partial<Pick<Drift, 'groupId'>>;

function drift(kind: Drift['kind'], of: readonly number[], { groupId = null, ...about }: About): Drift {
  return { key: [kind, ...of].join('/'), kind, groupId, ...about };
}

const keyOf = ({ keyId, groupId, validUntil }: ShownHoldings['ledger'][number]): DriftKey => ({
  keyId: keyId ?? 0,
  groupId,
  validUntil,
});
const realKey = ({ id, groupId, validUntil }: ReadableKey): DriftKey => ({ keyId: id, groupId, validUntil });
const endWords = (end: Instant | null): string => (end === null ? 'without an end' : `until ${iso(end)}`);
