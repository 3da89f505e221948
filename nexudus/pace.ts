import { setImmediate as turnOfLoop, setTimeout as sleepMs } from 'node:timers/promises';
import { untilAborted } from '../lib/within.js';
import { RequestGap, type GapOptions } from './request-gap.js';
import {
  evenlyMs,
  hourMs,
  lately,
  minuteMs,
  RequestPlan,
  type Plan,
  type PlanOptions,
} from './request-plan.js';

export type { Plan } from './request-plan.js';

/**
 * How fast requests may start. Published are one request per 100 ms, 120 a minute and 5,000 an hour for each login; "trust the
 * status code, not the numbers", says the same page. So all three are kept with a little to spare, and a refusal makes
 * everybody rest: two requests came too close together on their way, or others use the same login. Each refusal widens the gap
 * a little for a minute, since each costs a whole second.
 */
export interface PaceOptions extends PlanOptions, GapOptions {
  /** How many requests of the minute batches and reconciliations leave to those that somebody waits for. Default 45. */
  reservePerMinute: number;
  /** Most starts of polls in any 60 s, however often they are to run. Default a third of `perMinute`. */
  pollsPerMinute: number;
  /**
   * From this many starts in the last 60 s on, the minute is busy: all requests that can wait are spread over it. Default 60.
   */
  spreadFrom: number;
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
  /** Nexudus asked to slow down: nobody starts for this many milliseconds from now. */
  pause(ms: number): void;
}

/** One pace for five kinds of work. One per process and login. */
export interface Pacer {
  /** Requests that one member waits for. */
  members: Turns;
  /** Requests that several members wait for together: they let a member's own read go first, for up to 3 s a request. */
  groups: Turns;
  /** The same for reads of many members that nobody waits for. */
  batches: Turns;
  /**
   * Polls let members' reads go first, but not for more than 3 s: a poll finds the members whose change nobody has noticed yet.
   */
  polls: Turns;
  /** Reconciliations let all others go first, for up to 15 s a request. */
  reconciliations: Turns;
  plan: Plan;
  /** The request that started last has left this process: whole, on a connection that is open. */
  sent(): void;
  /**
   * A request was answered that began `tookMs` ago. One that was on its way for longer than others arrived later, so the next
   * waits.
   */
  answered(tookMs: number): void;
}

/** The five kinds of work. */
export type LaneName = Exclude<keyof Pacer, 'plan' | 'sent' | 'answered'>;

interface Lane {
  waiting: { go: () => void; since: number }[];
  /** How long its first request lets other lanes go first. */
  longestWaitMs: number;
  /** How many of the minute's requests it leaves to others. */
  leaves: number;
  /** Most starts of its own in any 60 s. */
  most: number;
  /** Whether its starts are spread over a busy minute. */
  isSpread: boolean;
  /** Of the last minute, oldest first. */
  starts: number[];
}

const defaults = {
  minGapMs: 115,
  widerMs: 10,
  spareMs: 15,
  perMinute: 115,
  perHour: 4_900,
  reservePerMinute: 45,
  spreadFrom: 60,
  calmBelow: 50,
  clockMs: (): number => performance.now(),
  sleep: (ms: number, signal: AbortSignal): Promise<unknown> =>
    sleepMs(ms, undefined, { signal }).catch(() => undefined),
};

/** A pacer. All options may be left out. */
export function createPacer(given: Partial<PaceOptions> = {}): Pacer {
  const options = { ...defaults, ...given };
  const line = new RequestLine({ pollsPerMinute: Math.ceil(options.perMinute / 3), ...options });
  const turns = (name: LaneName): Turns => ({
    turn: (signal) => line.turn(name, signal),
    pause: (ms) => {
      line.pause(ms);
    },
  });
  return {
    members: turns('members'),
    groups: turns('groups'),
    batches: turns('batches'),
    polls: turns('polls'),
    reconciliations: turns('reconciliations'),
    plan: line.plan,
    sent: () => {
      line.sent();
    },
    answered: (tookMs) => {
      line.answered(tookMs);
    },
  };
}

/** Five lanes that lead to one line of requests. */
class RequestLine {
  readonly plan: RequestPlan;
  /** In the order in which they go. */
  private readonly lanes: Record<LaneName, Lane>;
  /** Starts of the last hour, oldest first. */
  private readonly starts: number[] = [];
  private pausedUntil = -Infinity;
  private readonly gap: RequestGap;
  private isPumping = false;
  private napping = new AbortController();

  constructor(private readonly options: PaceOptions) {
    const { reservePerMinute, pollsPerMinute } = options;
    this.gap = new RequestGap(options);
    this.lanes = {
      members: lane(Infinity, 0, false),
      groups: lane(3_000, 0, false),
      batches: lane(3_000, reservePerMinute, true),
      // A burst must not leave a change unnoticed until the minute is over, nor may polls keep others from starting.
      polls: lane(3_000, Math.floor(reservePerMinute / 2), true, pollsPerMinute),
      reconciliations: lane(15_000, reservePerMinute, true),
    };
    const { members, groups } = this.lanes;
    this.plan = new RequestPlan(options, {
      inHour: this.starts,
      inMinute: () => this.lately(this.starts).length,
      plannedInMinute: () =>
        [members, groups].flatMap(({ starts }) => this.lately(starts)).toSorted((one, other) => one - other),
    });
  }

  turn(name: LaneName, signal?: AbortSignal): Promise<void> {
    const one = this.lanes[name];
    const mine = { go: (): void => undefined, since: this.options.clockMs() };
    const join = (go: () => void): void => {
      mine.go = go;
      one.waiting.push(mine);
      if (!this.isPumping) {
        void this.pump();
        return;
      }
      // The line may sleep for a lane behind this one, which must not keep this one waiting.
      this.lookAgain();
    };
    return untilAborted(signal, join, () => {
      one.waiting = one.waiting.filter((waiting) => waiting !== mine);
    });
  }

  pause(ms: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.options.clockMs() + ms);
    this.gap.noteRefusal();
  }

  sent(): void {
    this.gap.noteSent();
    this.lookAgain();
  }

  answered(tookMs: number): void {
    this.gap.noteAnswer(tookMs);
    this.lookAgain();
  }

  private async pump(): Promise<void> {
    const { clockMs, sleep } = this.options;
    this.isPumping = true;
    for (let next = this.nextLane(); next !== undefined; next = this.nextLane()) {
      const wait = this.earliestStart(next) - clockMs();
      // Looked at again after the wait: a timer may fire early, a pause may come, and another may go first.
      if (wait > 0) await sleep(Math.ceil(Math.min(wait, this.untilLateMs())), this.napping.signal);
      else {
        this.start(next);
        await turnOfLoop();
        this.gap.noteTurn();
      }
    }
    this.isPumping = false;
  }

  private lookAgain(): void {
    this.napping.abort();
    this.napping = new AbortController();
  }

  private start(next: Lane): void {
    const now = this.options.clockMs();
    this.gap.noteStart();
    this.starts.push(now);
    while ((this.starts[0] ?? now) <= now - hourMs) this.starts.shift();
    next.starts = [...this.lately(next.starts), now];
    // The other lanes have shares of their own, and take what they do, whatever is planned.
    if (next === this.lanes.members || next === this.lanes.groups) this.plan.noteStart();
    next.waiting.shift()?.go();
  }

  /**
   * Whose turn it is: the first of the lanes that may start soonest, since a lane that has had its share must not keep others
   * waiting. Where some lanes have waited for long enough and may start now, it is the one that has waited longest.
   */
  private nextLane(): Lane | undefined {
    const now = this.options.clockMs();
    const asking = Object.values(this.lanes).filter(({ waiting }) => waiting.length > 0);
    const [late] = asking
      .filter((one) => this.isLate(one) && this.earliestStart(one) <= now)
      .toSorted((one, other) => sinceOf(one) - sinceOf(other));
    const startOf = (one: Lane): number => Math.max(this.earliestStart(one), now);
    return late ?? asking.toSorted((one, other) => startOf(one) - startOf(other))[0];
  }

  private earliestStart(one: Lane): number {
    const { starts: own } = one;
    const soonest = Math.max(this.gap.overAt(this.isBusy()), this.pausedUntil);
    const byMinute = (this.starts.at(-this.shareOf(one)) ?? -Infinity) + minuteMs;
    const byHour = (this.starts.at(-this.options.perHour) ?? -Infinity) + hourMs;
    const byOwn = (own.at(-one.most) ?? -Infinity) + minuteMs;
    return Math.max(soonest, byMinute, byHour, byOwn, (own.at(-1) ?? -Infinity) + this.evenlyOf(one));
  }

  /** Other lanes must not take all turns for ever: each lane has at least a few of its own. */
  private shareOf(one: Lane): number {
    const { perMinute, reservePerMinute } = this.options;
    const hasFew = this.isLate(one) && this.lately(one.starts).length < Math.ceil(reservePerMinute / 3);
    return Math.max(1, perMinute - (hasFew ? 0 : one.leaves));
  }

  /**
   * How far apart the starts of a lane are: else it would spend the minute's number in seconds, and everybody would wait for
   * the rest of the minute.
   */
  private evenlyOf(one: Lane): number {
    if (!one.isSpread) return 0;
    const own = this.lately(one.starts);
    const byShare = this.isBusy() ? minuteMs / this.shareOf(one) : 0;
    const byOwn = own.length < one.most / 2 ? 0 : evenlyMs(own, one.most, minuteMs, this.options.clockMs());
    return Math.max(byShare, byOwn);
  }

  /** Whether the first of a lane has waited for longer than it should. */
  private isLate(one: Lane): boolean {
    return this.options.clockMs() - sinceOf(one) >= one.longestWaitMs;
  }

  /** How long until another lane has waited for longer than it should, and may start more. */
  private untilLateMs(): number {
    const now = this.options.clockMs();
    const left = Object.values(this.lanes).map((one) => sinceOf(one) + one.longestWaitMs - now);
    return Math.min(...left.filter((ms) => ms > 0));
  }

  private isBusy(): boolean {
    return this.lately(this.starts).length >= this.options.spreadFrom;
  }

  private lately(instants: readonly number[]): number[] {
    return lately(instants, this.options.clockMs());
  }
}

function lane(longestWaitMs: number, leaves: number, isSpread: boolean, most = Infinity): Lane {
  return { waiting: [], longestWaitMs, leaves, isSpread, most, starts: [] };
}

const sinceOf = ({ waiting }: Lane): number => waiting[0]?.since ?? Infinity;
