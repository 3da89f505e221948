import type { Logger } from 'pino';
import { isRefused, type PushOutcome, type PushSource } from '../push/answers.js';

/** Has the log say what was refused: at once, and then what came since, once a minute at most. */
export interface RefusedLog {
  note(source: PushSource, outcome: PushOutcome): void;
  /** Says what it has not said yet. */
  stop(): void;
}

const minuteMs = 60_000;

/** Only counts by where calls claimed to come from and what they were refused for: neither whose they were, nor what was in them. */
export function createRefusedLog(log: Logger, everyMs = minuteMs): RefusedLog {
  const counts = new Map<string, number>();
  let pause: NodeJS.Timeout | null = null;

  function say(): void {
    pause = null;
    if (counts.size === 0) return;
    const refused = Object.fromEntries([...counts].sort());
    counts.clear();
    log.warn(
      { refused },
      'calls to the push port were refused: strangers try it, or one of its secrets is not what the other side has',
    );
    pause = setTimeout(say, everyMs).unref();
  }

  return {
    note(source, outcome) {
      if (!isRefused(outcome)) return;
      const name = `${source} ${outcome}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (pause === null) say();
    },
    stop() {
      if (pause !== null) clearTimeout(pause);
      say();
      if (pause !== null) clearTimeout(pause);
    },
  };
}
