/** Who runs the Temporal server on a folder: a small file that only one launcher can create. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { answers } from './embedded-ready.js';

const record = z.object({
  launcherPid: z.int().positive(),
  /** Null: the launcher is still at it. */
  server: z.object({ address: z.string(), uiUrl: z.string(), serverPid: z.int() }).nullable(),
});
type Entry = z.infer<typeof record>;

/** The files that this process created or took over. */
const ours = new Set<string>();

/** Where a running server is. */
export interface RunningServer {
  address: string;
  uiUrl: string;
}

/** The outcome of asking for a folder: a server that runs already, or the right to start one. */
export interface Claim {
  running: RunningServer | null;
  /** True: whoever started `running` is gone, so it is now ours to stop. */
  adopted: boolean;
  /** Says where the server is that we started. */
  record(server: RunningServer & { serverPid: number }): Promise<void>;
  /** Gives the folder up; call it when our server is gone. */
  release(): Promise<void>;
  /** Stops a server that we adopted. */
  stopAdopted(): Promise<void>;
}

/** The server that runs on this folder, or null. What a command uses that should not start one. Never throws. */
export async function findEmbeddedTemporal(cacheDir = '.latchkey'): Promise<RunningServer | null> {
  const entry = await read(fileIn(cacheDir));
  const server = entry?.server;
  if (!server || !(await answers(server.address))) return null;
  return { address: server.address, uiUrl: server.uiUrl };
}

/**
 * Claims the folder, or finds the server of whoever holds it, waiting while that one starts.
 * Throws after `deadline` (ms since the epoch).
 */
export async function claimFolder(cacheDir: string, deadline: number): Promise<Claim> {
  const file = fileIn(cacheDir);
  for (;;) {
    if (await create(file)) return claimOf(file, null, false, 0);
    const entry = await read(file);
    const server = entry?.server ?? null;
    if (server !== null && (await answers(server.address))) {
      const adopted = !isLauncher(entry, file) && (await isServer(server.serverPid));
      if (adopted) await write(file, { launcherPid: process.pid, server });
      return claimOf(file, { address: server.address, uiUrl: server.uiUrl }, adopted, server.serverPid);
    }
    // A server that does not answer yet still holds its database.
    const held = server === null ? isLauncher(entry, file) : await isServer(server.serverPid);
    if (!held) await rm(file, { force: true });
    else if (Date.now() > deadline) throw new Error(silentHolder(file, entry));
    else await sleep(200);
  }
}

/** Whether the launcher in the entry still runs. After a restart of a container its pid may well be our own. */
function isLauncher(entry: Entry | null, file: string): boolean {
  if (entry === null) return false;
  return entry.launcherPid === process.pid ? ours.has(file) : isAlive(entry.launcherPid);
}

function claimOf(file: string, running: RunningServer | null, adopted: boolean, serverPid: number): Claim {
  return {
    running,
    adopted,
    record: (server) => write(file, { launcherPid: process.pid, server }),
    release: () => remove(file),
    stopAdopted: async () => {
      if (!adopted || !(await isServer(serverPid))) return;
      process.kill(serverPid, 'SIGTERM');
      while (await isServer(serverPid)) await sleep(100);
      await remove(file);
    },
  };
}

function fileIn(cacheDir: string): string {
  return join(cacheDir, 'temporal-server.json');
}

function silentHolder(file: string, entry: Entry | null): string {
  const pid = entry?.server?.serverPid ?? entry?.launcherPid ?? 'unknown';
  return `the Temporal server of this folder does not answer: end process ${pid}, or remove ${file} if it is not one`;
}

function remove(file: string): Promise<void> {
  ours.delete(file);
  return rm(file, { force: true });
}

/** True: the file is new and ours. Linked into place whole, so that nobody reads an empty one and thinks it stale. */
async function create(file: string): Promise<boolean> {
  const temporary = temporaryName(file);
  await writeFile(temporary, JSON.stringify({ launcherPid: process.pid, server: null }), { mode: 0o600 });
  try {
    await link(temporary, file);
    ours.add(file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

function temporaryName(file: string): string {
  return `${file}.${process.pid}.${randomUUID()}`;
}

async function write(file: string, entry: Entry): Promise<void> {
  const temporary = temporaryName(file);
  await writeFile(temporary, JSON.stringify(entry), { mode: 0o600 });
  await rename(temporary, file);
  ours.add(file);
}

/** Null: there is no file, or nothing sensible in it. */
async function read(file: string): Promise<Entry | null> {
  try {
    return record.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether this process is a development server: a pid alone may have passed to somebody else. */
async function isServer(pid: number): Promise<boolean> {
  return pid > 0 && isAlive(pid) && (await commandOf(pid)).includes('server start-dev');
}

/** The command line, empty for a process that is gone or a zombie. Slim images have no ps, macOS has no /proc. */
async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  }
  const ps = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'command=']).catch(() => ({
    stdout: '',
  }));
  return ps.stdout;
}
