import { reconciliationScheduleId, pollScheduleId } from '../messages/to-member.js';
import type { Facts } from './facts.js';

/** The activities of the Schedules, by name. */
const scheduleOf = { pollChanges: pollScheduleId, reconciliation: reconciliationScheduleId } as const;
type Run = keyof typeof scheduleOf;

/** A Schedule is late after this many of its intervals, and not before `lateMs`. */
const lateIntervals = 3;
const lateMs = 3 * 60_000;

/**
 * Watches that polls and reconciliations come, by a clock that nobody can set. A Schedule counts on from its last run: where
 * Temporal's clock was ahead for a while, the next run waits until that time has really come.
 */
export class RunWatch {
  private readonly begunMs: Record<Run, number> = { pollChanges: 0, reconciliation: 0 };

  /** `leastMs`: no Schedule is late before this. */
  constructor(
    private readonly steadyMs = (): number => performance.now(),
    private readonly leastMs = lateMs,
  ) {
    this.restart();
  }

  /** Nothing was late before now. */
  restart(): void {
    Object.assign(this.begunMs, { pollChanges: this.steadyMs(), reconciliation: this.steadyMs() });
  }

  /** The same activities; when each begins is noted. */
  watched<A extends object>(activities: A): A {
    const functions = Object.entries(activities).map(([name, run]: [string, unknown]) => [
      name,
      (...args: unknown[]): unknown => {
        if (name in scheduleOf) this.begunMs[name as Run] = this.steadyMs();
        return (run as (...a: unknown[]) => unknown)(...args);
      },
    ]);
    return Object.fromEntries(functions) as A;
  }

  /** The Schedules that should have run again long ago, each once for each time that it is late. */
  late({ poll, reconciliation }: Pick<Facts, 'poll' | 'reconciliation'>): string[] {
    const schedules = { pollChanges: poll, reconciliation };
    const late = (Object.keys(scheduleOf) as Run[]).filter((run) => {
      const { isPaused, everyMs } = schedules[run];
      if (isPaused || everyMs === 0) return false;
      return this.steadyMs() - this.begunMs[run] >= Math.max(this.leastMs, lateIntervals * everyMs);
    });
    for (const run of late) this.begunMs[run] = this.steadyMs();
    return late.map((run) => scheduleOf[run]);
  }
}
