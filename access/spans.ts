import { firstInstant, horizonOf } from './bounds.js';
import { endOfLocationDay, expiryEnd, isRenewalInstant, nextRenewal, UnknownTimeZone } from './calendar.js';
import { firstOf, lastOf } from './since.js';
import {
  iso,
  type Allowance,
  type Contract,
  type EndKind,
  type Instant,
  type Location,
  type Pass,
  type PassType,
  type Policies,
  type Snapshot,
  type Verdict,
} from './types.js';

/** A stretch of time in which one pass counts. `graceTo`: access is held so long for the plan's renewal. */
export interface Span {
  from: Instant;
  /** Null: no end known. */
  to: Instant | null;
  end: EndKind;
  graceTo: Instant | null;
  /** It is the time of a pass that is only assumed to come. */
  isAssumed?: true;
}

/** When a pass counts, or the first rule that it fails now. */
export interface PassTimes {
  spans: Span[];
  failure: Failure | null;
}

/** `inDoubt`: no evidence that the pass does not count, only that it cannot be told. */
interface Failure {
  rule: Verdict['rule'];
  reason: string;
  inDoubt?: true;
}

/** All that the rules about one pass need to know. */
export interface PassCase {
  pass: Pass;
  passType: PassType | undefined;
  location: Location | undefined;
  contracts: readonly Contract[];
  snapshot: Snapshot;
  policies: Policies;
  now: Instant;
  /** Whether the plan is taken to hand out the pass that comes after this one. */
  assumeRenewal: boolean;
}

interface End {
  at: Instant | null;
  kind: EndKind;
}

const fails = (rule: Verdict['rule'], reason: string): PassTimes => ({
  spans: [],
  failure: { rule, reason },
});

/**
 * When one pass counts, by rules 2 to 4 of the README (uses, expiry, contract), from `now` on. Where its dates make no
 * sense, or a day's end is needed and the location's zone is not known, it counts at no time; what fails in any case is
 * told first.
 */
export function passTimes(facts: PassCase): PassTimes {
  const { pass, now } = facts;
  if (pass.expiresAt !== null && pass.expiresAt < firstInstant) {
    const date = `CoworkerTimePass ${pass.id} ExpireDate ${iso(pass.expiresAt)}`;
    return inDoubt(facts, `${date} makes no sense: mend it in Nexudus`);
  }
  try {
    const { spans, failure } = timesOf(facts);
    return { spans: spans.flatMap((span) => bounded(span, now)), failure };
  } catch (error) {
    if (!(error instanceof UnknownTimeZone)) throw error;
    return inDoubt(facts, error.message);
  }
}

function inDoubt(facts: PassCase, reason: string): PassTimes {
  return { spans: [], failure: certainFailure(facts) ?? { rule: 'expiry', reason, inDoubt: true } };
}

/** No day ends later after its date than this, wherever and with whatever cut-off. */
const longestDayMs = 72 * 3_600_000;

/** What fails whatever the day's end may be, and whatever a date may mean that makes no sense. */
function certainFailure(facts: PassCase): Failure | null {
  const { pass, now } = facts;
  const { used, usedAt, expiresAt } = pass;
  if (used && !pass.checkedIn && (usedAt === null || usedAt + longestDayMs <= now))
    return { rule: 'uses', reason: `CoworkerTimePass ${pass.id} Used is true` };
  if (expiresAt !== null && expiresAt >= firstInstant && expiresAt + longestDayMs <= now)
    return { rule: 'expiry', reason: `CoworkerTimePass ${pass.id} ExpireDate ${iso(expiresAt)} is past` };
  const failures = (contractsOf(facts) ?? []).map((contract) => contractFailure(contract, now));
  const [reason = null] = failures;
  return reason !== null && !failures.includes(null) ? { rule: 'contract', reason } : null;
}

/** What ends so late has no known end, and what begins so late does not begin. */
function bounded(span: Span, now: Instant): Span[] {
  const horizon = horizonOf(now);
  if (span.from >= horizon) return [];
  const last = span.graceTo ?? span.to;
  return last === null || last < horizon ? [span] : [{ ...span, to: null, end: 'none', graceTo: null }];
}

/** Throws UnknownTimeZone. */
function timesOf(facts: PassCase): PassTimes {
  const { pass, location, policies, now } = facts;
  if (location === undefined) {
    return fails(
      'mapping',
      `CoworkerTimePass ${pass.id} BusinessId ${pass.locationId} is not a known location`,
    );
  }
  const use = useEnd(facts, location);
  if ('reason' in use) return afterUse(facts, location, use);

  const expiry: Instant | null =
    pass.expiresAt === null || pass.expiresAt >= horizonOf(now)
      ? null
      : expiryEnd(pass.expiresAt, location, policies.lastDay);
  const contracts = contractsOf(facts);
  if (contracts === null) return freeSpans(pass, use, expiry, now);
  if (contracts.length === 0) {
    return fails(
      'contract',
      `CoworkerTimePass ${pass.id} comes from a plan, and its CoworkerContract was not found`,
    );
  }
  const each = contracts.map((contract) => contractSpans(facts, contract, location, use, expiry));
  const spans = each.flatMap((times) => times.spans);
  return { spans, failure: each.some((times) => times.failure === null) ? null : (each[0]?.failure ?? null) };
}

/**
 * Since when a pass counts, or fails the rule: since a record was written, or since its contract's time began. Null: the
 * records do not tell.
 */
export function passSince(facts: PassCase, failed: Verdict['rule'] | null): Instant | null {
  const { pass, now } = facts;
  const contracts = contractsOf(facts);
  if (failed === 'uses' || failed === 'expiry') return pass.changedAt;
  if (failed === 'contract') return lastOf((contracts ?? []).map(({ changedAt }) => changedAt));
  if (failed !== null) return null;
  if (contracts === null) return pass.changedAt;
  const live = contracts.filter((contract) => isLive(contract, now));
  return firstOf(
    live.map((contract) => lastOf([pass.changedAt, contract.changedAt, liveSince(contract, now)])),
  );
}

/** Of a pass that is used up only the one after it may count, which there is only where that is assumed. */
function afterUse(facts: PassCase, location: Location, { reason }: { reason: string }): PassTimes {
  const failure: Failure = { rule: 'uses', reason };
  const { now, pass, snapshot } = facts;
  const contracts = facts.assumeRenewal ? (contractsOf(facts) ?? []) : [];
  const usedUp: End = { at: Math.min(pass.usedAt ?? snapshot.readAt, snapshot.readAt), kind: 'used' };
  const spans = contracts.flatMap((contract) => {
    const from = nextPass(facts, contract, location, usedUp);
    if (from === null) return [];
    return livePeriods(contract).flatMap((period) => assumed(period, Math.max(now, from)) ?? []);
  });
  return { spans, failure: spans.some((span) => span.from <= now) ? null : failure };
}

/** Rule 2. The end that use puts on the pass, or why it is used up. */
function useEnd({ pass, passType, policies, now }: PassCase, location: Location): End | { reason: string } {
  const exhausted = pass.used || (pass.remainingUses !== null && pass.remainingUses <= 0);
  if (!exhausted) return { at: null, kind: 'none' };
  const field = pass.used ? 'Used is true' : `RemainingUses is ${pass.remainingUses ?? 0}`;
  const minutePass = passType !== undefined && passType.minutes !== null;
  if (minutePass) {
    if (pass.checkedIn) return { at: null, kind: 'used' };
    return { reason: `CoworkerTimePass ${pass.id} ${field} and no check-in is open` };
  }
  // A use to come is none that a day could be told by.
  if (policies.usedPass === 'atOnce' || pass.usedAt === null || pass.usedAt > now + longestDayMs) {
    return { reason: `CoworkerTimePass ${pass.id} ${field}` };
  }
  const dayEnd = endOfLocationDay(pass.usedAt, location);
  if (dayEnd > now) return { at: dayEnd, kind: 'used' };
  return inGraceOfUse(dayEnd, policies, now)
    ? { at: dayEnd, kind: 'used' }
    : {
        reason: `CoworkerTimePass ${pass.id} ${field}, and its day (UsedDate ${iso(pass.usedAt)}) ended at ${iso(dayEnd)}`,
      };
}

function inGraceOfUse(dayEnd: Instant, policies: Policies, now: Instant): boolean {
  return now < dayEnd + policies.renewalGraceMs;
}

/** Null: the pass was bought, no contract matters. Empty: its contract is unknown. */
function contractsOf({ pass, contracts, snapshot }: PassCase): Contract[] | null {
  if (pass.contractUniqueId !== null) return contracts.filter((c) => c.uniqueId === pass.contractUniqueId);
  if (!pass.fromPlan) return null;
  const allowance = snapshot.allowances.find((a) => a.uniqueId === pass.allowanceUniqueId);
  const samePlan = contracts.filter((c) => c.planId === allowance?.planId);
  return samePlan.length > 0 ? samePlan : [...contracts];
}

function freeSpans(pass: Pass, use: End, expiry: Instant | null, now: Instant): PassTimes {
  const end = earlier(use, { at: expiry, kind: 'expiry' });
  if (end.at !== null && end.at <= now) return fails(ruleOf(end), pastReason(pass, end));
  return {
    spans: [{ from: now, to: end.at, end: end.at === null ? 'none' : end.kind, graceTo: null }],
    failure: null,
  };
}

function contractSpans(
  facts: PassCase,
  contract: Contract,
  location: Location,
  use: End,
  expiry: Instant | null,
): PassTimes {
  const { pass, policies, now } = facts;
  const own = earlier(use, { at: expiry, kind: 'expiry' });
  const renewed = own.at !== null && renewalExpected(facts, contract, location, own);
  const graceTo = own.at !== null && renewed ? own.at + policies.renewalGraceMs : null;
  const lastInstant = graceTo ?? own.at;
  const nextPassAt = facts.assumeRenewal ? nextPass(facts, contract, location, own) : null;
  const spans = livePeriods(contract)
    .flatMap((period) => [
      clip(period, now, own, graceTo),
      nextPassAt === null ? null : assumed(period, Math.max(now, nextPassAt)),
    ])
    .filter((span) => span !== null);
  const failure = contractFailure(contract, now);
  if (failure !== null) return { spans, failure: { rule: 'contract', reason: failure } };
  // The flag tells of now only: what the dates say of later times stands.
  if (policies.inactiveContract === 'ends' && contract.active === false) {
    const reason = `CoworkerContract ${contract.id} Active is false`;
    return { spans: spans.filter(({ from }) => from > now), failure: { rule: 'contract', reason } };
  }
  if (nextPassAt !== null && nextPassAt <= now) return { spans, failure: null };
  if (own.at !== null && own.at <= now) {
    const held =
      lastInstant !== null && lastInstant > now ? `; held until ${iso(lastInstant)} for the renewal` : '';
    return { spans, failure: { rule: ruleOf(own), reason: pastReason(pass, own) + held } };
  }
  return { spans, failure: null };
}

/** Whether the plan should hand out the next pass as this one ends: it expires, or its used day ends on a renewal. */
function renewalExpected(facts: PassCase, contract: Contract, location: Location, own: End): boolean {
  if (own.at === null || !isLive(contract, own.at)) return false;
  if (own.kind === 'expiry') return true;
  const allowance = allowanceOf(facts, contract);
  // Of an allowance that cannot be read, nothing speaks against it.
  if (allowance === undefined) return facts.pass.allowanceUniqueId !== null;
  return isRenewalInstant(own.at, allowance.renews, contract, location);
}

function allowanceOf({ pass, snapshot }: PassCase, contract: Contract): Allowance | undefined {
  return (
    snapshot.allowances.find((a) => a.uniqueId === pass.allowanceUniqueId) ??
    snapshot.allowances.find((a) => a.planId === contract.planId && a.passTypeId === pass.passTypeId)
  );
}

/**
 * When the plan hands out the pass after this one, if its allowance goes on: as this one expires, or at the next renewal
 * where it was used up before. Never before the records were read: what was handed out until then is among them. Null: it
 * is not known, or the pass has no end.
 */
function nextPass(facts: PassCase, contract: Contract, location: Location, own: End): Instant | null {
  const allowance = allowanceOf(facts, contract);
  if (own.at === null || allowance?.planId !== contract.planId) return null;
  const { readAt } = facts.snapshot;
  if (own.kind === 'expiry' && own.at > readAt) return own.at;
  return nextRenewal(Math.max(own.at - 1, readAt), allowance.renews, contract, location);
}

/** Whether the contract has started, is not cancelled and not paused at `at`. */
export function isLive(contract: Contract, at: Instant): boolean {
  return contractFailure(contract, at) === null;
}

function contractFailure(contract: Contract, at: Instant): string | null {
  const record = `CoworkerContract ${contract.id}`;
  if (contract.startsAt !== null && contract.startsAt > at)
    return `${record} StartDate ${iso(contract.startsAt)} is to come`;
  if (contract.cancelledAt !== null && contract.cancelledAt <= at) {
    return `${record} CancellationDate ${iso(contract.cancelledAt)} is past`;
  }
  if (contract.cancelled && contract.cancelledAt === null) return `${record} Cancelled is true`;
  const pause = contract.pauses.find((p) => p.from <= at && (p.until === null || p.until > at));
  if (pause === undefined) return null;
  return `${record} is paused from ${iso(pause.from)} until ${pause.until === null ? 'further notice' : iso(pause.until)}`;
}

interface Period {
  from: Instant;
  to: Instant | null;
  end: EndKind;
}

/** The stretches in which the contract runs: from its start to its cancellation, less its pauses. */
function livePeriods(contract: Contract): Period[] {
  if (contract.cancelled && contract.cancelledAt === null) return [];
  let periods: Period[] = [
    {
      from: contract.startsAt ?? 0,
      to: contract.cancelledAt,
      end: contract.cancelledAt === null ? 'none' : 'cancelled',
    },
  ];
  for (const pause of contract.pauses) {
    periods = periods.flatMap((period) => {
      if (period.to !== null && period.to <= pause.from) return [period];
      if (pause.until !== null && pause.until <= period.from) return [period];
      const before: Period = { from: period.from, to: pause.from, end: 'paused' };
      const after: Period[] = pause.until === null ? [] : [{ ...period, from: pause.until }];
      return [before, ...after].filter((part) => part.to === null || part.to > part.from);
    });
  }
  return periods;
}

function liveSince(contract: Contract, now: Instant): Instant | null {
  const isNow = ({ from, to }: Period): boolean => from <= now && (to === null || to > now);
  return livePeriods(contract).find(isNow)?.from ?? null;
}

/** The part of a contract's running time in which the pass still has its own time (or its grace) left. */
function clip(period: Period, now: Instant, own: End, graceTo: Instant | null): Span | null {
  const from = Math.max(period.from, now);
  const ownLast = graceTo ?? own.at;
  if (period.to !== null && (own.at === null || period.to <= own.at)) {
    return period.to > from ? { from, to: period.to, end: period.end, graceTo: null } : null;
  }
  if (ownLast !== null && ownLast <= from) return null;
  if (own.at === null) return { from, to: null, end: 'none', graceTo: null };
  const grace = graceTo === null || period.to === null ? graceTo : Math.min(graceTo, period.to);
  return { from: Math.min(from, Math.max(own.at, period.from)), to: own.at, end: own.kind, graceTo: grace };
}

/** The part of a contract's running time from `from` on, in which it is taken to go on handing out passes. */
function assumed(period: Period, from: Instant): Span | null {
  const span = clip(period, from, { at: null, kind: 'none' }, null);
  return span === null ? null : { ...span, isAssumed: true };
}

function earlier(a: End, b: End): End {
  if (a.at === null) return b.at === null ? a : b;
  if (b.at === null) return a;
  // At the same instant the expiry wins: it is what a renewal follows.
  return b.at <= a.at ? b : a;
}

const ruleOf = (end: End): Verdict['rule'] => (end.kind === 'used' ? 'uses' : 'expiry');

function pastReason(pass: Pass, end: End): string {
  if (end.kind === 'used')
    return `CoworkerTimePass ${pass.id} Used is true, and its day ended at ${iso(end.at ?? 0)}`;
  return `CoworkerTimePass ${pass.id} ExpireDate ${iso(pass.expiresAt ?? 0)} is past`;
}
