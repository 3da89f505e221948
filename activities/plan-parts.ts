import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { memberWorkflowType } from '../messages/to-member.js';
import { partKey, planPartUpdate, planWorkflowId } from '../messages/to-plan.js';
import { checkAsker } from './asker.js';
import type { PlanActivities } from '../messages/to-activities.js';
import { remote } from './remote.js';
import { memberStart } from './wake.js';

/** Sends the parts of plans to members' workflows. */
export function createPlanActivities(client: Client, taskQueue: string): PlanActivities {
  return remote<PlanActivities>({
    async sendPart(memberId, part) {
      // A member does each plan's part once.
      checkAsker(planWorkflowId(part.planId), `applies plan ${part.planId}`);
      const startWorkflowOperation = new WithStartWorkflowOperation(memberWorkflowType, {
        ...memberStart(memberId, taskQueue),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      // Where the start itself fails, this promise would reject with nobody listening.
      startWorkflowOperation.workflowHandle().catch(() => undefined);
      return client.workflow.executeUpdateWithStart(planPartUpdate, {
        args: [part],
        updateId: partKey(part),
        startWorkflowOperation,
      });
    },
  });
}
