import type { NexudusClient } from '../nexudus/client.js';

/** Decides whether one whom a push names, and who has no workflow, is seen to alone. */
export interface Newcomers {
  /**
   * True: Nexudus has such a coworker, and few came lately. False: too many did, Nexudus has none or cannot tell now; then
   * a read of what changed is to find whoever really has something new. Rejects never.
   */
  mayStart(memberId: number): Promise<boolean>;
}

/** So many may come at once, and then one in a while: each has Nexudus read for itself alone, and all others wait for that. */
const mostAtOnce = 5;
const everyMs = 5_000;

/** `nowMs`: of a clock that nobody sets. */
export function createNewcomers(
  nexudus: Pick<NexudusClient, 'getOne'>,
  nowMs: () => number = () => performance.now(),
): Newcomers {
  let left = mostAtOnce;
  let filledMs = nowMs();

  function takeTurn(): boolean {
    const now = nowMs();
    left = Math.min(mostAtOnce, left + (now - filledMs) / everyMs);
    filledMs = now;
    if (left < 1) return false;
    left--;
    return true;
  }

  return {
    async mayStart(memberId) {
      if (!takeTurn()) return false;
      const coworker = await nexudus.getOne('coworkers', memberId).catch(() => null);
      return coworker !== null;
    },
  };
}
