/** Temporal's development server run as a child, with its data kept in a folder: one server for each folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tighten } from '../trail/file.js';
import { findTemporalCli } from './binaries.js';
import { claimFolder, type Claim } from './embedded-claim.js';
import { prepareServer, type AttributeType, type Wanted } from './embedded-ready.js';
import { nextFreePort } from './ports.js';

export { findEmbeddedTemporal } from './embedded-claim.js';

export interface EmbeddedOptions {
  /** Holds the database, the executables and the server's log. */
  cacheDir?: string;
  env?: Readonly<Record<string, string | undefined>>;
  log?: (line: string) => void;
  /** Exactly this port; by default the first free one from 7233 on. */
  port?: number;
  /** Exactly this port; by default the first free one from 8233 on. */
  uiPort?: number;
  /** By default temporal.db in cacheDir; null: in memory, and not shared with other launchers. */
  dbFile?: string | null;
  namespace?: string;
  /** Added where they are missing; an existing one of another type is an error. */
  searchAttributes?: Record<string, AttributeType>;
  readyTimeoutMs?: number;
}

export interface EmbeddedTemporal {
  /** host:port of the gRPC endpoint. */
  address: string;
  uiUrl: string;
  /** False: another process started it, and stop() leaves it alone. */
  owned: boolean;
  /** Ends the server and waits until it is gone; calling it again changes nothing. */
  stop(): Promise<void>;
}

/**
 * Starts the server, or finds the one that already runs on this folder, and returns when it takes work.
 * Throws BinaryNotFoundError without an executable, and Error with the server's last words when it does not come up.
 */
export async function startEmbeddedTemporal(options: EmbeddedOptions = {}): Promise<EmbeddedTemporal> {
  const cacheDir = options.cacheDir ?? '.latchkey';
  // Not for other users: histories hold e-mail addresses.
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  keepPrivate(cacheDir, options.log);
  const dbFile = options.dbFile === undefined ? join(cacheDir, 'temporal.db') : options.dbFile;

  // Before the claim, which others wait for: fetching the executable may take minutes.
  const cli = await findTemporalCli({
    cacheDir: join(cacheDir, 'bin'),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const deadline = Date.now() + (options.readyTimeoutMs ?? 60_000);
  const claim = dbFile === null ? null : await claimFolder(cacheDir, deadline);
  if (claim?.running) {
    await prepareServer(wantedOf(options, claim.running.address, deadline));
    options.log?.(`using the Temporal server that already runs at ${claim.running.address}`);
    return { ...claim.running, owned: claim.adopted, stop: () => claim.stopAdopted() };
  }
  try {
    return await launch(cli.path, options, cacheDir, dbFile, claim, deadline);
  } catch (error) {
    await claim?.release();
    throw error;
  }
}

/** A folder of an earlier start, or one that was copied here, may be open to others. What it holds besides is in its folders. */
function keepPrivate(cacheDir: string, log: EmbeddedOptions['log']): void {
  const files = readdirSync(cacheDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const wide = files.filter(({ name }) => tighten(join(cacheDir, name), 0o600)).map(({ name }) => name);
  if (tighten(cacheDir, 0o700)) wide.unshift('the folder');
  if (wide.length > 0) log?.(`other users could read ${wide.join(', ')} in ${cacheDir} until now`);
}

async function launch(
  cliPath: string,
  options: EmbeddedOptions,
  cacheDir: string,
  dbFile: string | null,
  claim: Claim | null,
  deadline: number,
): Promise<EmbeddedTemporal> {
  const port = options.port ?? (await nextFreePort(7233));
  const uiPort = options.uiPort ?? (await nextFreePort(Math.max(8233, port + 1)));
  const address = `127.0.0.1:${port}`;
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  const logFile = join(cacheDir, dbFile === null ? `temporal-${port}.log` : 'temporal.log');
  const child = spawnServer(cliPath, serverArguments(options, dbFile, port, uiPort), logFile);
  const server = watch(child, logFile);
  const gone = new AbortController();
  try {
    await claim?.record({ address, uiUrl, serverPid: child.pid ?? 0 });
    const wanted = { ...wantedOf(options, address, deadline), gone: gone.signal };
    await Promise.race([prepareServer(wanted), server.failed]);
  } catch (error) {
    gone.abort();
    await server.stop();
    throw error;
  }
  server.failed.catch((error: unknown) => options.log?.(String(error)));
  return {
    address,
    uiUrl,
    owned: true,
    stop: async () => {
      await server.stop();
      await claim?.release();
    },
  };
}

function serverArguments(
  options: EmbeddedOptions,
  dbFile: string | null,
  port: number,
  uiPort: number,
): string[] {
  // One partition instead of four: at this scale more of them only mean more idle polls and later tasks.
  const settings = ['matching.numTaskqueueReadPartitions=1', 'matching.numTaskqueueWritePartitions=1'];
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error', '--ui-disable-news-fetch'],
    ...['--port', String(port), '--ui-port', String(uiPort), '--namespace', namespaceOf(options)],
    ...(dbFile === null ? [] : ['--db-filename', dbFile]),
    ...settings.flatMap((setting) => ['--dynamic-config-value', setting]),
  ];
}

function wantedOf(options: EmbeddedOptions, address: string, deadline: number): Wanted {
  return {
    address,
    namespace: namespaceOf(options),
    searchAttributes: options.searchAttributes ?? {},
    deadline,
  };
}

function namespaceOf(options: EmbeddedOptions): string {
  return options.namespace ?? 'default';
}

/**
 * In a process group of its own: Ctrl-C in a terminal reaches us only, and the worker drains before its server goes.
 * Its words go to a file, not a pipe: a server that outlives us must not die of writing.
 */
function spawnServer(path: string, args: string[], logFile: string): ChildProcess {
  const output = openSync(logFile, 'w', 0o600);
  try {
    return spawn(path, args, { detached: true, stdio: ['ignore', 'ignore', output] });
  } finally {
    closeSync(output);
  }
}

interface Watched {
  /** Rejects when the server ends without being asked to. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

function watch(child: ChildProcess, logFile: string): Watched {
  let stopping = false;
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(`exit ${signal ?? String(code)}`);
    });
  });
  const failed = gone.then(async (how) => {
    // A wanted end is no failure: this promise then stays open.
    if (stopping) return new Promise<never>(() => undefined);
    throw new Error(`the Temporal server ended (${how}): ${await lastLine(logFile)}`);
  });
  failed.catch(() => undefined);
  const killNow = () => child.kill();
  process.once('exit', killNow);
  void gone.then(() => process.off('exit', killNow));
  return {
    failed,
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      const impatient = new AbortController();
      const late = sleep(10_000, undefined, { signal: impatient.signal }).then(() => child.kill('SIGKILL'));
      late.catch(() => undefined);
      await gone;
      impatient.abort();
    },
  };
}

async function lastLine(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').at(-1)?.slice(0, 500) ?? '';
}
