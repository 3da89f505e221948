import { lately } from './request-plan.js';

export interface GapOptions {
  /** Least time between two starts. Default 115: the other end counts arrivals, not starts. */
  minGapMs: number;
  /** What each refusal of the last minute, but not more than five, adds to the gap. Default 10. */
  widerMs: number;
  /**
   * How much of `minGapMs` is to spare: a request may arrive this much later than usual, and the next one is still in time.
   * Default 15.
   */
  spareMs: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
}

/**
 * How many times as wide the gap is while the request before is not answered, so that it may arrive late and nobody knows. In a
 * busy minute requests arrive less evenly, and a refusal has more people wait.
 */
const unansweredGap = { calm: 1.3, busy: 1.5 };

/** How far the next request must be from the last one, as those at the other end see them, who count arrivals. */
export class RequestGap {
  /** When the last request was on its way, which may be a while after its start: the process is busy, or opens a connection. */
  private sentAt = -Infinity;
  /** Whether the last request has still to leave; null: nobody tells when requests do. */
  private isLeaving: boolean | null = null;
  /** How long the answer to the last request took; null: it has not come. */
  private lastTookMs: number | null = null;
  /** How long the last few answers took. */
  private tookMs: number[] = [];
  /** The last few refusals of the last minute, oldest first. */
  private refusals: number[] = [];

  constructor(private readonly options: GapOptions) {}

  /** When the next request may start. */
  overAt(isBusy: boolean): number {
    const { minGapMs, spareMs } = this.options;
    return this.sentAt + Math.max(this.usualMs(isBusy), this.lateMs() + minGapMs - spareMs);
  }

  /** A request starts. */
  noteStart(): void {
    this.lastTookMs = null;
    if (this.isLeaving !== null) this.isLeaving = true;
    this.sentAt = this.options.clockMs();
  }

  /** The process has had time to send it. */
  noteTurn(): void {
    if (this.isLeaving !== false) this.sentAt = this.options.clockMs();
  }

  /** It has left the process. */
  noteSent(): void {
    this.isLeaving = false;
    this.sentAt = this.options.clockMs();
  }

  /** A request was answered, which began `tookMs` ago. */
  noteAnswer(tookMs: number): void {
    const { clockMs, minGapMs } = this.options;
    this.tookMs = [...this.tookMs, tookMs].slice(-10);
    // An answer to an earlier request says nothing of the last one.
    if (clockMs() - tookMs <= this.sentAt - minGapMs / 2) return;
    this.lastTookMs = tookMs;
    // It may have been given up before it left.
    if (this.isLeaving === true) this.isLeaving = false;
  }

  /** Nexudus refused a request. */
  noteRefusal(): void {
    this.refusals = [...this.refusalsLately(), this.options.clockMs()].slice(-5);
  }

  private usualMs(isBusy: boolean): number {
    const { minGapMs, widerMs } = this.options;
    // Where nobody tells of answers, none is missing.
    const isAnswered = this.lastTookMs !== null || this.tookMs.length === 0;
    const wide = isAnswered ? 1 : unansweredGap[isBusy ? 'busy' : 'calm'];
    return minGapMs * wide + widerMs * this.refusalsLately().length;
  }

  /**
   * How much later than usual the last request may have arrived: it has not left yet, its answer took longer, or that has not
   * come yet.
   */
  private lateMs(): number {
    const { clockMs, minGapMs } = this.options;
    const mostMs = 3 * minGapMs;
    // One that was given up before it left never will.
    if (this.isLeaving === true) return mostMs;
    if (this.tookMs.length === 0) return 0;
    const tookMs = this.lastTookMs ?? clockMs() - this.sentAt;
    return Math.min(Math.max(0, tookMs - Math.min(...this.tookMs)), mostMs);
  }

  private refusalsLately(): number[] {
    return lately(this.refusals, this.options.clockMs());
  }
}
