/** The request limits of the simulated Nexudus. */
import type { RateLimits } from './nexudus-switches.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Counts requests by who sent them. A request that was refused does not count. */
export class RateCounter {
  readonly #sent = new Map<string, number[]>();

  /** True when one more request at `atMs` is within the limits; it is then counted. */
  admits(who: string, atMs: number, limits: RateLimits): boolean {
    const sent = (this.#sent.get(who) ?? []).filter((at) => at > atMs - hourMs);
    this.#sent.set(who, sent);
    const last = sent.at(-1) ?? -Infinity;
    if (atMs - last < limits.perGapMs) return false;
    if (sent.length >= limits.perHour) return false;
    if (sent.filter((at) => at > atMs - minuteMs).length >= limits.perMinute) return false;
    sent.push(atMs);
    return true;
  }
}
