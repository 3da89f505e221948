import { setTimeout as sleepMs } from 'node:timers/promises';
import { untilAborted } from '../lib/within.js';

/** How many requests may start in which time. Kisi allows 5 a second to all that act as the same user. */
export interface PaceOptions {
  /** Most starts in any `windowMs`. Default 5. */
  most: number;
  /** Default 1100: the other end counts arrivals, not starts. */
  windowMs: number;
  /** How long each request of a batch lets others go first. Default 30 s. */
  longestBatchWaitMs: number;
  /** How long after the last urgent request a batch takes only half of the rate. Default 5 s. */
  halfRateMs: number;
  /** Monotonic clock in milliseconds. */
  clockMs: () => number;
  sleep: (ms: number) => Promise<unknown>;
}

/** Lets requests start one by one. */
export interface KisiTurns {
  /**
   * Resolves when the caller may start this number of requests (1) at once; in the order of asking. Throws the reason of `signal`
   * once that is aborted, and those behind move up.
   */
  turn(requests?: number, signal?: AbortSignal): Promise<void>;
  /** Kisi asked to slow down: nobody starts for this time from now. */
  pause(ms: number): void;
}

/** One pace for two kinds of work. One per process and API key. */
export interface KisiPacer {
  /** Requests that somebody waits for. */
  urgent: KisiTurns;
  /** Requests of a batch: they let the urgent ones go first, but do not wait for ever. */
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
 * that, starts are spread evenly. Those of a batch always are, so that they leave room for a few that somebody waits for: those
 * come several at once, so a batch beside them leaves half of the rate.
 */
export function createKisiPacer(options: Partial<PaceOptions> = {}): KisiPacer {
  return new Pacer({
    most: 5,
    windowMs: 1_100,
    longestBatchWaitMs: 30_000,
    halfRateMs: 5_000,
    clockMs: () => performance.now(),
    sleep: (ms) => sleepMs(ms),
    ...options,
  });
}

class Pacer implements KisiPacer {
  private readonly lines: Record<keyof KisiPacer, Waiting[]> = { urgent: [], batch: [] };
  readonly urgent = this.turnsIn(this.lines.urgent);
  readonly batch = this.turnsIn(this.lines.batch);
  /** The last `most` starts, oldest first. */
  private starts: number[] = [];
  private pausedUntil = -Infinity;
  private lastUrgentAt = -Infinity;
  private isPumping = false;
  private lookAgain = (): void => undefined;

  constructor(private readonly options: PaceOptions) {}

  private turnsIn(line: Waiting[]): KisiTurns {
    return {
      turn: (requests = 1, signal) => this.waitIn(line, requests, signal),
      pause: (ms) => {
        this.pausedUntil = Math.max(this.pausedUntil, this.options.clockMs() + ms);
      },
    };
  }

  private waitIn(line: Waiting[], requests: number, signal?: AbortSignal): Promise<void> {
    const mine: Waiting = { requests, go: () => undefined, since: this.options.clockMs() };
    const join = (go: () => void): void => {
      mine.go = go;
      line.push(mine);
      if (this.isPumping) this.lookAgain();
      else void this.pump();
    };
    return untilAborted(signal, join, () => void line.splice(line.indexOf(mine), 1));
  }

  private async pump(): Promise<void> {
    this.isPumping = true;
    for (let next = this.nextInLine(); next !== undefined; next = this.nextInLine()) {
      const wait = this.startOf(next) - this.options.clockMs();
      // Looked at again after the wait: a timer may fire early, a pause may come, and another may go first, and sooner.
      if (wait > 0) {
        const asked = new Promise<void>((resolve) => (this.lookAgain = resolve));
        await Promise.race([this.options.sleep(Math.ceil(wait)), asked]);
        continue;
      }
      this.start(next);
      // A caller that has started may ask again, before the next one is chosen.
      await Promise.resolve();
    }
    this.isPumping = false;
  }

  private nextInLine(): Waiting | undefined {
    const { urgent, batch } = this.lines;
    return this.isLate() ? batch[0] : (urgent[0] ?? batch[0]);
  }

  /** Whether the first of a batch has waited for too long to let others go first. */
  private isLate(): boolean {
    const [first] = this.lines.batch;
    return first !== undefined && this.options.clockMs() - first.since >= this.options.longestBatchWaitMs;
  }

  /** When all requests of a turn may start together: when the last of them might if they started one by one. */
  private startOf(turn: Waiting): number {
    const { most, windowMs, halfRateMs, clockMs } = this.options;
    const isOfBatch = turn === this.lines.batch[0];
    const isHalved = isOfBatch && !this.isLate() && clockMs() - this.lastUrgentAt < halfRateMs;
    const evenMs = (windowMs / most) * evenness * (isHalved ? 2 : 1);
    let line = this.starts;
    let at = this.pausedUntil;
    for (let i = 0; i < turn.requests; i++) {
      const oldest = line.length < most ? -Infinity : (line[0] ?? -Infinity);
      const isSpread = isOfBatch || clockMs() - oldest < 2 * windowMs;
      const evenly = isSpread ? (line.at(-1) ?? -Infinity) + evenMs : -Infinity;
      at = Math.max(at, oldest + windowMs, evenly);
      line = [...line, at].slice(-most);
    }
    return at;
  }

  private start(next: Waiting): void {
    const { urgent, batch } = this.lines;
    const { most, clockMs } = this.options;
    if (urgent[0] === next) this.lastUrgentAt = clockMs();
    (urgent[0] === next ? urgent : batch).shift();
    this.starts = [...this.starts, ...Array.from({ length: next.requests }, clockMs)].slice(-most);
    next.go();
  }
}
