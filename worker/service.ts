import type { Client, Connection } from '@temporalio/client';
import { Worker, type NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createBaselineBook } from '../activities/baselines.js';
import { createKeyActivities } from '../activities/keys.js';
import { createMembershipActivities } from '../activities/membership.js';
import { createPeople } from '../activities/people.js';
import { createPollActivities } from '../activities/poll.js';
import { createWaker, inBatches, runningMembers } from '../activities/wake.js';
import { createKisiClient, type KisiClient } from '../kisi/client.js';
import { createNexudusClient, type NexudusClient } from '../nexudus/client.js';
import { createPacer } from '../nexudus/pace.js';
import { createReader } from '../nexudus/reader.js';
import { kisiTaskQueue, searchAttributes } from '../workflows/messages.js';
import { workflowBundle } from './bundle.js';
import type { CheckedSpace } from './check.js';
import type { Config } from './config.js';
import { startHealth, type Health } from './health.js';
import { ensureSearchAttributes } from './search-attributes.js';
import { connectClient, connectNative, ensureSchedules, type TemporalAddress } from './temporal.js';

/** Kisi allows 5 requests a second to all that use its key; the server deals them out to all workers together. */
const kisiPerSecond = 4.6;

/** Both APIs as this configuration reaches them. */
export interface Apis {
  nexudus: NexudusClient;
  /** The same, for work that can wait: polls and full passes let the reads of members go first. */
  nexudusBehind: NexudusClient;
  kisi: KisiClient;
}

export function createApis(config: Config): Apis {
  const { kisi } = config;
  const { baseUrl, auth } = config.nexudus;
  const pace = createPacer();
  return {
    nexudus: createNexudusClient({ baseUrl, auth, pace }),
    nexudusBehind: createNexudusClient({ baseUrl, auth, pace: pace.background }),
    kisi: createKisiClient({ baseUrl: kisi.baseUrl, apiKey: kisi.apiKey }),
  };
}

export interface ServiceOptions {
  config: Config;
  apis: Apis;
  space: CheckedSpace;
  /** Null: as TEMPORAL_* says. */
  temporal: TemporalAddress | null;
  log: Logger;
  /** Where the SDK serves its metrics, to pass on under /metrics. */
  sdkMetricsUrl: string | null;
  now?: () => number;
  /** For benches that fill a space first; 4.6 by default. */
  kisiPerSecond?: number;
}

/** A running worker process. */
export interface Service {
  healthPort: number;
  client: Client;
  /** Resolves when the workers have stopped; rejects when one fails. */
  done: Promise<void>;
  /** Finishes what is under way, then stops. */
  stop(): Promise<void>;
}

/**
 * Runs both workers, the Schedules and the health endpoint until stopped. Expects a space that `checkSpace` passed.
 * Throws where Temporal cannot be reached.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, log } = options;
  const { client, connection } = await connectClient(options.temporal);
  const native = await connectNative(options.temporal);
  await ensureSearchAttributes(connection, client.options.namespace, searchAttributes, Date.now() + 30_000);
  const workers = await createWorkers(options, client, native);
  const running = workers.map((worker) => worker.run());
  await ensureSchedules(client, config);
  await wakeTroubled(client, config.taskQueue);
  const health = await startHealth({
    port: config.healthPort,
    checks: async () => ({ ready: await isReady(workers, client), detail: { taskQueue: config.taskQueue } }),
    metrics: () => sdkMetrics(options.sdkMetricsUrl),
  });
  log.info({ taskQueue: config.taskQueue, healthPort: health.port }, 'latchkey is running');
  const done = Promise.all(running).then(() => close(health, native, connection));
  return {
    healthPort: health.port,
    client,
    done,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done;
    },
  };
}

async function createWorkers(
  options: ServiceOptions,
  client: Client,
  native: NativeConnection,
): Promise<Worker[]> {
  const { config, apis, space } = options;
  const now = options.now ?? Date.now;
  const namespace = client.options.namespace;
  const people = createPeople(async (memberId) => {
    const record = await apis.nexudus.getOne('coworkers', memberId);
    return record === null ? null : { email: record.email, name: record.fullName };
  });
  const baselines = createBaselineBook(client, now);
  const waker = createWaker(client, config.taskQueue);
  const reader = createReader({
    client: apis.nexudus,
    now,
    timeZones: space.timeZones,
    baselines: () => baselines.read(),
  });
  const shared = { connection: native, namespace, shutdownGraceTime: '20s', shutdownForceTime: '30s' };
  const members = await Worker.create({
    ...shared,
    taskQueue: config.taskQueue,
    workflowBundle: await workflowBundle(),
    activities: {
      ...createMembershipActivities({ reader, rules: space.rules, people, now }),
      ...createPollActivities({
        nexudus: apis.nexudusBehind,
        client,
        waker,
        rules: space.rules,
        baselines,
        now,
      }),
      ...waker,
    },
    // Members that wait for the same bulk read each hold a slot; waiting costs nothing.
    maxConcurrentActivityTaskExecutions: 2000,
    maxConcurrentWorkflowTaskExecutions: 40,
    maxCachedWorkflows: 300,
  });
  const keys = await Worker.create({
    ...shared,
    taskQueue: kisiTaskQueue(config.taskQueue),
    activities: createKeyActivities({ kisi: apis.kisi, people }),
    maxTaskQueueActivitiesPerSecond: options.kisiPerSecond ?? kisiPerSecond,
    maxConcurrentActivityTaskExecutions: options.kisiPerSecond === undefined ? 10 : 100,
  });
  return [members, keys];
}

/** What was blocked may have been mended while the process was down. */
async function wakeTroubled(client: Client, taskQueue: string): Promise<void> {
  const waker = createWaker(client, taskQueue);
  const troubled = await runningMembers(client, ` AND AccessProblem != 'none'`);
  await inBatches(troubled, (id) => waker.wakeIfRunning(id, { reason: 'fullPass' }));
}

async function isReady(workers: Worker[], client: Client): Promise<boolean> {
  if (workers.some((worker) => worker.getState() !== 'RUNNING')) return false;
  await client.connection.workflowService.getSystemInfo({});
  return true;
}

async function sdkMetrics(url: string | null): Promise<string> {
  if (url === null) return '';
  const answer = await fetch(url);
  return answer.text();
}

async function close(health: Health, native: NativeConnection, connection: Connection): Promise<void> {
  await health.close();
  await native.close();
  await connection.close();
}
