/** For those who plan what they ask, so that nobody is held up by the minute's number or the hour's. */
export interface Plan {
  /** In how many milliseconds a read of this many requests may begin; 0: now. */
  untilMs(requests: number): number;
  /** To be called as such a read begins. */
  begin(requests: number): void;
  /** Whether little was asked within the last minute. */
  isCalm(): boolean;
}

export interface PlanOptions {
  /** Most starts in any 60 s. Default 115. */
  perMinute: number;
  /** Most starts in any hour. Default 4,900. */
  perHour: number;
  /** From this many starts in the last 60 s on, it is not calm any more. Default 50. */
  calmBelow: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
}

/** What was asked so far. */
interface Asked {
  /** Starts of the last hour, oldest first. */
  inHour: readonly number[];
  inMinute: () => number;
  /** Those of the last minute that somebody waits for, oldest first. */
  plannedInMinute: () => readonly number[];
}

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
/** Planned reads leave at least this many requests to polls and reconciliations, which nobody plans. */
const leftByPlan = { perMinute: 20, perHour: 500 };
/** This many requests may be made at once. What comes after them is evenly spread, however long it goes on. */
const atOnce = 18;
/** Planned reads get this many requests a minute, however many others nobody planned, such as lookups by id. */
const fewestPlanned = 36;
/** The hour's number is planned for once this part of it is used. */
const planHourFrom = 0.6;

/** When reads that somebody waits for may begin. */
export class RequestPlan implements Plan {
  /** How many requests were made more than one by one at an even pace, as of `countedAt`. */
  private ahead = 0;
  private countedAt = -Infinity;
  /** When the next planned read may begin, whatever else was asked. */
  private atLatest = -Infinity;
  /** Requests of planned reads that have begun and are still to start. */
  private toStart = 0;

  constructor(
    private readonly options: PlanOptions,
    private readonly asked: Asked,
  ) {}

  untilMs(requests: number): number {
    const waitMs = (this.aheadNow() + requests - atOnce) * this.evenMs();
    const latestMs = this.evenMsOfHour() > 0 ? waitMs : this.atLatest - this.options.clockMs();
    return Math.max(0, Math.min(waitMs, latestMs));
  }

  begin(requests: number): void {
    this.ahead = this.aheadNow() + requests;
    // Requests that failed before they started must not be taken for others for ever.
    this.toStart = Math.min(this.toStart + requests, atOnce);
    this.atLatest = this.options.clockMs() + (requests * minuteMs) / fewestPlanned;
  }

  isCalm(): boolean {
    const { perHour, calmBelow } = this.options;
    return (
      this.asked.inHour.length < perHour * planHourFrom && this.asked.plannedInMinute().length < calmBelow
    );
  }

  /** A request started that somebody waits for. One that nobody planned counts as if it had been planned. */
  noteStart(): void {
    if (this.toStart > 0) {
      this.toStart--;
      return;
    }
    // What is older than a minute is in nobody's way.
    this.ahead = Math.min(this.aheadNow() + 1, Math.max(minuteMs / this.evenMs(), atOnce));
  }

  private aheadNow(): number {
    const now = this.options.clockMs();
    this.ahead = Math.max(0, this.ahead - (now - this.countedAt) / this.evenMs());
    this.countedAt = now;
    return this.ahead;
  }

  /** How far apart requests are on average where they are planned, so that none meets a full minute. */
  private evenMs(): number {
    const now = this.options.clockMs();
    const started = this.asked.plannedInMinute();
    const left = Math.max(leftByPlan.perMinute, this.asked.inMinute() - started.length);
    const most = Math.max(1, this.options.perMinute - left);
    const planned = [...started, ...Array.from({ length: this.toStart }, () => now)];
    return Math.max(minuteMs / most, evenlyMs(planned, most, minuteMs, now), this.evenMsOfHour());
  }

  /** The same for the hour; 0: its number is still far. */
  private evenMsOfHour(): number {
    const { perHour, clockMs } = this.options;
    const { inHour } = this.asked;
    if (inHour.length < perHour * planHourFrom) return 0;
    return evenlyMs(inHour, perHour - leftByPlan.perHour, hourMs, clockMs());
  }
}

/** The least time between two starts so that none of them meets a full window. Pure. */
export function evenlyMs(inWindow: readonly number[], most: number, windowMs: number, now: number): number {
  const free = most - inWindow.length;
  return Math.max(0, ...inWindow.map((at, i) => (at + windowMs - now) / Math.max(1, free + 1 + i)));
}

/** The instants within the last minute; oldest first, as they are given. Pure. */
export function lately(instants: readonly number[], now: number): number[] {
  return instants.slice(instants.findLastIndex((at) => at <= now - minuteMs) + 1);
}
