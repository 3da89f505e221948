import { defineSignal } from '@temporalio/workflow';
import type { InForce } from '../activities/in-force.js';

/**
 * What the process that speaks to the APIs says of itself: its rules are those in force. The workflow `speaker` shows the
 * last word in its memo, so that it is read without any worker, and when none runs any more.
 */
export const inForceMemo = 'inForce';

/** What a process says when it begins to speak; the workflow notes since when. */
export type Statement = Omit<InForce, 'since'> & {
  /** Which try of the activity `speak` this is: of two processes the later one holds. */
  term: number;
};

/** Says by which rules the process works that speaks from now on. */
export const inForceSignal = defineSignal<[Statement]>('inForce');
