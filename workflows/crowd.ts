import { proxyActivities } from '@temporalio/workflow';
import type { Crowd, WakeActivities } from '../activities/contract.js';

const { wakeCrowd } = proxyActivities<WakeActivities>({
  startToCloseTimeout: '2h',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '20s' },
});

/** Wakes so many members that the poll which noticed them must not wait for it. */
export async function crowd(members: Crowd): Promise<void> {
  await wakeCrowd(members);
}
