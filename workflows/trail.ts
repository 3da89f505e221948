import type { TrailActivities } from '../activities/contract.js';
import { nexudusTaskQueue } from './messages.js';
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
