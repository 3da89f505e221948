import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant } from '../access/types.js';
import { batchSize, type NexudusClient } from '../nexudus/client.js';

/** The most lookups at once; after them one in a while. Each is a request, for all who wait by then. */
const mostAtOnce = 5;
const everyMs = 3_000;
/** Whoever comes in the same moment goes along. */
const gatherMs = 20;

/** Whether Nexudus has such a coworker, as the copy of this process shows it; null: this process has none. */
export type HasCoworker = (id: number, notBefore: Instant) => Promise<boolean | null>;

export interface NewcomersOptions {
  nexudus: Pick<NexudusClient, 'getOne' | 'batch'>;
  hasCoworker: HasCoworker;
  /** How often one more lookup may be made. Default 3 s. */
  everyMs?: number;
  /** A clock that nobody sets, in milliseconds. */
  nowMs?: () => number;
}

/**
 * Decides whether a push may start the workflow of a member who has none. True: Nexudus has this coworker. A read that began at
 * `notBefore` or later shows that, or the coworker was known before. False: Nexudus has none, or cannot tell now, or more members
 * wait already than one request can ask for. After a false a poll is to find whoever really has something new. Rejects never.
 */
export function createNewcomers(
  options: NewcomersOptions,
): (memberId: number, notBefore: Instant) => Promise<boolean> {
  const { nexudus, hasCoworker, nowMs = () => performance.now() } = options;
  const turnMs = options.everyMs ?? everyMs;
  let left = mostAtOnce;
  let filledMs = nowMs();
  let waiting = new Set<number>();
  /** The lookup of all who wait; null: nobody waits. */
  let lookup: Promise<ReadonlySet<number>> | null = null;

  function untilTurnMs(): number {
    const now = nowMs();
    left = Math.min(mostAtOnce, left + (now - filledMs) / turnMs);
    filledMs = now;
    return left >= 1 ? 0 : Math.ceil((1 - left) * turnMs);
  }

  async function found(): Promise<ReadonlySet<number>> {
    await sleep(gatherMs);
    for (let ms = untilTurnMs(); ms > 0; ms = untilTurnMs()) await sleep(ms);
    left--;
    const ids = [...waiting];
    waiting = new Set();
    lookup = null;
    return among(ids).catch(() => new Set<number>());
  }

  async function among(ids: readonly number[]): Promise<ReadonlySet<number>> {
    const [id] = ids;
    if (id === undefined || ids.length > 1) return new Set((await nexudus.batch('coworkers', ids)).keys());
    return new Set((await nexudus.getOne('coworkers', id)) === null ? [] : [id]);
  }

  return async (memberId, notBefore) => {
    const isKnown = await hasCoworker(memberId, notBefore).catch(() => null);
    if (isKnown !== null) return isKnown;
    if (waiting.size >= batchSize && !waiting.has(memberId)) return false;
    waiting.add(memberId);
    return (await (lookup ??= found())).has(memberId);
  };
}
