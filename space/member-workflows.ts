import { randomUUID } from 'node:crypto';
import {
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import {
  accessProblemKey,
  accessStateKey,
  beforeMembers,
  batchWorkflowType,
  holdingsMemo,
  locationIdKey,
  memberIdOf,
  memberWorkflowId,
  memberWorkflowType,
  nextChangeAtKey,
  resyncBy,
  stateQuery,
  type AccessState,
  type Holdings,
  type MemberView,
  type RoundReport,
  type ShownHoldings,
  type Wake,
} from '../messages/to-member.js';
import type { Giver } from '../messages/to-control.js';
import { iso } from '../access/types.js';
import type { Batch } from '../messages/to-activities.js';
import {
  createWaker,
  inBatches,
  memberStart,
  resyncsPerSecond,
  runningMembers,
  smallBatch,
} from '../activities/wake.js';
import { askHoldings } from '../activities/holdings.js';
import { atOnce } from '../lib/at-once.js';
import { CommandError } from './failure.js';
import type { OrderId } from './order.js';

/** Which members to list; what is left out does not narrow. */
export interface MemberFilters {
  state?: AccessState;
  /** A kind of problem, or 'any'. */
  problem?: string;
  locationId?: number;
}

/** A member as Temporal's lists show it, with the workflow's own view where a worker answered. */
export interface MemberRow {
  memberId: number;
  state: string | null;
  /** What it waits for, as a kind; null: nothing. */
  problem: string | null;
  locationId: number | null;
  /** ISO 8601, UTC. */
  nextChangeAt: string | null;
  /** Null: no worker answered, so only what the lists hold is known. */
  view: MemberView | null;
}

/** One member, whose workflow may have been closed. */
export interface KnownMember extends MemberRow {
  /** How and when the workflow was closed, in words; null: it runs. What a closed one last said holds no longer. */
  closed: string | null;
  /** What the workflow shows, or last showed, of the keys; null: nothing. */
  shown: ShownHoldings | null;
}

type ListedMember = Omit<MemberRow, 'view'>;

/** What came of waking everyone. */
export interface ResyncCount {
  woken: number;
  /** Ended between the listing and the wake. */
  ended: number;
  failed: number;
  /** Woken by a workflow, in the course of time. */
  later: number;
}

const queriesAtOnce = 10;
/** A worker answers in well under a second, replay included. */
const queryTimeoutMs = 5_000;
/** The update itself answers within 20 s, if a worker runs. */
const resyncTimeoutMs = 30_000;

/**
 * Members whose workflow runs, by id. Once a query goes unanswered no more are asked: no worker runs then, and each
 * would wait for its whole time limit. Throws where Temporal cannot list.
 */
export async function listMembers(client: Client, filters: MemberFilters = {}): Promise<MemberRow[]> {
  const rows: ListedMember[] = [];
  for await (const { workflowId, typedSearchAttributes } of client.workflow.list({
    query: queryOf(filters),
  })) {
    const memberId = memberIdOf(workflowId);
    if (memberId !== null) rows.push(rowOf(memberId, typedSearchAttributes));
  }
  rows.sort((a, b) => a.memberId - b.memberId);
  const asked = { silent: false };
  return atOnce(queriesAtOnce, rows, async (row) => {
    const view = asked.silent ? null : await askMember(client, row.memberId);
    if (view === null) asked.silent = true;
    return { ...row, view: view === 'unknown' ? null : view };
  });
}

/**
 * One member; null: Temporal knows none with this id. Members that have ended are still known while Temporal keeps them.
 * `withinMs`: how long the workflow has for its own view.
 */
export async function viewMember(
  client: Client,
  memberId: number,
  withinMs = queryTimeoutMs,
): Promise<KnownMember | null> {
  try {
    const found = await client.workflow.getHandle(memberWorkflowId(memberId)).describe();
    const { typedSearchAttributes, status, closeTime, memo } = found;
    const isClosed = status.name !== 'RUNNING';
    const view = isClosed ? 'unknown' : await askMember(client, memberId, withinMs);
    return {
      ...rowOf(memberId, typedSearchAttributes),
      view: view === 'unknown' ? null : view,
      closed: isClosed ? closedWords(status.name, closeTime) : null,
      shown: (memo?.[holdingsMemo] as ShownHoldings | undefined) ?? null,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function closedWords(status: string, at: Date | undefined): string {
  const when = at === undefined ? '' : ` at ${iso(at.getTime())}`;
  return `${status.toLowerCase().replaceAll('_', ' ')}${when}`;
}

/** Whether a workflow of this member runs now. */
export async function isRunning(client: Client, memberId: number): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(memberWorkflowId(memberId)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/**
 * Has one member looked at afresh, Kisi's side too, starting its workflow where there is none. Null: no answer within
 * 30 s; the wish stands all the same where it reached the workflow.
 */
export async function resyncMember(
  client: Client,
  taskQueue: string,
  memberId: number,
  asking: Giver,
  id: OrderId = {},
): Promise<RoundReport | null> {
  const startWorkflowOperation = new WithStartWorkflowOperation(memberWorkflowType, {
    ...memberStart(memberId, taskQueue),
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  // Where the start itself fails, this promise would reject with nobody listening.
  startWorkflowOperation.workflowHandle().catch(() => undefined);
  try {
    return await client.withDeadline(Date.now() + resyncTimeoutMs, () =>
      client.workflow.executeUpdateWithStart(resyncBy, {
        startWorkflowOperation,
        args: [asking],
        ...id,
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isUnanswered(error)) return null;
    throw error;
  }
}

/** Wakes every running member for a fresh look: some hundred at once, and the others by a workflow, at Kisi's pace. */
export async function resyncAll(client: Client, taskQueue: string): Promise<ResyncCount> {
  const ids = await runningMembers(client);
  const others = ids.slice(smallBatch);
  const count: ResyncCount = { woken: 0, ended: 0, failed: 0, later: others.length };
  // From one instant on for all, so that they share a read.
  const order: Wake = { reason: 'resync', notBefore: Date.now(), isBatch: true };
  const waker = createWaker(client, taskQueue);
  await inBatches(ids.slice(0, smallBatch), async (id) => {
    const isWoken = await waker.wakeIfRunning(id, order).catch(() => null);
    count[isWoken === null ? 'failed' : isWoken ? 'woken' : 'ended']++;
  });
  if (others.length === 0) return count;
  const batch: Batch = { mayStart: [], others, wake: order };
  await client.workflow.start(batchWorkflowType, {
    workflowId: `resync-${randomUUID()}`,
    taskQueue,
    args: [batch],
    priority: beforeMembers,
    staticSummary: `Wakes ${others.length} members, ${resyncsPerSecond} a second, to compare with Kisi`,
  });
  return count;
}

function queryOf({ state, problem, locationId }: MemberFilters): string {
  const clauses = [`WorkflowType = '${memberWorkflowType}'`, `ExecutionStatus = 'Running'`];
  if (state !== undefined) clauses.push(`${accessStateKey.name} = '${state}'`);
  if (problem === 'any') clauses.push(`${accessProblemKey.name} != 'none'`);
  else if (problem !== undefined) clauses.push(`${accessProblemKey.name} = '${problem}'`);
  if (locationId !== undefined) clauses.push(`${locationIdKey.name} = '${locationId}'`);
  return clauses.join(' AND ');
}

function rowOf(memberId: number, attributes: TypedSearchAttributes): ListedMember {
  const problem = attributes.get(accessProblemKey) ?? 'none';
  const locationId = attributes.get(locationIdKey);
  return {
    memberId,
    state: attributes.get(accessStateKey) ?? null,
    problem: problem === 'none' ? null : problem,
    locationId: locationId === undefined ? null : Number(locationId),
    nextChangeAt: attributes.get(nextChangeAtKey)?.toISOString() ?? null,
  };
}

/**
 * What each running member's workflow holds. Throws CommandError where one does not answer: without knowing what is held
 * nothing can be said of what would change.
 */
export async function holdingsOf(
  client: Client,
  memberIds: readonly number[],
): Promise<Map<number, Holdings>> {
  const asked = await atOnce(queriesAtOnce, memberIds, async (id): Promise<[number, Holdings]> => {
    try {
      return [id, await askHoldings(client, id)];
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      throw new CommandError(
        `member ${id} did not answer: is \`latchkey worker\` running? Only it knows which keys are held`,
      );
    }
  });
  return new Map(asked);
}

/** The workflow's own view; null: no worker answers; 'unknown': this one cannot be asked (it ended just now, or its task fails). */
async function askMember(
  client: Client,
  memberId: number,
  withinMs = queryTimeoutMs,
): Promise<MemberView | null | 'unknown'> {
  const handle = client.workflow.getHandle(memberWorkflowId(memberId));
  try {
    return await client.withDeadline(Date.now() + withinMs, () => handle.query(stateQuery));
  } catch (error) {
    return isUnanswered(error) ? null : 'unknown';
  }
}

const deadlineExceeded = 4;
const failedPrecondition = 9;

/** Whether a time limit passed, or Temporal says that nobody polls the queue. */
export function isUnanswered(error: unknown): boolean {
  const status = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  if (!isGrpcServiceError(status)) return false;
  // As numbers: the enum belongs to a package that is not ours to import.
  return [deadlineExceeded, failedPrecondition].includes(status.code);
}
