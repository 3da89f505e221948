/**
 * The rules that say whether a pass counts, in the order of docs/rules.md: member, uses, expiry, contract, mapping,
 * exception. Each is a function that answers how it fails, with the record and the field that decide. The first that fails
 * is the one that is told.
 */
import { firstInstant } from './bounds.js';
import { UnknownTimeZone } from './calendar.js';
import { comesFromPlan, isLive, liveSince, whyNotLive, whyNotRunning } from './contracts.js';
import { wordsOf } from './exceptions.js';
import { groupsOf, whyUnresolved } from './mapping.js';
import { firstOf, lastOf } from './since.js';
import {
  endOf,
  graceEnd,
  longestDayMs,
  nextPassAt,
  spansOf,
  type End,
  type PassCase,
  type PlacedPass,
  type Span,
} from './spans.js';
import {
  iso,
  type Contract,
  type Exception,
  type Instant,
  type Member,
  type ReadingRules,
  type Verdict,
} from './types.js';

/** A rule that fails. */
export interface Failure {
  rule: Verdict['rule'];
  /** The record and field that decide, in plain words. */
  reason: string;
  since: Instant | null;
  /** Why nobody can tell whether it fails; left out: it does. */
  doubt?: string;
}

/** When a pass counts from now on, and the first rule that it fails now; null: it counts now. */
export interface Judged {
  spans: Span[];
  failure: Failure | null;
}

/** Judges one pass by all rules but the last. */
export function judgePass(facts: PassCase): Judged {
  const barred = member(facts.user, facts.lender);
  if (barred !== null && barred.doubt === undefined) return { spans: [], failure: barred };
  const { spans, failure } = judgeTimes(facts);
  const ofPass = failure ?? mapping(facts);
  if (barred === null) return { spans, failure: ofPass };
  // A rule that fails for sure is told before the doubtful one.
  return { spans: [], failure: ofPass !== null && ofPass.doubt === undefined ? ofPass : barred };
}

/** Since when a pass that counts does so; null: the records do not tell. */
export function countsSince({ pass, contracts, user, lender, now }: PassCase): Instant | null {
  // Joining a team leaves no mark in any record.
  if (lender !== null) return null;
  if (contracts === null) return lastOf([pass.changedAt, user.changedAt]);
  const live = contracts.filter((contract) => isLive(contract, now));
  const ofContracts = live.map((one) => lastOf([pass.changedAt, one.changedAt, liveSince(one, now)]));
  return lastOf([firstOf(ofContracts), user.changedAt]);
}

/**
 * Rule 1, member: an active, unarchived individual with an e-mail. The lender of a pass need only be active and unarchived.
 * Nexudus has an e-mail of everybody, so an empty one may be a bad read: it gives no key, and takes none away.
 */
function member(user: Member, lender: Member | null): Failure | null {
  const reason = memberBarred(user);
  const isDoubtful = hasNoEmail(user);
  if (reason !== null && !isDoubtful) return { rule: 'member', reason, since: user.changedAt };
  const ofLender = lender === null ? null : suspension(lender);
  if (ofLender !== null) return { rule: 'member', reason: ofLender, since: null };
  return reason === null ? null : { rule: 'member', reason, since: user.changedAt, doubt: reason };
}

/** Whether nothing but the e-mail is in the way. */
const hasNoEmail = (user: Member): boolean =>
  user.email === '' && memberBarred({ ...user, email: '-' }) === null;

/** Rule 1: why the member can hold no key at all; null: it can. */
export function memberBarred(user: Member): string | null {
  const suspended = suspension(user);
  if (suspended !== null) return suspended;
  if (!user.individual) return `Coworker ${user.id} CoworkerType is company: a company holds no keys itself`;
  return user.email === '' ? `Coworker ${user.id} Email is empty` : null;
}

/** Why no pass or contract of this member gives or keeps a key, whoever holds the key; null: they may. */
function suspension({ id, active, archived }: Pick<Member, 'id' | 'active' | 'archived'>): string | null {
  if (!active) return `Coworker ${id} Active is false (suspended)`;
  return archived ? `Coworker ${id} Archived is true` : null;
}

/** The part of the rules that readers of records are handed. */
export const readingRules: ReadingRules = {
  isSuspended: (coworker) => suspension(coworker) !== null,
  comesFromPlan,
};

/** Rules 2 to 4, by one of the pass's contracts; null: it has none. */
type TimeRule = (placed: PlacedPass, by: Contract | null) => Failure | null;

const timeRules: readonly TimeRule[] = [uses, expiry, contract];

/**
 * Judges by rules 2 to 4. Where the dates of a pass make no sense, or a day's end is needed and the location's zone is not
 * known, the pass counts at no time; a rule that fails in any case is told first.
 */
function judgeTimes(facts: PassCase): Judged {
  const { pass, location } = facts;
  if (pass.expiresAt !== null && pass.expiresAt < firstInstant) {
    const date = `CoworkerTimePass ${pass.id} ExpireDate ${iso(pass.expiresAt)}`;
    return inDoubt(facts, `${date} makes no sense: mend it in Nexudus`);
  }
  if (location === undefined) {
    const reason = `CoworkerTimePass ${pass.id} BusinessId ${pass.locationId} is not a known location`;
    return { spans: [], failure: { rule: 'mapping', reason, since: null } };
  }
  try {
    const placed = { ...facts, location, end: endOf(facts, location) };
    return { spans: spansOf(placed), failure: timeFailure(placed) };
  } catch (error) {
    if (!(error instanceof UnknownTimeZone)) throw error;
    return inDoubt(facts, error.message);
  }
}

/** The rule that the pass fails by the first of its contracts; null: it counts by one of them. */
function timeFailure(placed: PlacedPass): Failure | null {
  const { contracts } = placed;
  const each = contracts === null || contracts.length === 0 ? [null] : contracts;
  const failures = each.map((one) => timeFailureBy(placed, one));
  return failures.includes(null) ? null : (failures[0] ?? null);
}

function timeFailureBy(placed: PlacedPass, by: Contract | null): Failure | null {
  if (isFollowed(placed, by)) return null;
  for (const rule of timeRules) {
    const failure = rule(placed, by);
    if (failure !== null) return failure;
  }
  return null;
}

/** Whether the next pass of the plan is taken to be there by now. */
function isFollowed(placed: PlacedPass, by: Contract | null): boolean {
  if (by === null || whyNotGiving(placed, by) !== null) return false;
  const nextAt = nextPassAt(placed, by);
  return nextAt !== null && nextAt <= placed.now;
}

/** Rule 2, uses: not used up. A day that was bought by a use counts to its end, an open check-in to its own. */
function uses(placed: PlacedPass, by: Contract | null): Failure | null {
  const { pass, end } = placed;
  if (end.usedUp !== undefined) return { rule: 'uses', reason: end.usedUp, since: pass.changedAt };
  const endedAt = hasEnded(placed, by, 'used');
  if (endedAt === null) return null;
  const reason = `CoworkerTimePass ${pass.id} Used is true, and its day ended at ${iso(endedAt)}`;
  return { rule: 'uses', reason: reason + whileHeld(placed, by), since: pass.changedAt };
}

/** Rule 3, expiry: no expiry, or one to come. */
function expiry(placed: PlacedPass, by: Contract | null): Failure | null {
  const { pass } = placed;
  const endedAt = hasEnded(placed, by, 'expiry');
  if (endedAt === null) return null;
  const reason = `CoworkerTimePass ${pass.id} ExpireDate ${iso(pass.expiresAt ?? endedAt)} is past`;
  return { rule: 'expiry', reason: reason + whileHeld(placed, by), since: pass.changedAt };
}

/**
 * When the pass ended by this kind of end; null: it did not, or its contract gives nothing any more. Then the contract is told,
 * since no renewal comes.
 */
function hasEnded(placed: PlacedPass, by: Contract | null, kind: End['kind']): Instant | null {
  const { end, now } = placed;
  if (end.kind !== kind || end.at === null || end.at > now) return null;
  return whyNotGiving(placed, by) === null ? end.at : null;
}

function whileHeld(placed: PlacedPass, by: Contract | null): string {
  const until = by === null ? null : graceEnd(placed, by);
  return until !== null && until > placed.now ? `; held until ${iso(until)} for the renewal` : '';
}

/** Rule 4, contract: where a plan gave the pass, the contract has started, is not cancelled, not paused. */
function contract(placed: PlacedPass, by: Contract | null): Failure | null {
  const reason = whyNotGiving(placed, by);
  return reason === null ? null : { rule: 'contract', reason, since: contractsSince(placed) };
}

function whyNotGiving({ pass, contracts, rules, now }: PassCase, by: Contract | null): string | null {
  if (by !== null) return whyNotRunning(by, rules.policies, now);
  if (contracts === null) return null;
  return `CoworkerTimePass ${pass.id} comes from a plan, and its CoworkerContract was not found`;
}

const contractsSince = ({ contracts }: PassCase): Instant | null =>
  lastOf((contracts ?? []).map(({ changedAt }) => changedAt));

function inDoubt(facts: PassCase, why: string): Judged {
  const doubtful: Failure = { rule: 'expiry', reason: why, since: facts.pass.changedAt, doubt: why };
  return { spans: [], failure: certainFailure(facts) ?? doubtful };
}

/** The rule that fails wherever the day ends, and whatever a date without sense may mean; null: none. */
function certainFailure(facts: PassCase): Failure | null {
  const { pass, contracts, now } = facts;
  const { id, used, usedAt, checkedIn, expiresAt, changedAt: since } = pass;
  if (used && !checkedIn && (usedAt === null || usedAt + longestDayMs <= now))
    return { rule: 'uses', reason: `CoworkerTimePass ${id} Used is true`, since };
  if (expiresAt !== null && expiresAt >= firstInstant && expiresAt + longestDayMs <= now)
    return { rule: 'expiry', reason: `CoworkerTimePass ${id} ExpireDate ${iso(expiresAt)} is past`, since };
  const reasons = (contracts ?? []).map((one) => whyNotLive(one, now));
  const [reason = null] = reasons;
  if (reason === null || reasons.includes(null)) return null;
  return { rule: 'contract', reason, since: contractsSince(facts) };
}

/** Rule 5, mapping: the pass type maps to a group. */
function mapping({ pass, passType, snapshot, rules }: PassCase): Failure | null {
  if (passType === undefined)
    return { rule: 'mapping', reason: `TimePass ${pass.passTypeId} was not found`, since: null };
  if (groupsOf(passType, rules).length > 0) return null;
  const doubt = whyUnresolved(passType, snapshot.passTypes, rules);
  const reason = `TimePass ${passType.id} maps to no group (${doubt ?? 'no mapping, no KisiGroupId'})`;
  return { rule: 'mapping', reason, since: null, ...(doubt === undefined ? {} : { doubt }) };
}

/** Rule 6, exception: its verdict on these groups. It stands in for all rules but the first; `barred`: why the first fails. */
export function exceptionVerdict(
  exception: Exception,
  groupIds: readonly number[],
  barred: string | null,
  since: Instant | null,
): Verdict {
  const { kind, memberId, until } = exception;
  const words = wordsOf(exception);
  const counts = kind === 'allow' && barred === null;
  return {
    memberId,
    passId: null,
    passTypeName: null,
    teamId: null,
    counts,
    rule: barred === null ? 'exception' : 'member',
    reason: barred === null ? words : `${words}, but ${barred}`,
    groupIds: [...groupIds],
    until: counts ? until : null,
    since,
  };
}
