import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { setStage, watchAnew, type Stage } from '../../client/stage.js';
import { findTemporalCli } from '../../temporal-server/binaries.js';
import { startEmbeddedTemporal, type EmbeddedTemporal } from '../../temporal-server/embedded.js';
import { createLogger } from '../../worker/logging.js';
import { createApis } from '../../worker/apis.js';
import { startService, type Service } from '../../worker/service.js';
import { connectClient } from '../../worker/temporal.js';
import { compareNow, driftWorkflowId, type DriftView } from '../../messages/to-drift.js';
import { reconciliationScheduleId, searchAttributes, leaderWorkflowId } from '../../messages/to-member.js';
import { environmentOf } from '../../simulators/two-cities.js';
import { ended, tellOfDeath } from './killable.js';
import { launcher } from './launcher.js';
import { eventually, patienceMs } from './eventually.js';
import { hurried } from './space.js';
import { stubbornly } from './folders.js';
import { newPort } from './ports.js';

/** A whole space whose stores can be lost, or put back as they were. */
export interface LosableSpace extends Pick<Stage, 'nexudus' | 'kisi' | 'ids' | 'config'> {
  client(): Client;
  /** Ends the worker, does `meanwhile`, and starts the worker again. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  /** Runs a reconciliation over what `meanwhile` changes in a process of its own, and kills it at its first write to Kisi. */
  killAmid(meanwhile: () => void): Promise<void>;
  /** Copies a store as it is now, for `put`. The worker must not run. */
  copy(store: 'temporal' | 'database', name: string): Promise<void>;
  /** Puts a copy back; null: the store is empty from now on. */
  put(store: 'temporal' | 'database', name: string | null): Promise<void>;
  /** Resolves when nothing is under way. */
  rest(): Promise<void>;
  /** One reconciliation, and all that it wakes; then one comparison with Kisi. Answers what that found. */
  recover(): Promise<DriftView>;
  stop(): Promise<void>;
}

/** `file`: what latchkey.yaml says. Polls and reconciliations run at a start, and then only when asked to. */
export async function losableSpace(prepare: (stage: Stage) => void, file?: string): Promise<LosableSpace> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-losable-'));
  const cli = await findTemporalCli({ cacheDir: '.latchkey/bin' });
  const files = {
    temporal: join(folder, 'temporal.db'),
    database: join(folder, 'latchkey.db'),
    config: join(folder, 'latchkey.yaml'),
  };
  await writeFile(files.config, file ?? '');
  const port = await newPort();
  const uiPort = await newPort();
  const startServer = (): Promise<EmbeddedTemporal> =>
    startEmbeddedTemporal({
      ...{ cacheDir: folder, dbFile: files.temporal, searchAttributes, port, uiPort },
      env: { TEMPORAL_CLI_PATH: cli.path },
    });
  let server = await startServer();
  const temporal = { address: server.address, namespace: 'default' };
  const log = createLogger({ level: process.env['TEST_LOG'] === undefined ? 'silent' : 'debug' });
  const env = {
    LATCHKEY_DATABASE_URL: `file:${files.database}`,
    LATCHKEY_INITIAL_MODE: 'observe',
    LATCHKEY_POLL_INTERVAL: '7d',
    LATCHKEY_RECONCILIATION_INTERVAL: '7d',
    LATCHKEY_COMPARISON_INTERVAL: '7d',
  };
  const stage = await setStage({
    ...{ temporal, log, env },
    ...(file === undefined ? {} : { file }),
  });
  stage.nexudus.switches.rateLimits = null;
  stage.kisi.switches.rateLimit = null;
  prepare(stage);

  async function start(): Promise<Service> {
    const apis = createApis(stage.config, hurried());
    const space = await watchAnew(stage.config, apis, log);
    return startService({ ...{ config: stage.config, apis, space, log, temporal }, sdkMetricsUrl: null });
  }
  let service = await start();

  /**
   * A database of SQLite is its file and what stands beside it; the file comes last. What stands beside it is brought
   * into it and goes whenever the closed database is collected as garbage: copied in this order, nothing is missed.
   */
  async function partsOf(store: 'temporal' | 'database', before = ''): Promise<string[]> {
    const name = `${before}${store === 'temporal' ? 'temporal.db' : 'latchkey.db'}`;
    const parts = (await readdir(folder)).filter((one) => one === name || one.startsWith(`${name}-`));
    return parts.sort().reverse();
  }
  async function withServerDown(store: 'temporal' | 'database', job: () => Promise<void>): Promise<void> {
    if (store === 'temporal') await server.stop();
    await job();
    if (store === 'temporal') server = await startServer();
  }

  return {
    ...{ nexudus: stage.nexudus, kisi: stage.kisi, ids: stage.ids, config: stage.config },
    client: () => service.client,
    async restart(meanwhile = () => Promise.resolve()) {
      await service.stop();
      await meanwhile();
      service = await start();
    },
    async killAmid(meanwhile) {
      await service.stop();
      const { connection, client } = await connectClient(temporal);
      const worker = spawn(process.execPath, [launcher, 'worker'], {
        env: {
          ...process.env,
          ...environmentOf(stage.nexudus, stage.kisi),
          ...env,
          TEMPORAL_ADDRESS: temporal.address,
          LATCHKEY_CONFIG: files.config,
        },
        stdio: ['ignore', 'ignore', process.env['TEST_LOG'] === undefined ? 'ignore' : 'inherit'],
      });
      const writes = (): number => stage.kisi.requests.list().filter(({ method }) => method !== 'GET').length;
      const before = writes();
      meanwhile();
      await client.schedule.getHandle(reconciliationScheduleId).trigger();
      await eventually('a write', () => writes() > before, patienceMs, 2);
      await ended(worker, 'SIGKILL');
      await tellOfDeath(client, worker.pid ?? 0);
      await connection.close();
      service = await start();
    },
    copy: (store, name) =>
      withServerDown(store, async () => {
        for (const part of await partsOf(store))
          await copyIfThere(join(folder, part), join(folder, `${name}~${part}`));
      }),
    put: (store, name) =>
      withServerDown(store, async () => {
        for (const part of await partsOf(store)) await rm(join(folder, part), { force: true });
        if (name === null) return;
        for (const kept of await partsOf(store, `${name}~`))
          await copyFile(join(folder, kept), join(folder, kept.slice(name.length + 1)));
      }),
    rest: () => atRest(service.client),
    async recover() {
      await passOnce(service.client);
      await atRest(service.client);
      const drift = service.client.workflow.getHandle(driftWorkflowId);
      await drift.executeUpdate(compareNow);
      await atRest(service.client);
      return drift.executeUpdate(compareNow);
    },
    async stop() {
      await service.stop();
      await stage.stop();
      await server.stop();
      await rm(folder, { ...stubbornly, force: true });
    },
  };
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await copyFile(from, to).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}

/** Starts a reconciliation now, and waits for its end. */
async function passOnce(client: Client): Promise<void> {
  const schedule = client.schedule.getHandle(reconciliationScheduleId);
  const isOver = async (): Promise<boolean> => (await schedule.describe()).info.runningActions.length === 0;
  await eventually('no reconciliation', isOver);
  const before = (await schedule.describe()).info.numActionsTaken;
  await schedule.trigger();
  await eventually(
    'a reconciliation',
    async () => (await schedule.describe()).info.numActionsTaken > before && (await isOver()),
  );
}

/** Resolves when no workflow has anything under way, but for the leader's, whose activity lasts as long as its process. */
async function atRest(client: Client): Promise<void> {
  let busy: unknown[] = [];
  const isAtRest = async (): Promise<boolean> => (busy = await busyWorkflows(client)).length === 0;
  // A deleted coworker is believed only once a look a minute later says so too.
  await eventually('rest', isAtRest, patienceMs, 300, () => Promise.resolve(busy));
}

async function busyWorkflows(client: Client): Promise<unknown[]> {
  const busy: unknown[] = [];
  for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
    if (workflowId === leaderWorkflowId) continue;
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const activities = raw.pendingActivities ?? [];
    if (activities.length === 0 && !raw.pendingWorkflowTask) continue;
    const waits = activities.map((one) => [
      one.activityType?.name,
      one.state,
      one.attempt,
      one.lastFailure?.message,
    ]);
    busy.push({ workflowId, waits });
  }
  return busy;
}
