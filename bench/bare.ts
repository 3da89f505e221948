/** The least that a durable member could be: woken by a signal or a timer, one activity with an HTTP call, asleep again. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

export const bareWake = defineSignal('wake');

export interface BareActivities {
  /** One HTTP call. */
  ask(memberId: number): Promise<number>;
}

const { ask } = proxyActivities<BareActivities>({ startToCloseTimeout: '1m' });

/** Asks at once, and then whenever it is woken. `sleepMs`: how long it sleeps by itself. */
export async function bare(memberId: number, sleepMs: number): Promise<void> {
  let woken = true;
  setHandler(bareWake, () => {
    woken = true;
  });
  for (;;) {
    woken = false;
    await ask(memberId);
    await condition(() => woken, sleepMs);
  }
}
