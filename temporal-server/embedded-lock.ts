/** Who runs the Temporal server on a folder: a small file that only one launcher can create. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { answers } from './embedded-ready.js';
import { bornOf, commandOf } from '../lib/processes.js';

const record = z.object({
  launcherPid: z.int().positive(),
  /** Tells the launcher from a later process with its number. */
  launcherBorn: z.string(),
  /** Null: the launcher is still starting it. */
  server: z
    .object({
      address: z.string(),
      uiUrl: z.string().nullable(),
      uiTarget: z.string().nullable(),
      serverPid: z.int(),
    })
    .nullable(),
});
type Entry = z.infer<typeof record>;

/** Where a running server is. */
export interface RunningServer {
  address: string;
  /** Null: it has no UI. */
  uiUrl: string | null;
}

/** What a launcher says of its server. `uiTarget`: where the server itself serves the UI, behind `uiUrl`. */
export type RecordedServer = NonNullable<Entry['server']>;

/** The outcome of asking for a folder: a server that runs already, or the right to start one. */
export interface FolderLock {
  /** Null: none, and the folder is ours. */
  running: RecordedServer | null;
  /** True: whoever started `running` is gone, so it is now ours to stop. */
  adopted: boolean;
  /** Says where the server is that we started. */
  record(server: RecordedServer): Promise<void>;
  /** Gives the folder up; call it when our server is gone. */
  release(): Promise<void>;
}

/** The server that runs on this folder, or null: for a command, which should not start one. Never throws. */
export async function findEmbeddedTemporal(cacheDir = '.latchkey'): Promise<RunningServer | null> {
  const server = parse(await read(fileIn(cacheDir)))?.server;
  if (!server || !(await answers(server.address))) return null;
  return { address: server.address, uiUrl: server.uiUrl };
}

/** The process that keeps a server on this folder, whether that answers or not; null: there is none. Never throws. */
export async function launcherOn(cacheDir = '.latchkey'): Promise<number | null> {
  const entry = parse(await read(fileIn(cacheDir)));
  return entry !== null && (await isLauncher(entry)) ? entry.launcherPid : null;
}

/**
 * Locks the folder, or finds the server of whoever holds it, waiting while that one starts it, or starts it again.
 * Throws after `deadline` (ms since the epoch), and when `signal` is aborted.
 */
export async function lockFolder(
  cacheDir: string,
  deadline: number,
  signal?: AbortSignal,
): Promise<FolderLock> {
  const file = fileIn(cacheDir);
  for (;;) {
    if (await create(file)) return lockOf(file, null, false);
    const text = await read(file);
    const entry = parse(text);
    const server = entry?.server ?? null;
    const isKept = entry !== null && (await isLauncher(entry));
    const isUp = server !== null && (await isServer(server.serverPid));
    if (server !== null && (await answers(server.address))) {
      const adopted = !isKept && isUp;
      if (adopted) await write(file, { ...(await ownEntry()), server });
      return lockOf(file, server, adopted);
    }
    // A server that does not answer yet still holds its database.
    if (!isKept && !isUp) await removeStale(file, text);
    else if (Date.now() > deadline)
      throw new Error(silentHolder(file, isUp ? server.serverPid : entry?.launcherPid));
    else await sleep(200, undefined, signal === undefined ? {} : { signal });
  }
}

function lockOf(file: string, running: RecordedServer | null, adopted: boolean): FolderLock {
  return {
    running,
    adopted,
    record: async (server) => write(file, { ...(await ownEntry()), server }),
    release: () => rm(file, { force: true }),
  };
}

function fileIn(cacheDir: string): string {
  return join(cacheDir, 'temporal-server.json');
}

async function ownEntry(): Promise<Entry> {
  return { launcherPid: process.pid, launcherBorn: await bornOf(process.pid), server: null };
}

function silentHolder(file: string, pid = 0): string {
  return `the Temporal server of this folder does not answer: end process ${pid}, or remove ${file} if that process is not the server`;
}

/** True: the file is new and ours. Linked into place whole, so that nobody reads an empty one and thinks it stale. */
async function create(file: string): Promise<boolean> {
  const temporary = temporaryName(file);
  await writeFile(temporary, JSON.stringify(await ownEntry()), { mode: 0o600 });
  try {
    return await linked(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away the file that was found stale, and not the one that another launcher has put in its place since. */
export async function removeStale(file: string, stale: string | null): Promise<void> {
  const aside = temporaryName(file);
  try {
    await rename(file, aside);
  } catch {
    // Somebody else was faster.
    return;
  }
  if ((await read(aside)) !== stale) await linked(aside, file);
  await rm(aside, { force: true });
}

function temporaryName(file: string): string {
  return `${file}.${process.pid}.${randomUUID()}`;
}

async function write(file: string, entry: Entry): Promise<void> {
  const temporary = temporaryName(file);
  await writeFile(temporary, JSON.stringify(entry), { mode: 0o600 });
  await rename(temporary, file);
}

/** Null: there is no file. */
function read(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}

/** Null: nothing sensible is in it. */
function parse(text: string | null): Entry | null {
  try {
    return text === null ? null : record.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Whether the launcher in the entry still runs. */
async function isLauncher({ launcherPid, launcherBorn }: Entry): Promise<boolean> {
  const born = await bornOf(launcherPid);
  return born !== '' && born === launcherBorn;
}

/** Whether this process is a development server: a pid alone may have passed to somebody else. */
export async function isServer(pid: number): Promise<boolean> {
  return pid > 0 && (await commandOf(pid)).includes('server start-dev');
}
