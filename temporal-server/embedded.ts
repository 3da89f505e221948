/**
 * Temporal's development server run as a child, with its data kept in a folder: one server for each folder. It is kept running:
 * one that dies is started again at the same address on the same data, by the process that started it, or, where that is gone
 * too, by another one that uses it.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tighten } from '../database/file.js';
import { lockFolder, type FolderLock } from './embedded-lock.js';
import {
  choosePorts,
  dataFileIn,
  findCli,
  joinRunning,
  launch,
  type EmbeddedOptions,
  type Ports,
  type Standing,
} from './embedded-standing.js';

/** How long after its death a server is started again: twice as long each time, up to a minute. */
const firstPauseMs = 500;
const longestPauseMs = 60_000;
/** A server that has run for this long has overcome what the one before died of. */
const wellAfterMs = 10 * 60_000;

/**
 * Starts the server, or finds the one that already runs on this folder, and returns when it takes work; from then on keeps it
 * running. Throws BinaryNotFoundError without an executable, and Error with the server's last words when it does not come up.
 */
export async function startEmbeddedTemporal(options: EmbeddedOptions = {}): Promise<EmbeddedTemporal> {
  // Not for other users: histories hold e-mail addresses.
  const { cacheDir = '.latchkey' } = options;
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  keepPrivate(cacheDir, options.log);
  // Before the lock, which others wait for: fetching the executable may take minutes.
  await findCli(options);
  const stopAsked = new AbortController();
  const site = new Site(options, stopAsked.signal);
  try {
    return new EmbeddedTemporal(await site.stand(), site, stopAsked, options);
  } catch (error) {
    await site.leave();
    throw error;
  }
}

/** Whether a server has run on this folder, so that another start makes no new data. */
export function hasEmbeddedData(cacheDir = '.latchkey'): boolean {
  return existsSync(dataFileIn(cacheDir));
}

/** A folder of an earlier start, or one that was copied here, may be open to others. What it holds besides is in its folders. */
function keepPrivate(cacheDir: string, log: EmbeddedOptions['log']): void {
  const files = readdirSync(cacheDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const wide = files.filter(({ name }) => tighten(join(cacheDir, name), 0o600)).map(({ name }) => name);
  if (tighten(cacheDir, 0o700)) wide.unshift('the folder');
  if (wide.length > 0) log?.(`other users could read ${wide.join(', ')} in ${cacheDir} until now`);
}

/** No server can stand any more at the address that this process uses. */
class ServerLostError extends Error {
  override readonly name = 'ServerLostError';
}

/** The folder, and where its server listens. */
class Site {
  private lock: FolderLock | null = null;
  /** Whether the folder is ours: to start a server on, or to end the one that runs. */
  private isOurs: boolean;
  private ports: Ports | null = null;
  private address: string | null = null;

  constructor(
    private readonly options: EmbeddedOptions,
    private readonly stopAsked: AbortSignal,
  ) {
    this.isOurs = options.dbFile === null;
  }

  /** Has a server stand: anywhere the first time, at the same address from then on. Throws ServerLostError where none can. */
  async stand(): Promise<Standing> {
    const standing = await this.standSomewhere(Date.now() + (this.options.readyTimeoutMs ?? 60_000));
    this.address = standing.address;
    return standing;
  }

  /** Gives the folder up where it is ours. */
  async leave(): Promise<void> {
    if (this.isOurs) await this.lock?.release();
  }

  private async standSomewhere(deadline: number): Promise<Standing> {
    const { options, stopAsked, address } = this;
    if (!this.isOurs) {
      this.lock = await lockFolder(options.cacheDir ?? '.latchkey', deadline, stopAsked);
      const { running, adopted } = this.lock;
      this.isOurs = running === null || adopted;
      if (running !== null && address !== null && running.address !== address)
        throw new ServerLostError(
          `the Temporal server at ${address} is gone, and another runs at ${running.address}: start this process again`,
        );
      if (running !== null) return joinRunning(options, running, adopted, deadline);
    }
    return this.launchAt(deadline);
  }

  /** A port that was free may be another's by the time it is used, as when a machine starts several at once. */
  private async launchAt(deadline: number): Promise<Standing> {
    const { options, stopAsked, address } = this;
    const mayMove = address === null && options.port === undefined && options.uiPort === undefined;
    for (;;) {
      this.ports ??= await choosePorts(options, address);
      try {
        return await launch(options, this.ports, this.lock, deadline, stopAsked);
      } catch (error) {
        const isOver = stopAsked.aborted || Date.now() > deadline;
        if (!mayMove || isOver || !String(error).includes('address already in use')) throw error;
        this.ports = null;
      }
    }
  }
}

/** A server that stands again whenever it is gone, until it is to stop. */
export class EmbeddedTemporal {
  /** host:port of the gRPC endpoint, the same for as long as this is used. */
  readonly address: string;
  /** Null: the server has no UI. */
  readonly uiUrl: string | null;
  /** Rejects when there is no server any more at the address, and this process cannot have one there. */
  readonly lost: Promise<never>;
  private readonly kept: Promise<void>;
  private standing: Standing | null;
  private why: string | null = null;
  private pauseMs = firstPauseMs;
  private stopping: Promise<void> | null = null;

  constructor(
    first: Standing,
    private readonly site: Site,
    private readonly stopAsked: AbortController,
    private readonly options: EmbeddedOptions,
  ) {
    this.address = first.address;
    this.uiUrl = first.uiUrl;
    this.standing = first;
    this.kept = this.keep();
    this.lost = this.kept.then(() => new Promise<never>(() => undefined));
    this.lost.catch((error: unknown) => {
      this.log(error instanceof Error ? error.message : String(error));
    });
  }

  /** False: another process started it, and stop() leaves it alone. */
  get owned(): boolean {
    return this.standing?.isOurs ?? false;
  }

  /** What is wrong with the server now, and what is done about it; null: nothing. */
  problem(): string | null {
    return this.why;
  }

  /** Ends the server and waits until it is gone; calling it again changes nothing. */
  stop(): Promise<void> {
    return (this.stopping ??= this.end());
  }

  private async end(): Promise<void> {
    this.stopAsked.abort();
    await this.kept.catch(() => undefined);
    await this.standing?.end();
    await this.site.leave();
  }

  private async keep(): Promise<void> {
    const stopped = new Promise<null>((resolve) => {
      this.stopAsked.signal.addEventListener('abort', () => {
        resolve(null);
      });
    });
    while (this.standing !== null) {
      const sinceMs = Date.now();
      const how = await Promise.race([this.standing.gone, stopped]);
      if (how === null) return;
      await this.standing.end();
      this.standing = null;
      if (this.options.dbFile === null) throw new ServerLostError(`the Temporal server ended (${how})`);
      if (Date.now() - sinceMs > wellAfterMs) this.pauseMs = firstPauseMs;
      await this.standAgain(how);
    }
  }

  /** Tries until the server stands again, or is to stop. */
  private async standAgain(how: string): Promise<void> {
    const { signal } = this.stopAsked;
    for (let why = how; ;) {
      this.why = `the Temporal server ended (${why}); it is started again in ${this.pauseMs / 1000} s`;
      this.log(this.why);
      await sleep(this.pauseMs, undefined, { signal }).catch(() => undefined);
      this.pauseMs = Math.min(2 * this.pauseMs, longestPauseMs);
      if (signal.aborted) return;
      try {
        this.standing = await this.site.stand();
        this.why = null;
        this.log(`the Temporal server is back at ${this.standing.address}`);
        return;
      } catch (error) {
        if (error instanceof ServerLostError) throw error;
        why = error instanceof Error ? error.message : String(error);
      }
    }
  }

  private log(line: string): void {
    this.options.log?.(line, 'warn');
  }
}
