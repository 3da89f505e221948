/** Wakes the members that waited for what works again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createWaker, inBatches, runningMembers } from '../activities/wake.js';
import { tellOf } from './login.js';
import type { Parts } from './parts.js';
import { runAtOnce } from './schedules.js';

const listLagsMs = [0, 2_000, 10_000];

/** Logs what is refused, and wakes the members that waited once it works again. */
export function goOnWhenMended(parts: Parts, ended: AbortSignal): void {
  const { apis, space, log } = parts;
  const goOn = (): void => {
    wakeAll(parts, ended).catch((err: unknown) => {
      if (ended.aborted) return;
      log.warn(
        { err },
        'Latchkey could not wake every member that waited for the APIs; they look again within 10 minutes',
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
  await runAtOnce(parts.client, parts.log, ended);
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
