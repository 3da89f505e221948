/** Has those go on who waited for what is mended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createWaker, inBatches, runningMembers } from '../activities/wake.js';
import { tellOf } from './login.js';
import type { Parts } from './parts.js';
import { runSchedules } from './temporal.js';

const listLagsMs = [0, 2_000, 10_000];

/** Tells what is refused, and has everybody go on who waited for what is mended. */
export function goOnWhenMended(parts: Parts, ended: AbortSignal): void {
  const { apis, space, log } = parts;
  const goOn = (): void => {
    wakeAll(parts, ended).catch((err: unknown) => {
      if (ended.aborted) return;
      log.warn(
        { err },
        'not everybody could be woken who waited for the APIs; they look again within 10 minutes',
      );
    });
  };
  space.onChecked(goOn);
  for (const login of apis.logins) {
    tellOf(login, log);
    login.onChange((refusal) => {
      if (refusal !== null) return;
      space.lookNow();
      goOn();
    });
  }
}

async function wakeAll(parts: Parts, ended: AbortSignal): Promise<void> {
  await runSchedules(parts.client);
  // Temporal's list lags behind: who was blocked just before is found by a later look.
  for (const pauseMs of listLagsMs) {
    await sleep(pauseMs, undefined, { signal: ended, ref: false });
    await wakeBlocked(parts);
  }
}

/** What was blocked may have been mended while the process was down. */
export async function wakeBlocked({ client, config, ownership }: Parts): Promise<void> {
  const waker = createWaker(client, config.taskQueue, ownership);
  const isFailing = await runningMembers(client, ` AND AccessProblem != 'none'`);
  await inBatches(isFailing, (id) => waker.wakeIfRunning(id, { reason: 'reconciliation', isBatch: true }));
}
