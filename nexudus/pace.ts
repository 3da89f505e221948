import { setTimeout as sleepMs } from 'node:timers/promises';

/**
 * How fast requests may start. The published limits are one request per 100 ms and 120 a minute for each login;
 * the defaults stay below them, since the other end counts arrivals, not starts.
 */
export interface PaceOptions {
  /** Least time between two starts. Default 105. */
  minGapMs: number;
  /** Most starts in any 60 s. Default 115. */
  perMinute: number;
  /** This process's part of the limits: 1/n where n processes share one login. Default 1. */
  share: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

/** Lets requests start one by one, in the order in which they asked. One per process and login. */
export interface Pacer {
  /** Resolves when the caller may start one request. Never rejects. */
  turn(): Promise<void>;
  /** Nobody starts for so many milliseconds from now. */
  pause(ms: number): void;
}

const minuteMs = 60_000;

/** A pacer. All options may be left out. */
export function createPacer(options: Partial<PaceOptions> = {}): Pacer {
  const share = options.share ?? 1;
  const minGapMs = (options.minGapMs ?? 105) / share;
  const perMinute = Math.max(1, Math.floor((options.perMinute ?? 115) * share));
  const clockMs = options.clockMs ?? (() => performance.now());
  const sleep = options.sleep ?? ((ms: number) => sleepMs(ms));

  /** Starts of the last minute, oldest first; never more than `perMinute`. */
  const starts: number[] = [];
  let pausedUntil = -Infinity;
  let queue: Promise<void> = Promise.resolve();

  function earliestStart(): number {
    const last = starts.at(-1) ?? -Infinity;
    const first = starts.length < perMinute ? -Infinity : (starts[0] ?? -Infinity);
    return Math.max(last + minGapMs, first + minuteMs, pausedUntil);
  }

  async function waitForTurn(): Promise<void> {
    // A timer may fire a little early, and a pause may come while this sleeps: look again.
    for (let wait = earliestStart() - clockMs(); wait > 0; wait = earliestStart() - clockMs()) {
      await sleep(Math.ceil(wait));
    }
    starts.push(clockMs());
    if (starts.length > perMinute) starts.shift();
  }

  return {
    turn() {
      queue = queue.then(waitForTurn);
      return queue;
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clockMs() + ms);
    },
  };
}
