/** What every bench stands on: a Temporal server, both simulators, and workers as separate processes would run them. */
import { Runtime } from '@temporalio/worker';
import { createKisiPacer, type KisiPacer } from '../kisi/pace.js';
import { startKisiSimulator, type KisiSimulator } from '../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../simulators/nexudus.js';
import { buildTwoCities, environmentOf, type TwoCities } from '../simulators/two-cities.js';
import { checkSpace } from '../worker/check.js';
import { loadConfig } from '../worker/config.js';
import { startEmbeddedTemporal } from '../worker/embedded.js';
import { createLogger, temporalLogger } from '../worker/logging.js';
import { createApis, startService, type Service } from '../worker/service.js';
import { searchAttributes } from '../workflows/messages.js';

export interface Stage {
  nexudus: NexudusSimulator;
  kisi: KisiSimulator;
  ids: TwoCities;
  /** Starts one worker; by default at Kisi's own pace. */
  startWorker(kisiPace?: KisiPacer): Promise<Service>;
  stop(): Promise<void>;
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** Sets everything up, without workers and without limits. */
export async function setStage(): Promise<Stage> {
  const log = createLogger({ level: 'warn' });
  Runtime.install({ logger: temporalLogger(log) });
  const temporal = await startEmbeddedTemporal({ dbFile: null, searchAttributes });
  const nexudus = await startNexudusSimulator({ switches: { rateLimits: null } });
  const kisi = await startKisiSimulator({ switches: { rateLimit: null } });
  const ids = buildTwoCities(nexudus, kisi);
  const config = loadConfig(environmentOf(nexudus, kisi));
  const workers: Service[] = [];
  return {
    nexudus,
    kisi,
    ids,
    async startWorker(kisiPace = createKisiPacer()) {
      const apis = createApis(config, kisiPace);
      const space = await checkSpace(config, apis.nexudus, apis.kisi);
      const worker = await startService({
        config,
        apis,
        space,
        log,
        temporal: { address: temporal.address, namespace: 'default' },
        sdkMetricsUrl: null,
      });
      workers.push(worker);
      return worker;
    },
    async stop() {
      for (const worker of workers) await worker.stop();
      await nexudus.stop();
      await kisi.stop();
      await temporal.stop();
    },
  };
}

/** The limits as published: what a worker meets in a real space. */
export function applyLimits({ nexudus, kisi }: Stage): void {
  nexudus.switches.rateLimits = { perGapMs: 100, perMinute: 120, perHour: 5000 };
  kisi.switches.rateLimit = { perSecond: 5 };
}
