import type { Remembered } from '../messages/to-activities.js';
import { onSignal } from './hear.js';
import { compareWithRecord } from '../messages/to-member.js';
import { insist } from './retries.js';
import { anything } from './shapes.js';
import type { auditLogActivities } from './audit-log.js';

/** What a workflow remembers, kept on record too, so that it outlives the workflow and Temporal. */
export interface Keeper {
  /** Whether it is to be compared with the record. */
  isDue(): boolean;
  /** Says that something has changed. */
  changed(): void;
  /** Keeps it on record; where something newer is there, that is handed to `adopt`. */
  keep(): Promise<void>;
}

/** Keeps what `now` answers under a name; due at first, since the record may know more than a fresh workflow. */
export function createKeeper<T extends Remembered>(
  name: string,
  auditLog: ReturnType<typeof auditLogActivities>,
  now: () => T,
  adopt: (newer: T) => void,
): Keeper {
  let isDue = true;
  onSignal(
    compareWithRecord,
    {
      description:
        'A worker sends it, where this workflow and the record in the database differ. Needs no argument.',
      shape: anything,
    },
    () => {
      isDue = true;
    },
  );
  return {
    isDue: () => isDue,
    changed() {
      isDue = true;
    },
    async keep() {
      isDue = false;
      const newer = await insist(auditLog, (set) => set.remember(name, now()));
      if (newer !== null && newer.revision > now().revision) adopt(newer as T);
    },
  };
}
