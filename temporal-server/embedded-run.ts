/** One run of Temporal's development server as a child of this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that was started. */
export interface ServerRun {
  pid: number;
  /** Resolves when it is gone, to how it ended and its last words. */
  gone: Promise<string>;
  /** Ends it and waits until it is gone. */
  end(): Promise<void>;
}

/** A server that does not end when it is asked to is killed after this. */
export const endingMs = 10_000;

/** Starts the executable. Its errors go to the file, which is emptied first. Throws where the file cannot be written. */
export function runServer(path: string, args: string[], logFile: string): ServerRun {
  const child = spawnServer(path, args, logFile);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('exit', (code, signal) => {
      resolve(`exit ${signal ?? String(code)}`);
    });
  });
  const killNow = () => child.kill();
  process.once('exit', killNow);
  void ended.then(() => process.off('exit', killNow));
  return {
    pid: child.pid ?? 0,
    gone: ended.then(async (how) => [how, await lastWords(logFile)].filter((one) => one !== '').join(': ')),
    async end() {
      child.kill('SIGTERM');
      const left = new AbortController();
      const late = sleep(endingMs, undefined, { signal: left.signal }).then(() => child.kill('SIGKILL'));
      late.catch(() => undefined);
      await ended;
      left.abort();
    },
  };
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

/** Why it ended, in its own words: the line that says so where a stack follows that line, and else the last line. */
async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const lines = text.trim().split('\n');
  const told =
    lines.find((line) => /^(panic|fatal error): |address already in use/.test(line)) ?? lines.at(-1);
  return told?.slice(0, 500) ?? '';
}
