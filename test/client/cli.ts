import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { launcher } from '../support/launcher.js';
import { stubbornly } from '../support/folders.js';

/** What a command printed and how it ended. */
export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder that nothing else uses, as a place to run commands in. */
export function scratch(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
  return {
    path,
    remove: () => {
      rmSync(path, { ...stubbornly, force: true });
    },
  };
}

/** Runs the command as a process of its own, in the folder, with just these variables. */
export function latchkey(args: string[], cwd: string, env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran: Ran = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ ...ran, code });
    });
  });
}

/** Runs the command in this process, which takes no start-up, with these variables besides those that are set. */
export async function latchkeyWith(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    return await latchkeyHere(...args);
  } finally {
    for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  }
}

/** As `latchkeyWith`, for a command that must succeed: answers what it printed. */
export async function latchkeyDone(env: Record<string, string>, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await latchkeyWith(env, ...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Runs the command in this process: for what needs neither settings nor a folder. */
export async function latchkeyHere(...args: string[]): Promise<Ran> {
  // Loaded as the launcher does: mocha loads this file in another way, and classes would exist twice.
  const { main } = await import('../../client/cli.js');
  const { stdout, stderr } = process;
  const written = { stdout: '', stderr: '' };
  const writers = { stdout: stdout.write.bind(stdout), stderr: stderr.write.bind(stderr) };
  const into = (name: keyof typeof written) => (text: string | Uint8Array) => {
    written[name] += String(text);
    return true;
  };
  stdout.write = into('stdout');
  stderr.write = into('stderr');
  try {
    const code = await main(['node', 'latchkey', ...args]);
    return { code, ...written };
  } finally {
    stdout.write = writers.stdout;
    stderr.write = writers.stderr;
  }
}

/** Runs this as at a terminal, where somebody types that line when asked; null: closes it. */
export async function withTerminal<T>(typed: string | null, run: () => Promise<T>): Promise<T> {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {};
  const { isTTY } = process.stderr;
  const hasColors = Object.getOwnPropertyDescriptor(process.stderr, 'hasColors');
  Object.defineProperty(process, 'stdin', { value: input, configurable: true });
  Object.assign(process.stderr, { isTTY: true, hasColors: () => false });
  try {
    if (typed === null) input.end();
    else input.write(`${typed}\n`);
    return await run();
  } finally {
    Object.defineProperty(process, 'stdin', stdin);
    process.stderr.isTTY = isTTY;
    if (hasColors === undefined) Reflect.deleteProperty(process.stderr, 'hasColors');
    else Object.defineProperty(process.stderr, 'hasColors', hasColors);
  }
}

/** The lines of a text that are not empty. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
