import { horizonOf } from './bounds.js';
import type { Span } from './spans.js';
import {
  iso,
  type EndKind,
  type Entitlement,
  type Instant,
  type NextChange,
  type Policies,
  type StandsOn,
} from './types.js';

/** A pass or an exception that may open a group, in one stretch of time. */
export interface GroupSpan {
  groupId: number;
  span: Span;
  /** Null: it stands on no record of Nexudus. */
  standsOn: StandsOn | null;
  label: string;
}

/** The key to a group that holds at `now`, or null. What ends and begins at the same instant goes on. */
export function entitlementTo(
  groupId: number,
  groupSpans: readonly GroupSpan[],
  policies: Policies,
  now: Instant,
): Entitlement | null {
  const current = groupSpans.filter(({ span }) => span.from <= now && reaches(span, now));
  if (current.length === 0) return null;
  const { until, last } = unionEnd(groupSpans, current);
  const counting = current.filter(({ span }) => span.to === null || span.to > now);
  const renews = until === null || last.span.graceTo !== null;
  return {
    groupId,
    until,
    awaitingRenewal: counting.length === 0,
    because: becauseOf(counting.length > 0 ? counting : current, until, last),
    standsOn: uniqueStands([...current, last]),
    takesOver: policies.existingKeys === 'adopt',
    kisiEnd: kisiEndOf(until, renews, policies, now),
  };
}

/** When the key to a group begins or ends, as far as its spans tell. */
export function changesOf(
  groupId: number,
  key: Entitlement | null,
  groupSpans: readonly GroupSpan[],
  now: Instant,
): NextChange[] {
  if (key === null)
    return groupSpans
      .filter(({ span }) => span.from > now)
      .map(({ span, label }) => ({ at: span.from, what: `the key to group ${groupId} begins: ${label}` }));
  if (key.until === null) return [];
  // Not at the expiry of a plan's pass but when its grace ends: a renewal shows in the poll before that.
  return [{ at: key.until, what: `the key to group ${groupId} ends: ${key.because}` }];
}

const lastInstant = ({ to, graceTo }: Span): Instant | null => (to === null ? null : (graceTo ?? to));

function reaches(span: Span, at: Instant): boolean {
  const last = lastInstant(span);
  return last === null || last > at;
}

/** The end of the unbroken stretch that `current` begins, and what ends it. */
function unionEnd(
  groupSpans: readonly GroupSpan[],
  current: readonly GroupSpan[],
): { until: Instant | null; last: GroupSpan } {
  let last = latest(current);
  for (;;) {
    const until = lastInstant(last.span);
    if (until === null) return { until, last };
    const next = groupSpans.filter(({ span }) => span.from <= until && reaches(span, until));
    if (next.length === 0) return { until, last };
    last = latest(next);
  }
}

function latest(groupSpans: readonly GroupSpan[]): GroupSpan {
  return groupSpans.reduce((a, b) => {
    const [endA, endB] = [lastInstant(a.span), lastInstant(b.span)];
    if (endA === null) return a;
    return endB === null || endB > endA ? b : a;
  });
}

const endWords: Record<EndKind, string> = {
  expiry: 'expires',
  used: 'is used; its day ends',
  cancelled: 'has a contract cancelled',
  paused: 'has a contract paused',
  exception: 'ends',
  none: 'ends',
};

function becauseOf(groupSpans: readonly GroupSpan[], until: Instant | null, last: GroupSpan): string {
  const labels = [...new Set(groupSpans.map(({ label }) => label))];
  const shown = labels.slice(0, 3).join('; ') + (labels.length > 3 ? ` and ${labels.length - 3} more` : '');
  if (until === null) return `${shown}: no end known`;
  const isAlone = labels.length === 1 && labels[0] === last.label;
  const ending = `${endWords[last.span.end]} at ${iso(last.span.to ?? until)}`;
  return isAlone ? `${shown}, which ${ending}` : `${shown}: ${last.label} ${ending}`;
}

function uniqueStands(groupSpans: readonly GroupSpan[]): StandsOn[] {
  const records = groupSpans.flatMap(({ standsOn }) => standsOn ?? []);
  const byPass = new Map(records.map((record) => [record.passId, record]));
  return [...byPass.values()].slice(0, 5);
}

/** Principle 6: what Kisi is told, so that the door closes by itself even if this service is down. */
function kisiEndOf(
  until: Instant | null,
  renews: boolean,
  { doorGraceMs, doorHorizonMs }: Policies,
  now: Instant,
): Entitlement['kisiEnd'] {
  const renewLeadMs = Math.floor(doorHorizonMs / 2);
  const farthest = horizonOf(now);
  if (until !== null && !renews) {
    const end = wholeSecond(Math.min(until + doorGraceMs, farthest));
    return { set: end, atLeast: end, atMost: end, renewLeadMs };
  }
  const planned = until === null ? 0 : until + doorGraceMs;
  const set = wholeSecond(Math.min(Math.max(now + doorHorizonMs, planned), farthest));
  // A millisecond past the half, so that the wake at just that instant does move the end.
  return { set, atLeast: Math.min(now + renewLeadMs + 1, set), atMost: null, renewLeadMs };
}

const wholeSecond = (at: Instant): Instant => Math.ceil(at / 1000) * 1000;
