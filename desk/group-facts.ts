import type { Instant } from '../access/types.js';
import type { OwnedKey } from '../access/ownership.js';
import type { LedgerKey } from '../access/plan.js';
import type { AuditRecord } from '../database/audit-records.js';
import { createOwnership, type KnownUser, type Ownership } from '../database/ownership.js';
import { keyRole, type KisiDoor, type KisiEnd, type KisiGroup, type KisiKey } from '../kisi/records.js';
import type { Desk } from './desk.js';
import { LastKnown, type Shown } from './last-known.js';

/** Somebody who holds a key to a group. */
export interface Holder {
  /** Null: nobody in Nexudus is known to have this Kisi user. */
  memberId: number | null;
  userId: number;
  /** By the rules, of a key that Latchkey gave; null: no end known. */
  until: Instant | null;
  /** The key's own end in Kisi; 'missing': Kisi does not show the key. */
  endsInKisi: KisiEnd | 'missing';
  since: Instant | null;
  givenBy: 'latchkey' | 'byHand' | 'others';
  /** Why the rules give it; null: they do not. */
  why: string | null;
  /** A role that is more than a key, as 'group_manager'. */
  role: string | null;
}

/** What is known of one group. */
export interface GroupFacts {
  holders: Holder[];
  keys: Shown<KisiKey[]>;
  doors: Shown<KisiDoor[]>;
  lost: AuditRecord[];
  /** The location of the person who was given a key here last; null: it is not known. */
  locationId: number | null;
}

/** The record of whose each key is, with the Kisi users that are known. */
interface Records {
  keys: OwnedKey[];
  users: Map<number, KnownUser>;
}

/** How long before its end a list of Kisi may have begun. */
const longestReadMs = 60_000;
const weekMs = 7 * 24 * 3_600_000;
/** Somebody who looks again soon costs Kisi no request: it lets only five through in a second. */
const keysMaxAgeMs = 10_000;
const doorsMaxAgeMs = 10 * 60_000;
const recordsMaxAgeMs = 2_000;
const kisiWaitMs = 1_500;
const recordsWaitMs = 500;
/** The most groups that are kept. */
const mostKept = 500;
const mostLost = 100;

/** What Kisi says of a group. */
interface KisiSide {
  keys: LastKnown<KisiKey[]>;
  doors: LastKnown<KisiDoor[]>;
}

/** Who holds keys to groups: by the record, and by Kisi. */
export class GroupWatch {
  private readonly ownership: Ownership;
  private readonly records: LastKnown<Records>;
  private readonly sides = new Map<number, KisiSide>();

  constructor(private readonly desk: Desk) {
    this.ownership = createOwnership(desk.db, desk.now);
    const terms = { maxAgeMs: recordsMaxAgeMs, waitMs: recordsWaitMs, now: desk.now };
    this.records = new LastKnown(async () => {
      const [keys, users] = await Promise.all([this.ownership.all(), this.ownership.users()]);
      return { keys: keys.filter(({ key }) => key !== null), users };
    }, terms);
  }

  /** How many people hold a key that Latchkey gave, by group. Throws nothing. */
  async holderCounts(): Promise<Shown<Map<number, number>>> {
    const shown = await this.records.get();
    if (shown.value === null) return { ...shown, value: null };
    const counts = new Map<number, number>();
    for (const { groupId, key } of shown.value.keys)
      if (key?.byHand === false) counts.set(groupId, (counts.get(groupId) ?? 0) + 1);
    return { ...shown, value: counts };
  }

  /** All that is known of a group. Throws DatabaseError where the audit log cannot be read. */
  async group(groupId: number): Promise<GroupFacts> {
    const side = this.sideOf(groupId);
    const since = this.desk.now() - weekMs;
    const [records, keys, doors, lost, [newest]] = await Promise.all([
      this.records.get(),
      side.keys.get(),
      side.doors.get(),
      this.desk.auditLog.newestFirst({
        ...{ groupId, since, kinds: ['write'], limit: mostLost },
        exceptWhat: ['grant', 'move', 'giveBack', 'createUser'],
      }),
      this.desk.auditLog.newestFirst({ groupId, kinds: ['write'], limit: 1 }),
    ]);
    const known = records.value ?? { keys: [], users: new Map<number, KnownUser>() };
    const done = lost.filter(({ state }) => state === 'done');
    const readAt = keys.readAt ?? 0;
    const lostSince = new Set(
      done.flatMap(({ at, memberId }) => (at > readAt - longestReadMs ? [memberId] : [])),
    );
    const holders = holdersOf(groupId, known, keys.value, { now: this.desk.now(), lostSince });
    return { holders, keys, doors, lost: done, locationId: newest?.locationId ?? null };
  }

  private sideOf(groupId: number): KisiSide {
    const known = this.sides.get(groupId);
    if (known !== undefined) return known;
    const { kisi, now } = this.desk;
    const terms = { waitMs: kisiWaitMs, now };
    const side = {
      keys: new LastKnown(() => kisi.listKeysOfGroup({ groupId }), { ...terms, maxAgeMs: keysMaxAgeMs }),
      doors: new LastKnown(() => kisi.listDoorsOfGroup({ groupId }), { ...terms, maxAgeMs: doorsMaxAgeMs }),
    };
    // Anybody can ask for a group with any id.
    if (this.sides.size >= mostKept) this.sides.clear();
    this.sides.set(groupId, side);
    return side;
  }
}

/**
 * Who holds a key to a group: as Kisi has it, with what is on record of it; by the record alone where Kisi was not read (null).
 * `lostSince`: members whose key was taken away since Kisi was read: that key may be in what was read, and is there no more.
 * Pure.
 */
export function holdersOf(
  groupId: number,
  { keys: owned, users }: Records,
  inKisi: readonly KisiKey[] | null,
  { now, lostSince }: { now: Instant; lostSince: ReadonlySet<number | null> },
): Holder[] {
  const memberOf = new Map([...users].map(([memberId, { id }]) => [id, memberId]));
  const recorded = new Map(
    owned.flatMap(({ groupId: to, userId, memberId, key }) =>
      to === groupId && key !== null ? [[userId, { memberId, key }] as const] : [],
    ),
  );
  const lasting = (inKisi ?? []).filter(({ userId, validUntil }) => {
    const isLost = !recorded.has(userId) && lostSince.has(memberOf.get(userId) ?? NaN);
    return !isLost && (typeof validUntil !== 'number' || validUntil > now);
  });
  const shown = lasting.map((key): Holder => {
    const own = recorded.get(key.userId);
    recorded.delete(key.userId);
    const memberId = own?.memberId ?? memberOf.get(key.userId) ?? null;
    return { ...holderOf(key.userId, memberId, own?.key ?? null), ...kisiParts(key) };
  });
  const others = [...recorded].map(([userId, { memberId, key }]) => ({
    ...holderOf(userId, memberId, key),
    ...(inKisi === null ? {} : { endsInKisi: 'missing' as const }),
  }));
  return [...shown, ...others];
}

function kisiParts({
  validUntil,
  createdAt,
  roleId,
}: KisiKey): Pick<Holder, 'endsInKisi' | 'since' | 'role'> {
  return { endsInKisi: validUntil, since: createdAt, role: roleId === keyRole ? null : roleId };
}

function holderOf(userId: number, memberId: number | null, own: LedgerKey | null): Holder {
  return {
    ...{ memberId, userId, since: null, role: null },
    until: own?.until ?? null,
    endsInKisi: own?.validUntil ?? null,
    givenBy: own === null ? 'others' : own.byHand ? 'byHand' : 'latchkey',
    why: own?.because ?? null,
  };
}

/** The group as Kisi has it; null: Kisi has none, or did not say. */
export function groupIn(groups: readonly KisiGroup[] | null, groupId: number): KisiGroup | null {
  return groups?.find(({ id }) => id === groupId) ?? null;
}
