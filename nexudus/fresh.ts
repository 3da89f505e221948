import type { Instant } from '../access/types.js';
import { shared } from '../lib/shared.js';
import { within, type Limit } from '../lib/within.js';

/** How old a kept copy may be. */
export interface Freshness {
  /** A copy whose reading began at or after this will do. */
  notBefore: Instant;
  /** A copy that is younger than this will do too. */
  maxAgeMs: number;
  /** One that is not younger than this is given as well, but renewed meanwhile for those who ask later. */
  renewAgeMs?: number;
}

/** Something costly to read, kept and shared. A read that failed is not kept. */
export interface Kept<T> {
  get(freshness: Freshness): Promise<T>;
}

interface Copy<T> {
  /** One that began later has a higher number, whatever clocks say. */
  number: number;
  startedAt: Instant;
  value: () => Promise<T>;
}

/** How long after a renewal that nobody waits for the next may begin: the last one may have failed. */
const renewEveryMs = 60_000;

/**
 * Keeps the last copy that `read` gave, or is about to give; all who ask share the read, see `shared`. `renew`: reads the same
 * where nobody waits.
 */
export function keep<T>(read: () => Promise<T>, now: () => Instant, limit?: Limit, renew = read): Kept<T> {
  let answered: Copy<T> | null = null;
  let reading: Copy<T> | null = null;
  let isRenewing = false;
  let renewedAt = -Infinity;
  let begun = 0;

  function start(job: () => Promise<T>, onEnd: (copy: Copy<T>) => void): Copy<T> {
    const onOver = (isAnswered: boolean): void => {
      onEnd(copy);
      if (isAnswered && copy.number > (answered?.number ?? 0)) answered = copy;
    };
    const copy = { number: ++begun, startedAt: now(), value: shared(job, { limit, onOver }) };
    return copy;
  }

  function readAnew(): Promise<T> {
    reading = start(read, (copy) => {
      if (reading === copy) reading = null;
    });
    return reading.value();
  }

  /** Nobody waits for it, and it may take long: who needs a newer copy meanwhile has another one read. */
  function renewMeanwhile(): void {
    if (reading !== null || isRenewing || Math.abs(now() - renewedAt) < renewEveryMs) return;
    renewedAt = now();
    isRenewing = true;
    const renewal = start(renew, () => (isRenewing = false));
    // Whoever asked may be served before it is read.
    within({}, () => renewal.value()).catch(() => undefined);
  }

  return {
    get({ notBefore, maxAgeMs, renewAgeMs = Infinity }) {
      // A copy from the future was read before somebody set the clock back, and would look fresh until then.
      const isFresh = ({ startedAt }: Copy<T>): boolean =>
        startedAt <= now() && (startedAt >= notBefore || now() - startedAt < maxAgeMs);
      // A caller that may have the kept copy need not wait for the read that others began.
      const fresh = [answered, reading].find((copy) => copy !== null && isFresh(copy));
      if (!fresh) return readAnew();
      if (now() - fresh.startedAt >= renewAgeMs) renewMeanwhile();
      return fresh.value();
    },
  };
}

/** As long as the longest list of one member may take, throttled. */
export const onceLimit: Limit = { limitMs: 2 * 60_000, of: 'Nexudus' };

/** The same function, asking only once for each argument unless that failed; all who ask share the answer, see `shared`. */
export function once<A, T>(read: (argument: A) => Promise<T>): (argument: A) => Promise<T> {
  const known = new Map<A, () => Promise<T>>();
  return (argument) => {
    const found = known.get(argument);
    if (found !== undefined) return found();
    const onOver = (isAnswered: boolean): void => {
      if (!isAnswered) known.delete(argument);
    };
    const asked = shared(() => read(argument), { limit: onceLimit, onOver });
    known.set(argument, asked);
    return asked();
  };
}
