import { log } from '@temporalio/workflow';
import type { Act, TrailActivities } from '../messages/to-activities.js';
import { nexudusTaskQueue } from '../messages/to-member.js';
import { patientActivities, type Patient } from './patience.js';

/** Only the process that speaks to the APIs keeps the trail. */
export function trailActivities(taskQueue: string): Patient<TrailActivities> {
  const options = {
    taskQueue: nexudusTaskQueue(taskQueue),
    startToCloseTimeout: '30s',
    heartbeatTimeout: '15s',
  };
  return patientActivities<TrailActivities>(options, 20_000);
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
