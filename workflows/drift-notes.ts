import { workflowInfo } from '@temporalio/workflow';
import type { Finding } from '../access/drift.js';
import type { DriftActivities, FindingNote } from '../messages/to-activities.js';
import { insist, type Retrying } from './retries.js';

/** What became of findings, until the audit log has it. */
export class DriftNotes {
  private waiting: FindingNote[] = [];
  private count = 0;

  constructor(private readonly helpers: Retrying<DriftActivities>) {}

  /** Notes what became of a finding, and why. */
  note(
    { memberId, groupId, keys }: Pick<Finding, 'memberId' | 'groupId' | 'keys'>,
    what: string,
    cause: string,
    by = 'drift',
  ): void {
    const about = { memberId, groupId, what, cause, by, after: keys.map((key) => ({ ...key })) };
    this.waiting.push({ id: `${workflowInfo().runId}/${this.count++}`, at: Date.now(), ...about });
  }

  /** Has the audit log keep what it lacks. */
  async keep(): Promise<void> {
    const notes = this.waiting;
    this.waiting = [];
    if (notes.length > 0) await insist(this.helpers, (set) => set.noteFindings(notes));
  }
}
