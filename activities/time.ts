import { correctionOf, correctionsOf, verdictOf, type Heard, type Verdict } from '../access/clocks.js';
import type { Instant } from '../access/types.js';
import type { ServerClock } from '../nexudus/clock.js';

/** What time it is, and how sure that is: the one place where a process knows. */
export interface Timekeeper {
  /**
   * Now. By Nexudus' clock where that is one of two that agree, else by the others that do; by this machine's as long as
   * nobody contradicts it. Where it is disputed the time goes on from when it last was not.
   */
  now(): Instant;
  /** All that it may be now: one instant, but where it is disputed. */
  possible(): Instant[];
  verdict(): Verdict;
  heard(): Heard;
}

export interface TimekeeperOptions {
  clocks: Record<keyof Heard, Pick<ServerClock, 'ahead'>>;
  /** This machine's clock, which somebody may set. Default: `Date.now`. */
  wallMs?: () => Instant;
  /** One that only ever goes on. Default: `performance.now`. */
  steadyMs?: () => number;
}

/** One for each process. */
export function createTimekeeper({
  clocks,
  wallMs = Date.now,
  steadyMs = () => performance.now(),
}: TimekeeperOptions): Timekeeper {
  const heard = (): Heard => ({
    temporal: clocks.temporal.ahead(),
    nexudus: clocks.nexudus.ahead(),
    kisi: clocks.kisi.ahead(),
  });
  /** The time less the steady clock, when two clocks last agreed. */
  let agreedBase: number | null = null;

  return {
    heard,
    verdict: () => verdictOf(heard()),
    now() {
      const known = heard();
      const { state } = verdictOf(known);
      if (state === 'disputed') return Math.round(agreedBase === null ? wallMs() : agreedBase + steadyMs());
      const now = wallMs() + correctionOf(known);
      if (state === 'agreed') agreedBase = now - steadyMs();
      return now;
    },
    possible() {
      const known = heard();
      if (verdictOf(known).state !== 'disputed') return [this.now()];
      const wall = wallMs();
      return correctionsOf(known).map((ms) => wall + ms);
    },
  };
}
