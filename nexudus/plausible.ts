import type { Instant } from '../access/types.js';
import { isTooMuchGone } from '../lib/too-much-gone.js';

/** Rows of each collection at the last full read that was believed, by the collection's name. */
export type Baselines = Record<string, { count: number; at: Instant }>;

/**
 * Whether a collection that now has `count` rows may be believed, so that what is missing from it is really gone.
 * Not when it is empty though it was not known to be, nor when too much of it is gone.
 */
export function plausible(baseline: { count: number } | null | undefined, count: number): boolean {
  if (!baseline) return count > 0;
  if (count === 0) return baseline.count === 0;
  return !isTooMuchGone(baseline.count - count, baseline.count);
}

/** A list that lost most of its rows, in plain words. */
export function lossWords(name: string, count: number, before: number): string {
  return `${name} (${count} rows, ${before} before)`;
}
