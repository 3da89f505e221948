import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('writer.ts', import.meta.url));

/** A process that writes to the audit log (`writer.ts`). */
export interface Writer {
  /** Resolves when the process has said this many keys, or has ended before that. */
  said(count: number): Promise<void>;
  kill(): void;
  /** All keys that it said, how it ended, and what it complained of. */
  ended: Promise<{ keys: string[]; code: number | null; signal: NodeJS.Signals | null; errors: string }>;
}

export function startWriter(url: string, name: string, count: number): Writer {
  const child = spawn(process.execPath, ['--import=tsx', script, url, name, String(count)]);
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const keys = (): string[] => out.split('\n').slice(0, -1);
  const closed = once(child, 'close');
  return {
    async said(wanted) {
      while (keys().length < wanted && child.exitCode === null && child.signalCode === null)
        await Promise.race([once(child.stdout, 'data'), closed]);
    },
    kill: () => void child.kill('SIGKILL'),
    ended: closed.then(() => ({ keys: keys(), code: child.exitCode, signal: child.signalCode, errors })),
  };
}
