/** What every bench stands on: a Temporal server, both simulators, and workers as separate processes would run them. */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import { setStage as setEmptyStage, type Stage } from '../client/stage.js';
import { startEmbeddedTemporal } from '../temporal-server/embedded.js';
import { createLogger, temporalLogger } from '../worker/logging.js';
import { nextFreePort } from '../lib/ports.js';
import { connectClient, type TemporalAddress } from '../worker/temporal.js';
import { searchAttributes } from '../messages/to-member.js';

export const say = (line: string): void => void process.stderr.write(`${line}\n`);
export const wait = (ms: number): Promise<void> => sleep(ms);
export const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** A stage with a server of its own. */
export interface BenchStage extends Stage {
  temporal: TemporalAddress;
  client: Client;
}

/** Sets everything up, without workers and without limits. `env`: over what reaches the simulators. */
export async function setStage(env: Record<string, string> = {}): Promise<BenchStage> {
  const log = createLogger({ level: 'warn' });
  Runtime.install({ logger: temporalLogger(log) });
  const server = await startEmbeddedTemporal({ dbFile: null, searchAttributes });
  const temporal = { address: server.address, namespace: 'default' };
  // The benches take keys from all at once, which the guard must not hold back.
  const file = 'policies: { guardPeople: 100000, guardShare: 100% }';
  const stage = await setEmptyStage({ temporal, log, env, file });
  const { nexudus, kisi } = stage;
  nexudus.switches.rateLimits = null;
  kisi.switches.rateLimit = null;
  const { client, connection } = await connectClient(temporal);
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  const configFile = join(folder, 'latchkey.yaml');
  await writeFile(configFile, file);
  return {
    ...stage,
    temporal,
    client,
    env: {
      ...stage.env,
      LATCHKEY_LOG_LEVEL: 'warn',
      LATCHKEY_CONFIG: configFile,
      ...env,
    },
    async stop() {
      await stage.stop();
      await connection.close();
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** The limits as published: what a worker meets in a real space. */
export function applyLimits({ nexudus, kisi }: Stage): void {
  nexudus.switches.rateLimits = { perGapMs: 100, perMinute: 120, perHour: 5000 };
  kisi.switches.rateLimit = { perSecond: 5 };
}

/** `latchkey worker` as a process of its own, at the paces of a real space. */
export interface WorkerProcess {
  /** What it holds of the machine's memory, in megabytes. */
  memoryMb(): number;
  /** Seconds of processor time that it took so far. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Starts one, and waits until it is ready. `env`: over the stage's own. */
export async function startWorkerProcess(
  stage: BenchStage,
  env: Record<string, string> = {},
): Promise<WorkerProcess> {
  const port = await nextFreePort(18_088);
  const worker = spawn(process.execPath, ['client/latchkey.js', 'worker'], {
    env: { ...process.env, ...stage.env, LATCHKEY_HEALTH_PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // A bench that fails must not leave it to look for a Temporal server that is gone.
  process.once('exit', () => worker.kill('SIGKILL'));
  const ended = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      resolve();
    }),
  );
  while (!(await isReadyAt(port))) {
    if (worker.exitCode !== null) throw new Error('the worker did not start');
    await wait(200);
  }
  return {
    memoryMb: () => memoryMbOf(worker.pid),
    cpuSeconds() {
      // After the name, which may hold anything: fields 14 and 15 are user and system time in hundredths of a second.
      const fields = procFile(worker.pid, 'stat')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    async stop() {
      worker.kill('SIGTERM');
      await ended;
    },
  };
}

/** Whether the worker with its health endpoint at this port is ready. */
export function isReadyAt(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** What a process holds of the machine's memory, in megabytes. */
export function memoryMbOf(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(procFile(pid, 'status'))?.[1]) / 1024;
}

/** Runs a command as an operator of this stage does. Throws where it fails. */
export async function latchkey(stage: BenchStage, ...args: string[]): Promise<void> {
  await promisify(execFile)(process.execPath, ['client/latchkey.js', ...args], {
    env: { ...process.env, ...stage.env },
  });
}

function procFile(pid: number | undefined, name: string): string {
  return readFileSync(`/proc/${pid ?? 0}/${name}`, 'utf8');
}
