import { setTimeout as sleepMs } from 'node:timers/promises';
import { untilAborted } from '../waits/within.js';

/**
 * How fast requests may start. Published are one request per 100 ms and 120 a minute for each login; "trust the
 * status code, not the numbers", says the same page. So the gap is always kept, and the minute's number from a throttle
 * on, for as long as `cautionMs`. A first one while little was asked is no sign of that: two requests came too close
 * together on their way. Each throttle widens the gap a little for a minute, since each costs a whole second.
 */
export interface PaceOptions {
  /** Least time between two starts. Default 115: the other end counts arrivals, not starts. */
  minGapMs: number;
  /** What each throttle of the last minute, but not more than five, adds to the gap. Default 10. */
  widerMs: number;
  /** Most starts in any 60 s after a throttle. Default 115. */
  perMinute: number;
  /** What crowds and full passes leave of that to what is waited for; polls leave half of it. Default 45. */
  reservePerMinute: number;
  /**
   * After a throttle, from so many starts in the last 60 s on, those of all that can wait are spread over the minute; with
   * fewer, it takes two throttles in a minute to make careful. Default 60.
   */
  spreadFrom: number;
  /** How long a throttle makes careful. Default 10 minutes. */
  cautionMs: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
  /** May resolve early once `signal` is aborted. */
  sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Lets requests start one by one. */
export interface Turns {
  /**
   * Resolves when the caller may start one request; in the order of asking. Throws the reason of `signal` once that is
   * aborted, and those behind move up.
   */
  turn(signal?: AbortSignal): Promise<void>;
  /** Nexudus asked to slow down: nobody starts for so many milliseconds from now. */
  pause(ms: number): void;
}

/** One pace for five kinds of work. One per process and login. */
export interface Pacer {
  /** What a member waits for. */
  members: Turns;
  /** What several members wait for together: lets a member's own read go first, for up to 3 s a request. */
  groups: Turns;
  /** The same for many, for none of whom somebody waits. */
  crowds: Turns;
  /** Lets members' reads go first, but not for more than 3 s: it knows of those whose change nobody has noticed yet. */
  polls: Turns;
  /** Lets all others go first, for up to 15 s a request. */
  fullPasses: Turns;
  /** How many may start now before as many have started within a minute as Nexudus allows. */
  room(): number;
}

/** The five kinds of work. */
export type LaneName = Exclude<keyof Pacer, 'room'>;

interface Lane {
  waiting: { go: () => void; since: number }[];
  patienceMs: number;
  perMinute: number;
  /** Whether its starts are spread over a minute that is throttled. */
  isSpread: boolean;
  /** Of the last minute, oldest first. */
  starts: number[];
}

const minuteMs = 60_000;

/** A pacer. All options may be left out. */
export function createPacer(options: Partial<PaceOptions> = {}): Pacer {
  const {
    minGapMs = 115,
    widerMs = 10,
    perMinute = 115,
    reservePerMinute = 45,
    spreadFrom = 60,
    cautionMs = 10 * minuteMs,
  } = options;
  const clockMs = options.clockMs ?? (() => performance.now());
  const sleep =
    options.sleep ??
    ((ms: number, signal: AbortSignal) => sleepMs(ms, undefined, { signal }).catch(() => undefined));

  /** Starts of the last minute, oldest first. */
  let starts: number[] = [];
  let pausedUntil = -Infinity;
  let carefulUntil = -Infinity;
  /** The last few throttles of the last minute, oldest first. */
  let throttles: number[] = [];
  let pumping = false;
  let napping = new AbortController();
  const lane = (patienceMs: number, most: number, isSpread: boolean): Lane => ({
    waiting: [],
    patienceMs,
    perMinute: most,
    isSpread,
    starts: [],
  });
  /** In the order in which they go. */
  const lanes = {
    members: lane(Infinity, perMinute, false),
    groups: lane(3_000, perMinute, false),
    crowds: lane(3_000, perMinute - reservePerMinute, true),
    // A throttle after a burst must not have a change go unnoticed until the minute is over.
    polls: lane(3_000, perMinute - Math.floor(reservePerMinute / 2), true),
    fullPasses: lane(15_000, perMinute - reservePerMinute, true),
  };
  const inOrder = Object.values(lanes);

  /** Whether the first of a lane has waited for longer than it should. */
  function isImpatient({ waiting, patienceMs }: Lane): boolean {
    return clockMs() - (waiting[0]?.since ?? Infinity) >= patienceMs;
  }

  /** Polls that follow each other closely must not take all turns for ever: others have at least a few of theirs. */
  function shareOf(one: Lane): number {
    const hasFew = isImpatient(one) && lately(one.starts).length < Math.ceil(reservePerMinute / 3);
    return hasFew ? Math.max(one.perMinute, lanes.polls.perMinute) : one.perMinute;
  }

  function earliestStart(one: Lane): number {
    const { isSpread, starts: own } = one;
    const most = shareOf(one);
    const soonest = Math.max((starts.at(-1) ?? -Infinity) + gapMs(), pausedUntil);
    if (clockMs() >= carefulUntil) return soonest;
    const inTheWay = starts.at(-most) ?? -Infinity;
    // Else the minute's number would be spent in seconds, and everybody would wait for the rest of it.
    const evenly =
      !isSpread || lately(starts).length < spreadFrom
        ? -Infinity
        : (own.at(-1) ?? -Infinity) + minuteMs / most;
    return Math.max(soonest, inTheWay + minuteMs, evenly);
  }

  function gapMs(): number {
    return minGapMs + widerMs * lately(throttles).length;
  }

  /** Those within the last minute. */
  function lately(instants: readonly number[]): number[] {
    return instants.filter((at) => at > clockMs() - minuteMs);
  }

  /**
   * Whose turn it is: the first lane of those that may start soonest, since one that has had its share must not keep others
   * waiting; unless some have been patient for long enough and may start now: then the one that has waited longest.
   */
  function nextLane(): Lane | undefined {
    const asking = inOrder.filter(({ waiting }) => waiting.length > 0);
    const sinceOf = ({ waiting }: Lane): number => waiting[0]?.since ?? Infinity;
    const [impatient] = asking
      .filter((one) => isImpatient(one) && earliestStart(one) <= clockMs())
      .toSorted((one, other) => sinceOf(one) - sinceOf(other));
    const startOf = (one: Lane): number => Math.max(earliestStart(one), clockMs());
    return impatient ?? asking.toSorted((one, other) => startOf(one) - startOf(other))[0];
  }

  async function pump(): Promise<void> {
    pumping = true;
    for (let next = nextLane(); next !== undefined; next = nextLane()) {
      const wait = earliestStart(next) - clockMs();
      // Looked at again after the wait: a timer may fire early, a pause may come, and another may go first.
      if (wait > 0) await sleep(Math.ceil(wait), napping.signal);
      else start(next);
    }
    pumping = false;
  }

  function start(next: Lane): void {
    const now = clockMs();
    starts = [...lately(starts), now];
    next.starts = [...lately(next.starts), now];
    next.waiting.shift()?.go();
  }

  function turnIn(one: Lane, signal?: AbortSignal): Promise<void> {
    const mine = { go: (): void => undefined, since: clockMs() };
    const join = (go: () => void): void => {
      mine.go = go;
      one.waiting.push(mine);
      if (!pumping) {
        void pump();
        return;
      }
      // Who sleeps for a lane behind this one must not keep it waiting.
      napping.abort();
      napping = new AbortController();
    };
    return untilAborted(signal, join, () => {
      one.waiting = one.waiting.filter((waiting) => waiting !== mine);
    });
  }

  function pause(ms: number): void {
    const now = clockMs();
    pausedUntil = Math.max(pausedUntil, now + ms);
    if (lately(starts).length >= spreadFrom || lately(throttles).length > 0) carefulUntil = now + cautionMs;
    throttles = [...lately(throttles), now].slice(-5);
  }

  const turnsOf = (one: Lane): Turns => ({ turn: (signal) => turnIn(one, signal), pause });
  return {
    members: turnsOf(lanes.members),
    groups: turnsOf(lanes.groups),
    crowds: turnsOf(lanes.crowds),
    polls: turnsOf(lanes.polls),
    fullPasses: turnsOf(lanes.fullPasses),
    room: () => Math.max(0, perMinute - lately(starts).length),
  };
}
