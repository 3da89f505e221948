import type { Remembered } from '../messages/to-activities.js';
import { compareWithRecord } from '../messages/to-member.js';
import { auditLogActivities } from './audit-log.js';
import { onSignal } from './hear.js';
import { insist } from './retries.js';
import { anything } from './shapes.js';

/** A workflow that remembers something. */
interface Rememberer<T extends Remembered> {
  memory(): T;
  /** Goes by what is on record, which is newer. */
  adopt(newer: T): void;
}

/** What a workflow remembers, kept on record under a name too, so that it outlives the workflow and Temporal. */
export class Keeper<T extends Remembered> {
  private readonly auditLog = auditLogActivities();
  /** Due at first, since the record may know more than a fresh workflow. */
  private isToKeep = true;

  constructor(
    private readonly name: string,
    private readonly rememberer: Rememberer<T>,
  ) {
    onSignal(compareWithRecord, {
      description:
        'A worker sends it, where this workflow and the record in the database differ. Needs no argument.',
      shape: anything,
      act: () => {
        this.change();
      },
    });
  }

  /** Whether it is to be compared with the record. */
  isDue(): boolean {
    return this.isToKeep;
  }

  /** Says that something has changed. */
  change(): void {
    this.isToKeep = true;
  }

  /** Keeps it on record; where something newer is there, the workflow goes by that. */
  async keep(): Promise<void> {
    this.isToKeep = false;
    const newer = await insist(this.auditLog, (set) => set.remember(this.name, this.rememberer.memory()));
    if (newer !== null && newer.revision > this.rememberer.memory().revision)
      this.rememberer.adopt(newer as T);
  }
}
