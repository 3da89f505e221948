import { sameEnd, signatureOf, type Drift, type DriftPolicy } from '../access/drift.js';
import type { UnansweredWrite } from '../access/ownership.js';
import type { Instant, MappingRule } from '../access/types.js';
import type { KisiClient } from '../kisi/client.js';
import type { Directory } from '../kisi/directory.js';
import type { Moves } from '../kisi/keys.js';
import type { KisiGroup, KisiKey, KisiUser } from '../kisi/records.js';
import { plausible } from '../nexudus/changes.js';
import type { NexudusClient } from '../nexudus/client.js';
import type { LookupClient } from '../nexudus/lookups.js';
import { readPassTypes } from '../nexudus/reference.js';
import { searchEmail } from '../nexudus/source.js';
import type { Ownership } from '../database/ownership.js';
import type { AuditLog } from '../database/audit-log.js';
import type { ExceptionWish } from '../messages/to-control.js';
import type { Wake } from '../messages/to-member.js';
import type { DriftActivities, DriftReport, DriftRequest } from '../messages/to-activities.js';
import type { BaselineBook } from './baselines.js';
import { compare, namesOf, unowned, type KisiState, type Ledgers } from './comparison.js';
import { finalFailure } from './failures.js';
import { nowhere, type Gate } from './gate.js';
import { isMadeBy, takeBack } from './late.js';
import { remote } from './remote.js';
import { inBatches, type Waker } from './wake.js';

/** What the activities of the workflow `drift` need. */
export interface DriftDeps {
  /** What the running workflows of members show of their keys; `afresh`: the members whose workflows are asked instead. */
  readLedgers: (afresh: readonly number[]) => Promise<Ledgers>;
  nexudus: LookupClient & Pick<NexudusClient, 'listSparing'>;
  kisi: Pick<KisiClient, 'listAllKeys' | 'listGroups' | 'currentUser'>;
  directory: Pick<Directory, 'read' | 'known'>;
  mapping: readonly MappingRule[];
  baselines: Pick<BaselineBook, 'read'>;
  now: () => Instant;
  ownership: Pick<Ownership, 'at' | 'own' | 'answered' | 'unanswered'>;
  moves: Moves;
  policy: DriftPolicy;
  gate: Pick<Gate, 'admit'>;
  auditLog: Pick<AuditLog, 'note'>;
  orderException: (wish: ExceptionWish, id: string) => Promise<string | null>;
  waker: Pick<Waker, 'wakeIfRunning' | 'freezeIfRunning'>;
}

/** More differences would not fit into one workflow. */
const mostFound = 500;

/** Compares what members' workflows hold with Kisi, and sets right what the workflow `drift` says. */
export function createDriftActivities(deps: DriftDeps): DriftActivities {
  const lists = new ComparisonLists(deps);
  return remote<DriftActivities>({
    compareWithKisi: (request) => comparison(deps, lists, request),
    wakeToMend: (memberIds) => wakeToMend(deps.waker, memberIds),
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
  lists: ComparisonLists,
  { settled, groupNames, isAsked }: DriftRequest,
): Promise<DriftReport> {
  await deps.gate.admit('read', nowhere);
  const isNew = (drift: Drift): boolean => !settled.includes(signatureOf(drift));
  const before = await deps.readLedgers([]);
  const keys = { ...(await lists.readKeys()), groupNames };
  const ledgers = (await recallLate(deps, keys.keys)) ? await deps.readLedgers([]) : before;
  const known = isAsked ? null : lists.known();
  let kisi = { ...keys, ...(known ?? (await lists.readUsersAndGroups())) };
  const isUnowned = unowned(ledgers, kisi, deps.now()).length > 0;
  const coworkers = isUnowned ? await lists.readCoworkers() : new Map<string, number>();
  let first = compare(ledgers, kisi, coworkers, deps.now());
  if (known !== null && (first.found.some(isNew) || hasStranger(ledgers, kisi, deps.now()))) {
    kisi = { ...keys, ...(await lists.readUsersAndGroups()) };
    first = compare(ledgers, kisi, coworkers, deps.now());
  }
  let { found } = first;
  if (found.some(isNew)) {
    const second = compare(await secondLook(deps, found), kisi, coworkers, deps.now());
    found = await witnessed(deps, agreed(found, second.found), kisi.users);
  }
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
 * Wakes members to see to what writes with lost answers have done in Kisi since: keys that such a write made, and ends that it
 * moved. Whatever the policies say, these are Latchkey's own. Answers whether a key was put on record again.
 */
async function recallLate({ ownership, kisi, waker }: DriftDeps, keys: readonly KisiKey[]): Promise<boolean> {
  const writes = await ownership.unanswered('all');
  if (writes.length === 0) return false;
  const taken = await takeBack(ownership, keys, writes, async () => (await kisi.currentUser()).id);
  const moved = await movedLate(ownership, keys, writes);
  const memberIds = new Set([...taken.map(({ memberId }) => memberId), ...moved]);
  await wakeToMend(waker, [...memberIds]);
  return taken.length > 0;
}

function wakeToMend(waker: DriftDeps['waker'], memberIds: readonly number[]): Promise<void> {
  const wake: Wake = { reason: 'drift', isBatch: memberIds.length > 1 };
  return inBatches(memberIds, (id) => waker.wakeIfRunning(id, wake));
}

/** The members with a key that one of these writes has moved in Kisi, away from the end on record. */
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

/** The differences that a second look at the ledgers shows unchanged. */
function agreed(first: readonly Drift[], second: readonly Drift[]): Drift[] {
  const again = new Set(second.map((drift) => JSON.stringify(drift)));
  return first.filter((drift) => again.has(JSON.stringify(drift)));
}

/**
 * Before keys are taken away from people that Nexudus does not know, each person is searched for by e-mail: a list that lacks
 * one row is only one witness. Drops the findings about people that the search finds. Costs a request for each person.
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

/** Whether a Kisi user who is not in the list of users holds a key to a mapped group. */
function hasStranger(ledgers: Ledgers, kisi: KisiState, now: Instant): boolean {
  const known = new Set(kisi.users.map(({ id }) => id));
  return unowned(ledgers, kisi, now).some(({ userId }) => !known.has(userId));
}

/** For how long users and groups are kept: keys do not show who is suspended, or what a group is called. */
const listLastsMs = 55 * 60_000;

/** What a comparison holds the ledgers against. Users and groups are kept from one comparison to the next. */
class ComparisonLists {
  private groups: { readAt: Instant; rows: KisiGroup[] } | null = null;

  constructor(private readonly deps: DriftDeps) {}

  /** What every comparison reads: a request for each 250 keys. */
  async readKeys(): Promise<Pick<KisiState, 'keys' | 'mappedIds'>> {
    const { kisi, nexudus, mapping } = this.deps;
    const keys = await kisi.listAllKeys();
    const configured = new Set(mapping.map(({ passTypeId }) => passTypeId));
    const types = await readPassTypes(
      nexudus,
      ({ id, kisiGroups }) => configured.has(id) || kisiGroups.unclear === null,
    );
    const byField = types.rows.filter(({ id }) => !configured.has(id)).flatMap((type) => type.kisiGroups.ids);
    const mappedIds = [...new Set([...mapping.flatMap(({ groupIds }) => groupIds), ...byField])];
    return { keys, mappedIds: mappedIds.sort((a, b) => a - b) };
  }

  /** What an earlier comparison read, while that is young enough; null: it is not. */
  known(): UsersAndGroups | null {
    const { directory, now } = this.deps;
    const users = directory.known(listLastsMs);
    if (users === null || this.groups === null || now() - this.groups.readAt >= listLastsMs) return null;
    return { users, groups: this.groups.rows };
  }

  /** Reads both lists: a request for each 100 users and each 250 groups. */
  async readUsersAndGroups(): Promise<UsersAndGroups> {
    const { directory, kisi, now } = this.deps;
    const users = await directory.read();
    const readAt = now();
    const groups = await kisi.listGroups();
    this.groups = { readAt, rows: groups };
    return { users, groups };
  }

  /** Coworkers' ids by e-mail. Null: it cannot be told whose each e-mail is. */
  async readCoworkers(): Promise<Map<string, number> | null> {
    const { nexudus, baselines } = this.deps;
    const { rows, broken } = await nexudus.listSparing('coworkers');
    const baseline = (await baselines.read())?.['coworkers'];
    if (!plausible(baseline, rows.length)) {
      throw finalFailure(
        'Nexudus',
        `Nexudus lists ${rows.length} coworkers where there were ${baseline?.count ?? 'more'}, so it cannot be told whose keys are extra.`,
      );
    }
    if (broken.length > 0) return null;
    // Of several profiles with the same e-mail the lowest id owns the keys.
    const known = rows.filter(({ email }) => email !== '').toSorted((a, b) => b.id - a.id);
    return new Map(known.map(({ email, id }) => [email, id]));
  }
}

type UsersAndGroups = Pick<KisiState, 'users' | 'groups'>;
