import { horizonOf, withinBounds } from './bounds.js';
import { contractsOf } from './contracts.js';
import { changesOf, entitlementTo, type GroupSpan } from './entitlements.js';
import { blocksNow, changeOfBlock, exceptionsOf, labelOf } from './exceptions.js';
import { groupsOf, whyUnresolved } from './mapping.js';
import { countsSince, exceptionVerdict, judgePass, memberBarred, type Failure } from './pass-rules.js';
import { lastOf } from './since.js';
import type { PassCase, Span } from './spans.js';
import {
  iso,
  type Contract,
  type Decision,
  type Entitlement,
  type Exception,
  type Instant,
  type Member,
  type NextChange,
  type Pass,
  type Profile,
  type Rules,
  type Snapshot,
  type StandsOn,
  type Verdict,
  type WhatIf,
} from './types.js';

/** What is asked about all passes of a person. */
interface Question {
  snapshot: Snapshot;
  rules: Rules;
  now: Instant;
  assumeRenewals: boolean;
}

/** Passes that one profile can use, its own or lent by a team's paying member. */
interface Source {
  user: Member;
  passes: readonly Pass[];
  contracts: readonly Contract[];
  /** Null, as is the lender: they are the user's own. */
  teamId: number | null;
  lender: Member | null;
}

/** What passes or exceptions come to: what is said of each, and when they open which groups. */
interface Finding {
  verdicts: Verdict[];
  groupSpans: GroupSpan[];
}

/**
 * The keys that a person should hold at `now`, why, and when that answer changes next. The only place where access
 * is decided: the workflow, `explain` and every what-if call it. Pure: same arguments, same answer. `exceptions` may hold
 * those of others too. Where a pass cannot be judged, only its own verdict says so. `assumeRenewals` is only for questions
 * about a time to come.
 */
export function decide(
  snapshot: Snapshot,
  rules: Rules,
  exceptions: readonly Exception[],
  now: Instant,
  { assumeRenewals }: WhatIf = { assumeRenewals: false },
): Decision {
  const question: Question = { snapshot, rules, now, assumeRenewals };
  const ordered = exceptionsOf(snapshot, exceptions, now);
  const blocks = ordered.filter(({ kind }) => kind === 'block');
  const allows = ordered.filter(({ kind }) => kind === 'allow');
  const findings = snapshot.profiles.flatMap((profile) => findingsOf(profile, allows, question));
  const { keys, taken, changes } = keysOf(
    findings.flatMap(({ groupSpans }) => groupSpans),
    blocks,
    question,
  );
  const verdicts = [...blockVerdicts(blocks, taken, now), ...findings.flatMap((finding) => finding.verdicts)];
  return {
    keys,
    next: earliest(changes.filter(({ at }) => at < horizonOf(now))),
    verdicts: verdicts.map((verdict) => ({
      ...verdict,
      until: withinBounds(verdict.until, now),
      since: withinBounds(verdict.since, now),
    })),
  };
}

/** What a profile's own passes, those lent to it, and the exceptions for it come to. */
function findingsOf(profile: Profile, allows: readonly Exception[], question: Question): Finding[] {
  const { member } = profile;
  const sources = sourcesOf(profile);
  const hasNoPass = sources.every(({ passes }) => passes.length === 0);
  return [
    ...(hasNoPass ? [{ verdicts: [noPass(member)], groupSpans: [] }] : []),
    ...sources.flatMap((source) => passFindings(source, question)),
    ...allows
      .filter(({ memberId }) => memberId === member.id)
      .map((exception) => allowFinding(exception, member, question.now)),
  ];
}

function sourcesOf({ member, passes, contracts, loans }: Profile): Source[] {
  const own: Source = { user: member, passes, contracts, teamId: null, lender: null };
  const lent = loans.map((loan): Source => ({
    user: member,
    passes: loan.passes,
    contracts: loan.contracts,
    teamId: loan.teamId,
    lender: loan.payer,
  }));
  return [own, ...lent];
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

function passFindings(source: Source, question: Question): Finding[] {
  const { snapshot } = question;
  const followed = question.assumeRenewals ? latestPasses(source.passes) : [];
  return source.passes.map((pass) => {
    const facts: PassCase = {
      pass,
      passType: snapshot.passTypes.find(({ id }) => id === pass.passTypeId),
      location: snapshot.locations.find(({ id }) => id === pass.locationId),
      contracts: contractsOf(pass, source.contracts, snapshot.allowances),
      user: source.user,
      lender: source.lender,
      snapshot,
      rules: question.rules,
      now: question.now,
      assumeRenewal: followed.includes(pass),
    };
    return passFinding(facts, source);
  });
}

/** The last pass of each kind that a contract handed out: the next one follows it. */
function latestPasses(passes: readonly Pass[]): Pass[] {
  const latest = new Map<string, Pass>();
  for (const pass of passes) {
    const kind = [pass.contractUniqueId, pass.allowanceUniqueId, pass.passTypeId, pass.locationId].join();
    if (pass.id >= (latest.get(kind)?.id ?? 0)) latest.set(kind, pass);
  }
  return [...latest.values()];
}

function passFinding(facts: PassCase, source: Source): Finding {
  const { pass, passType, user, rules, now } = facts;
  const { teamId } = source;
  const groupIds = passType === undefined ? [] : groupsOf(passType, rules);
  const { spans, failure } = judgePass(facts);
  const verdict: Verdict = {
    memberId: user.id,
    passId: pass.id,
    passTypeName: passType?.name ?? null,
    teamId,
    groupIds,
    ...(failure === null ? countingNow(facts, spans, now) : failing(failure)),
  };
  const standsOn = standsOnOf(pass, source);
  const label = `pass ${pass.id} (${passType?.name ?? `type ${pass.passTypeId}`})`;
  const opening = { standsOn, label: teamId === null ? label : `${label}, lent by team ${teamId}` };
  return {
    verdicts: [verdict],
    groupSpans: groupIds.flatMap((groupId) => spans.map((span) => ({ groupId, span, ...opening }))),
  };
}

/** What a verdict says of a pass, besides which pass it is. */
type Judgement = Pick<Verdict, 'counts' | 'rule' | 'reason' | 'until' | 'since' | 'doubt'>;

function failing({ rule, reason, since, doubt }: Failure): Judgement {
  return { counts: false, rule, reason, until: null, since, ...(doubt === undefined ? {} : { doubt }) };
}

function countingNow(facts: PassCase, spans: readonly Span[], now: Instant): Judgement {
  const current = spans.find(({ from, to }) => from <= now && (to === null || to > now));
  const { to: until = null, isAssumed = false } = current ?? {};
  const counts = until === null ? 'counts, no end known' : `counts until ${iso(until)}`;
  const { passType, snapshot, rules } = facts;
  const doubt = passType === undefined ? undefined : whyUnresolved(passType, snapshot.passTypes, rules);
  return {
    counts: true,
    rule: 'ok',
    reason: isAssumed ? `${counts}, taking its plan to hand out the next pass` : counts,
    until,
    since: countsSince(facts),
    ...(doubt === undefined ? {} : { doubt }),
  };
}

function standsOnOf(pass: Pass, { contracts, teamId }: Source): StandsOn {
  const contract = contracts.find(({ uniqueId }) => uniqueId === pass.contractUniqueId);
  return {
    passId: pass.id,
    passTypeId: pass.passTypeId,
    memberId: pass.memberId,
    contractId: contract?.id ?? null,
    teamId,
  };
}

/** An exception stands in for passes, never for rule 1. Its end is final. */
function allowFinding(exception: Exception, member: Member, now: Instant): Finding {
  const { groupId, from, until } = exception;
  if (groupId === null) return { verdicts: [], groupSpans: [] };
  const barred = memberBarred(member);
  const since = barred === null ? lastOf([from, member.changedAt]) : member.changedAt;
  const verdicts = from <= now ? [exceptionVerdict(exception, [groupId], barred, since)] : [];
  if (barred !== null) return { verdicts, groupSpans: [] };
  const to = until < horizonOf(now) ? until : null;
  const span: Span = { from, to, end: 'exception', graceTo: null };
  return { verdicts, groupSpans: [{ groupId, span, standsOn: null, label: labelOf(exception) }] };
}

/** The keys that no block takes, the groups whose keys a block takes, and all changes to come. */
function keysOf(
  groupSpans: readonly GroupSpan[],
  blocks: readonly Exception[],
  { rules, now }: Question,
): { keys: Entitlement[]; taken: number[]; changes: NextChange[] } {
  const keys: Entitlement[] = [];
  const taken: number[] = [];
  const changes = blocks.map((block) => changeOfBlock(block, now));
  const groupIds = [...new Set(groupSpans.map(({ groupId }) => groupId))].sort((a, b) => a - b);
  for (const groupId of groupIds) {
    const ofGroup = groupSpans.filter((groupSpan) => groupSpan.groupId === groupId);
    const key = entitlementTo(groupId, ofGroup, rules.policies, now);
    if (blocks.some((block) => blocksNow(block, groupId, now))) {
      if (key !== null) taken.push(groupId);
      continue;
    }
    if (key !== null) keys.push(key);
    changes.push(...changesOf(groupId, key, ofGroup, now));
  }
  return { keys, taken, changes };
}

/** The verdicts on blocks that hold now. A block of every group names the groups whose keys it takes. */
function blockVerdicts(blocks: readonly Exception[], taken: readonly number[], now: Instant): Verdict[] {
  return blocks
    .filter(({ from }) => from <= now)
    .map((block) =>
      exceptionVerdict(block, block.groupId === null ? taken : [block.groupId], null, block.from),
    );
}

function earliest(changes: readonly NextChange[]): NextChange | null {
  return changes.reduce<NextChange | null>(
    (first, change) => (first === null || change.at < first.at ? change : first),
    null,
  );
}
