import type { Instant } from '../access/types.js';
import type { NexudusClient } from '../nexudus/client.js';
import type { PushDeps } from './push.js';

/** So many may be looked up one by one at once, and then one in a while: each is a request. */
const mostAtOnce = 5;
const everyMs = 5_000;

/**
 * Decides whether one whom a push names, and who has no workflow, may have one. True: Nexudus has such a coworker, as a read shows
 * that began at `notBefore` at the earliest, unless the coworker was known before. False: Nexudus has none, or cannot tell now, or
 * too many came lately where this process has no copy of the records; then a poll is to find whoever really has something new.
 * Rejects never. `nowMs`: of a clock that nobody sets.
 */
export function createNewcomers(
  { nexudus, hasCoworker }: Pick<PushDeps, 'hasCoworker'> & { nexudus: Pick<NexudusClient, 'getOne'> },
  nowMs: () => number = () => performance.now(),
): (memberId: number, notBefore: Instant) => Promise<boolean> {
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

  return async (memberId, notBefore) => {
    const isKnown = await hasCoworker(memberId, notBefore).catch(() => null);
    if (isKnown !== null) return isKnown;
    if (!takeTurn()) return false;
    const coworker = await nexudus.getOne('coworkers', memberId).catch(() => null);
    return coworker !== null;
  };
}
