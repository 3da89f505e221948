import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { startKisiSimulator, type KisiSimulator } from '../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../simulators/nexudus.js';
import { buildTwoCities, environmentOf, type TwoCities } from '../simulators/two-cities.js';
import { checkSpace } from '../worker/check.js';
import { loadConfig, type Config } from '../config/config.js';
import type { MonitorPace } from '../monitoring/monitor.js';
import { createApis, type Apis, type Paces } from '../worker/apis.js';
import { startService, type Service } from '../worker/service.js';
import { SpaceWatch } from '../worker/space.js';
import type { TemporalAddress } from '../worker/temporal.js';

export interface StageOptions {
  /** A server that runs, and a namespace that nobody else uses. */
  temporal: TemporalAddress;
  log: Logger;
  /** Variables over those that reach the simulators. */
  env?: Record<string, string>;
  /** The content of the file that LATCHKEY_CONFIG names. */
  file?: string;
  /** Where the SDK serves the metrics of this process; left out: nowhere. */
  sdkMetricsUrl?: string;
  /** When alerts go out; left out: as in a real space. */
  monitorPace?: Partial<MonitorPace>;
}

/** A whole space on this machine, for the demo, the benches and the tests: both APIs simulated, workers as asked for. */
export interface Stage {
  nexudus: NexudusSimulator;
  kisi: KisiSimulator;
  /** What is in it at first: two cities. */
  ids: TwoCities;
  config: Config;
  /** What a command must find in its environment to reach this space. */
  env: Record<string, string>;
  /** Starts workers as one process more would run them; by default at the paces of a real space. */
  startWorker(paces?: Partial<Paces>): Promise<Service>;
  /** Stops the workers and the simulators, and removes the audit log. */
  stop(): Promise<void>;
}

/** Sets the stage, without a worker yet. Throws ConfigError where `env` or `file` is wrong. */
export async function setStage({
  temporal,
  log,
  env = {},
  file,
  sdkMetricsUrl,
  monitorPace = {},
}: StageOptions): Promise<Stage> {
  const nexudus = await startNexudusSimulator();
  const kisi = await startKisiSimulator();
  const ids = buildTwoCities(nexudus, kisi);
  const readFile = file === undefined ? undefined : (): string => file;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'));
  const simulated = environmentOf(nexudus, kisi);
  const auditLog = { LATCHKEY_DATABASE_URL: `file:${join(folder, 'latchkey.db')}` };
  const config = loadConfig({ ...simulated, ...auditLog, ...env }, readFile);
  const workers: Service[] = [];
  return {
    nexudus,
    kisi,
    ids,
    config,
    env: {
      ...simulated,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      LATCHKEY_DATABASE_URL: config.databaseUrl,
    },
    async startWorker(paces) {
      const apis = createApis(config, paces);
      const space = await watchAnew(config, apis, log);
      const worker = await startService({
        config,
        apis,
        space,
        log,
        temporal,
        sdkMetricsUrl: sdkMetricsUrl ?? null,
        monitorPace,
      });
      workers.push(worker);
      return worker;
    },
    async stop() {
      for (const worker of workers) await worker.stop();
      await nexudus.stop();
      await kisi.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A space that was looked at once, as for the first time. Rejects where a person must mend something first. */
export async function watchAnew(config: Config, { nexudus, kisi }: Apis, log: Logger): Promise<SpaceWatch> {
  const space = new SpaceWatch({
    check: () => checkSpace(config, nexudus, kisi),
    config,
    kept: { read: () => Promise.resolve(null), write: () => Promise.resolve() },
    hasMembers: () => Promise.resolve(false),
    log,
  });
  await Promise.race([space.looked, space.failed]);
  return space;
}
