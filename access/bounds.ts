import type { Instant } from './types.js';

/** Nothing is sold that ended before this: an earlier end makes no sense. */
export const firstInstant: Instant = Date.UTC(2000, 0, 1);
/** A day short of 2100, so that what lasts a little longer stays before it. */
const lastInstant: Instant = Date.UTC(2099, 11, 31);
const farAheadMs = 20 * 366 * 24 * 3_600_000;

/** What lies at or after this is as good as never: no end is known, and nobody waits for it. */
export function horizonOf(now: Instant): Instant {
  return Math.min(now + farAheadMs, lastInstant);
}

/** The instant, where it is one that may be waited for, stored and sent; else null. */
export function withinBounds(at: Instant | null, now: Instant): Instant | null {
  return at !== null && at >= firstInstant && at < horizonOf(now) ? at : null;
}
