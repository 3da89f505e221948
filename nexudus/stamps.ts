import type { Verdict } from '../access/clocks.js';
import type { Instant } from '../access/types.js';
import type { ServerClock } from './clock.js';

/** What is known of the time. */
export interface KnownTime {
  now: () => Instant;
  /** Which clocks are believed. */
  verdict: () => Verdict;
}

/**
 * The time by which Nexudus stamps what is written now, or an earlier one: no watermark is ever ahead of it. Where its header is
 * outvoted, its records may be stamped by a clock that is right.
 */
export function stampedNow(clock: ServerClock, { now, verdict }: KnownTime): Instant {
  const { state, right } = verdict();
  const told = clock.told();
  if (state !== 'agreed') return clock.now();
  if (told === null) return now();
  return right.includes('nexudus') ? told : Math.min(told, now());
}

/** The same where all clocks agree, Nexudus' among them; else null. */
export function surelyStampedNow(clock: ServerClock, { verdict }: KnownTime): Instant | null {
  const { state, right } = verdict();
  return state === 'agreed' && right.includes('nexudus') ? clock.told() : null;
}

/** Nexudus filters to the minute, so every list of what was written looks back a little. */
export const overlapMs = 2 * 60_000;

/**
 * Reads, and answers when the read began by Nexudus' clock: as that clock was known before, or by the read's own answers,
 * whichever is earlier. A watermark that is too early costs a longer read, one that is too late costs a change.
 */
export async function readStamped<T>(
  clock: ServerClock,
  stampedNow: () => Instant,
  read: () => Promise<T>,
): Promise<{ answer: T; readAt: Instant }> {
  const [began, beganMs] = [stampedNow(), clock.steadyMs()];
  const answer = await read();
  const tookMs = Math.ceil(clock.steadyMs() - beganMs);
  return { answer, readAt: Math.min(began, stampedNow() - tookMs) };
}
