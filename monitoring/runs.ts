import type { PollActivities } from '../messages/to-activities.js';
import { reconciliationScheduleId, pollScheduleId } from '../messages/to-member.js';
import type { Facts } from './facts.js';

/** The activities of the Schedules, by name. */
const scheduleOf = { pollChanges: pollScheduleId, reconcile: reconciliationScheduleId } as const;
type Run = keyof PollActivities;

/** A Schedule is late after this many of its intervals, and not before `lateMs`. */
const lateIntervals = 3;
const lateMs = 3 * 60_000;

/**
 * Watches that polls and reconciliations come, by a clock that nobody can set. A Schedule counts on from its last run: where
 * Temporal's clock was ahead for a while, the next run waits until that time has really come.
 */
export class RunWatch {
  /** When each activity last began or ended. */
  private readonly lastMs: Record<Run, number> = { pollChanges: 0, reconcile: 0 };

  /** `leastMs`: no Schedule is late before this. */
  constructor(
    private readonly steadyMs = (): number => performance.now(),
    private readonly leastMs = lateMs,
  ) {
    this.restart();
  }

  /** Nothing was late before now. */
  restart(): void {
    Object.assign(this.lastMs, { pollChanges: this.steadyMs(), reconcile: this.steadyMs() });
  }

  /** The same activities; when one of a Schedule begins and ends is noted. */
  watched<A extends PollActivities>(activities: A): A {
    return {
      ...activities,
      pollChanges: (memory) => this.noted('pollChanges', () => activities.pollChanges(memory)),
      reconcile: (memory) => this.noted('reconcile', () => activities.reconcile(memory)),
    };
  }

  /** The Schedules that should have run again long ago, each once for each time that it is late. */
  late({ poll, reconciliation }: Pick<Facts, 'poll' | 'reconciliation'>): string[] {
    const schedules = { pollChanges: poll, reconcile: reconciliation };
    const late = (Object.keys(scheduleOf) as Run[]).filter((run) => {
      const { isPaused, everyMs } = schedules[run];
      if (isPaused || everyMs === 0) return false;
      return this.steadyMs() - this.lastMs[run] >= Math.max(this.leastMs, lateIntervals * everyMs);
    });
    for (const run of late) this.lastMs[run] = this.steadyMs();
    return late.map((run) => scheduleOf[run]);
  }

  private async noted<T>(run: Run, job: () => Promise<T>): Promise<T> {
    this.lastMs[run] = this.steadyMs();
    try {
      return await job();
    } finally {
      this.lastMs[run] = this.steadyMs();
    }
  }
}
