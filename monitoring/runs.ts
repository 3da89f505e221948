import { reconciliationScheduleId, pollScheduleId } from '../messages/to-member.js';
import type { Facts } from './facts.js';

/** The activities of the Schedules, by name. */
const scheduleOf = { pollChanges: pollScheduleId, reconciliation: reconciliationScheduleId } as const;
type Run = keyof typeof scheduleOf;

/** Watches that polls and reconciliations come, by a clock that nobody can set. */
export interface RunWatch {
  /** The same activities; when each begins is noted. */
  watched<A extends object>(activities: A): A;
  /** Nothing was late before now. */
  restart(): void;
  /** The Schedules that ought to have run again long ago, each once for each time that it is late. */
  late(facts: Pick<Facts, 'poll' | 'reconciliation'>): string[];
}

/** A Schedule is late after so many of its intervals, and not before so long. */
const lateIntervals = 3;
const lateMs = 3 * 60_000;

/**
 * A Schedule counts on from its last run: where Temporal's clock was ahead for a while, the next run waits until that time has
 * really come. `leastMs`: not late before so long.
 */
export function createRunWatch(steadyMs = (): number => performance.now(), leastMs = lateMs): RunWatch {
  const begunMs: Record<Run, number> = { pollChanges: steadyMs(), reconciliation: steadyMs() };
  const restart = (): void =>
    void Object.assign(begunMs, { pollChanges: steadyMs(), reconciliation: steadyMs() });

  return {
    restart,
    watched<A extends object>(activities: A): A {
      const functions = Object.entries(activities).map(([name, run]: [string, unknown]) => [
        name,
        (...args: unknown[]): unknown => {
          if (name in scheduleOf) begunMs[name as Run] = steadyMs();
          return (run as (...a: unknown[]) => unknown)(...args);
        },
      ]);
      return Object.fromEntries(functions) as A;
    },
    late({ poll, reconciliation }) {
      const schedules = { pollChanges: poll, reconciliation };
      return (Object.keys(scheduleOf) as Run[])
        .filter((run) => {
          const { isPaused, everyMs } = schedules[run];
          if (isPaused || everyMs === 0) return false;
          return steadyMs() - begunMs[run] >= Math.max(leastMs, lateIntervals * everyMs);
        })
        .map((run) => {
          begunMs[run] = steadyMs();
          return scheduleOf[run];
        });
    },
  };
}
