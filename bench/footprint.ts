/**
 * What a whole space takes on one machine, as it is built and with the embedded Temporal server: memory of all processes once everybody
 * is asleep, and the time from a start to the first poll. `node --import=tsx bench/footprint.ts [members]`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build.js';
import { startKisiSimulator } from '../simulators/kisi.js';
import { startNexudusSimulator } from '../simulators/nexudus.js';
import { buildTwoCities, environmentOf } from '../simulators/two-cities.js';
import { nextFreePort } from '../lib/ports.js';
import { addCrowd, threeHomes } from './crowd.js';
import { tell, type Row } from './rows.js';
import { isReadyAt, memoryMbOf, say, seconds, wait } from './stage.js';

const members = Number(process.argv[2] ?? 300);
const restMs = 60_000;
const root = fileURLToPath(new URL('../', import.meta.url));
await build();
const [nexudus, kisi] = [await startNexudusSimulator(), await startKisiSimulator()];
const ids = buildTwoCities(nexudus, kisi);
// The import is not what is measured.
nexudus.switches.rateLimits = null;
kisi.switches.rateLimit = null;
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
// Fetching the executable is not what is measured either.
mkdirSync(join(folder, '.latchkey'));
symlinkSync(join(root, '.latchkey/bin'), join(folder, '.latchkey/bin'));
const healthPort = await nextFreePort(18_088);
const env = {
  ...process.env,
  ...environmentOf(nexudus, kisi),
  LATCHKEY_HEALTH_PORT: String(healthPort),
  LATCHKEY_LOG_LEVEL: 'warn',
};
const first = await started();
await wait(restMs);
const floor = memoryOf(first.worker);
await stopped(first.worker);

addCrowd({ nexudus, kisi }, threeHomes({ nexudus, kisi, ids }), members);
const importing = await started();
while (kisi.org.assignments().length < members) await wait(500);
await stopped(importing.worker);

nexudus.switches.rateLimits = { perGapMs: 100, perMinute: 120, perHour: 5000 };
kisi.switches.rateLimit = { perSecond: 5 };
await wait(61_000);
const further = await started();
await wait(restMs);
const memory = memoryOf(further.worker);
await stopped(further.worker);
await nexudus.stop();
await kisi.stop();
rmSync(folder, { recursive: true });
tell([
  {
    ...row(
      `memory of all processes, ${members} members asleep (${memory.parts})`,
      memory.megabytes,
      350,
      'MB',
    ),
    floor: `${floor.megabytes.toFixed(0)} MB (nobody: ${floor.parts})`,
    ratio: memory.megabytes / floor.megabytes,
  },
  row('first start of all, to ready', first.readyMs / 1_000, 3, 's'),
  row(`a further start, ${members} members, to ready`, further.readyMs / 1_000, 3, 's'),
  {
    ...row(
      `a further start, ${members} members, to the first poll, after a reconciliation`,
      further.polledMs / 1_000,
      3,
      's',
    ),
    ...{ goal: '', holds: true },
  },
]);

/** The memory of a worker and of the Temporal server that it started. */
function memoryOf({ pid = 0 }: ChildProcess): { megabytes: number; parts: string } {
  const parts = [pid, ...childrenOf(pid)].map((one) => ({
    name: readFileSync(`/proc/${one}/comm`, 'utf8').trim(),
    megabytes: memoryMbOf(one),
  }));
  return {
    megabytes: parts.reduce((sum, { megabytes }) => sum + megabytes, 0),
    parts: parts.map(({ name, megabytes }) => `${name} ${megabytes.toFixed(0)} MB`).join(', '),
  };
}

interface Started {
  worker: ChildProcess;
  readyMs: number;
  polledMs: number;
}

async function started(): Promise<Started> {
  nexudus.requests.clear();
  const from = performance.now();
  const worker = spawn(process.execPath, [join(root, 'dist/latchkey.js'), 'worker'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const tookMs = (): number => performance.now() - from;
  const [readyMs, polledMs] = await Promise.all([
    until(() => isReadyAt(healthPort)).then(tookMs),
    until(() => Promise.resolve(hasPolled())).then(tookMs),
  ]);
  say(`ready after ${seconds(readyMs)} s, polled after ${seconds(polledMs)} s`);
  return { worker, readyMs, polledMs };
}

async function until(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await wait(20);
}

/** Only polls and wakes ask what was written since. */
function hasPolled(): boolean {
  return nexudus.requests
    .list()
    .some(({ query }) => Object.keys(query).some((key) => key.includes('UpdatedOn')));
}

async function stopped(worker: ChildProcess): Promise<void> {
  const exit = once(worker, 'exit');
  worker.kill('SIGTERM');
  await exit;
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

function row(what: string, measured: number, most: number, unit: 'MB' | 's'): Row {
  const digits = unit === 's' ? 1 : 0;
  return {
    what,
    measured: `${measured.toFixed(digits)} ${unit}`,
    floor: '',
    ratio: null,
    goal: `under ${most} ${unit}`,
    holds: measured < most,
  };
}
