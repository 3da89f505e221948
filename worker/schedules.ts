import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { lastResultOf } from '../activities/last-run.js';
import type { Config } from '../config/config.js';
import { dailyCheckScheduleId, dailyCheckType } from '../messages/to-invitations.js';
import { beforeMembers, reconciliationScheduleId, pollScheduleId } from '../messages/to-member.js';

/**
 * How long a run may last, all included: no later one starts before it is over, and one that cannot go on (a workflow task
 * that fails for ever, an activity that nobody takes) would keep all from starting. Longer than what it waits for itself.
 */
const longestRunMs = { poll: 5 * 60_000, reconciliation: 12 * 60_000, [dailyCheckType]: 13 * 3_600_000 };

const scheduleIds = {
  poll: pollScheduleId,
  reconciliation: reconciliationScheduleId,
  [dailyCheckType]: dailyCheckScheduleId,
};

/** Makes or updates the three Schedules that an operator can pause, trigger and watch. Throws where Temporal does not answer. */
export async function ensureSchedules(
  client: Client,
  plan: Pick<Config, 'taskQueue' | 'pollIntervalMs' | 'reconciliationIntervalMs'>,
): Promise<void> {
  const { taskQueue, pollIntervalMs, reconciliationIntervalMs } = plan;
  await ensureSchedule(client, 'reconciliation', taskQueue, reconciliationIntervalMs);
  await ensureSchedule(client, 'poll', taskQueue, pollIntervalMs);
  await ensureSchedule(client, dailyCheckType, taskQueue, 24 * 3_600_000);
}

/**
 * Runs at once the Schedules that are not paused, as a process starts or an API works again. A busy Temporal may not be able to
 * say which are paused: then this is tried again, every `tryAgainMs` until `ended`. Throws nothing.
 */
export async function runAtOnce(
  client: Client,
  log: Logger,
  ended: AbortSignal,
  tryAgainMs = 5_000,
): Promise<void> {
  try {
    await runNow(client, reconciliationScheduleId);
    await runNow(client, pollScheduleId);
    // A day is long for a space that has just been set up.
    if ((await lastResultOf(client, dailyCheckScheduleId)) === null)
      await runNow(client, dailyCheckScheduleId);
  } catch (err) {
    if (ended.aborted) return;
    log.warn({ err }, 'Latchkey could not run the Schedules at once, and tries again');
    void sleep(tryAgainMs, undefined, { signal: ended, ref: false }).then(
      () => runAtOnce(client, log, ended, tryAgainMs),
      () => undefined,
    );
  }
}

/** Runs a Schedule at once, unless it is paused: a trigger would run even that. */
export async function runNow(client: Client, scheduleId: string): Promise<void> {
  const schedule = client.schedule.getHandle(scheduleId);
  if (!(await schedule.describe()).state.paused) await schedule.trigger(ScheduleOverlapPolicy.SKIP);
}

async function ensureSchedule(
  client: Client,
  workflowType: keyof typeof scheduleIds,
  taskQueue: string,
  everyMs: number,
): Promise<void> {
  const scheduleId = scheduleIds[workflowType];
  const spec = { intervals: [{ every: everyMs }] };
  const action = {
    type: 'startWorkflow' as const,
    ...{ workflowType, taskQueue, workflowId: scheduleId },
    workflowRunTimeout: longestRunMs[workflowType],
    priority: beforeMembers,
  };
  // A missed run is made up for at most once: the next one sees everything since the watermark anyway.
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: Math.max(everyMs, 60_000) };
  try {
    await client.schedule.create({ scheduleId, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update((old) => ({ ...old, spec, action, policies }));
  }
}
