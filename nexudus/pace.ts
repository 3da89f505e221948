import { setTimeout as sleepMs } from 'node:timers/promises';

/**
 * How fast requests may start. Published are one request per 100 ms and 120 a minute for each login; "trust the
 * status code, not the numbers", says the same page. So the gap is always kept, and the minute's number from the first
 * throttle on, for as long as `cautionMs`.
 */
export interface PaceOptions {
  /** Least time between two starts. Default 115: the other end counts arrivals, not starts. */
  minGapMs: number;
  /** Most starts in any 60 s once Nexudus has throttled. Default 115. */
  perMinute: number;
  /** What the background leaves of that to others. Default 45. */
  reservePerMinute: number;
  /** From so many starts in the last 60 s on, the background spreads its own over the minute. Default 60. */
  gentleFrom: number;
  /** How long a throttle makes careful. Default 10 minutes. */
  cautionMs: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

/** Lets requests start one by one. One per process and login. */
export interface Pacer {
  /** Resolves when the caller may start one request; in the order of asking. Never rejects. */
  turn(): Promise<void>;
  /** Nexudus asked to slow down: nobody starts for so many milliseconds from now. */
  pause(ms: number): void;
  /** The same pace for work that can wait: it lets every other request go first, but not for ever. */
  background: Omit<Pacer, 'background'>;
}

interface Waiting {
  go: () => void;
  since: number;
}

const minuteMs = 60_000;
/** So long the background lets others go first: behind it wait those whose change nobody has noticed yet. */
const patienceMs = 3_000;

/** A pacer. All options may be left out. */
export function createPacer(options: Partial<PaceOptions> = {}): Pacer {
  const {
    minGapMs = 115,
    perMinute = 115,
    reservePerMinute = 45,
    gentleFrom = 60,
    cautionMs = 10 * minuteMs,
  } = options;
  const clockMs = options.clockMs ?? (() => performance.now());
  const sleep = options.sleep ?? ((ms: number) => sleepMs(ms));

  /** Starts of the last minute, oldest first. */
  let starts: number[] = [];
  let pausedUntil = -Infinity;
  let carefulUntil = -Infinity;
  let lastOfBackground = -Infinity;
  const front: Waiting[] = [];
  const back: Waiting[] = [];
  let pumping = false;

  function earliestStart(most: number): number {
    const last = starts.at(-1) ?? -Infinity;
    const soonest = Math.max(last + minGapMs, pausedUntil);
    if (clockMs() >= carefulUntil) return soonest;
    const inTheWay = starts.at(-most);
    return inTheWay === undefined ? soonest : Math.max(soonest, inTheWay + minuteMs);
  }

  /** The background stays clear of the published number without being told, so that no wait for a whole minute comes. */
  function earliestBackground(): number {
    const most = perMinute - reservePerMinute;
    const soonest = earliestStart(most);
    const lately = starts.filter((at) => at > clockMs() - minuteMs);
    if (lately.length < gentleFrom) return soonest;
    return Math.max(soonest, lastOfBackground + minuteMs / most);
  }

  function isFrontsTurn(): boolean {
    const [waiting] = back;
    if (waiting === undefined || front.length === 0) return front.length > 0;
    return clockMs() - waiting.since < patienceMs || earliestBackground() > clockMs();
  }

  async function pump(): Promise<void> {
    pumping = true;
    while (front.length + back.length > 0) {
      const isFront = isFrontsTurn();
      const wait = (isFront ? earliestStart(perMinute) : earliestBackground()) - clockMs();
      // Looked at again after the wait: a timer may fire early, a pause may come, and the front goes first.
      if (wait > 0) await sleep(Math.min(Math.ceil(wait), isFront ? Infinity : 250));
      else start(isFront);
    }
    pumping = false;
  }

  function start(isFront: boolean): void {
    const now = clockMs();
    starts = starts.filter((at) => at > now - minuteMs);
    starts.push(now);
    if (!isFront) lastOfBackground = now;
    (isFront ? front : back).shift()?.go();
  }

  function turnIn(lane: Waiting[]): Promise<void> {
    return new Promise((resolve) => {
      lane.push({ go: resolve, since: clockMs() });
      if (!pumping) void pump();
    });
  }

  function pause(ms: number): void {
    pausedUntil = Math.max(pausedUntil, clockMs() + ms);
    carefulUntil = clockMs() + cautionMs;
  }

  return { turn: () => turnIn(front), pause, background: { turn: () => turnIn(back), pause } };
}
