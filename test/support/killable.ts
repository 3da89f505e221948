import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { buildTwoCities, environmentOf, type TwoCities } from '../../simulators/two-cities.js';
import { openDatabase } from '../../database/database.js';
import type { AuditRecord } from '../../database/audit-records.js';
import { createAuditLog } from '../../database/audit-log.js';
import { connectClient } from '../../worker/temporal.js';
import { scratch } from '../client/cli.js';
import { collect } from '../database/records.js';
import { launcher } from './launcher.js';
import { newTemporal } from './dev-server.js';

/** A whole space whose workers are processes of their own, so that they can be killed. */
export interface KillableSpace {
  nexudus: NexudusSimulator;
  kisi: KisiSimulator;
  ids: TwoCities;
  client: Client;
  /** What a process must find in its environment to reach this space. */
  env: Record<string, string>;
  /** Starts one more worker, with its clock off by this much. */
  start(clockOffMs?: number): void;
  /** Sets the clocks of all workers: once the promise resolves, they are off by this much. */
  setClocks(offMs: number): Promise<void>;
  /** Kills the oldest worker, as `kill -9` does, and answers its process id. Throws where it had ended by itself. */
  kill(): Promise<number>;
  /** Ends all workers as an operator does; answers their exit codes. */
  stopWorkers(): Promise<(number | null)[]>;
  /** The writes that the audit log has. */
  writes(): Promise<AuditRecord[]>;
  /** Ends what still runs. */
  close(): Promise<void>;
}

/** A space with the two cities in it and no worker yet. `file`: what latchkey.yaml says. */
export async function killableSpace(pollInterval: string, file = ''): Promise<KillableSpace> {
  const temporal = await newTemporal();
  const { client, connection } = await connectClient(temporal);
  const nexudus = await startNexudusSimulator();
  const kisi = await startKisiSimulator();
  const ids = buildTwoCities(nexudus, kisi);
  const folder = scratch();
  const config = join(folder.path, 'latchkey.yaml');
  writeFileSync(config, file);
  const databaseUrl = `file:${folder.path}/latchkey.db`;
  const env = {
    ...environmentOf(nexudus, kisi),
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    LATCHKEY_DATABASE_URL: databaseUrl,
    LATCHKEY_CONFIG: config,
    LATCHKEY_POLL_INTERVAL: pollInterval,
  };
  const workers: ChildProcess[] = [];

  return {
    nexudus,
    kisi,
    ids,
    client,
    env,
    start(clockOffMs = 0) {
      const stderr = process.env['TEST_LOG'] === undefined ? 'ignore' : 'inherit';
      const args = ['--import', './test/support/settable-clock.js', launcher, 'worker'];
      workers.push(
        spawn(process.execPath, args, {
          env: { ...process.env, ...env, CLOCK_OFF_MS: String(clockOffMs) },
          stdio: ['ignore', 'ignore', stderr, 'ipc'],
        }),
      );
    },
    async setClocks(offMs) {
      await Promise.all(
        workers.map(async (worker) => {
          const isSet = once(worker, 'message');
          worker.send({ offMs });
          await isSet;
        }),
      );
    },
    async kill() {
      const worker = workers.shift();
      if (worker?.pid === undefined || worker.exitCode !== null)
        throw new Error('the worker had ended by itself');
      await ended(worker, 'SIGKILL');
      return worker.pid;
    },
    stopWorkers: () => Promise.all(workers.splice(0).map((worker) => ended(worker, 'SIGTERM'))),
    async writes() {
      const auditLog = createAuditLog(await openDatabase(databaseUrl));
      try {
        return await collect(auditLog.all({ kinds: ['write'] }));
      } finally {
        await auditLog.close();
      }
    },
    async close() {
      for (const worker of workers) worker.kill('SIGKILL');
      await connection.close();
      await nexudus.stop();
      await kisi.stop();
      folder.remove();
    },
  };
}

/** Ends a process that runs; resolves to the exit code once it is gone. */
export function ended(worker: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    worker.once('exit', resolve);
    worker.kill(signal);
  });
}

/**
 * Tells Temporal at once what it would find out by itself within 15 seconds, when heartbeats stay away: that this process
 * does no more of what it had begun, and that no workflow is in its cache.
 */
export async function tellOfDeath(client: Client, pid: number): Promise<void> {
  const { namespace } = client.options;
  for await (const { workflowId, runId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
    const execution = { workflowId, runId };
    // Either may be too late: the workflow has ended, or the try has failed already.
    await client.workflowService.resetStickyTaskQueue({ namespace, execution }).catch(() => undefined);
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    for (const { activityId, lastWorkerIdentity } of raw.pendingActivities ?? []) {
      if (!activityId || !lastWorkerIdentity?.startsWith(`${pid}@`)) continue;
      const died = new Error('its worker was killed');
      await client.activity.fail({ workflowId, runId, activityId }, died).catch(() => undefined);
    }
  }
}
