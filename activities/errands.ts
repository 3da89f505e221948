import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { memberWorkflowType } from '../workflows/messages.js';
import { errandKey, planErrandUpdate } from '../workflows/plan-messages.js';
import type { PlanActivities } from './contract.js';
import { remote } from './remote.js';
import { memberStart } from './wake.js';

/** Plans to members' workflows. */
export function createPlanActivities(client: Client, taskQueue: string): PlanActivities {
  return remote<PlanActivities>({
    async sendErrand(memberId, errand) {
      const startWorkflowOperation = new WithStartWorkflowOperation(memberWorkflowType, {
        ...memberStart(memberId, taskQueue),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      // Where the start itself fails, this promise would reject with nobody listening.
      startWorkflowOperation.workflowHandle().catch(() => undefined);
      return client.workflow.executeUpdateWithStart(planErrandUpdate, {
        args: [errand],
        updateId: errandKey(errand),
        startWorkflowOperation,
      });
    },
  });
}
