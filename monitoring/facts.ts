/**
 * How a space stands, from what Temporal holds and what the leader tells. Neither API is asked, and no worker is needed, but
 * for what only members' workflows know.
 */
import { ScheduleNotFoundError, type Client } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { KeyHealth } from '../access/kisi-key.js';
import type { Instant } from '../access/types.js';
import { described } from '../activities/described.js';
import { askHoldings } from '../activities/holdings.js';
import { readInForce } from '../activities/in-force.js';
import { lastReconciliation } from '../activities/baselines.js';
import { lastResultOf } from '../activities/last-run.js';
import { inBatches } from '../activities/wake.js';
import { guardMemo, guardWorkflowId, type WithheldSummary } from '../messages/to-revocation-guard.js';
import { controlMemo, controlWorkflowId, type Orders } from '../messages/to-control.js';
import { dailyCheckScheduleId, type DailyMemory } from '../messages/to-invitations.js';
import type { ApiLook } from '../messages/to-verify.js';
import { driftMemo, driftWorkflowId, type DriftSummary } from '../messages/to-drift.js';
import {
  accessProblemKey,
  accessStateKey,
  reconciliationScheduleId,
  holdingsMemo,
  memberIdOf,
  memberWorkflowType,
  pollScheduleId,
  leaderWorkflowId,
  type ShownHoldings,
} from '../messages/to-member.js';
import type { ApiStates, Problem } from './api-watch.js';
import type { JournalState } from './journal.js';
import { msOf } from './timestamps.js';

/** What the leader tells of itself: the heartbeat of its activity. No secrets, no personal data. */
export interface LeaderReport {
  at: Instant;
  apis: ApiStates;
  /** How far Temporal's clock is ahead of this machine's; null: not known. */
  temporalSkewMs: number | null;
  /** Webhooks of ours that Nexudus switched off; null: not looked yet, or there are none to look after. */
  hooks: { at: Instant; off: string[] } | null;
  /** When NEXUDUS_TOKEN ends; null: there is none. */
  tokenEndsAt: Instant | null;
  /** The database of the audit log does not do what is asked; null: it does. */
  auditLog: Problem | null;
  /** Whether the audit log is as Latchkey wrote it. */
  journal: JournalState;
  /** Where alerts go, and those places that they do not reach. */
  channels: string[];
  undelivered: Undelivered[];
}

/** What the leader told of the space; null: nothing. */
type Told = {
  [K in 'apis' | 'temporalSkewMs' | 'hooks' | 'tokenEndsAt' | 'auditLog' | 'journal']: LeaderReport[K] | null;
} & Pick<LeaderReport, 'channels' | 'undelivered'>;

/** Alerts do not reach a place, named without anything secret. */
export interface Undelivered {
  channel: string;
  since: Instant;
  why: string;
}

/** A Schedule and its runs. */
export interface RunFacts {
  lastGoodAt: Instant | null;
  everyMs: number;
  isPaused: boolean;
}

/** A list of Nexudus that lost most of its rows, and is not believed yet. */
export interface Doubted {
  list: string;
  rows: number;
  before: number;
  since: Instant;
}

/** A worker process, by the name that it gives to Temporal. */
export interface WorkerFacts {
  identity: string;
  lastSeenAt: Instant;
}

/** How the space stands, with what the leader last told. */
export interface Facts extends Told {
  at: Instant;
  /** Null: no worker has set the space up yet. */
  orders: Orders | null;
  held: WithheldSummary[];
  poll: RunFacts;
  reconciliation: RunFacts;
  doubted: Doubted[];
  /** Null: no comparison has told anything yet. */
  drift: DriftSummary | null;
  /** How the API key of Kisi was at the last daily check; null: there was none yet. */
  kisiKey: KeyHealth | null;
  /** Whether both APIs were as they had been, at the last daily look; null: nothing was verified yet. */
  apiLook: ApiLook | null;
  members: { running: number; withAccess: number };
  /** Members that wait, by what for. */
  blocked: Record<string, number>;
  /** Members that wait, and whose keys end at the door soon though their access goes on. */
  endingSoon: { memberId: number; endsAt: Instant }[];
  workers: WorkerFacts[];
  /** Digest of the rules in force, and the process that they are of; null: none has said so. */
  rules: { digest: string; process: string } | null;
  /** The leader; `beatAt`: when it last told so. */
  leader: { isLeading: boolean; identity: string | null; beatAt: Instant | null };
  /** When the leader last told. Null: none has. */
  reportedAt: Instant | null;
}

const nothingTold: Told = {
  ...{ apis: null, temporalSkewMs: null, hooks: null, tokenEndsAt: null, auditLog: null, journal: null },
  ...{ channels: [], undelivered: [] },
};

const doorsMs = 48 * 3_600_000;
/** At most this many members are asked what they hold. */
const mostAsked = 200;
/** As a number: the enum belongs to a package that is not ours to import. */
const started = 2;
/** A worker asks Temporal for work at least once a minute. */
const seenMs = 90_000;

/**
 * How the space stands now. `own`: what this process itself tells, where it is the leader. Throws where Temporal does
 * not answer.
 */
export async function readFacts(
  client: Client,
  taskQueue: string,
  now: Instant,
  own: LeaderReport | null = null,
): Promise<Facts> {
  const leader = await readLeader(client);
  const leads = own !== null || leader.leader.isLeading;
  const [orders, held, poll, reconciliation, pass, drift, members, waiting, workers, inForce, daily] =
    await Promise.all([
      memoOf<Orders>(client, controlWorkflowId, controlMemo),
      memoOf<WithheldSummary[]>(client, guardWorkflowId, guardMemo),
      runFacts(client, pollScheduleId),
      runFacts(client, reconciliationScheduleId),
      lastReconciliation(client),
      memoOf<DriftSummary>(client, driftWorkflowId, driftMemo),
      countMembers(client),
      readWaiting(client, now, leads),
      readWorkers(client, taskQueue, now),
      readInForce(client),
      lastResultOf(client, dailyCheckScheduleId),
    ]);
  const report = own ?? leader.report;
  return {
    ...nothingTold,
    ...report,
    ...{ at: now, poll, reconciliation, drift, members, workers },
    orders,
    kisiKey: (daily as DailyMemory | null)?.key ?? null,
    apiLook: (daily as DailyMemory | null)?.apis ?? null,
    held: held ?? [],
    rules: inForce && { digest: inForce.digest, process: inForce.process },
    doubted: doubtedOf(pass),
    ...waiting,
    leader: { ...leader.leader, isLeading: leads, ...(own === null ? {} : { beatAt: now }) },
    reportedAt: report?.at ?? null,
  };
}

/** What a workflow shows in its memo; null: nothing. A workflow that was ended by hand shows what it showed last. */
async function memoOf<T>(client: Client, workflowId: string, name: string): Promise<T | null> {
  const found = await described(client, workflowId);
  return (found?.memo?.[name] as T | undefined) ?? null;
}

async function runFacts(client: Client, scheduleId: string): Promise<RunFacts> {
  const lastGoodAt = await lastCompleted(client, scheduleId);
  try {
    const { spec, state } = await client.schedule.getHandle(scheduleId).describe();
    return { lastGoodAt, everyMs: spec.intervals?.[0]?.every ?? 0, isPaused: state.paused };
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    return { lastGoodAt, everyMs: 0, isPaused: false };
  }
}

async function lastCompleted(client: Client, scheduleId: string): Promise<Instant | null> {
  const query = `TemporalScheduledById = '${scheduleId}' AND ExecutionStatus = 'Completed'`;
  for await (const { closeTime } of client.workflow.list({ query, pageSize: 1 }))
    return closeTime?.getTime() ?? null;
  return null;
}

function doubtedOf(pass: Awaited<ReturnType<typeof lastReconciliation>>): Doubted[] {
  return Object.entries(pass?.suspects ?? {}).map(([list, { count, since }]) => ({
    ...{ list, rows: count, since },
    before: pass?.baselines[list]?.count ?? 0,
  }));
}

const runningMembers = `WorkflowType = '${memberWorkflowType}' AND ExecutionStatus = 'Running'`;

async function countMembers(client: Client): Promise<Facts['members']> {
  const [all, withAccess] = await Promise.all(
    ['', ` AND ${accessStateKey.name} = 'access'`].map((where) =>
      client.workflow.count(runningMembers + where),
    ),
  );
  return { running: all?.count ?? 0, withAccess: withAccess?.count ?? 0 };
}

/**
 * Members that wait, and those of them whose keys end soon at the door though their access goes on; where no worker runs, nobody
 * can be asked that.
 */
async function readWaiting(
  client: Client,
  now: Instant,
  mayAsk: boolean,
): Promise<Pick<Facts, 'blocked' | 'endingSoon'>> {
  const blocked: Facts['blocked'] = {};
  const mayEnd: number[] = [];
  const query = `${runningMembers} AND ${accessProblemKey.name} != 'none'`;
  for await (const { workflowId, memo, typedSearchAttributes } of client.workflow.list({
    ...{ query, pageSize: 1_000 },
  })) {
    const memberId = memberIdOf(workflowId);
    if (memberId === null) continue;
    const problem = typedSearchAttributes.get(accessProblemKey) ?? 'Unknown';
    blocked[problem] = (blocked[problem] ?? 0) + 1;
    const shown = memo?.[holdingsMemo] as ShownHoldings | undefined;
    if (mayAsk && shown?.ledger.some((key) => endsSoon(key, now)) === true) mayEnd.push(memberId);
  }
  return { blocked, endingSoon: await whoseAccessGoesOn(client, mayEnd.slice(0, mostAsked), now) };
}

/** Only the workflow knows until when there is access; where no worker answers for it, nothing is told. */
async function whoseAccessGoesOn(
  client: Client,
  memberIds: readonly number[],
  now: Instant,
): Promise<Facts['endingSoon']> {
  const found: Facts['endingSoon'] = [];
  await inBatches(memberIds, async (memberId) => {
    const ledger = await askHoldings(client, memberId).then(
      (holdings) => holdings.ledger,
      () => [],
    );
    const ends = ledger.flatMap((key) => {
      const { until, validUntil } = key;
      const goesOn = validUntil !== null && (until === null || until > validUntil);
      return goesOn && endsSoon(key, now) ? [validUntil] : [];
    });
    if (ends.length > 0) found.push({ memberId, endsAt: Math.min(...ends) });
  });
  return found.sort((a, b) => a.endsAt - b.endsAt);
}

function endsSoon({ keyId, byHand, validUntil }: ShownHoldings['ledger'][number], now: Instant): boolean {
  if (keyId === null || byHand || validUntil === null) return false;
  return validUntil > now && validUntil - now <= doorsMs;
}

/** The processes that asked for members' workflows just now. */
async function readWorkers(client: Client, taskQueue: string, now: Instant): Promise<WorkerFacts[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
  });
  return pollers
    .map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      lastSeenAt: msOf(lastAccessTime) ?? 0,
    }))
    .filter(({ lastSeenAt }) => now - lastSeenAt < seenMs)
    .sort((a, b) => (a.identity < b.identity ? -1 : 1));
}

/** What the last leader told; null: none has. Throws where Temporal does not answer. */
export async function lastReport(client: Client): Promise<LeaderReport | null> {
  return (await readLeader(client)).report;
}

async function readLeader(client: Client): Promise<Pick<Facts, 'leader'> & { report: LeaderReport | null }> {
  const found = await described(client, leaderWorkflowId);
  if (found === null) return { leader: { isLeading: false, identity: null, beatAt: null }, report: null };
  const activity = found.raw.pendingActivities?.[0];
  const beat = activity?.heartbeatDetails?.payloads?.[0];
  const report = beat ? reportOf(beat) : await lastWord(client);
  const beatAt = msOf(activity?.lastHeartbeatTime) ?? report?.at ?? null;
  return {
    leader: {
      // Temporal gives the activity back within seconds where the process is gone.
      isLeading: Number(activity?.state) === started,
      identity: activity?.lastWorkerIdentity ?? null,
      beatAt,
    },
    report,
  };
}

/** The last report of a process that stopped, where no other has taken over since; null: there is none. */
async function lastWord(client: Client): Promise<LeaderReport | null> {
  const { events } = await client.workflow.getHandle(leaderWorkflowId).fetchHistory();
  const ended = events?.findLast((event) => event.activityTaskCompletedEventAttributes);
  const answer = ended?.activityTaskCompletedEventAttributes?.result?.payloads?.[0];
  return answer ? reportOf(answer) : null;
}

function reportOf(payload: Payload): LeaderReport | null {
  return defaultPayloadConverter.fromPayload<LeaderReport | null>(payload);
}
