/** Why a pass does not count, as the front desk says it. Pure. */
import {
  iso,
  type Contract,
  type Instant,
  type Member,
  type Pass,
  type Snapshot,
  type Verdict,
} from '../access/types.js';
import { endWords, timeWords, withLocalTimes } from '../space/times.js';
import { personWords } from './person-words.js';
import type { ReasonKind } from './reason-words.js';

/** What the desk sees, what to tell the member, what to do. */
export interface Advice {
  /** A part of a sentence: 'the last pass was used up on Fri 27 Nov 10:00, Rome'. */
  short: string;
  tell: string;
  todo: string;
}

/** Why a pass does not count, or the member can hold no key. */
export interface Reason extends Advice {
  kind: ReasonKind;
  /** Since when, as far as the records tell. The latest of several is the one that matters. */
  at: Instant | null;
}

/** The records that a reason is about, the time now and the time zone in which it is told. */
export interface Records {
  snapshot: Snapshot | null;
  now: Instant;
  zone: string | null;
}

/** What one failing verdict comes down to. */
export function reasonOf(verdict: Verdict, records: Records): Reason {
  const { snapshot, now, zone } = records;
  const pass = passOf(verdict, snapshot);
  const told = withLocalTimes(verdict.reason, zone);
  const reason = (kind: ReasonKind, at: Instant | null, detail = ''): Reason => {
    const { short, tell, todo } = personWords.reasons[kind];
    return { kind, short: short(detail), tell, todo, at };
  };
  const type = verdict.passTypeName ?? `type ${pass?.passTypeId ?? ''}`;
  switch (verdict.rule) {
    case 'member':
      return reason(memberKind(verdict, snapshot), null);
    case 'uses':
      return reason('usedUp', pass?.usedAt ?? null, whenWords(pass?.usedAt ?? null, zone));
    case 'expiry':
      if (verdict.doubt !== undefined) return reason('doubtful', null, told);
      return reason('expired', pass?.expiresAt ?? null, expiryWords(pass?.expiresAt ?? null, zone));
    case 'contract':
      return contractReason(contractOf(pass, snapshot), now, zone, reason, told);
    case 'mapping':
      return reason('unmapped', null, type);
    case 'exception':
      return reason('blocked', verdict.since, told);
    case 'noPass':
      return reason('noPass', null);
    case 'ok':
      return reason('doubtful', null, told);
  }
}

/** The one of several failing verdicts that says most: a block, then what bars the member, then the pass that ended last. */
export function mainReason(verdicts: readonly Verdict[], records: Records): Reason | null {
  const failing = verdicts.filter(({ counts }) => !counts).map((verdict) => reasonOf(verdict, records));
  const weight = ({ kind, at }: Reason): number => {
    if (kind === 'blocked') return Infinity;
    if (bars.has(kind)) return Number.MAX_VALUE;
    return kind === 'unmapped' || kind === 'noPass' ? -1 : (at ?? 0);
  };
  return failing.reduce<Reason | null>(
    (best, one) => (best === null || weight(one) > weight(best) ? one : best),
    null,
  );
}

const bars: ReadonlySet<ReasonKind> = new Set<ReasonKind>(['suspended', 'archived', 'company', 'noEmail']);

function passOf({ passId }: Verdict, snapshot: Snapshot | null): Pass | null {
  const all = snapshot?.profiles.flatMap(({ passes, loans }) => [
    ...passes,
    ...loans.flatMap((l) => l.passes),
  ]);
  return all?.find(({ id }) => id === passId) ?? null;
}

function contractOf(pass: Pass | null, snapshot: Snapshot | null): Contract | null {
  const all = snapshot?.profiles.flatMap(({ contracts, loans }) => [
    ...contracts,
    ...loans.flatMap((loan) => loan.contracts),
  ]);
  return all?.find(({ uniqueId }) => uniqueId === pass?.contractUniqueId) ?? null;
}

function memberKind({ memberId }: Verdict, snapshot: Snapshot | null): ReasonKind {
  const member = snapshot?.profiles.find((profile) => profile.member.id === memberId)?.member;
  if (member === undefined) return 'suspended';
  return barOf(member) ?? 'lenderSuspended';
}

function barOf({ active, archived, individual, email }: Member): ReasonKind | null {
  if (!active) return 'suspended';
  if (archived) return 'archived';
  if (!individual) return 'company';
  return email === '' ? 'noEmail' : null;
}

function contractReason(
  contract: Contract | null,
  now: Instant,
  zone: string | null,
  reason: (kind: ReasonKind, at: Instant | null, detail?: string) => Reason,
  told: string,
): Reason {
  if (contract === null) return reason('contractUnknown', null, told);
  const { planName, startsAt, cancelledAt, cancelled, pauses } = contract;
  if (startsAt !== null && startsAt > now)
    return reason('contractToCome', startsAt, `${planName}${onWords(startsAt, zone)}`);
  if (cancelledAt !== null && cancelledAt <= now)
    return reason('contractEnded', cancelledAt, `${planName}${onWords(cancelledAt, zone)}`);
  if (cancelled) return reason('contractEnded', null, planName);
  const pause = pauses.find(({ from, until }) => from <= now && (until === null || until > now));
  if (pause === undefined) return reason('contractInactive', null, planName);
  const until = pause.until === null ? '' : ` until ${endWords(pause.until, zone)}`;
  return reason('contractPaused', pause.from, `${planName}${until}`);
}

const onWords = (at: Instant, zone: string | null): string => ` on ${timeWords(at, zone)}`;

function whenWords(at: Instant | null, zone: string | null): string {
  return at === null ? '' : onWords(at, zone);
}

/** A date alone names the last day, and is told without a clock time. */
function expiryWords(at: Instant | null, zone: string | null): string {
  const field = 'ExpireDate ';
  return at === null ? '' : ` on ${withLocalTimes(`${field}${iso(at)}`, zone).slice(field.length)}`;
}
