import { setTimeout as sleepMs } from 'node:timers/promises';
import { untilAborted } from '../lib/within.js';

/** How many requests may start in which time. Kisi allows 5 a second to all that act as the same user. */
export interface PaceOptions {
  /** Most starts in any `windowMs`. Default 5. */
  most: number;
  /** Default 1100: the other end counts arrivals, not starts. */
  windowMs: number;
  /** How long what is done in batch lets others go first, each request. Default 10 s. */
  longestBatchWaitMs: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

/** Lets requests start one by one. */
export interface KisiTurns {
  /**
   * Resolves when the caller may start so many requests (1) at once; in the order of asking. Throws the reason of `signal`
   * once that is aborted, and those behind move up.
   */
  turn(requests?: number, signal?: AbortSignal): Promise<void>;
  /** Kisi asked to slow down: nobody starts for so many milliseconds from now. */
  pause(ms: number): void;
}

/** One pace for two kinds of work. One per process and API key. */
export interface KisiPacer {
  /** What somebody waits for. */
  urgent: KisiTurns;
  /** Lets that go first, but does not wait for ever. */
  batch: KisiTurns;
}

/** A little less than even, so that a timer that fires late does not make all that follow late: the window sees to the rate. */
const evenness = 0.98;

interface Waiting {
  requests: number;
  go: () => void;
  since: number;
}

/**
 * A pacer. All options may be left out. A few requests after a quiet while need not wait; while there is more to ask than
 * that, starts are spread evenly.
 */
export function createKisiPacer(options: Partial<PaceOptions> = {}): KisiPacer {
  const { most = 5, windowMs = 1_100, longestBatchWaitMs = 10_000 } = options;
  const clockMs = options.clockMs ?? (() => performance.now());
  const sleep = options.sleep ?? ((ms: number) => sleepMs(ms));
  /** The last `most` starts, oldest first. */
  let starts: number[] = [];
  let pausedUntil = -Infinity;
  let pumping = false;
  const urgent: Waiting[] = [];
  const batch: Waiting[] = [];

  /** When so many requests may start together: when the last of them might, were they to start one by one. */
  function startOf(requests: number): number {
    let line = starts;
    let at = pausedUntil;
    for (let i = 0; i < requests; i++) {
      const oldest = line.length < most ? -Infinity : (line[0] ?? -Infinity);
      const isBusy = clockMs() - oldest < 2 * windowMs;
      const evenly = isBusy ? (line.at(-1) ?? -Infinity) + (windowMs / most) * evenness : -Infinity;
      at = Math.max(at, oldest + windowMs, evenly);
      line = [...line, at].slice(-most);
    }
    return at;
  }

  function nextInLine(): Waiting | undefined {
    const patient = batch[0];
    const isOut = patient !== undefined && clockMs() - patient.since >= longestBatchWaitMs;
    return isOut ? patient : (urgent[0] ?? patient);
  }

  async function pump(): Promise<void> {
    pumping = true;
    for (let next = nextInLine(); next !== undefined; next = nextInLine()) {
      const wait = startOf(next.requests) - clockMs();
      // Looked at again after the wait: a timer may fire early, a pause may come, and another may go first.
      if (wait > 0) {
        await sleep(Math.ceil(wait));
        continue;
      }
      start(next);
      // Who has started may ask again, before the next one is chosen.
      await Promise.resolve();
    }
    pumping = false;
  }

  function start(next: Waiting): void {
    const line = urgent[0] === next ? urgent : batch;
    line.shift();
    starts = [...starts, ...Array.from({ length: next.requests }, clockMs)].slice(-most);
    next.go();
  }

  const turnsIn = (line: Waiting[]): KisiTurns => ({
    turn(requests = 1, signal) {
      const mine = { requests, go: (): void => undefined, since: clockMs() };
      const join = (go: () => void): void => {
        mine.go = go;
        line.push(mine);
        if (!pumping) void pump();
      };
      return untilAborted(signal, join, () => void line.splice(line.indexOf(mine), 1));
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clockMs() + ms);
    },
  });
  return { urgent: turnsIn(urgent), batch: turnsIn(batch) };
}
