import {
  blocksNow,
  changeOfBlock,
  exceptionsOf,
  exceptionVerdict,
  labelOf as labelOfException,
} from './exceptions.js';
import { horizonOf, withinBounds } from './bounds.js';
import { groupsOf, unresolvedFor } from './mapping.js';
import { lastOf } from './since.js';
import { passSince, passTimes, type Span } from './spans.js';
import {
  iso,
  type Contract,
  type Decision,
  type Entitlement,
  type Exception,
  type Instant,
  type Location,
  type Member,
  type NextChange,
  type Pass,
  type Policies,
  type Profile,
  type Rules,
  type Snapshot,
  type StandsOn,
  type Verdict,
  type WhatIf,
} from './types.js';

/** A pass or an exception that may open a group, in one stretch of time. */
interface GroupSpan {
  groupId: number;
  span: Span;
  /** Null: it stands on no record of Nexudus. */
  standsOn: StandsOn | null;
  label: string;
}

/** Passes that one profile can use, its own or lent by a team's paying member. */
interface Source {
  user: Member;
  passes: readonly Pass[];
  contracts: readonly Contract[];
  teamId: number | null;
  /** Why none of them can count, if so. */
  barred: string | null;
}

/**
 * The keys that a person should hold at `now`, why, and when that answer changes next. The only place where access
 * is decided: the workflow, `explain` and every what-if call it. Pure: same arguments, same answer. `exceptions` may hold
 * those of others too. What cannot be told of one pass is said in its verdict, and of no other. What is assumed is for
 * questions about a time to come only.
 */
export function decide(
  snapshot: Snapshot,
  rules: Rules,
  exceptions: readonly Exception[],
  now: Instant,
  { assumeRenewals }: WhatIf = { assumeRenewals: false },
): Decision {
  const ordered = exceptionsOf(snapshot, exceptions, now);
  const blocks = ordered.filter(({ kind }) => kind === 'block');
  const groupSpans: GroupSpan[] = [];
  const verdicts: Verdict[] = [];
  for (const profile of snapshot.profiles) {
    const sources = sourcesOf(profile);
    if (sources.every((source) => source.passes.length === 0)) verdicts.push(noPass(profile.member));
    for (const source of sources) {
      const latest = assumeRenewals ? latestPasses(source.passes) : [];
      for (const pass of source.passes) {
        const assumeRenewal = latest.includes(pass);
        judge({ pass, source, snapshot, rules, now, assumeRenewal }, groupSpans, verdicts);
      }
    }
    const allowed = ordered.filter(
      ({ kind, memberId }) => kind === 'allow' && memberId === profile.member.id,
    );
    for (const exception of allowed) allow(exception, profile.member, now, groupSpans, verdicts);
  }
  const groups = [...new Set(groupSpans.map((groupSpan) => groupSpan.groupId))].sort((a, b) => a - b);
  const keys: Entitlement[] = [];
  const changes: NextChange[] = blocks.map((block) => changeOfBlock(block, now));
  const taken: number[] = [];
  for (const groupId of groups) {
    const ofGroup = groupSpans.filter((groupSpan) => groupSpan.groupId === groupId);
    const key = holdNow(groupId, ofGroup, rules.policies, now);
    if (blocks.some((block) => blocksNow(block, groupId, now))) {
      if (key !== null) taken.push(groupId);
      continue;
    }
    if (key !== null) keys.push(key);
    changes.push(...changesOf(groupId, key, ofGroup, now));
  }
  const blocked = blocks
    .filter(({ from }) => from <= now)
    .map((block) =>
      exceptionVerdict(block, block.groupId === null ? taken : [block.groupId], null, block.from),
    );
  return {
    keys,
    next: earliest(changes.filter((change) => change.at < horizonOf(now))),
    verdicts: [...blocked, ...verdicts].map((verdict) => ({
      ...verdict,
      until: withinBounds(verdict.until, now),
      since: withinBounds(verdict.since, now),
    })),
  };
}

/** An exception stands in for passes, never for rule 1. Its end is final. */
function allow(
  exception: Exception,
  member: Member,
  now: Instant,
  groupSpans: GroupSpan[],
  verdicts: Verdict[],
): void {
  const { groupId, from, until } = exception;
  if (groupId === null) return;
  const barred = memberBarred(member);
  const since = barred === null ? lastOf([from, member.changedAt]) : member.changedAt;
  if (from <= now) verdicts.push(exceptionVerdict(exception, [groupId], barred, since));
  if (barred !== null) return;
  const to = until < horizonOf(now) ? until : null;
  const span: Span = { from, to, end: 'exception', graceTo: null };
  groupSpans.push({ groupId, span, standsOn: null, label: labelOfException(exception) });
}

/** Rule 1: the member is an active, unarchived individual with an e-mail. A lender need only be active. */
function sourcesOf(profile: Profile): Source[] {
  const { member } = profile;
  const barred = memberBarred(member);
  const own: Source = {
    user: member,
    passes: profile.passes,
    contracts: profile.contracts,
    teamId: null,
    barred,
  };
  const lent = profile.loans.map((loan) => ({
    user: member,
    passes: loan.passes,
    contracts: loan.contracts,
    teamId: loan.teamId,
    barred: barred ?? statusBarred(loan.payer),
  }));
  return [own, ...lent];
}

/** Rule 1: why the member can hold no key at all; null: it can. */
export function memberBarred(member: Member): string | null {
  const status = statusBarred(member);
  if (status !== null) return status;
  if (!member.individual)
    return `Coworker ${member.id} CoworkerType is company: a company holds no keys itself`;
  return member.email === '' ? `Coworker ${member.id} Email is empty` : null;
}

function statusBarred(member: Member): string | null {
  if (!member.active) return `Coworker ${member.id} Active is false (suspended)`;
  return member.archived ? `Coworker ${member.id} Archived is true` : null;
}

function noPass(member: Member): Verdict {
  const barred = memberBarred(member);
  return {
    memberId: member.id,
    passId: null,
    passTypeName: null,
    teamId: null,
    counts: false,
    rule: barred === null ? 'noPass' : 'member',
    reason: barred ?? `Coworker ${member.id} has no pass`,
    groupIds: [],
    until: null,
    since: barred === null ? null : member.changedAt,
  };
}

/** The last of each kind that a contract handed out: it is the one that is followed by another. */
function latestPasses(passes: readonly Pass[]): Pass[] {
  const latest = new Map<string, Pass>();
  for (const pass of passes) {
    const kind = [pass.contractUniqueId, pass.allowanceUniqueId, pass.passTypeId, pass.locationId].join();
    if (pass.id >= (latest.get(kind)?.id ?? 0)) latest.set(kind, pass);
  }
  return [...latest.values()];
}

interface Case {
  pass: Pass;
  source: Source;
  snapshot: Snapshot;
  rules: Rules;
  now: Instant;
  assumeRenewal: boolean;
}

function judge(
  { pass, source, snapshot, rules, now, assumeRenewal }: Case,
  groupSpans: GroupSpan[],
  verdicts: Verdict[],
): void {
  const passType = snapshot.passTypes.find((type) => type.id === pass.passTypeId);
  const groupIds = passType === undefined ? [] : groupsOf(passType, rules);
  const verdict: Verdict = {
    memberId: source.user.id,
    passId: pass.id,
    passTypeName: passType?.name ?? null,
    teamId: source.teamId,
    counts: false,
    rule: 'ok',
    reason: '',
    groupIds,
    until: null,
    since: null,
  };
  verdicts.push(verdict);
  if (source.barred !== null) {
    fail(verdict, 'member', source.barred, memberBarred(source.user) === null ? null : source.user.changedAt);
    return;
  }

  const location = locationOf(pass, snapshot);
  const facts = {
    pass,
    passType,
    location,
    contracts: source.contracts,
    snapshot,
    policies: rules.policies,
    now,
    assumeRenewal,
  };
  const times = passTimes(facts);
  if (groupIds.length > 0) {
    const standsOn = standsOnOf(pass, source);
    const label = labelOf(pass, passType?.name ?? `type ${pass.passTypeId}`, source.teamId);
    for (const groupId of groupIds) {
      for (const span of times.spans) groupSpans.push({ groupId, span, standsOn, label });
    }
  }
  if (times.failure !== null) {
    const { rule, reason, inDoubt = false } = times.failure;
    fail(verdict, rule, reason, passSince(facts, rule));
    if (inDoubt) verdict.doubt = reason;
    return;
  }
  if (passType === undefined) {
    fail(verdict, 'mapping', `TimePass ${pass.passTypeId} was not found`, null);
    return;
  }
  const unresolved = unresolvedFor(passType.id, rules)?.why;
  if (unresolved !== undefined) verdict.doubt = unresolved;
  if (groupIds.length === 0) {
    const nothing = `TimePass ${passType.id} maps to no group`;
    fail(verdict, 'mapping', `${nothing} (${unresolved ?? 'no mapping, no KisiGroupId'})`, null);
    return;
  }
  verdict.counts = true;
  const current = times.spans.find(({ from, to }) => from <= now && (to === null || to > now));
  const { to: until = null, isAssumed = false } = current ?? {};
  verdict.until = until;
  verdict.reason =
    (until === null ? 'counts, no end known' : `counts until ${iso(until)}`) +
    (isAssumed ? ', taking its plan to hand out the next pass' : '');
  // Who joins a team leaves no mark in any record.
  const isLent = source.teamId !== null;
  verdict.since = isLent ? null : lastOf([passSince(facts, null), source.user.changedAt]);
}

function fail(verdict: Verdict, rule: Verdict['rule'], reason: string, since: Instant | null): void {
  verdict.rule = rule;
  verdict.reason = reason;
  verdict.since = since;
}

function locationOf(pass: Pass, snapshot: Snapshot): Location | undefined {
  return snapshot.locations.find((location) => location.id === pass.locationId);
}

function standsOnOf(pass: Pass, source: Source): StandsOn {
  const contract = source.contracts.find((c) => c.uniqueId === pass.contractUniqueId);
  return {
    passId: pass.id,
    passTypeId: pass.passTypeId,
    memberId: pass.memberId,
    contractId: contract?.id ?? null,
    teamId: source.teamId,
  };
}

function labelOf(pass: Pass, typeName: string, teamId: number | null): string {
  return teamId === null
    ? `pass ${pass.id} (${typeName})`
    : `pass ${pass.id} (${typeName}), lent by team ${teamId}`;
}

const lastInstant = (span: Span): Instant | null => (span.to === null ? null : (span.graceTo ?? span.to));
const reaches = (span: Span, at: Instant): boolean => {
  const last = lastInstant(span);
  return last === null || last > at;
};

/** The key to a group that holds at `now`, or null. What ends and begins at the same instant goes on. */
function holdNow(
  groupId: number,
  groupSpans: GroupSpan[],
  policies: Policies,
  now: Instant,
): Entitlement | null {
  const current = groupSpans.filter(
    (groupSpan) => groupSpan.span.from <= now && reaches(groupSpan.span, now),
  );
  if (current.length === 0) return null;
  const { until, last } = unionEnd(groupSpans, current);
  const counting = current.filter((groupSpan) => groupSpan.span.to === null || groupSpan.span.to > now);
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

/** The end of the unbroken stretch that `current` begins, and the groupSpan that ends it. */
function unionEnd(groupSpans: GroupSpan[], current: GroupSpan[]): { until: Instant | null; last: GroupSpan } {
  let last = latest(current);
  for (;;) {
    const until = lastInstant(last.span);
    if (until === null) return { until, last };
    const next = groupSpans.filter(
      (groupSpan) => groupSpan.span.from <= until && reaches(groupSpan.span, until),
    );
    if (next.length === 0) return { until, last };
    last = latest(next);
  }
}

function latest(groupSpans: GroupSpan[]): GroupSpan {
  return groupSpans.reduce((a, b) => {
    const [endA, endB] = [lastInstant(a.span), lastInstant(b.span)];
    if (endA === null) return a;
    return endB === null || endB > endA ? b : a;
  });
}

function becauseOf(groupSpans: GroupSpan[], until: Instant | null, last: GroupSpan): string {
  const labels = [...new Set(groupSpans.map((groupSpan) => groupSpan.label))];
  const shown = labels.slice(0, 3).join('; ') + (labels.length > 3 ? ` and ${labels.length - 3} more` : '');
  if (until === null) return `${shown}: no end known`;
  const words: Record<Span['end'], string> = {
    expiry: 'expires',
    used: 'is used; its day ends',
    cancelled: 'has a contract cancelled',
    paused: 'has a contract paused',
    exception: 'ends',
    none: 'ends',
  };
  const alone = labels.length === 1 && labels[0] === last.label;
  const ending = `${words[last.span.end]} at ${iso(last.span.to ?? until)}`;
  return alone ? `${shown}, which ${ending}` : `${shown}: ${last.label} ${ending}`;
}

function uniqueStands(groupSpans: GroupSpan[]): StandsOn[] {
  const records = groupSpans.flatMap(({ standsOn }) => standsOn ?? []);
  const byPass = new Map(records.map((record) => [record.passId, record]));
  return [...byPass.values()].slice(0, 5);
}

/** Principle 6: what Kisi is told, so that the door closes by itself even if this service is down. */
function kisiEndOf(
  until: Instant | null,
  renews: boolean,
  policies: Policies,
  now: Instant,
): Entitlement['kisiEnd'] {
  const renewLeadMs = Math.floor(policies.doorHorizonMs / 2);
  const latest = horizonOf(now);
  if (until !== null && !renews) {
    const end = wholeSecond(Math.min(until + policies.doorGraceMs, latest));
    return { set: end, atLeast: end, atMost: end, renewLeadMs };
  }
  const planned = until === null ? 0 : until + policies.doorGraceMs;
  const set = wholeSecond(Math.min(Math.max(now + policies.doorHorizonMs, planned), latest));
  // One past the half, so that the wake at just that instant does move it.
  return { set, atLeast: Math.min(now + renewLeadMs + 1, set), atMost: null, renewLeadMs };
}

const wholeSecond = (at: Instant): Instant => Math.ceil(at / 1000) * 1000;

function changesOf(
  groupId: number,
  key: Entitlement | null,
  groupSpans: GroupSpan[],
  now: Instant,
): NextChange[] {
  if (key === null) {
    return groupSpans
      .filter((groupSpan) => groupSpan.span.from > now)
      .map((groupSpan) => ({
        at: groupSpan.span.from,
        what: `the key to group ${groupId} begins: ${groupSpan.label}`,
      }));
  }
  if (key.until === null) return [];
  // Not at the expiry of a plan's pass but when its grace ends: a renewal shows in the poll before that.
  return [{ at: key.until, what: `the key to group ${groupId} ends: ${key.because}` }];
}

function earliest(changes: NextChange[]): NextChange | null {
  return changes.reduce<NextChange | null>(
    (first, change) => (first === null || change.at < first.at ? change : first),
    null,
  );
}
