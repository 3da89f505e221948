import { workflowInfo } from '@temporalio/workflow';
import type { Act, AuditLogActivities } from '../messages/to-activities.js';
import { logOrder } from './audit-log.js';
import { insist, type Retrying } from './retries.js';

/** What people ordered of a workflow: noted at once, and kept until the audit log has it. */
export class Acts {
  private waiting: Act[] = [];
  private count = 0;

  constructor(private readonly auditLog: Retrying<AuditLogActivities>) {}

  /** Whether the audit log lacks some. */
  areWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** Notes an act as done now, and says so in the log. */
  note(act: Omit<Act, 'id' | 'at'>): void {
    this.waiting.push({ id: `${workflowInfo().runId}/${this.count++}`, at: Date.now(), ...act });
    logOrder(act);
  }

  /** Has the audit log keep those that it lacks. */
  async keep(): Promise<void> {
    const kept = this.waiting;
    this.waiting = [];
    for (const act of kept) await insist(this.auditLog, (set) => set.noteAct(act));
  }
}
