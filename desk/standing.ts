/** How one person stands, group by group, out of all that could be read. Pure. */
import { keyOwner } from '../access/ownership.js';
import { blockOf } from '../access/exceptions.js';
import type { Explanation } from '../access/explain.js';
import type { Instant, NextChange, Pass, Snapshot, Verdict } from '../access/types.js';
import { willFailAgain } from '../kisi/errors.js';
import type { KisiGroup } from '../kisi/records.js';
import { stillMatters } from '../nexudus/passes.js';
import type { Orders } from '../messages/to-control.js';
import { explainSnapshot, type Asked } from '../space/explain.js';
import type { InKisiInFull } from '../space/in-kisi.js';
import type { KnownMember } from '../space/member-workflows.js';
import { homeZone } from '../space/typed-times.js';
import { zoneOf } from '../space/zones.js';
import { namesOf, noDoors } from './doors.js';
import type { InvitationTold } from './invitation-facts.js';
import { lastLookOf, type LastLook } from './last-look.js';
import type { Told } from './patience.js';
import type { PersonFacts } from './person-reads.js';

/** One group that the person holds, should hold or could hold. */
export interface GroupStanding {
  groupId: number;
  name: string;
  /** Whether the rules give it; null: not known. */
  isDue: boolean | null;
  /** Until when they do; null: no end known. */
  dueUntil: Instant | null;
  /** Null: the rules say nothing of it, or are not known. */
  explanation: Explanation | null;
  /** The order that takes it away; null: none. */
  block: Verdict | null;
  /** Who gave the right that Kisi shows; null: it is not known what Kisi shows. */
  heldBy: 'latchkey' | 'other' | 'nobody' | null;
  /** The right that Kisi shows; null: none, or not known. */
  inKisi: InKisiInFull['keys'][number] | null;
  /** Whether the member's workflow knows of a key that Latchkey gave. */
  isInLedger: boolean;
  /** Why the group is due, as the workflow says, while Nexudus has not answered yet; null: the workflow does not say. */
  because: string | null;
  /** Until when there is access as the workflow says, ISO 8601; null: no end known. Undefined: it says nothing of the group. */
  viewUntil: string | null | undefined;
  door: KisiGroup | null;
}

/** An API that is being asked, so that what is shown is of an earlier time. */
export interface Pending {
  apis: ('Nexudus' | 'Kisi')[];
  /** What is shown was so then. */
  shownAsOf: Instant;
}

/** How a person stands. */
export interface Standing {
  memberId: number;
  /** 'Member 123' where the name is not known. */
  name: string;
  now: Instant;
  /** The time that it is about, where that is not now; null: now. */
  asOf: Instant | null;
  zone: string | null;
  groups: GroupStanding[];
  /** `gone`: Nexudus has no such coworker. */
  records: 'there' | 'gone' | 'unread';
  /** Null: both APIs have answered, or something is in the way. */
  pending: Pending | null;
  /**
   * What the rules gave when Latchkey last looked: it stands in while Nexudus is being asked. Null: Nexudus is not being asked,
   * or no look is known.
   */
  lastLook: LastLook | null;
  snapshot: Snapshot | null;
  areRulesKnown: boolean;
  verdicts: Verdict[];
  next: NextChange | null;
  /** When the first key comes, if plans hand out their next passes; null: none is known to come, or one is there. */
  nextKey: NextChange | null;
  /** Null: it could not be read. */
  watched: { row: KnownMember | null } | null;
  orders: Orders | null;
  /** Null: it could not be read. */
  inKisi: InKisiInFull | null;
  /** The profile with the same e-mail that holds the keys, where that is another one. */
  ownerId: number | null;
  /** Null: nothing is known of it. */
  invitation: InvitationTold | null;
}

/** What is asked for besides the facts. */
export interface Wanted {
  /** The name that the directory has; null: none. */
  listedName: string | null;
  /** Null: now. */
  asOf: Instant | null;
  invitation: InvitationTold | null;
}

/** A value that could be read, or null. */
export function valueOf<T>(told: Told<T>): T | null {
  return 'value' in told ? told.value : null;
}

/** The time zone of the person's location; null: not known. */
export function personZone(facts: PersonFacts): string | null {
  const snapshot = valueOf(facts.records)?.snapshot ?? null;
  const zones = valueOf(facts.governed)?.inForce?.ground?.knownZones ?? {};
  const locationId = valueOf(facts.watched)?.row?.locationId ?? null;
  return homeZone(snapshot) ?? zoneOf(zones, locationId);
}

/** How the person stands by these facts. */
export function standingOf(facts: PersonFacts, { listedName, asOf, invitation }: Wanted): Standing {
  const { memberId, now } = facts;
  const read = valueOf(facts.records);
  const snapshot = read?.snapshot ?? null;
  const watched = valueOf(facts.watched);
  const governed = valueOf(facts.governed);
  const orders = governed?.orders ?? null;
  const rules = governed?.inForce?.ground?.rules ?? null;
  const asked =
    rules === null
      ? null
      : { rules, exceptions: orders?.exceptions ?? [], at: asOf ?? now, isNamed: asOf !== null };
  const judged = snapshot === null ? null : withoutOldPasses(snapshot, asOf ?? now);
  const explained = judged === null || asked === null ? null : explainSnapshot(judged, asked);
  const decision = explained?.decision ?? null;
  const isKeyless = decision?.keys.length === 0;
  const inKisi = valueOf(facts.inKisi);
  const row = watched?.owner ?? watched?.row ?? null;
  const known = lastLookOf(row?.view ?? null, valueOf(facts.kept) ?? []);
  const lastLook = isAwaited(facts.records) ? known : null;
  const profiles = snapshot?.profiles.map(({ member }) => member.id) ?? [];
  const ownerId = keyOwner(profiles) ?? watched?.owner?.memberId ?? memberId;
  return {
    ...{ memberId, now, asOf, snapshot, orders, inKisi, invitation },
    name: nameOf(memberId, snapshot, listedName),
    zone: personZone(facts),
    groups: groupsOf(facts, explained?.groups ?? null, lastLook),
    ...{ lastLook, pending: pendingOf(facts, known) },
    records: read === null ? 'unread' : snapshot === null || read.gone ? 'gone' : 'there',
    areRulesKnown: rules !== null,
    verdicts: decision?.verdicts ?? [],
    next: (decision ?? lastLook)?.next ?? null,
    nextKey: judged !== null && asked !== null && isKeyless ? nextKeyOf(judged, asked) : null,
    watched: watched === null ? null : { row },
    ownerId: ownerId === memberId ? null : ownerId,
  };
}

/**
 * Whether a right that a person gave ends before the rules mean it to. (Latchkey moves the end of its own keys on week by
 * week.) Pure.
 */
export function endsEarly({ isDue, dueUntil, heldBy, inKisi }: GroupStanding): boolean {
  const until = inKisi?.until ?? null;
  if (isDue !== true || heldBy !== 'other' || until === null) return false;
  return dueUntil === null || Date.parse(until) < dueUntil;
}

/** Whether Kisi refused what is waited for, so that it comes only once a person has changed something. Pure. */
export const isRefused = (waitsFor: string): boolean => waitsFor.includes(willFailAgain);

/** Whether an API is being asked, and has not said anything yet. */
export function isAwaited(told: Told<unknown>): boolean {
  return 'why' in told && told.isAwaited === true;
}

/** Whether this API is being asked now, so that it may say something else in a moment. */
export function isAsked({ pending }: Pick<Standing, 'pending'>, api: Pending['apis'][number]): boolean {
  return pending?.apis.includes(api) === true;
}

function pendingOf({ records, inKisi, now }: PersonFacts, known: LastLook | null): Pending | null {
  const asked = (
    [
      ['Nexudus', records],
      ['Kisi', inKisi],
    ] as const
  ).filter(([, told]) => isAwaited(told) || ('value' in told && told.asOf !== undefined));
  if (asked.length === 0) return null;
  const times = asked.map(([, told]) => ('value' in told ? told.asOf : known?.at) ?? now);
  return { apis: asked.map(([api]) => api), shownAsOf: Math.min(...times) };
}

/** The most passes that are over for good and are judged, the newest ones: a page need not judge those of years. */
const mostOldPasses = 60;

/** The records without most of the passes that can open nothing at this time or later. */
function withoutOldPasses(snapshot: Snapshot, at: Instant): Snapshot {
  const sparing = <T extends { passes: Pass[] }>(holder: T): T => {
    const old = holder.passes.filter((pass) => !stillMatters(pass, at)).toSorted((a, b) => b.id - a.id);
    const tooOld = new Set(old.slice(mostOldPasses));
    return { ...holder, passes: holder.passes.filter((pass) => !tooOld.has(pass)) };
  };
  const profiles = snapshot.profiles.map((profile) => ({
    ...sparing(profile),
    loans: profile.loans.map(sparing),
  }));
  return { ...snapshot, profiles };
}

/** The most changes that are looked through for the next key. */
const mostChanges = 5;

/** The change by which the first key comes, if plans hand out their next passes; null: none is known. */
function nextKeyOf(snapshot: Snapshot, asked: Asked): NextChange | null {
  let { at } = asked;
  for (let change = 1; change <= mostChanges; change++) {
    const { next } = explainSnapshot(snapshot, { ...asked, at, isNamed: true }).decision;
    if (next === null) return null;
    const { keys } = explainSnapshot(snapshot, { ...asked, at: next.at, isNamed: true }).decision;
    if (keys.length > 0) return next;
    ({ at } = next);
  }
  return null;
}

function nameOf(memberId: number, snapshot: Snapshot | null, listedName: string | null): string {
  const own = snapshot?.profiles.find(({ member }) => member.id === memberId);
  return (own?.member.fullName ?? listedName ?? '').trim() || `Member ${memberId}`;
}

function groupsOf(
  facts: PersonFacts,
  explained: readonly Explanation[] | null,
  lastLook: LastLook | null,
): GroupStanding[] {
  const inKisi = valueOf(facts.inKisi);
  const watched = valueOf(facts.watched);
  const row = watched?.owner ?? watched?.row ?? null;
  const ledger = row?.shown?.ledger ?? [];
  const doors = valueOf(facts.doors) ?? noDoors;
  const names = namesOf(doors);
  const ids = [
    ...(explained ?? []).flatMap(({ groupId }) => groupId ?? []),
    ...(inKisi?.keys ?? []).map(({ groupId }) => groupId),
    ...ledger.filter(({ keyId }) => keyId !== null).map(({ groupId }) => groupId),
    ...(lastLook?.due.keys() ?? []),
  ];
  return [...new Set(ids)]
    .sort((a, b) => a - b)
    .map((groupId): GroupStanding => {
      const explanation = explained?.find((one) => one.groupId === groupId) ?? null;
      const key = inKisi?.keys.find((one) => one.groupId === groupId) ?? null;
      const held = row?.view?.keys.find((one) => one.groupId === groupId);
      return {
        ...{ groupId, explanation, inKisi: key },
        name: names.get(groupId) ?? `group ${groupId}`,
        isDue: explained === null ? wasDue(lastLook, groupId, facts.now) : (explanation?.holds ?? false),
        dueUntil: explanation?.until ?? lastLook?.due.get(groupId) ?? null,
        because: lastLook === null ? null : (held?.because ?? null),
        block: blockOf(groupId, explanation?.verdicts ?? []) ?? null,
        heldBy: inKisi === null ? null : key === null ? 'nobody' : key.byLatchkey ? 'latchkey' : 'other',
        isInLedger: ledger.some((one) => one.groupId === groupId && one.keyId !== null && !one.byHand),
        viewUntil: held?.until,
        door: doors.groups.get(groupId) ?? null,
      };
    });
}

/** Whether the rules gave a group at the last look, until an end that is still to come; null: no look is known. */
function wasDue(lastLook: LastLook | null, groupId: number, now: Instant): boolean | null {
  if (lastLook === null) return null;
  const until = lastLook.due.get(groupId);
  return until !== undefined && (until === null || until > now);
}
