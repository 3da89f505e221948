import { placeName } from '../access/ownership.js';
import type { Entitlement, Instant, Rules } from '../access/types.js';
import { howGranted } from '../kisi/keys.js';
import { keyRole } from '../kisi/records.js';
import {
  causeOf,
  doingAbout,
  doubtfulOf,
  isOurs,
  judgedBy,
  type Cause,
  type Doing,
  type Judged,
} from './judged.js';
import type { KisiSideKey } from './preview.js';
import { isMember, type Stranger, type Survey, type Unread } from './survey.js';

/**
 * How what Kisi holds differs from the rules. `neverEnds`: the key agrees now, but nothing would end it, since Latchkey did not
 * make it and it has no end. A key that was there before agrees too: the policy takes it over (`takenOver`), or does not, since
 * the person has a higher role in Kisi (`notTakenOver`). `unreadableEnd`: nothing can be told of the key, since its end cannot
 * be read. `cannotTell` is not about a key: a member's records could not be read, or a pass cannot be judged.
 */
export type FindingKind = (typeof kinds)[number];

/** In the order in which they are told. */
const kinds = [
  'missing',
  'endsTooEarly',
  'unwarranted',
  'unknownPerson',
  'endsLater',
  'otherRole',
  'unreadableEnd',
  'neverEnds',
  'takenOver',
  'notTakenOver',
  'cannotTell',
] as const;

/** One key, or one member, where Kisi and the rules differ. */
export interface Finding {
  kind: FindingKind;
  cause: Cause | null;
  does: Doing;
  memberId: number | null;
  userId: number | null;
  groupId: number | null;
  /** The key's own end in Kisi; null: none, or no key. */
  ends: Instant | null;
  why: string | null;
}

/** All findings of one kind and cause about which Latchkey does the same. */
export interface Difference extends Pick<Finding, 'kind' | 'cause' | 'does'> {
  findings: Finding[];
}

/** What the rules want, held against what Kisi has. */
export interface SpaceReport {
  members: number;
  keys: {
    agreeing: number;
    disagreeing: number;
    /** To groups that no pass type opens: none of Latchkey's business. */
    otherGroups: number;
    /** No rule gives them and their own end is past: they open nothing. */
    ended: number;
  };
  /** Requests to Kisi that it takes to do all that Latchkey would do. */
  requests: number;
  /** How many people Kisi would mail an invitation. */
  invitations: number;
  differences: Difference[];
}

/** The rules, the people and the instant of a report. */
export interface ReportTerms {
  rules: Rules;
  /** The groups that pass types open. */
  mapped: ReadonlySet<number>;
  /** Only members of this location; Kisi users who are no members belong to none. */
  locationId: number | null;
  /** The Kisi user of the API key, where only Latchkey uses it; else who made a key says nothing. */
  apiUserId?: number | null;
  now: Instant;
}

/** One key: it agrees, is none of Latchkey's business, opens nothing any more, or is told of. */
type Outcome = 'agrees' | 'otherGroup' | 'ended' | Finding;

/** Kinds of findings about keys that agree with the rules. */
const agrees: readonly FindingKind[] = ['neverEnds', 'takenOver', 'notTakenOver'];

/** Holds what the rules want, by the very decider and plan that the workflows follow, against what Kisi has. */
export function reportOn({ people, strangers, unread, exceptions }: Survey, terms: ReportTerms): SpaceReport {
  const { locationId } = terms;
  const judged = people
    .map((one) => judgedBy(one, exceptions, terms))
    .filter(({ assessment }) => locationId === null || assessment.locationId === locationId);
  const owners = ownersOf(judged);
  const outcomes = [
    ...judged.flatMap((person) => outcomesOf(person, terms)),
    ...(locationId === null ? strangers : []).flatMap((one) => outcomesOfStranger(one, owners, terms)),
  ];
  const findings = outcomes.filter((outcome) => typeof outcome === 'object');
  const number = (which: Outcome): number => outcomes.filter((outcome) => outcome === which).length;
  const agreeing = findings.filter(({ kind }) => agrees.includes(kind)).length;
  return {
    members: judged.filter(({ surveyed }) => isMember(surveyed)).length,
    keys: {
      agreeing: number('agrees') + agreeing,
      disagreeing: findings.length - agreeing,
      otherGroups: number('otherGroup'),
      ended: number('ended'),
    },
    requests: judged.reduce((sum, { preview }) => sum + preview.requests, 0),
    invitations: judged.filter(({ preview }) => preview.newUser).length,
    differences: grouped([...findings, ...[...unread, ...judged.flatMap(doubtsOf)].map(cannotTell)]),
  };
}

function outcomesOf(person: Judged, terms: ReportTerms): Outcome[] {
  const { keys } = person.surveyed.kisi;
  const groupIds = new Set([...person.assessment.keys, ...keys].map(({ groupId }) => groupId));
  const inDoubt = new Set(doubtfulOf(person).flatMap((verdict) => verdict.groupIds));
  return [...groupIds].flatMap((groupId) => {
    const wish = person.assessment.keys.find((one) => one.groupId === groupId);
    const key = keys.find((one) => one.groupId === groupId);
    if (key === undefined) return wish === undefined ? [] : missing(person, wish);
    if (wish === undefined && inDoubt.has(groupId)) return [];
    return wish === undefined ? unwanted(person, key, terms) : wanted(person, key, wish);
  });
}

/** The doubts about a member, one for all passes with the same reason. */
function doubtsOf(person: Judged): Unread[] {
  const { memberId } = person.surveyed;
  const whys = new Set(doubtfulOf(person).flatMap(({ doubt }) => doubt ?? []));
  return [...whys].map((why) => ({ memberId, why }));
}

function missing(person: Judged, wish: Entitlement): Finding | [] {
  const { groupId, because, awaitingRenewal } = wish;
  // Access that only waits for a renewal is never begun.
  if (awaitingRenewal && !isOurs(person, groupId)) return [];
  const found = findingOf(person, 'missing', groupId, null, doingAbout(person, groupId, true), because);
  return found.does === 'leaves' ? { ...found, does: 'resync' } : found;
}

function wanted(person: Judged, key: KisiSideKey, wish: Entitlement): Outcome {
  const { groupId, validUntil } = key;
  const { because, kisiEnd, awaitingRenewal } = wish;
  if (validUntil === 'unreadable')
    return findingOf(person, 'unreadableEnd', groupId, null, 'leaves', because);
  const does = doingAbout(person, groupId, true);
  const how = howGranted(key, { validUntil: kisiEnd.set });
  if (key.roleId !== keyRole) {
    const early = how === 'refused' ? '; it ends before that, and Kisi takes no key beside it' : '';
    return findingOf(person, 'otherRole', groupId, validUntil, 'leaves', `${key.roleId}; ${because}${early}`);
  }
  if (how === 'adopted') return 'agrees';
  const mended = does === 'leaves' ? 'resync' : does;
  const needed = does === 'moves' ? kisiEnd.set : kisiEnd.atLeast;
  if (validUntil !== null && validUntil < needed) {
    if (awaitingRenewal && does === 'leaves') return 'agrees';
    return findingOf(person, 'endsTooEarly', groupId, validUntil, mended, because);
  }
  if (wish.takesOver === true) return takenOver(person, key, wish);
  if (kisiEnd.atMost !== null && how === 'byHand') {
    const left = isOurs(person, groupId) ? mended : does;
    return findingOf(person, 'endsLater', groupId, validUntil, left, because);
  }
  if (validUntil !== null || isOurs(person, groupId)) return 'agrees';
  return findingOf(person, 'neverEnds', groupId, validUntil, 'leaves', because);
}

/** Under the policy that takes over what was there; it then gets the end that Latchkey's own have. */
function takenOver(person: Judged, { groupId, validUntil }: KisiSideKey, { because }: Entitlement): Outcome {
  if (isOurs(person, groupId) || validUntil === 'unreadable') return 'agrees';
  const { higherRole = null } = person.surveyed.kisi;
  if (higherRole === null) return findingOf(person, 'takenOver', groupId, validUntil, 'takesOver', because);
  const why = `${because}; the person is ${higherRole} in Kisi`;
  return findingOf(person, 'notTakenOver', groupId, validUntil, 'leaves', why);
}

function unwanted(person: Judged, key: KisiSideKey, { mapped, now, apiUserId }: ReportTerms): Outcome {
  const { groupId, validUntil, roleId } = key;
  if (!mapped.has(groupId) && !isOurs(person, groupId)) return 'otherGroup';
  const [cause, reason] = causeOf(groupId, person.verdicts);
  if (validUntil === 'unreadable') return findingOf(person, 'unreadableEnd', groupId, null, 'leaves', reason);
  if (validUntil !== null && validUntil <= now) return 'ended';
  if (roleId !== keyRole) {
    return findingOf(person, 'otherRole', groupId, validUntil, 'leaves', `${roleId}; ${reason}`);
  }
  if (isOurs(person, groupId)) {
    const does = doingAbout(person, groupId, false);
    return { ...findingOf(person, 'unwarranted', groupId, validUntil, does, reason), cause };
  }
  const why = `${reason}${makerWords(key, apiUserId)}`;
  return { ...findingOf(person, 'unwarranted', groupId, validUntil, 'leaves', why), cause };
}

/** Says that Latchkey made a key that is on no record, as when all records are lost: a person decides. */
function makerWords({ createdById = null }: KisiSideKey, apiUserId: number | null = null): string {
  const isByApiUser = createdById !== null && createdById === apiUserId;
  return isByApiUser ? '; made by Latchkey’s own Kisi user, but no record says so' : '';
}

function findingOf(
  person: Judged,
  kind: FindingKind,
  groupId: number,
  ends: Instant | null,
  does: Doing,
  reason: string,
): Finding {
  const { memberId, kisi } = person.surveyed;
  const kept = person.preview.kept.find((one) => one.groupId === groupId);
  const why = does === 'waits' && kept !== undefined ? `${reason}; not touched now: ${kept.why}` : reason;
  return { kind, cause: null, does, memberId, userId: kisi.userId, groupId, ends, why };
}

/** Members by the Kisi keys that Latchkey gave them, under whatever e-mail they had then. */
function ownersOf(people: readonly Judged[]): Map<string, Judged> {
  const owned = people.flatMap((person) =>
    person.surveyed.holdings.ledger
      .filter(({ byHand }) => !byHand)
      .map((key): [string, Judged] => [placeName(key), person]),
  );
  return new Map(owned);
}

function outcomesOfStranger(
  { userId, keys, likeMemberId }: Stranger,
  owners: ReadonlyMap<string, Judged>,
  { mapped, now, apiUserId }: ReportTerms,
): Outcome[] {
  return keys.map((key): Outcome => {
    const { groupId, validUntil, roleId } = key;
    const owner = owners.get(placeName({ userId, groupId }));
    const isUnreadable = validUntil === 'unreadable';
    const ends = isUnreadable ? null : validUntil;
    if (owner !== undefined) {
      const { gone, standing } = owner.assessment;
      const why = gone ? standing : 'the member has another e-mail now';
      const does = doingAbout(owner, groupId, false);
      const found = findingOf(owner, 'unwarranted', groupId, ends, does, why);
      return { ...found, cause: 'member', userId };
    }
    if (!mapped.has(groupId)) return 'otherGroup';
    if (ends !== null && ends <= now) return 'ended';
    const isKey = roleId === keyRole;
    return {
      kind: isUnreadable ? 'unreadableEnd' : isKey ? 'unknownPerson' : 'otherRole',
      cause: null,
      does: 'leaves',
      memberId: null,
      userId,
      groupId,
      ends,
      why: isKey
        ? [makerWords(key, apiUserId), likeWords(likeMemberId)].join('').slice('; '.length) || null
        : `${roleId}; no coworker has the e-mail${likeWords(likeMemberId)}`,
    };
  });
}

/** Whoever has an e-mail that is only alike is another person, unless somebody says otherwise. */
const likeWords = (memberId: number | undefined): string =>
  memberId === undefined
    ? ''
    : `; the e-mail is much like that of member ${memberId}, but another: correct it on either side if it is the same person`;

function cannotTell({ memberId, why }: Unread): Finding {
  const nothing = { cause: null, userId: null, groupId: null, ends: null };
  return { ...nothing, kind: 'cannotTell', does: 'waits', memberId, why };
}

function grouped(findings: readonly Finding[]): Difference[] {
  const differences = new Map<string, Difference>();
  for (const finding of findings) {
    const { kind, cause, does } = finding;
    const name = [kind, cause, does].join(' ');
    const one = differences.get(name) ?? { kind, cause, does, findings: [] };
    one.findings.push(finding);
    differences.set(name, one);
  }
  return [...differences.values()].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
}
