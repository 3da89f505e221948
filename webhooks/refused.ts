import type { Logger } from 'pino';
import { isRefused, type PushOutcome, type PushSource } from '../push/answers.js';

const minuteMs = 60_000;

/**
 * Logs what was refused: the first time at once, and then what came since, once a minute at most. It counts only where calls
 * claimed to come from and why they were refused: neither who sent them nor what was in them.
 */
export class RefusedLog {
  private readonly counts = new Map<string, number>();
  private pause: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: Logger,
    private readonly everyMs = minuteMs,
  ) {}

  note(source: PushSource, outcome: PushOutcome): void {
    if (!isRefused(outcome)) return;
    const name = `${source} ${outcome}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    if (this.pause === null) this.say();
  }

  /** Says what it has not said yet. */
  stop(): void {
    if (this.pause !== null) clearTimeout(this.pause);
    this.say();
    if (this.pause !== null) clearTimeout(this.pause);
  }

  private say(): void {
    this.pause = null;
    if (this.counts.size === 0) return;
    const refused = Object.fromEntries([...this.counts].sort());
    this.counts.clear();
    this.log.warn(
      { refused },
      'the push port refused calls: strangers try it, or a secret here differs from the one in Nexudus or Kisi',
    );
    this.pause = setTimeout(() => {
      this.say();
    }, this.everyMs).unref();
  }
}
