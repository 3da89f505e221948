import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import type { Freeze } from '../access/plan.js';
import type { Instant } from '../access/types.js';
import {
  freezeGroup,
  reconciliationScheduleId,
  holdingsMemo,
  membershipChanged,
  memberIdOf,
  memberWorkflowId,
  memberWorkflowType,
  newMember,
  nextChangeAtKey,
  pollScheduleId,
  shownOf,
  type Wake,
} from '../messages/to-member.js';
import { atOnce } from '../lib/at-once.js';
import type { Ownership } from '../database/ownership.js';
import type { Batch, WakeActivities } from '../messages/to-activities.js';
import { beatMs, heartbeating } from './remote.js';

const wakesAtOnce = 20;
/** A batch up to this is woken as fast as Temporal takes it. */
export const smallBatch = 200;
/** More are woken at this pace: a worker with two cores then has time left for those who come meanwhile. */
const wakesPerSecond = 20;
/** Each resync asks Kisi something, which takes 5 requests a second: a member that is woken sooner only waits in line. */
export const resyncsPerSecond = 4;
/** The note of a Schedule that is paused by `latchkey pause all`. */
const pausedByOrder = 'paused by `latchkey pause all`; `latchkey resume` lets it go on';

/** A member whose workflow runs, as Temporal lists it. */
export interface RunningMember {
  memberId: number;
  memo: Record<string, unknown> | undefined;
  /** The next change that it knows of; null: none. */
  nextChangeAt: Instant | null;
}

/** All members whose workflow runs; `where` narrows by search attributes. */
export async function* listRunning(client: Client, where = ''): AsyncGenerator<RunningMember> {
  const query = `WorkflowType = '${memberWorkflowType}' AND ExecutionStatus = 'Running'${where}`;
  for await (const { workflowId, memo, typedSearchAttributes } of client.workflow.list({
    query,
    pageSize: 1_000,
  })) {
    const memberId = memberIdOf(workflowId);
    const nextChangeAt = typedSearchAttributes.get(nextChangeAtKey)?.getTime() ?? null;
    if (memberId !== null) yield { memberId, memo, nextChangeAt };
  }
}

/** The ids of all members whose workflow runs; `where` narrows by search attributes. */
export async function runningMembers(client: Client, where = ''): Promise<number[]> {
  const ids: number[] = [];
  for await (const { memberId } of listRunning(client, where)) ids.push(memberId);
  return ids;
}

/** Runs `job` for each, as many at a time as Temporal takes at ease. */
export async function inBatches<T>(items: readonly T[], job: (item: T) => Promise<unknown>): Promise<void> {
  await atOnce(wakesAtOnce, items, job);
}

/** How far the waking of a batch has come, for another try to go on from there. */
export interface BatchProgress {
  /** How many were woken before. */
  from: number;
  /** Told how many are woken by now. */
  reached: (count: number) => void;
  signal: AbortSignal;
}

/**
 * Wakes all of a batch, at a pace that leaves room for members somebody waits for. Where it is too large for that within
 * seconds, nobody who does something else should wait for it.
 */
async function wakeEach(
  waker: Pick<Waker, 'wake' | 'wakeIfRunning'>,
  { mayStart, others, wake: reason }: Batch,
  progress?: BatchProgress,
): Promise<void> {
  // Whoever orders a resync has woken the first of them.
  const isResync = reason.reason === 'resync';
  const [unpaced, perSecond] = isResync ? [0, resyncsPerSecond] : [smallBatch, wakesPerSecond];
  const wakes = [
    ...mayStart.map((id) => () => waker.wake(id, reason)),
    ...others.map((id) => () => waker.wakeIfRunning(id, reason)),
  ];
  for (let i = progress?.from ?? 0; i < wakes.length;) {
    progress?.signal.throwIfAborted();
    const isPaced = i >= unpaced;
    const next = isPaced ? i + perSecond : unpaced;
    const woken = inBatches(wakes.slice(i, next), (one) => one());
    await (isPaced ? Promise.all([woken, sleep(1_000)]) : woken);
    progress?.reached(Math.min(next, wakes.length));
    i = next;
  }
}

export const sizeOf = ({ mayStart, others }: Batch): number => mayStart.length + others.length;

/**
 * Wakes a batch. A large one is answered instead, for a workflow to wake: neither the next run nor this one's time limit should
 * have to wait for it.
 */
export async function wakeOrLeave(
  waker: Pick<Waker, 'wake' | 'wakeIfRunning'>,
  batch: Batch,
): Promise<Batch[]> {
  if (sizeOf(batch) > smallBatch) return [{ ...batch, wake: { ...batch.wake, isBatch: true } }];
  await wakeEach(waker, batch);
  return [];
}

/** How a member's workflow is started. */
export function memberStart(memberId: number, taskQueue: string): WorkflowStartOptions {
  const state = newMember(memberId);
  return {
    taskQueue,
    workflowId: memberWorkflowId(memberId),
    args: [state],
    memo: { [holdingsMemo]: shownOf(state) },
    staticSummary: `Nexudus coworker ${memberId}`,
  };
}

/** `owners`: tells who owns a key, so that a member whose workflow somebody ended is not left alone; left out: nobody tells. */
export const createWaker = (
  client: Client,
  taskQueue: string,
  owners?: Pick<Ownership, 'ownersAmong'>,
): Waker => new Waker(client, taskQueue, owners);

/** Wakes members' workflows. Signals only say to look, and from when on a read may be used. */
export class Waker {
  constructor(
    private readonly client: Client,
    private readonly taskQueue: string,
    private readonly owners?: Pick<Ownership, 'ownersAmong'>,
  ) {}

  /** Wakes a member, starting its workflow where there is none. */
  async wake(memberId: number, reason: Wake): Promise<void> {
    await this.client.workflow.signalWithStart(memberWorkflowType, {
      ...memberStart(memberId, this.taskQueue),
      signal: membershipChanged,
      signalArgs: [reason],
    });
  }

  /**
   * Wakes a member only if its workflow runs, or ought to since it owns a key: then it is started. Answers whether it was
   * woken.
   */
  async wakeIfRunning(memberId: number, reason: Wake): Promise<boolean> {
    if (await this.signalIfRunning(memberId, membershipChanged, reason)) return true;
    if (this.owners === undefined || (await this.owners.ownersAmong([memberId])).length === 0) return false;
    await this.wake(memberId, reason);
    return true;
  }

  /** Has a member leave a group as it is, only if its workflow runs; answers whether it does. */
  freezeIfRunning(memberId: number, freeze: Freeze): Promise<boolean> {
    return this.signalIfRunning(memberId, freezeGroup, freeze);
  }

  private async signalIfRunning<A>(
    memberId: number,
    signal: SignalDefinition<[A?]> | SignalDefinition<[A]>,
    argument: A,
  ): Promise<boolean> {
    try {
      await this.client.workflow.getHandle(memberWorkflowId(memberId)).signal<[A]>(signal.name, argument);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }
}

/** The wakes that workflows ask for. */
export function createWakeActivities(client: Client, waker: Waker): WakeActivities {
  return {
    wakeOwner: (memberId, notBefore) => waker.wake(memberId, { reason: 'profile', notBefore }),
    async wakeSiblings(memberIds, notBefore) {
      for (const id of memberIds) await waker.wakeIfRunning(id, { reason: 'profile', notBefore });
    },
    wakeBatch: (batch) => wakeOnward(waker, batch),
    wakeOrdered: (memberId) => waker.wake(memberId, { reason: 'order' }),
    async wakeRunning(memberIds, isAgain = false) {
      const ended: number[] = [];
      await inBatches(memberIds, async (id) => {
        if (!(await waker.wakeIfRunning(id, { reason: isAgain ? 'released' : 'order' }))) ended.push(id);
      });
      return ended;
    },
    async letPoll(allowed) {
      for (const id of [pollScheduleId, reconciliationScheduleId]) await letRun(client, id, allowed);
    },
    async wakeStopped() {
      const ids = await runningMembers(client, ` AND AccessProblem = 'Stopped'`);
      await inBatches(ids, (id) => waker.wakeIfRunning(id, { reason: 'released', isBatch: true }));
    },
  };
}

/** Wakes a batch from where an earlier try of the running activity has come to. */
async function wakeOnward(waker: Waker, batch: Batch): Promise<void> {
  const { info, cancellationSignal: signal } = Context.current();
  const from = Number(info.heartbeatDetails ?? 0);
  let done = from;
  const reached = (count: number): void => void (done = count);
  await heartbeating(
    beatMs,
    () => wakeEach(waker, batch, { from, reached, signal }),
    () => done,
  );
}

/** How long Temporal may take to obey an order to a Schedule, and how often to look whether it has. */
const takenWithinMs = 2_000;
const lookEveryMs = 50;

/** Leaves a Schedule paused that a person paused in the UI. Throws where Temporal does not take the order, for another try. */
async function letRun(client: Client, scheduleId: string, allowed: boolean): Promise<void> {
  const schedule = client.schedule.getHandle(scheduleId);
  try {
    const { state } = await schedule.describe();
    if (allowed !== state.paused || (allowed && state.note !== pausedByOrder)) return;
    // Of two orders to pause, go on or run that come at once a Schedule forgets the first; an update stays.
    const note = allowed ? 'let go on by `latchkey resume`' : pausedByOrder;
    await schedule.update((old) => ({ ...old, state: { ...old.state, paused: !allowed, note } }));
    for (let waitedMs = 0; (await schedule.describe()).state.paused === allowed; waitedMs += lookEveryMs) {
      if (waitedMs >= takenWithinMs)
        throw new Error(`the Schedule ${scheduleId} was not ${allowed ? 'let go on' : 'paused'}`);
      await sleep(lookEveryMs);
    }
    // Both see all that came since they last ran.
    if (allowed) await schedule.trigger(ScheduleOverlapPolicy.SKIP);
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
