/** The three ways to have a Temporal server: to launch it, to take over that of a process that is gone, to share another's. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findTemporalCli } from './binaries.js';
import { isServer, type FolderLock, type RecordedServer } from './embedded-lock.js';
import { prepareServer, untilGone, type Wanted } from './embedded-ready.js';
import type { AttributeType } from './search-attributes.js';
import { endingMs, runServer } from './embedded-run.js';
import { guardUi, hiddenTarget, type UiTarget } from './embedded-ui.js';
import { nextFreePort } from '../lib/ports.js';

export interface EmbeddedOptions {
  /** Holds the database, the executables and the server's log. */
  cacheDir?: string;
  env?: Readonly<Record<string, string | undefined>>;
  /** Told of each slow step, and, as warnings, of what goes wrong with the server. */
  log?: (line: string, level?: 'warn') => void;
  /** Exactly this port; by default the first free one from 7233 on. */
  port?: number;
  /** Whether the Temporal UI is served, to people on this machine. By default it is not. */
  ui?: boolean;
  /** Exactly this port; by default the first free one from 8233 on. */
  uiPort?: number;
  /** By default temporal.db in cacheDir; null: in memory, not shared with other launchers, and lost with the server. */
  dbFile?: string | null;
  namespace?: string;
  /** Added where they are missing; an existing one of another type is an error. */
  searchAttributes?: Record<string, AttributeType>;
  readyTimeoutMs?: number;
  /** How often the server of another process is looked at. */
  lookEveryMs?: number;
}

/** A server that takes work, as this process has it. */
export interface Standing {
  address: string;
  uiUrl: string | null;
  isOurs: boolean;
  /** Resolves when it is gone, to how it ended. */
  gone: Promise<string>;
  /** Ends it where it is ours, and waits until it is gone; else leaves it alone. */
  end(): Promise<void>;
}

/** Where a server is to listen. */
export interface Ports {
  grpc: number;
  /** `port`: where people reach the UI. Null: there is none. */
  ui: { port: number; target: UiTarget } | null;
}

/** How often the server of another process is looked at: it counts as gone after three looks without an answer. */
const lookEveryMs = 2_000;

/** The ports of `options`, or free ones. `address`: where the server must be; null: anywhere. */
export async function choosePorts(options: EmbeddedOptions, address: string | null): Promise<Ports> {
  const grpc = address === null ? (options.port ?? (await nextFreePort(7233))) : portOf(address);
  if (options.ui !== true) return { grpc, ui: null };
  const port = options.uiPort ?? (await nextFreePort(Math.max(8233, grpc + 1)));
  const target = hiddenTarget();
  if (!target.isHidden)
    options.log?.(
      'on this system any web page in a browser here can find the Temporal UI and give orders through it: switch the UI on only while you look at it',
      'warn',
    );
  return { grpc, ui: { port, target } };
}

/** Starts a server. Throws BinaryNotFoundError, and Error with the server's last words where it does not come up. */
export async function launch(
  options: EmbeddedOptions,
  ports: Ports,
  lock: FolderLock | null,
  deadline: number,
  stopAsked: AbortSignal,
): Promise<Standing> {
  const cacheDir = options.cacheDir ?? '.latchkey';
  const logFile = join(cacheDir, lock === null ? `temporal-${ports.grpc}.log` : 'temporal.log');
  const address = `127.0.0.1:${ports.grpc}`;
  const cli = await findCli(options);
  const ui = ports.ui === null ? null : await guardUi(ports.ui.port, ports.ui.target);
  const uiUrl = ui?.url ?? null;
  const gone = new AbortController();
  let run: ReturnType<typeof runServer> | null = null;
  const end = async (): Promise<void> => {
    gone.abort();
    await ui?.close();
    await run?.end();
  };
  try {
    run = runServer(cli, serverArguments(options, ports, lock !== null), logFile);
    const uiTarget = ports.ui === null ? null : `${ports.ui.target.host}:${ports.ui.target.port}`;
    await lock?.record({ address, uiUrl, uiTarget, serverPid: run.pid });
    const failed = run.gone.then((how) => Promise.reject(new Error(`the Temporal server ended (${how})`)));
    failed.catch(() => undefined);
    const signal = AbortSignal.any([gone.signal, stopAsked]);
    await Promise.race([prepareServer({ ...wantedOf(options, address, deadline), gone: signal }), failed]);
    return { ...{ address, uiUrl, isOurs: true }, gone: run.gone, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * Uses a server that runs already: as our own where whoever started it is gone. Throws where it does not take work by the
 * deadline.
 */
export async function joinRunning(
  options: EmbeddedOptions,
  running: RecordedServer,
  isAdopted: boolean,
  deadline: number,
): Promise<Standing> {
  await prepareServer(wantedOf(options, running.address, deadline));
  options.log?.(`using the Temporal server that already runs at ${running.address}`);
  return isAdopted ? adopt(running) : share(running, options.lookEveryMs ?? lookEveryMs);
}

function share({ address, uiUrl }: RecordedServer, everyMs: number): Standing {
  const left = new AbortController();
  return {
    ...{ address, uiUrl, isOurs: false },
    gone: untilGone(address, left.signal, everyMs),
    end() {
      left.abort();
      return Promise.resolve();
    },
  };
}

async function adopt({ address, uiUrl, uiTarget, serverPid }: RecordedServer): Promise<Standing> {
  const target = uiTarget === null ? null : new URL(`http://${uiTarget}`);
  const ui =
    uiUrl === null || target === null
      ? null
      : await guardUi(Number(new URL(uiUrl).port), { host: target.hostname, port: Number(target.port) });
  const gone = untilEnded(serverPid);
  return {
    ...{ address, uiUrl, isOurs: true, gone },
    async end() {
      await ui?.close();
      await kill(serverPid, 'SIGTERM');
      if ((await Promise.race([gone, sleep(endingMs, null, { ref: false })])) === null)
        await kill(serverPid, 'SIGKILL');
      await gone;
    },
  };
}

async function untilEnded(serverPid: number): Promise<string> {
  while (await isServer(serverPid)) await sleep(200, undefined, { ref: false });
  return 'its process is gone';
}

async function kill(serverPid: number, signal: NodeJS.Signals): Promise<void> {
  if (!(await isServer(serverPid))) return;
  try {
    process.kill(serverPid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** The executable, checked. Throws BinaryNotFoundError. */
export async function findCli({ cacheDir = '.latchkey', env, log }: EmbeddedOptions): Promise<string> {
  const found = await findTemporalCli({
    cacheDir: join(cacheDir, 'bin'),
    ...(env === undefined ? {} : { env }),
    ...(log === undefined ? {} : { log }),
  });
  return found.path;
}

function serverArguments(options: EmbeddedOptions, { grpc, ui }: Ports, isKept: boolean): string[] {
  const settings = [
    // One partition instead of four: at this scale more of them only mean more idle polls and later tasks.
    'matching.numTaskqueueReadPartitions=1',
    'matching.numTaskqueueWritePartitions=1',
    // The API over HTTP, on a port of its own, would take orders from any web page: it is for nobody.
    'frontend.httpAllowedHosts=[]',
  ];
  const uiArguments =
    ui === null
      ? ['--headless']
      : ['--ui-ip', ui.target.host, '--ui-port', String(ui.target.port), '--ui-disable-news-fetch'];
  const { cacheDir = '.latchkey', dbFile } = options;
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'error', '--port', String(grpc)],
    ...[...uiArguments, '--namespace', namespaceOf(options)],
    ...(isKept ? ['--db-filename', dbFile ?? dataFileIn(cacheDir)] : []),
    ...settings.flatMap((setting) => ['--dynamic-config-value', setting]),
  ];
}

/** Where a server keeps its data, unless it is told another file. */
export function dataFileIn(cacheDir: string): string {
  return join(cacheDir, 'temporal.db');
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

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
