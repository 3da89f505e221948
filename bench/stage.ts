/** What every bench stands on: a Temporal server, both simulators, and workers as separate processes would run them. */
import { Runtime } from '@temporalio/worker';
import { setStage as setEmptyStage, type Stage } from '../client/stage.js';
import { startEmbeddedTemporal } from '../worker/embedded.js';
import { createLogger, temporalLogger } from '../worker/logging.js';
import { searchAttributes } from '../workflows/messages.js';

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** Sets everything up, without workers and without limits. */
export async function setStage(): Promise<Stage> {
  const log = createLogger({ level: 'warn' });
  Runtime.install({ logger: temporalLogger(log) });
  const server = await startEmbeddedTemporal({ dbFile: null, searchAttributes });
  const stage = await setEmptyStage({ temporal: { address: server.address, namespace: 'default' }, log });
  stage.nexudus.switches.rateLimits = null;
  stage.kisi.switches.rateLimit = null;
  return {
    ...stage,
    async stop() {
      await stage.stop();
      await server.stop();
    },
  };
}

/** The limits as published: what a worker meets in a real space. */
export function applyLimits({ nexudus, kisi }: Stage): void {
  nexudus.switches.rateLimits = { perGapMs: 100, perMinute: 120, perHour: 5000 };
  kisi.switches.rateLimit = { perSecond: 5 };
}
