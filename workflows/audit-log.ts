import { log } from '@temporalio/workflow';
import type { Act, AuditLogActivities } from '../messages/to-activities.js';
import { nexudusTaskQueue } from '../messages/to-member.js';
import { retryingActivities, type Retrying } from './retries.js';

/** Only the leader keeps the audit log. */
export function auditLogActivities(taskQueue: string): Retrying<AuditLogActivities> {
  const options = {
    taskQueue: nexudusTaskQueue(taskQueue),
    startToCloseTimeout: '30s',
    heartbeatTimeout: '15s',
  };
  return retryingActivities<AuditLogActivities>(options, 20_000);
}

/** One line in the log for what a person ordered. */
export function logOrder({
  memberId,
  groupId,
  what,
  by,
  why,
}: Pick<Act, 'memberId' | 'groupId' | 'what' | 'by' | 'why'>): void {
  log.info(`order: ${what}`, { memberId: memberId ?? undefined, groupId: groupId ?? undefined, by, why });
}
