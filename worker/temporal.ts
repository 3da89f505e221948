import { Client, Connection, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection } from '@temporalio/worker';
import { lastResultOf } from '../activities/last-run.js';
import { dailyCheckScheduleId, dailyCheckType } from '../messages/to-invitations.js';
import { beforeMembers, reconciliationScheduleId, pollScheduleId } from '../messages/to-member.js';
import type { Config } from '../config/config.js';
import { repeatUntilClosed } from './closed-calls.js';

/** Where Temporal is: what the environment configuration says, or a given address. */
export interface TemporalAddress {
  address: string;
  namespace: string;
}

/** The client's connection. `at` null: as TEMPORAL_* and the TOML profile say. */
export async function connectClient(
  at: TemporalAddress | null,
): Promise<{ client: Client; connection: Connection }> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect({
    ...(at === null ? connectionOptions : { address: at.address }),
    interceptors: repeatUntilClosed(),
  });
  return {
    connection,
    client: new Client({ connection, namespace: at?.namespace ?? namespace ?? 'default' }),
  };
}

/** The worker's connection to the same place. */
export async function connectNative(at: TemporalAddress | null): Promise<NativeConnection> {
  const { connectionOptions } = loadClientConnectConfig();
  // Commands that need no worker answer sooner without its code.
  const { NativeConnection } = await import('@temporalio/worker');
  return NativeConnection.connect(at === null ? connectionOptions : { address: at.address });
}

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

/** Makes or updates the three Schedules that an operator can pause, trigger and watch; runs at once what is not paused. */
export async function ensureSchedules(
  client: Client,
  plan: Pick<Config, 'taskQueue' | 'pollIntervalMs' | 'reconciliationIntervalMs'>,
): Promise<void> {
  const { taskQueue, pollIntervalMs, reconciliationIntervalMs } = plan;
  await ensureSchedule(client, 'reconciliation', taskQueue, reconciliationIntervalMs);
  await ensureSchedule(client, 'poll', taskQueue, pollIntervalMs);
  await ensureSchedule(client, dailyCheckType, taskQueue, 24 * 3_600_000);
  await runSchedules(client);
  // A day is long for a space that has just been set up.
  if ((await lastResultOf(client, dailyCheckScheduleId)) === null) await runNow(client, dailyCheckScheduleId);
}

/** Runs at once the Schedules that read Nexudus, where they are not paused. */
export async function runSchedules(client: Client): Promise<void> {
  await runNow(client, reconciliationScheduleId);
  await runNow(client, pollScheduleId);
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
