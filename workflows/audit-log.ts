import { log, workflowInfo } from '@temporalio/workflow';
import type { Act, AuditLogActivities } from '../messages/to-activities.js';
import { nexudusTaskQueue } from '../messages/to-member.js';
import { insist, retryingActivities, type Retrying } from './retries.js';

/** Only the leader keeps the audit log. */
export function auditLogActivities(): Retrying<AuditLogActivities> {
  const taskQueue = nexudusTaskQueue(workflowInfo().taskQueue);
  const options = { taskQueue, startToCloseTimeout: '30s', heartbeatTimeout: '15s' };
  return retryingActivities<AuditLogActivities>(options, 20_000);
}

/** What people ordered of a workflow: noted at once, and kept until the audit log has it. */
export class Acts {
  private readonly auditLog = auditLogActivities();
  private waiting: Act[] = [];
  private count = 0;

  /** Whether the audit log lacks some. */
  areWaiting(): boolean {
    return this.waiting.length > 0;
  }

  /** Notes an act as done now, and says so in the log. */
  note(act: Omit<Act, 'id' | 'at'>): void {
    this.waiting.push({ id: `${workflowInfo().runId}/${this.count++}`, at: Date.now(), ...act });
    const { memberId, groupId, what, by, why } = act;
    log.info(`order: ${what}`, { memberId: memberId ?? undefined, groupId: groupId ?? undefined, by, why });
  }

  /** Has the audit log keep those that it lacks. */
  async keep(): Promise<void> {
    const kept = this.waiting;
    this.waiting = [];
    for (const act of kept) await insist(this.auditLog, (set) => set.noteAct(act));
  }
}
