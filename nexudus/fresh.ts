import type { Instant } from '../access/types.js';

/** How old a kept copy may be. */
export interface Freshness {
  /** A copy whose reading began at or after this will do. */
  notBefore: Instant;
  /** So will one that is younger than this. */
  maxAgeMs: number;
}

/** Something costly to read, kept and shared. A read that failed is not kept. */
export interface Kept<T> {
  get(freshness: Freshness): Promise<T>;
}

/** Keeps the last copy that `read` gave, or is about to give. */
export function keep<T>(read: () => Promise<T>, now: () => Instant): Kept<T> {
  let copy: { startedAt: Instant; value: Promise<T> } | null = null;

  function start(): Promise<T> {
    const mine = { startedAt: now(), value: read() };
    copy = mine;
    mine.value.catch(() => {
      if (copy === mine) copy = null;
    });
    return mine.value;
  }

  return {
    get({ notBefore, maxAgeMs }) {
      // One from the future was read before somebody set the clock back, and would look fresh until then.
      if (copy === null || copy.startedAt > now()) return start();
      const fresh = copy.startedAt >= notBefore || now() - copy.startedAt < maxAgeMs;
      return fresh ? copy.value : start();
    },
  };
}
