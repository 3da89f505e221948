import type { Instant } from '../access/types.js';
import { parseHttpDate } from '../lib/http.js';

/**
 * What is known of a server's clock: the `Date` header of its answers tells (RFC 9110, 6.6.1). Nexudus stamps its records by
 * its own clock. All clients that a process has of a server share one.
 */
export interface ServerClock {
  /** Now by the server's clock, never ahead of it; by this machine's where the server's is not known. */
  now(): Instant;
  /** How far the server's clock is ahead of this machine's, or behind it (negative), in milliseconds; null: not known. */
  skewMs(): number | null;
  /** The same, as the two bounds that it lies between. */
  ahead(): { least: number; most: number } | null;
  /** The earliest that it may be by the server's clock, whatever this machine's says; null: not known. */
  told(): Instant | null;
  /** Milliseconds since some instant, which nobody can set: for what takes time. */
  steadyMs(): number;
  /** The `Date` header of an answer that has just come, and when its request began by `steadyMs`. */
  note(date: unknown, startedMs: number): void;
  /** An instant of the server's clock that is known by now, and was at most `withinMs` past when the request began. */
  noteInstant(at: Instant, startedMs: number, withinMs: number): void;
}

/** For tests. */
export interface ServerClockOptions {
  /** This machine's clock, which somebody may set. */
  wallMs: () => number;
  /** A clock that only ever goes on. Default: `performance.now`. */
  steadyMs: () => number;
}

const dayMs = 24 * 3_600_000;
const earliestDate = Date.UTC(2020, 0, 1);
const latestDate = Date.UTC(2100, 0, 1);

/** A clock that nothing is known of yet. */
export function createServerClock(options: Partial<ServerClockOptions> = {}): ServerClock {
  const { wallMs = Date.now, steadyMs = () => performance.now() } = options;
  // The server's clock minus the steady one lies between `least` and `most`: a step of this machine's clock does not change
  // that.
  let ahead: { least: number; most: number } | null = null;

  function skewMs(): number | null {
    if (ahead === null) return null;
    return Math.round((ahead.least + ahead.most) / 2 + steadyMs() - wallMs());
  }

  const toldNow = (): Instant | null => (ahead === null ? null : Math.floor(ahead.least + steadyMs()));

  function noteInstant(at: Instant, startedMs: number, withinMs: number): void {
    const told = { least: at - steadyMs(), most: at + withinMs - startedMs };
    const least = Math.max(told.least, ahead?.least ?? -Infinity);
    const most = Math.min(told.most, ahead?.most ?? Infinity);
    // An answer that no longer agrees with those before: somebody set one of the clocks, or this machine slept.
    ahead = least <= most ? { least, most } : told;
  }

  return {
    skewMs,
    steadyMs,
    told: toldNow,
    ahead() {
      if (ahead === null) return null;
      const off = steadyMs() - wallMs();
      return { least: ahead.least + off, most: ahead.most + off };
    },
    now() {
      const told = toldNow();
      if (told === null) return wallMs();
      // Nobody knows which of two clocks is right when they are days apart: a time that is too early only costs a longer read.
      return Math.abs(told - wallMs()) > dayMs ? Math.min(told, wallMs()) : told;
    },
    note(date, startedMs) {
      const at = parseHttpDate(date);
      if (at === null || at < earliestDate || at >= latestDate) return;
      // The header has whole seconds, and was written at some time between start and end.
      noteInstant(at, startedMs, 1_000);
    },
    noteInstant,
  };
}
