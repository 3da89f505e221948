import type { PlanLine } from '../messages/to-plan.js';
import { decide } from '../access/decide.js';
import { blockOf } from '../access/exceptions.js';
import { placeName } from '../access/ownership.js';
import type { Entitlement, Exception, Instant, Rules, Verdict } from '../access/types.js';
import { howGranted } from '../kisi/keys.js';
import { keyRole } from '../kisi/records.js';
import type { Assessment } from '../messages/to-activities.js';
import { judge } from './membership.js';
import { linesOf, previewOf, type KisiSideKey, type Preview } from './preview.js';
import { isMember, type Stranger, type Survey, type Surveyed, type Unread } from './survey.js';

/**
 * How what Kisi holds differs from the rules. `neverEnds` agrees now, but nothing would end it: Latchkey did not make it
 * and it has no end. A key that was there before agrees too, where it is `takenOver` by the policy, or is `notTakenOver` since the
 * person is more in Kisi than one who opens doors. Of a key whose end cannot be read (`unreadableEnd`) only that can be told. `cannotTell` is about a
 * member whose records could not be read, or about a pass of one that cannot be judged, not about a key.
 */
export type FindingKind =
  | 'missing'
  | 'endsTooEarly'
  | 'unwarranted'
  | 'unknownPerson'
  | 'endsLater'
  | 'otherRole'
  | 'unreadableEnd'
  | 'neverEnds'
  | 'takenOver'
  | 'notTakenOver'
  | 'cannotTell';

/**
 * What Latchkey does about it once its mode is live. `invites`: it gives a key to somebody whom Kisi does not know, and
 * Kisi mails the invitation. `resync`: it believes the key to be as it made it, until a resync. `waits`: nothing for now,
 * since a read is in doubt or a person ordered so.
 */
export type Doing =
  'takesOver' | 'gives' | 'invites' | 'moves' | 'takesAway' | 'givesBack' | 'leaves' | 'resync' | 'waits';

/** Which rule fails; only of a key that no rule gives. */
export type Cause = Exclude<Verdict['rule'], 'ok'>;

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
export interface Comparison {
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
  /** People whom Kisi would mail an invitation. */
  invitations: number;
  differences: Difference[];
}

/** By what, for whom and when it is compared. */
export interface ComparisonTerms {
  rules: Rules;
  /** The groups that pass types open. */
  mapped: ReadonlySet<number>;
  /** Only members of this location; Kisi users who are no members belong to none. */
  locationId: number | null;
  /** The Kisi user of the API key, where only Latchkey uses it; else who made a key says nothing. */
  apiUserId?: number | null;
  now: Instant;
}

/** One person with what the rules say, and what Latchkey would do. */
interface Judged {
  surveyed: Surveyed;
  assessment: Assessment;
  verdicts: readonly Verdict[];
  preview: Preview;
}

/** One key: it agrees, is none of Latchkey's business, opens nothing any more, or is told of. */
type Outcome = 'agrees' | 'otherGroup' | 'ended' | Finding;

/** Kinds of findings about keys that agree with the rules. */
const agrees: readonly FindingKind[] = ['neverEnds', 'takenOver', 'notTakenOver'];

/** Holds what the rules want, by the very decider and plan that the workflows follow, against what Kisi has. */
export function compare(
  { people, strangers, unread, exceptions }: Survey,
  terms: ComparisonTerms,
): Comparison {
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

function judgedBy(
  surveyed: Surveyed,
  exceptions: readonly Exception[],
  { rules, now }: ComparisonTerms,
): Judged {
  const { memberId, read, holdings, kisi } = surveyed;
  const assessment = judge(read, { memberId, held: holdings.ledger }, rules, exceptions, now);
  const verdicts = read.snapshot === null ? [] : decide(read.snapshot, rules, exceptions, now).verdicts;
  const preview = previewOf({ memberId, holdings, assessment, kisi, now });
  return { surveyed, assessment, verdicts, preview };
}

function outcomesOf(person: Judged, terms: ComparisonTerms): Outcome[] {
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

/** What is said of passes that cannot be judged, and that would open what no other pass does. */
function doubtfulOf({ verdicts, assessment }: Judged): Verdict[] {
  const wanted = new Set(assessment.keys.map(({ groupId }) => groupId));
  return verdicts.filter(
    ({ doubt, counts, groupIds }) =>
      doubt !== undefined && !counts && groupIds.some((groupId) => !wanted.has(groupId)),
  );
}

/** Once for all passes of a member with the same reason. */
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

function unwanted(person: Judged, key: KisiSideKey, { mapped, now, apiUserId }: ComparisonTerms): Outcome {
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

/** That a key was Latchkey's though it is on no record, as when all records are lost: a person decides. */
function makerWords({ createdById = null }: KisiSideKey, apiUserId: number | null = null): string {
  const isByApiUser = createdById !== null && createdById === apiUserId;
  return isByApiUser ? '; made by Latchkey’s own Kisi user, but no record says so' : '';
}

/** Whether Latchkey made the person's key to the group, or adopted it. */
function isOurs({ surveyed: { holdings, kisi } }: Judged, groupId: number): boolean {
  return holdings.ledger.some((key) => key.groupId === groupId && key.userId === kisi.userId && !key.byHand);
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

/** What the plan does about the key to a group that the rules want, or about one that they don't. */
function doingAbout({ preview }: Judged, groupId: number, isWanted: boolean): Doing {
  const ends: PlanLine['does'][] = ['revoke', 'giveBack'];
  const line = linesOf([preview]).find(
    (one) => one.groupId === groupId && ends.includes(one.does) !== isWanted,
  );
  if (line === undefined) return preview.kept.some((one) => one.groupId === groupId) ? 'waits' : 'leaves';
  switch (line.does) {
    case 'grant':
      return line.had ? 'moves' : preview.newUser ? 'invites' : 'gives';
    case 'adopt':
      return 'leaves';
    case 'move':
      return 'moves';
    case 'revoke':
      return 'takesAway';
    case 'giveBack':
      return 'givesBack';
  }
}

/** Why no rule gives a key to the group: by a block, by the newest pass that would, else by what stands in the way of all. */
function causeOf(groupId: number, verdicts: readonly Verdict[]): [Cause, string] {
  const block = blockOf(groupId, verdicts);
  if (block !== undefined) return ['exception', block.reason];
  const newest = verdicts
    .filter((verdict) => verdict.groupIds.includes(groupId) && !verdict.counts)
    .reduce<Verdict | null>((a, b) => (a === null || (b.passId ?? 0) > (a.passId ?? 0) ? b : a), null);
  if (newest !== null && newest.rule !== 'ok') return [newest.rule, newest.reason];
  const elsewhere = verdicts.find(({ counts, passId }) => counts && passId !== null);
  if (elsewhere !== undefined)
    return ['mapping', `pass ${elsewhere.passId ?? ''} does not open group ${groupId}`];
  const other =
    verdicts.find(({ rule }) => rule === 'mapping') ??
    verdicts.find(({ rule }) => rule === 'member') ??
    verdicts.find(({ rule }) => rule === 'noPass');
  if (other !== undefined && other.rule !== 'ok') return [other.rule, other.reason];
  return ['noPass', `no pass opens group ${groupId}`];
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
  { mapped, now, apiUserId }: ComparisonTerms,
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
  return {
    kind: 'cannotTell',
    cause: null,
    does: 'waits',
    memberId,
    userId: null,
    groupId: null,
    ends: null,
    why,
  };
}

/** In the order in which they are told. */
const kinds = Object.keys({
  missing: true,
  endsTooEarly: true,
  unwarranted: true,
  unknownPerson: true,
  endsLater: true,
  otherRole: true,
  unreadableEnd: true,
  neverEnds: true,
  takenOver: true,
  notTakenOver: true,
  cannotTell: true,
} satisfies Record<FindingKind, true>);

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
