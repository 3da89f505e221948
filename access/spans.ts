import { horizonOf } from './bounds.js';
import { endOfLocationDay, expiryEnd, isRenewalInstant, nextRenewal } from './calendar.js';
import { isInactive, isLive, livePeriods, type Period } from './contracts.js';
import {
  iso,
  type Allowance,
  type Contract,
  type EndKind,
  type Instant,
  type Location,
  type Member,
  type Pass,
  type PassType,
  type Rules,
  type Snapshot,
} from './types.js';

/** A stretch of time in which one pass counts. `graceTo`: access is held until then for the plan's renewal. */
export interface Span {
  from: Instant;
  /** Null: no end known. */
  to: Instant | null;
  end: EndKind;
  graceTo: Instant | null;
  /** It is the time of a pass that is only assumed to come. */
  isAssumed?: true;
}

/** A pass, and all that the rules need to know about it. */
export interface PassCase {
  pass: Pass;
  passType: PassType | undefined;
  location: Location | undefined;
  /** The pass counts only while one of these runs. Null: the pass was bought, and no contract matters. Empty: its contract is unknown. */
  contracts: readonly Contract[] | null;
  /** Who would hold the key. */
  user: Member;
  /** Whose pass it is, where a team lends it; null: the user's own. */
  lender: Member | null;
  snapshot: Snapshot;
  rules: Rules;
  now: Instant;
  /** Whether to assume that the plan hands out the next pass after this one. */
  assumeRenewal: boolean;
}

/** Where a pass ends by itself, whatever its contract does. */
export interface End {
  at: Instant | null;
  kind: EndKind;
  /** Why nothing of the pass is left to use; left out: something is, or its day has ended only within the renewal grace. */
  usedUp?: string;
}

/** A pass at a known location, with the end that the days of that location give it. */
export interface PlacedPass extends PassCase {
  location: Location;
  end: End;
}

/** No day ends later after its date than this, wherever and with whatever cut-off. */
export const longestDayMs = 72 * 3_600_000;

/** When a pass counts by its uses, its expiry and its contracts, from `now` on. Throws UnknownTimeZone. */
export function spansOf(placed: PlacedPass): Span[] {
  const { contracts, end, now } = placed;
  const spans =
    contracts === null ? boughtSpans(end, now) : contracts.flatMap((contract) => planSpans(placed, contract));
  return spans.flatMap((span) => bounded(span, now));
}

/** A span that ends beyond the horizon has no known end, and one that begins beyond it is dropped. */
function bounded(span: Span, now: Instant): Span[] {
  const horizon = horizonOf(now);
  if (span.from >= horizon) return [];
  const last = span.graceTo ?? span.to;
  return last === null || last < horizon ? [span] : [{ ...span, to: null, end: 'none', graceTo: null }];
}

function boughtSpans({ at, kind, usedUp }: End, now: Instant): Span[] {
  if (usedUp !== undefined || (at !== null && at <= now)) return [];
  return [{ from: now, to: at, end: at === null ? 'none' : kind, graceTo: null }];
}

function planSpans(placed: PlacedPass, contract: Contract): Span[] {
  const { end, now } = placed;
  const graceTo = graceEnd(placed, contract);
  const nextAt = nextPassAt(placed, contract);
  const spans = livePeriods(contract)
    .flatMap((period) => [
      end.usedUp === undefined ? clip(period, now, end, graceTo) : null,
      nextAt === null ? null : assumed(period, Math.max(now, nextAt)),
    ])
    .filter((span) => span !== null);
  // Nexudus' flag tells of now only: what the dates say of later times stands.
  return isInactive(contract, placed.rules.policies) ? spans.filter(({ from }) => from > now) : spans;
}

/** The earlier of the ends that use and the expiry put on the pass. Throws UnknownTimeZone. */
export function endOf(facts: PassCase, location: Location): End {
  const { pass, rules, now } = facts;
  const use = useEnd(facts, location);
  if (use.usedUp !== undefined) return use;
  if (pass.expiresAt === null || pass.expiresAt >= horizonOf(now)) return use;
  const expiry = expiryEnd(pass.expiresAt, location, rules.policies.lastDay);
  // At the same instant the expiry wins: it is what a renewal follows.
  return use.at === null || expiry <= use.at ? { at: expiry, kind: 'expiry' } : use;
}

function useEnd(facts: PassCase, location: Location): End {
  const { pass, passType, rules, now } = facts;
  const isExhausted = pass.used || (pass.remainingUses !== null && pass.remainingUses <= 0);
  if (!isExhausted) return { at: null, kind: 'none' };
  const field = pass.used ? 'Used is true' : `RemainingUses is ${pass.remainingUses ?? 0}`;
  const isMinutePass = passType !== undefined && passType.minutes !== null;
  if (isMinutePass)
    return pass.checkedIn ? { at: null, kind: 'used' } : usedUp(facts, `${field} and no check-in is open`);
  // A use that lies far ahead names no day to count to the end of.
  if (rules.policies.usedPass === 'atOnce' || pass.usedAt === null || pass.usedAt > now + longestDayMs)
    return usedUp(facts, field);
  const dayEnd = endOfLocationDay(pass.usedAt, location);
  if (now < dayEnd + rules.policies.renewalGraceMs) return { at: dayEnd, kind: 'used' };
  return usedUp(facts, `${field}, and its day (UsedDate ${iso(pass.usedAt)}) ended at ${iso(dayEnd)}`);
}

function usedUp({ pass, snapshot: { readAt } }: PassCase, why: string): End {
  const at = Math.min(pass.usedAt ?? readAt, readAt);
  return { at, kind: 'used', usedUp: `CoworkerTimePass ${pass.id} ${why}` };
}

/** Until when access is held after the pass for the renewal of its plan; null: none is expected. Throws UnknownTimeZone. */
export function graceEnd(placed: PlacedPass, contract: Contract): Instant | null {
  const { end, rules } = placed;
  if (end.at === null || !isRenewalExpected(placed, contract, end.at)) return null;
  return end.at + rules.policies.renewalGraceMs;
}

/** Whether the plan should hand out the next pass as this one ends: it expires, or its used day ends on a renewal. */
function isRenewalExpected(placed: PlacedPass, contract: Contract, endsAt: Instant): boolean {
  const { pass, location, end } = placed;
  if (end.usedUp !== undefined || !isLive(contract, endsAt)) return false;
  if (end.kind === 'expiry') return true;
  const allowance = allowanceOf(placed, contract);
  // Nothing speaks against an allowance that cannot be read.
  if (allowance === undefined) return pass.allowanceUniqueId !== null;
  return isRenewalInstant(endsAt, allowance.renews, contract, location);
}

function allowanceOf({ pass, snapshot }: PassCase, contract: Contract): Allowance | undefined {
  return (
    snapshot.allowances.find(({ uniqueId }) => uniqueId === pass.allowanceUniqueId) ??
    snapshot.allowances.find((a) => a.planId === contract.planId && a.passTypeId === pass.passTypeId)
  );
}

/**
 * When the plan hands out the pass after this one, where that is assumed and its allowance goes on: as this one expires, or
 * at the next renewal where it was used up before. Never before the records were read: what was handed out until then is
 * among them. Null: it is not assumed or not known, or the pass has no end. Throws UnknownTimeZone.
 */
export function nextPassAt(placed: PlacedPass, contract: Contract): Instant | null {
  const { end, location, assumeRenewal, snapshot } = placed;
  if (!assumeRenewal || end.at === null) return null;
  const allowance = allowanceOf(placed, contract);
  if (allowance?.planId !== contract.planId) return null;
  if (end.kind === 'expiry' && end.at > snapshot.readAt) return end.at;
  return nextRenewal(Math.max(end.at - 1, snapshot.readAt), allowance.renews, contract, location);
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
