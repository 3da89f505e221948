import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant } from '../access/types.js';
import { failureOf } from '../space/failure.js';

/** What was read last, as far as it could be. */
export interface Shown<T> {
  /** Null: it was never read. */
  value: T | null;
  readAt: Instant | null;
  /** Why it could not be read last time, for people; null: it could. */
  problem: string | null;
  /** It is being read now. */
  isReading: boolean;
}

/** How old a shown value may be, and how long a page waits for a newer one. */
interface Terms {
  maxAgeMs: number;
  waitMs: number;
  /** How long after a read that failed it is tried again. Left out: as long as after a read that did not fail. */
  retryMs?: number;
  now: () => Instant;
}

/** A value that takes long to read is not read all the time: the rest is this many times as long as the read. */
const restTimes = 4;

/**
 * Something that is read for all who look at the desk at about the same time. Whoever asks is never kept waiting for longer than
 * `waitMs`, and gets what was read before where reading fails or takes longer.
 */
export class LastKnown<T> {
  private value: T | null = null;
  private readAt: Instant | null = null;
  private triedAt: Instant | null = null;
  private tookMs = 0;
  private problem: string | null = null;
  private reading: Promise<void> | null = null;

  constructor(
    private readonly read: () => Promise<T>,
    private readonly terms: Terms,
  ) {}

  /** What is known. Where that is too old, reads it anew, or waits for the read that is under way. Throws nothing. */
  async get(waitMs = this.terms.waitMs): Promise<Shown<T>> {
    if (this.isOld(this.restMs())) this.begin();
    if (this.reading !== null && waitMs > 0)
      await Promise.race([this.reading, sleep(waitMs, undefined, { ref: false })]);
    return this.shown();
  }

  /** What is known, without a wait. */
  shown(): Shown<T> {
    const { value, readAt, problem } = this;
    return { value, readAt, problem, isReading: this.reading !== null };
  }

  /** Begins to read it anew, unless that was tried within this time. */
  renew(withinMs: number): void {
    if (this.isOld(withinMs)) this.begin();
  }

  private restMs(): number {
    const { maxAgeMs, retryMs } = this.terms;
    if (this.problem !== null && retryMs !== undefined) return retryMs;
    return Math.max(maxAgeMs, restTimes * this.tookMs);
  }

  private isOld(maxAgeMs: number): boolean {
    const ageMs = this.triedAt === null ? Infinity : this.terms.now() - this.triedAt;
    // A try in the future was made before somebody set the clock back.
    return ageMs >= maxAgeMs || ageMs < 0;
  }

  private begin(): void {
    this.reading ??= this.readOnce()
      // Nobody may be waiting for it any more.
      .catch(() => undefined)
      .finally(() => {
        this.reading = null;
      });
  }

  private async readOnce(): Promise<void> {
    const startedAt = this.terms.now();
    try {
      this.value = await this.read();
      this.readAt = this.terms.now();
      this.problem = null;
    } catch (error) {
      this.problem = failureOf(error).lines.join(' ');
    }
    this.triedAt = this.terms.now();
    this.tookMs = this.triedAt - startedAt;
  }
}
