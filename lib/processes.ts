/** What the system knows of a process by its number. Slim images have no ps, macOS has no /proc. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The command line; empty for a process that is gone or a zombie. Never throws. */
export async function commandOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  return (await textOf(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ');
}

/**
 * When it was started, in a form only good for comparing: no two processes of this machine have both the number and this text
 * in common, not even after the machine was started anew. Empty for one that is gone or a zombie. Never throws.
 */
export async function bornOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  const stat = await textOf(`/proc/${pid}/stat`);
  // The second field is the name in parentheses, with whatever it holds; of those after it, the first is the state, and the
  // twentieth the ticks since the machine was started.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields[19];
  if (ticks === undefined || fields[0] === 'Z') return '';
  return `${ticks} after ${(await textOf('/proc/sys/kernel/random/boot_id')).trim()}`;
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function ps(pid: number, what: string): Promise<string> {
  const run = promisify(execFile)('ps', ['-p', String(pid), '-o', what]);
  return (await run.catch(() => ({ stdout: '' }))).stdout.trim();
}
