import { createHash } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import { decide } from '../access/decide.js';
import { isUnforeseen } from '../access/revocation-guard.js';
import { blockOf, exceptionsOf } from '../access/exceptions.js';
import { lossesOf, type KnownKey, type Loss } from '../access/losses.js';
import { emailForKeys, keyOwner } from '../access/ownership.js';
import type { KeptKey, LedgerKey } from '../access/plan.js';
import { dueOf } from '../access/since.js';
import type { Decision, Exception, Instant, Rules, Snapshot, WhatIf } from '../access/types.js';
import type { MemberRead, Reader } from '../nexudus/reader.js';
import type { Ownership } from '../database/ownership.js';
import type { AuditLog } from '../database/audit-log.js';
import { memberWorkflowId } from '../messages/to-member.js';
import { checkAsker } from './asker.js';
import type { GuardBook } from './revocation-guard.js';
import { agreedOf } from './disputed.js';
import type { AssessRequest, Assessed, Assessment, MembershipActivities } from '../messages/to-activities.js';
import { emailDigestOf } from './email-digest.js';
import { nowhere, type Gate } from './gate.js';
import type { KnownRecords } from './known.js';
import type { OrderBook } from './orders.js';
import type { People } from './people.js';
import { recall, type Copy } from './recall.js';
import { remoteReads } from './remote.js';

export interface MembershipDeps {
  reader: Reader;
  rules: Rules;
  people: People;
  known: KnownRecords;
  gate: Gate;
  orders: OrderBook;
  guard: GuardBook;
  auditLog: Pick<AuditLog, 'last' | 'note'>;
  ownership: Pick<Ownership, 'read' | 'put' | 'handOver' | 'userOf' | 'noteUser' | 'unanswered'>;
  now: () => Instant;
  /** All that it may be now: several instants where clocks disagree. */
  possible: () => Instant[];
}

/** Reads and decides. The rules run here and not in the workflow, so a changed rule never breaks a replay. */
export function createMembershipActivities(deps: MembershipDeps): MembershipActivities {
  return remoteReads({
    assessMember(request: AssessRequest) {
      checkAsker(memberWorkflowId(request.memberId), `asks for member ${request.memberId}`);
      return assess(deps, request);
    },
  });
}

/**
 * What one member should hold, as absolute instants with their reasons. Throws NexudusError where the read is not
 * complete: then nothing is known and nothing may be taken away.
 */
export async function assess(deps: MembershipDeps, request: AssessRequest): Promise<Assessed> {
  const began = deps.now();
  await deps.gate.admit('read', nowhere);
  const copy = await recall(deps.ownership, request);
  const read = await deps.reader.readMember({
    memberId: request.memberId,
    notBefore: request.notBefore,
    siblingIds: request.siblingIds,
    standsOn: copy.ledger.flatMap((key) => key.standsOn),
    reference: request.reference,
    isBatch: request.isBatch ?? false,
    isCheckIn: request.isCheckIn ?? false,
  });
  if (read.snapshot !== null) deps.people.note(read.snapshot);
  // An order that wakes a member is there before this begins, so nothing older will do. Members who wake together share it.
  const { exceptions } = await deps.orders.get({ notBefore: began, maxAgeMs: 0 });
  await inTurn();
  const { memberId, newsFrom = null } = request;
  const judgedAt = deps.now();
  const each = deps.possible().map((at) => ({
    at,
    assessment: judge(read, { memberId, held: copy.ledger, newsFrom }, deps.rules, exceptions, at),
  }));
  const judged = agreedOf(each, copy.ledger, judgedAt);
  const assessment = await throughGuard(deps.guard, memberId, judged);
  await noteDecision(deps.auditLog, memberId, assessment);
  const checkInToldAt = request.isCheckIn === true ? Math.min(request.notBefore, began) : undefined;
  if (read.doubts.length === 0) deps.known.note(memberId, assessment.readAt, read.written, checkInToldAt);
  const handed = await handedOver(deps.ownership, request, copy, assessment);
  const unanswered = await deps.ownership.unanswered({ memberId });
  return { ...assessment, judgedAt, ...handed, ...(unanswered.length === 0 ? {} : { unanswered }) };
}

/**
 * Principle 3: one profile owns the keys of a person. Hands keys over that another profile is to keep: all keys to the profile
 * that owns them, or, where this profile has a new e-mail, the keys of the old e-mail to a profile that still has it.
 */
async function handedOver(
  ownership: MembershipDeps['ownership'],
  { memberId, siblingIds }: AssessRequest,
  { ledger, kisiUser }: Copy,
  { ownerId, profileIds, emailDigest }: Assessment,
): Promise<Copy & Pick<Assessed, 'handedTo'>> {
  const stays: Copy & Pick<Assessed, 'handedTo'> = { ledger, kisiUser, handedTo: [] };
  if (ledger.length === 0) return stays;
  const give = async (to: number, keys: readonly LedgerKey[], userId?: number): Promise<typeof stays> => {
    if (kisiUser !== null && (await ownership.userOf(to)) === null) await ownership.noteUser(to, kisiUser);
    await ownership.handOver(memberId, to, userId);
    return { ...stays, ledger: ledger.filter((key) => !keys.includes(key)), handedTo: [to] };
  };
  if (ownerId !== null && ownerId !== memberId) return give(ownerId, ledger);
  const heir = siblingIds.find((id) => !profileIds.includes(id));
  if (heir === undefined || kisiUser === null || kisiUser.emailDigest === emailDigest) return stays;
  const old = ledger.filter(({ userId }) => userId === kisiUser.id);
  return old.length === 0 ? stays : give(heir, old, kisiUser.id);
}

let lastTurn: Promise<void> = Promise.resolve();

/**
 * Has those who waited for the same read go on one after another. All in one go, a hundred would hold the process up for a
 * good part of a second, and with it the answers to webhooks.
 */
function inTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => otherWork());
  return lastTurn;
}

/** Holds keys that are among too many losses at once, and lets keys go that a person approved, even by a doubtful read. */
async function throughGuard(guard: GuardBook, memberId: number, assessment: Assessment): Promise<Assessment> {
  const { ownerId, locationId, losses, holds } = assessment;
  // Another profile has the say of these keys.
  if (ownerId !== null && ownerId !== memberId) return assessment;
  const doubtOf = (groupId: number): string | null =>
    holds.find((hold) => hold.groupId === groupId)?.why ?? null;
  const unforeseen = losses
    .filter(isUnforeseen)
    .map((loss) => ({ ...loss, memberId, locationId, doubt: doubtOf(loss.groupId) }));
  const verdicts = await guard.weigh({ memberId, losses: unforeseen });
  const mayGo = (groupId: number): boolean =>
    verdicts.some((verdict) => verdict.groupId === groupId && verdict.withheldBy === null);
  const atOnce = verdicts.filter(
    ({ groupId, withheldBy }) => withheldBy !== null && doubtOf(groupId) === null,
  );
  return {
    ...assessment,
    holds: [
      ...holds.filter(({ groupId }) => !mayGo(groupId)),
      ...atOnce.map(({ groupId, why }) => ({ groupId, why, byGuard: true })),
    ],
  };
}

/** Keeps a decision about a person in the audit log, unless it is the same as the last one there. */
async function noteDecision(
  auditLog: MembershipDeps['auditLog'],
  memberId: number,
  assessment: Assessment,
): Promise<void> {
  const { ownerId, keys, losses, standing, readAt, locationId } = assessment;
  if (ownerId !== null && ownerId !== memberId) return;
  const after = keys.map(({ groupId, until }) => ({ groupId, until }));
  const before = (await auditLog.last('decision', memberId))?.after ?? null;
  if (JSON.stringify(before ?? []) === JSON.stringify(after)) return;
  const reasons = [...keys.map(({ because }) => because), ...losses.map(({ why }) => why)];
  await auditLog.note({
    key: `decision/${memberId}/${readAt}`,
    at: readAt,
    kind: 'decision',
    state: 'done',
    memberId,
    locationId,
    groupId: null,
    what: keys.length === 0 ? 'no key' : `keys to ${keys.map(({ groupId }) => groupId).join(', ')}`,
    before,
    after,
    cause: reasons.length === 0 ? standing : reasons.join('; '),
    by: 'rules',
    planId: null,
    answer: null,
  });
}

/** Who is judged, the keys that are held, and since when what Nexudus tells is news. */
export interface Judging extends Pick<AssessRequest, 'memberId' | 'newsFrom'> {
  held: readonly KnownKey[];
}

/** What the rules and the exceptions make of a read at `now`; what is only assumed is never done. */
export function judge(
  read: MemberRead,
  request: Judging,
  rules: Rules,
  exceptions: readonly Exception[],
  now: Instant,
  whatIf?: WhatIf,
): Assessment {
  const { held, newsFrom = null } = request;
  const holds = holdsOf(read, held);
  const losses = (decision: Decision | null): Loss[] => lossesOf(held, decision, now);
  const digest = digestOfRules(rules);
  if (read.snapshot === null) {
    const due = dueOf(held, null, newsFrom, now);
    return { ...nobody(now), holds, losses: losses(null), due, rules: digest, records: recordsOf(read) };
  }
  const decision = decide(read.snapshot, rules, exceptions, now, whatIf);
  const decided = assessmentOf(read.snapshot, read.gone, decision, request.memberId);
  const doubts = doubtsOf(decision, held, holds);
  const assessment = {
    ...decided,
    standing: decision.keys.length > 0 ? decided.standing : [decided.standing, ...read.broken].join(' '),
    // The workflow goes on while there may be a key to give or to keep away.
    hasRecords: decided.hasRecords || exceptionsOf(read.snapshot, exceptions, now).length > 0,
    // What a person takes away is no matter of records that may be doubtful.
    holds: [...holds.filter(({ groupId }) => blockOf(groupId, decision.verdicts) === undefined), ...doubts],
    // A key in doubt is no loss yet: nobody is asked to let it go, and once the doubt is over it is weighed afresh.
    losses: losses(decision).filter(({ groupId }) => doubts.every((doubt) => doubt.groupId !== groupId)),
    due: dueOf(held, decision, newsFrom, now),
    rules: digest,
    records: recordsOf(read),
  };
  const hasUser = decided.emailDigest !== null || read.gone || decision.keys.length === 0;
  return hasUser ? assessment : withoutUser(assessment, held, request.memberId);
}

/** Where it is not clear which Kisi user is to have the keys, none is given, and those that are due stay where they are. */
function withoutUser(due: Assessment, held: readonly KnownKey[], memberId: number): Assessment {
  const why = `Coworker ${memberId} Email is empty, and those of its other profiles differ`;
  const kept = held.filter(({ groupId }) => due.keys.some((key) => key.groupId === groupId));
  const holds = [...due.holds, ...kept.map(({ groupId }) => ({ groupId, why }))];
  return { ...due, keys: [], holds, standing: `${why}.` };
}

const recordsOf = ({ doubts, records }: MemberRead): string | null => (doubts.length === 0 ? records : null);

/** Tells one configuration of the rules from another. */
export function digestOfRules(rules: Rules): string {
  return createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 16);
}

/** The part of an assessment that does not depend on the keys that are held. */
type Decided = Omit<Assessment, 'holds' | 'losses' | 'due' | 'rules' | 'records'>;

function assessmentOf(snapshot: Snapshot, gone: boolean, decision: Decision, memberId: number): Decided {
  const { profiles } = snapshot;
  const profileIds = profiles.map((profile) => profile.member.id);
  const members = profiles.map((profile) => profile.member);
  const own = members.find(({ id }) => id === memberId);
  const email = emailForKeys(members, memberId);
  return {
    readAt: snapshot.readAt,
    ownerId: keyOwner(profileIds),
    gone,
    profileIds,
    emailDigest: email === null ? null : emailDigestOf(email),
    locationId: own?.homeLocationId ?? profiles.flatMap((p) => p.passes)[0]?.locationId ?? null,
    hasRecords: hasRecords(snapshot),
    keys: decision.keys,
    next: decision.next,
    standing: standingOf(decision),
  };
}

/** Whether the person has a pass, a contract, or a pass lent by a team, that counts or not. */
export function hasRecords({ profiles }: Snapshot): boolean {
  return profiles.some(
    ({ passes, contracts, loans }) =>
      passes.length > 0 || contracts.length > 0 || loans.some((loan) => loan.passes.length > 0),
  );
}

function nobody(now: Instant): Decided {
  return {
    readAt: now,
    ownerId: null,
    gone: true,
    profileIds: [],
    emailDigest: null,
    locationId: null,
    hasRecords: false,
    keys: [],
    next: null,
    standing: 'Nexudus has no such coworker any more.',
  };
}

/** Principle 4: a key that stands on a record whose absence is in doubt is kept. */
function holdsOf({ doubts }: MemberRead, held: readonly KnownKey[]): KeptKey[] {
  return held.flatMap(({ groupId, standsOn }) => {
    const doubt = doubts.find(({ passId }) => standsOn.some((record) => record.passId === passId));
    return doubt === undefined ? [] : [{ groupId, why: doubt.why }];
  });
}

/** A key is kept, too, where nobody can tell whether its pass opens the group, unless another pass opens it. */
function doubtsOf(
  { keys, verdicts }: Decision,
  held: readonly KnownKey[],
  known: readonly KeptKey[],
): KeptKey[] {
  const isSettled = (groupId: number): boolean =>
    [...keys, ...known].some((one) => one.groupId === groupId) || blockOf(groupId, verdicts) !== undefined;
  return held
    .filter(({ groupId, byHand = false }) => !byHand && !isSettled(groupId))
    .flatMap(({ groupId, standsOn }) => {
      const doubts = standsOn.map(
        ({ passId }) => verdicts.find((verdict) => verdict.passId === passId)?.doubt,
      );
      const why = doubts.find((doubt) => doubt !== undefined);
      return why === undefined ? [] : [{ groupId, why }];
    });
}

function standingOf(decision: Decision): string {
  if (decision.keys.length > 0) return 'Has access.';
  const speaking = decision.verdicts.filter(({ counts }) => !counts);
  const reasons = [...new Set(speaking.map((verdict) => verdict.reason))];
  return reasons.length <= 3
    ? `${reasons.join('; ')}.`
    : `${reasons.slice(0, 3).join('; ')} and ${reasons.length - 3} more.`;
}
