import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Dropped } from '../access/ownership.js';
import type { Freeze, KeptKey, LedgerKey } from '../access/plan.js';
import type { Due, Instant } from '../access/types.js';
import type { Giver } from './to-control.js';
import type { PartDone, PlanPart } from './to-plan.js';

/**
 * Everything that is said to a member's workflow, and every name that others depend on.
 * Messages only wake: none carries what is true of a membership, at most since when to look.
 */

/** The workflow id of a member: the Nexudus coworker id and nothing else, so that no id names a person. */
export function memberWorkflowId(memberId: number): string {
  return `member-${memberId}`;
}

/** The Nexudus id in a member's workflow id; null for any other workflow. */
export function memberIdOf(workflowId: string): number | null {
  const digits = /^member-(\d+)$/.exec(workflowId)?.[1];
  return digits === undefined ? null : Number(digits);
}

const wakeReasons = [
  'changed',
  'checkIn',
  'reference',
  'resync',
  'profile',
  'reconciliation',
  'order',
  'released',
  'profileOrder',
  'drift',
] as const;

/** Why a member is looked at, and from when on a read shows what was noticed. */
export interface Wake {
  reason: (typeof wakeReasons)[number];
  /** A read that began before this instant is not used. Left out: now. */
  notBefore?: Instant;
  /** It is one of many, and nobody waits for just this one: what somebody waits for goes first. */
  isBatch?: boolean;
}

/** The wake that a signal's argument stands for: anybody can type one in the UI, and no signal may do harm. */
export function wakeOf(argument: unknown): Wake {
  const { reason, notBefore, isBatch } = Object(argument) as Partial<Record<keyof Wake, unknown>>;
  const known = wakeReasons.find((one) => one === reason);
  return {
    reason: known ?? 'changed',
    ...(typeof notBefore === 'number' && Number.isFinite(notBefore) ? { notBefore } : {}),
    ...(isBatch === true ? { isBatch } : {}),
  };
}

/** As few wakes as say the same: a hundred thousand signals are no more to remember than a dozen. Pure. */
export function mergedWakes(wakes: readonly Wake[]): Wake[] {
  const merged = new Map<string, Wake>();
  for (const wake of wakes) {
    const key = `${wake.reason} ${wake.isBatch ?? false}`;
    const before = merged.get(key);
    merged.set(key, before === undefined || laterThan(wake, before) ? wake : before);
  }
  return [...merged.values()];
}

const laterThan = (wake: Wake, other: Wake): boolean =>
  other.notBefore !== undefined && (wake.notBefore === undefined || wake.notBefore > other.notBefore);

/** Something about the member may have changed in Nexudus. Sent without an argument it means "look now". */
export const membershipChanged = defineSignal<[Wake?]>('membershipChanged');

/** An admin asks for a fresh look, at Kisi's side too. In Temporal's UI it may come without an argument. */
export const resync = defineSignal<[Giver?]>('resync');

/** A person ordered that a group stays for the member as it is in Kisi. */
export const freezeGroup = defineSignal<[Freeze]>('freezeGroup');

/**
 * Has a workflow compare what it remembers with what is on record in the database, and take over what is newer there. Sent
 * by workers, where the two differ: after either was restored from a backup, or lost. Carries nothing.
 */
export const compareWithRecord = defineSignal('compareWithRecord');

/** The memo that counts the changes to what a workflow remembers. */
export const revisionMemo = 'revision';

/** What one round over a member changed. */
export interface RoundReport {
  /** Plain words, one a change: 'granted group 12 until 2026-12-01T00:15:00Z'. */
  changes: string[];
  /** What the member waits for; null: nothing is known to be in the way. */
  problem: string | null;
  /** False: nobody knows yet, since the round is neither done nor waiting. It goes on. */
  isDone: boolean;
}

/** As `resync`, but answers when that round is done (or is waiting), or after 20 s, with what changed. */
export const resyncNow = defineUpdate<RoundReport>('resyncNow');

/** As `resyncNow`, and says who asks. */
export const resyncBy = defineUpdate<RoundReport, [Giver]>(resyncNow.name);

/** One key as people see it: times as ISO 8601 in UTC. */
export interface KeyView {
  groupId: number;
  until: string | null;
  kisiEndsAt: string | null;
  because: string;
  givenByHand: boolean;
}

/** A member's workflow in plain words, without personal data. */
export interface MemberView {
  memberId: number;
  state: AccessState;
  keys: KeyView[];
  nextChange: { at: string; what: string } | null;
  /** What it waits for, since when, and what will wake it; null when nothing is missing. */
  waitingFor: { what: string; since: string; wakes: string } | null;
  lastCheckedAt: string | null;
  lastError: string | null;
  standing: string;
  /** When blocks of the member were carried out last, or tried; null: in this run none was ordered. */
  blocks: { lookedAt: string; waitsFor: string | null } | null;
}

/** How things stand: `access` has keys, `noAccess` has none by the rules, `otherProfile` leaves it to a sibling. */
export type AccessState = 'new' | 'access' | 'noAccess' | 'otherProfile' | 'ended';

export const stateQuery = defineQuery<MemberView>('state');

/** What a member's workflow holds on to between its runs: the keys that are its own, and whose profile they are. */
export type Holdings = Pick<MemberState, 'ledger' | 'kisiUser' | 'siblingIds' | 'frozen'> &
  Partial<Pick<MemberState, 'comparedAt' | 'records' | 'dropped'>> & {
    /** Keys that are withheld, since too many would be lost at once. */
    withheldAtOnce?: KeptKey[];
  };

export const holdingsQuery = defineQuery<Holdings>('holdings');

/** What a comparison must know of the keys that a member holds. */
export interface ShownHoldings extends Pick<MemberState, 'dropped' | 'comparedAt' | 'records'> {
  ledger: ShownKey[];
  kisiUser: { id: number } | null;
  /** Other profiles of the person; left out: none is known. */
  siblingIds?: number[];
}

/** What is shown of a key. */
export type ShownKey = Pick<
  LedgerKey,
  'groupId' | 'userId' | 'keyId' | 'validUntil' | 'byHand' | 'uncertain' | 'version'
>;

/**
 * The memo in which a member's workflow shows its keys, so that whoever lists workflows sees them: a query would have to
 * replay most of ten thousand sleeping members.
 */
export const holdingsMemo = 'holdings';

/** What a member shows in that memo. Pure. */
export function shownOf({
  ledger,
  dropped = [],
  kisiUser,
  comparedAt = null,
  records = null,
  siblingIds,
}: Holdings): ShownHoldings {
  return {
    ledger: ledger.map(shownKey),
    dropped,
    kisiUser: kisiUser === null ? null : { id: kisiUser.id },
    comparedAt,
    records,
    ...(siblingIds.length === 0 ? {} : { siblingIds }),
  };
}

/** What is shown of a key. Pure. */
export function shownKey(key: LedgerKey): ShownKey {
  const { groupId, userId, keyId, validUntil, byHand, uncertain, version } = key;
  return { groupId, userId, keyId, validUntil, byHand, uncertain, version };
}

/** Search attributes: what an operator can list members by. Never personal data. */
export const accessStateKey = defineSearchAttributeKey('AccessState', SearchAttributeType.KEYWORD);
export const accessProblemKey = defineSearchAttributeKey('AccessProblem', SearchAttributeType.KEYWORD);
export const locationIdKey = defineSearchAttributeKey('LocationId', SearchAttributeType.KEYWORD);
export const nextChangeAtKey = defineSearchAttributeKey('NextChangeAt', SearchAttributeType.DATETIME);

/** Names and types of the search attributes, for the set-up of a namespace. */
export const searchAttributes = {
  AccessState: 'Keyword',
  AccessProblem: 'Keyword',
  LocationId: 'Keyword',
  NextChangeAt: 'Datetime',
} as const;

/** The workflows that exist once go before ten thousand members that wake at the same instant. */
export const beforeMembers = { priorityKey: 1 };
/** How such a workflow is started by every worker, where it does not run yet. */
export const oneForAll = { workflowIdConflictPolicy: 'USE_EXISTING', priority: beforeMembers } as const;

/** Workflow types, schedules and queues. */
export const memberWorkflowType = 'member';
export const batchWorkflowType = 'batch';
export const pollScheduleId = 'poll-nexudus';
export const reconciliationScheduleId = 'reconciliation';
export const leaderWorkflowType = 'leader';
export const leaderWorkflowId = 'leader';

/** The activity queue for reads from Nexudus. Only the leader takes from it. */
export function nexudusTaskQueue(taskQueue: string): string {
  return `${taskQueue}-nexudus`;
}

/** The activity queue for Kisi. Only the leader takes from it. */
export function kisiTaskQueue(taskQueue: string): string {
  return `${taskQueue}-kisi`;
}

/** The activity queue for what is written to Kisi in batch. Only the leader takes from it. */
export function kisiBatchTaskQueue(taskQueue: string): string {
  return `${taskQueue}-kisi-batch`;
}

/** What a member's workflow starts with, and hands to its own next run. */
export interface MemberState {
  memberId: number;
  /** The keys that are the member's own: a copy of what is on record (access/ownership.ts). */
  ledger: LedgerKey[];
  /** Keys that were taken out of the ledger since the record was last told. */
  dropped: Dropped[];
  /** The person's Kisi user and a digest of the e-mail it was found by; null: not looked up yet. */
  kisiUser: { id: number; emailDigest: string } | null;
  siblingIds: number[];
  wakes: Wake[];
  /** A person ordered something of the member that is to be looked at before all else; null: that is done, or tried. */
  orderDue: { tellsProfiles: boolean } | null;
  /** True: a key that a block forbids could not be taken away yet. */
  blocksUndone: boolean;
  /** Groups in which nothing is written for a while, by a person's order. */
  frozen: Freeze[];
  /** The parts of plans that it is still to do. */
  parts: PlanPart[];
  /** What became of the last of them: one that is sent again is not done again. */
  partsDone: PartDone[];
  /** When the ledger was last compared with what Kisi holds. */
  comparedAt: Instant | null;
  /** Fingerprint of the records that the member was judged by last; null: it was not judged yet. */
  records: string | null;
  /** When somebody last asked to cancel the workflow; null: nobody did. */
  cancelAskedAt: Instant | null;
  /** Since when the member has had neither pass nor contract nor key. */
  idleSince: Instant | null;
  /** What Nexudus tells of before this is no news: it was done, or waits for a person. Null: nothing was done yet. */
  newsFrom: Instant | null;
  /** The keys that were due when all was last done: they are no news either. */
  dueBefore: Due[];
}

/** A member that nothing is known of yet. */
export function newMember(memberId: number): MemberState {
  return {
    memberId,
    ledger: [],
    dropped: [],
    kisiUser: null,
    siblingIds: [],
    wakes: [],
    orderDue: null,
    blocksUndone: false,
    frozen: [],
    parts: [],
    partsDone: [],
    comparedAt: null,
    records: null,
    cancelAskedAt: null,
    idleSince: null,
    newsFrom: null,
    dueBefore: [],
  };
}
