import { workflowInfo } from '@temporalio/workflow';
import type { Finding } from '../access/drift.js';
import type { Act, AuditLogActivities, DriftActivities, FindingNote } from '../messages/to-activities.js';
import { Acts } from './acts.js';
import { insist, type Retrying } from './retries.js';

/** What became of findings and what people ordered of them, until the audit log has it. */
export class DriftNotes {
  private readonly acts: Acts;
  private waiting: FindingNote[] = [];
  private count = 0;

  constructor(
    auditLog: Retrying<AuditLogActivities>,
    private readonly helpers: Retrying<DriftActivities>,
  ) {
    this.acts = new Acts(auditLog);
  }

  /** Notes what a person ordered. */
  noteAct(act: Omit<Act, 'id' | 'at'>): void {
    this.acts.note(act);
  }

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
    await this.acts.keep();
    if (notes.length > 0) await insist(this.helpers, (set) => set.noteFindings(notes));
  }
}
