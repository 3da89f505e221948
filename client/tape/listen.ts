import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../../lib/durations.js';
import { CommandError } from '../../space/failure.js';
import { withProgress } from '../../space/progress.js';
import { remark } from '../../space/remark.js';
import { Recorder } from '../../tape/recorder.js';
import { hearWorkers } from '../../tape/tap.js';
import { verifyTaped, zonedIn } from './verify.js';
import { pathOf, readEverybody, Taping, type TapeOptions } from './record.js';

export interface ListenOptions extends TapeOptions {
  /** For how long, such as '30m'. */
  for?: string;
}

/**
 * `latchkey tape --for`: records what the workers of this folder ask, for that time or until Ctrl-C. Then it records all that
 * each member can be explained by, what `verify` asks, and what a plan stands on if a worker answers. Throws CommandError, and
 * as `latchkey explain` does.
 */
export async function tapeFor(options: ListenOptions): Promise<void> {
  const path = pathOf(options);
  const forMs = durationOf(options.for);
  const recorder = new Recorder();
  const hearing = await hearWorkers(recorder);
  if (hearing.workers === 0)
    remark(
      'no worker runs in this folder, so there is nothing to wait for: the tape has only what this command asks',
    );
  else await listen(forMs, hearing.over);
  hearing.end();
  const taping = new Taping(path, recorder);
  const space = await taping.open('explain', { everybody: true });
  let zoned: (number | string)[] | null = null;
  try {
    await readEverybody(space);
    if (hearing.workers > 0) await tryPlan(taping, options.json ?? false);
    zoned = zonedIn(space.config);
    const { failures } = await verifyTaped(taping, space.config);
    for (const { message } of failures) remark(`the tape has not all of \`verify\`: ${message}`);
  } finally {
    taping.write(space, null, zoned);
  }
}

/** Throws CommandError where the text is no time. */
function durationOf(text: string | undefined): number {
  try {
    return parseDuration(text ?? '');
  } catch {
    throw new CommandError('--for takes how long to record (30s, 30m, 2h)', 2);
  }
}

/** Waits until the time is over, somebody presses Ctrl-C, or no worker is left. */
async function listen(forMs: number, over: Promise<void>): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => {
    stop.abort();
  };
  process.once('SIGINT', onSignal);
  try {
    const time = sleep(forMs, undefined, { signal: stop.signal }).catch(() => undefined);
    await withProgress('Recording; Ctrl-C ends it', () => Promise.race([time, over]));
  } finally {
    process.off('SIGINT', onSignal);
    stop.abort();
  }
}

async function tryPlan(taping: Taping, json: boolean): Promise<void> {
  try {
    await taping.plan(await taping.open('plan', { mayLackWorker: false }), json);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    remark(`the tape has no plan: ${error.message}`);
  }
}
