/** Where commands in the same folder find the demo that runs there. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { loadDotEnv } from '../../config/dotenv.js';
import { CommandError } from '../../space/failure.js';

const path = '.latchkey/demo.json';
const runningDemo = z.object({
  /** Takes what `latchkey play` asks for. */
  playUrl: z.string(),
  /** What a command must find in its environment to reach the space of the demo. */
  env: z.record(z.string(), z.string()),
});
type RunningDemo = z.infer<typeof runningDemo>;

/** Leaves the file until this process ends. Throws where it cannot be written. */
export function leaveDemoFile(demo: RunningDemo): void {
  mkdirSync('.latchkey', { recursive: true, mode: 0o700 });
  // A file that an earlier demo left would keep its mode.
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(demo), { mode: 0o600 });
  const left = resolve(path);
  process.once('exit', () => {
    rmSync(left, { force: true });
  });
}

/** The demo that runs in this folder. Throws CommandError where none does. */
export async function findDemo(): Promise<RunningDemo> {
  try {
    const demo = runningDemo.parse(JSON.parse(readFileSync(path, 'utf8')));
    // A demo that was killed leaves its file behind.
    await fetch(demo.playUrl, { signal: AbortSignal.timeout(5_000) });
    return demo;
  } catch {
    throw new CommandError('no demo runs in this folder: start one with `npm run demo`');
  }
}

/** Has this process use the settings of the demo, and none of its own. Throws CommandError where no demo runs, and ConfigError. */
export async function enterDemo(): Promise<void> {
  const { env } = await findDemo();
  loadDotEnv();
  const own = Object.keys(process.env).filter((name) => /^(NEXUDUS|KISI|LATCHKEY|TEMPORAL)_/.test(name));
  // An empty variable counts as not set, and keeps `.env` from setting it later.
  for (const name of own) process.env[name] = '';
  Object.assign(process.env, env);
}
