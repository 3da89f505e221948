import { spawn } from 'node:child_process';
import { launcher } from './launcher.js';

/** A line of a worker's log. */
export interface LogLine extends Record<string, unknown> {
  level: string;
  msg: string;
  healthPort?: number;
}

/** A worker that is a process of its own, and what it says. */
export interface WorkerProcess {
  /** The lines of stderr that are of the log. */
  log(): LogLine[];
  /** All of stderr. */
  stderr(): string;
  /** What /readyz answers; null: it is not served yet. */
  readiness(): Promise<Readiness | null>;
  /** Resolves to the exit code once the process is gone. */
  exited: Promise<number | null>;
  /** Ends it as an operator does; answers its exit code. */
  stop(): Promise<number | null>;
}

export interface Readiness {
  status: number;
  waitsFor: string[];
  isLeader: boolean;
}

/** Starts `latchkey worker`, or `latchkey listen`, in a folder, with just these variables. */
export function startWorkerProcess(
  cwd: string,
  env: Record<string, string>,
  command: 'worker' | 'listen' = 'worker',
): WorkerProcess {
  const child = spawn(process.execPath, [launcher, command], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (process.env['TEST_LOG'] !== undefined) process.stderr.write(text);
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const log = (): LogLine[] =>
    stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  return {
    log,
    stderr: () => stderr,
    async readiness() {
      const port = log().find(({ msg }) => msg === 'latchkey is running')?.healthPort;
      if (port === undefined) return null;
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      return { ...((await answer.json()) as Omit<Readiness, 'status'>), status: answer.status };
    },
    exited,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
