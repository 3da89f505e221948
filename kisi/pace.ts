import { setTimeout as sleepMs } from 'node:timers/promises';

/** How many requests may start in which time. Kisi allows 5 a second to all that act as the same user. */
export interface PaceOptions {
  /** Most starts in any `windowMs`. Default 5. */
  most: number;
  /** Default 1100: the other end counts arrivals, not starts. */
  windowMs: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

/** Lets requests start one by one. One per process and API key. */
export interface KisiPacer {
  /** Resolves when the caller may start so many requests (1) at once; in the order of asking. Never rejects. */
  turn(requests?: number): Promise<void>;
  /** Kisi asked to slow down: nobody starts for so many milliseconds from now. */
  pause(ms: number): void;
}

/**
 * A pacer. All options may be left out. A few requests after a quiet while need not wait; while there is more to ask than
 * that, starts are spread evenly.
 */
export function createKisiPacer(options: Partial<PaceOptions> = {}): KisiPacer {
  const { most = 5, windowMs = 1_100 } = options;
  const clockMs = options.clockMs ?? (() => performance.now());
  const sleep = options.sleep ?? ((ms: number) => sleepMs(ms));
  /** The last `most` starts, oldest first. */
  let starts: number[] = [];
  let pausedUntil = -Infinity;
  let line = Promise.resolve();

  function waitMs(): number {
    const oldest = starts.length < most ? -Infinity : (starts[0] ?? -Infinity);
    const isBusy = clockMs() - oldest < 2 * windowMs;
    const evenly = isBusy ? (starts.at(-1) ?? -Infinity) + windowMs / most : -Infinity;
    return Math.max(oldest + windowMs, evenly, pausedUntil) - clockMs();
  }

  async function start(requests: number): Promise<void> {
    const before = starts;
    for (let taken = 0; taken < requests; taken++) {
      // Looked at again after the wait: a timer may fire early, and a pause may come.
      for (let wait = waitMs(); wait > 0; wait = waitMs()) await sleep(Math.ceil(wait));
      starts = [...starts, clockMs()].slice(-most);
    }
    // All of them start now, whenever their turn came.
    starts = [...before, ...Array.from({ length: requests }, clockMs)].slice(-most);
  }

  return {
    turn: (requests = 1) => (line = line.then(() => start(requests))),
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clockMs() + ms);
    },
  };
}
