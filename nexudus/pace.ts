import { setImmediate as turnOfLoop, setTimeout as sleepMs } from 'node:timers/promises';
import { untilAborted } from '../lib/within.js';

/**
 * How fast requests may start. Published are one request per 100 ms, 120 a minute and 5,000 an hour for each login; "trust the
 * status code, not the numbers", says the same page. So all three are kept with a little to spare, and a refusal makes everybody
 * rest: two requests came too close together on their way, or others use the same login. Each widens the gap a little for a
 * minute, since each costs a whole second.
 */
export interface PaceOptions {
  /** Least time between two starts. Default 115: the other end counts arrivals, not starts. */
  minGapMs: number;
  /** What each refusal of the last minute, but not more than five, adds to the gap. Default 10. */
  widerMs: number;
  /** Most starts in any 60 s. Default 115. */
  perMinute: number;
  /** Most starts in any hour. Default 4,900. */
  perHour: number;
  /** What batches and reconciliations leave of the minute to what is waited for. Default 45. */
  reservePerMinute: number;
  /** Most starts of polls in any 60 s, however often they are to run. Default a third of `perMinute`. */
  pollsPerMinute: number;
  /** From so many starts in the last 60 s on, those of all that can wait are spread over the minute. Default 60. */
  spreadFrom: number;
  /** From so many starts in the last 60 s on, it is calm no more, see `Plan`. Default 50. */
  calmBelow: number;
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
  batches: Turns;
  /** Lets members' reads go first, but not for more than 3 s: it knows of those whose change nobody has noticed yet. */
  polls: Turns;
  /** Lets all others go first, for up to 15 s a request. */
  reconciliations: Turns;
  plan: Plan;
}

/** For those who plan what they ask, so that nobody is held up by the minute's number or the hour's. */
export interface Plan {
  /** In how many milliseconds a read of so many requests may begin; 0: now. */
  untilMs(requests: number): number;
  /** To be called as it begins. */
  begin(requests: number): void;
  /** Whether little was asked within the last minute. */
  isCalm(): boolean;
}

/** The five kinds of work. */
export type LaneName = Exclude<keyof Pacer, 'plan'>;

interface Lane {
  waiting: { go: () => void; since: number }[];
  patienceMs: number;
  /** What it leaves of the minute's number to others. */
  leaves: number;
  /** Most starts of its own in any 60 s. */
  most: number;
  /** Whether its starts are spread over a busy minute. */
  isSpread: boolean;
  /** Of the last minute, oldest first. */
  starts: number[];
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Who plans leaves at least so much to polls and reconciliations, which do not. */
const leftByPlan = { perMinute: 20, perHour: 500 };
/** So many requests may be made at once: what comes after them is evenly spread, however long it goes on. */
const atOnce = 18;
/** Who plans gets so many requests a minute, however much is asked that nobody planned, as lookups by id. */
const fewestPlanned = 36;
/** An hour is planned from so large a part of its number on. */
const planHourFrom = 0.6;

/** A pacer. All options may be left out. */
export function createPacer(options: Partial<PaceOptions> = {}): Pacer {
  const {
    minGapMs = 115,
    widerMs = 10,
    perMinute = 115,
    perHour = 4_900,
    reservePerMinute = 45,
    pollsPerMinute = Math.ceil(perMinute / 3),
    spreadFrom = 60,
    calmBelow = 50,
  } = options;
  const clockMs = options.clockMs ?? (() => performance.now());
  const sleep =
    options.sleep ??
    ((ms: number, signal: AbortSignal) => sleepMs(ms, undefined, { signal }).catch(() => undefined));

  /** Starts of the last hour, oldest first. */
  const starts: number[] = [];
  let pausedUntil = -Infinity;
  /** When the last one was on its way, which may be a while after its start where the process is busy. */
  let sentAt = -Infinity;
  /** When all that was asked would have been, one by one at an even pace. */
  let evenAt = -Infinity;
  /** Requests of planned reads that have begun and are still to start. */
  let toStart = 0;
  /** When those who plan may begin again, whatever else was asked. */
  let atLatest = -Infinity;
  /** The last few refusals of the last minute, oldest first. */
  let refusals: number[] = [];
  let pumping = false;
  let napping = new AbortController();
  const lane = (patienceMs: number, leaves: number, isSpread: boolean, most = Infinity): Lane => ({
    waiting: [],
    patienceMs,
    leaves,
    isSpread,
    most,
    starts: [],
  });
  /** In the order in which they go. */
  const lanes = {
    members: lane(Infinity, 0, false),
    groups: lane(3_000, 0, false),
    batches: lane(3_000, reservePerMinute, true),
    // A burst must not have a change go unnoticed until the minute is over, nor may polls keep others from starting.
    polls: lane(3_000, Math.floor(reservePerMinute / 2), true, pollsPerMinute),
    reconciliations: lane(15_000, reservePerMinute, true),
  };
  const inOrder = Object.values(lanes);

  /** Whether the first of a lane has waited for longer than it should. */
  function isImpatient({ waiting, patienceMs }: Lane): boolean {
    return clockMs() - (waiting[0]?.since ?? Infinity) >= patienceMs;
  }

  /** Until another lane has waited for so long that it may have more. */
  function untilImpatientMs(): number {
    const left = inOrder.map(
      ({ waiting, patienceMs }) => (waiting[0]?.since ?? Infinity) + patienceMs - clockMs(),
    );
    return Math.min(...left.filter((ms) => ms > 0));
  }

  /** Others must not take all turns for ever: each has at least a few of its own. */
  function shareOf(one: Lane): number {
    const hasFew = isImpatient(one) && lately(one.starts).length < Math.ceil(reservePerMinute / 3);
    return Math.max(1, perMinute - (hasFew ? 0 : one.leaves));
  }

  function earliestStart(one: Lane): number {
    const { starts: own } = one;
    const most = shareOf(one);
    const soonest = Math.max(sentAt + gapMs(), pausedUntil);
    const byMinute = (starts.at(-most) ?? -Infinity) + minuteMs;
    const byHour = (starts.at(-perHour) ?? -Infinity) + hourMs;
    const byOwn = (own.at(-one.most) ?? -Infinity) + minuteMs;
    return Math.max(soonest, byMinute, byHour, byOwn, (own.at(-1) ?? -Infinity) + evenlyOf(one));
  }

  /** How far apart those of a lane are: else it would spend the minute's number in seconds, and everybody wait for the rest of it. */
  function evenlyOf(one: Lane): number {
    if (!one.isSpread) return 0;
    const own = lately(one.starts);
    const byShare = lately(starts).length < spreadFrom ? 0 : minuteMs / shareOf(one);
    const byOwn = own.length < one.most / 2 ? 0 : evenlyMs(own, one.most, minuteMs);
    return Math.max(byShare, byOwn);
  }

  const plan: Plan = {
    untilMs(requests) {
      const even = evenAt - (atOnce - requests) * evenMs();
      const latest = evenMsOfHour() > 0 ? even : atLatest;
      return Math.max(0, Math.min(even, latest) - clockMs());
    },
    begin(requests) {
      const now = clockMs();
      // Of those that failed before they started none must be taken for others for ever.
      toStart = Math.min(toStart + requests, atOnce);
      evenAt = Math.max(evenAt, now) + requests * evenMs();
      atLatest = now + (requests * minuteMs) / fewestPlanned;
    },
    isCalm: () => starts.length < perHour * planHourFrom && plannedLately() < calmBelow,
  };

  /** What somebody waits for. The others have shares of their own, and take what they do, whatever is planned. */
  const isPlanned = (one: Lane): boolean => one === lanes.members || one === lanes.groups;
  const plannedLately = (): number => inOrder.filter(isPlanned).flatMap((one) => lately(one.starts)).length;

  /** How far apart requests are on average where they are planned. */
  function evenMs(): number {
    const left = Math.max(leftByPlan.perMinute, lately(starts).length - plannedLately());
    return Math.max(minuteMs / Math.max(1, perMinute - left - atOnce), evenMsOfHour());
  }

  /** 0: the hour's number is far. */
  function evenMsOfHour(): number {
    if (starts.length < perHour * planHourFrom) return 0;
    return evenlyMs(starts, perHour - leftByPlan.perHour, hourMs);
  }

  function noteInPlan(next: Lane): void {
    if (!isPlanned(next)) return;
    if (toStart > 0) {
      toStart--;
      return;
    }
    const [now, apartMs] = [clockMs(), evenMs()];
    // What is older than a minute is in nobody's way.
    evenAt = Math.min(Math.max(evenAt, now) + apartMs, now + Math.max(minuteMs, atOnce * apartMs));
  }

  /** The least time between two starts by which none of them meets a window that is full already. */
  function evenlyMs(inWindow: readonly number[], most: number, windowMs: number): number {
    const free = most - inWindow.length;
    return Math.max(0, ...inWindow.map((at, i) => (at + windowMs - clockMs()) / Math.max(1, free + 1 + i)));
  }

  function gapMs(): number {
    return minGapMs + widerMs * lately(refusals).length;
  }

  /** Those within the last minute. */
  function lately(instants: readonly number[]): number[] {
    const before = clockMs() - minuteMs;
    return instants.slice(instants.findLastIndex((at) => at <= before) + 1);
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
      if (wait > 0) await sleep(Math.ceil(Math.min(wait, untilImpatientMs())), napping.signal);
      else {
        start(next);
        await turnOfLoop();
        sentAt = clockMs();
      }
    }
    pumping = false;
  }

  function start(next: Lane): void {
    const now = clockMs();
    starts.push(now);
    while ((starts[0] ?? now) <= now - hourMs) starts.shift();
    next.starts = [...lately(next.starts), now];
    noteInPlan(next);
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
    refusals = [...lately(refusals), now].slice(-5);
  }

  const turnsOf = (one: Lane): Turns => ({ turn: (signal) => turnIn(one, signal), pause });
  return {
    members: turnsOf(lanes.members),
    groups: turnsOf(lanes.groups),
    batches: turnsOf(lanes.batches),
    polls: turnsOf(lanes.polls),
    reconciliations: turnsOf(lanes.reconciliations),
    plan,
  };
}
