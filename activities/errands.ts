import { ApplicationFailure, Context } from '@temporalio/activity';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { memberWorkflowType } from '../workflows/messages.js';
import { errandKey, planErrandUpdate, planWorkflowId } from '../workflows/plan-messages.js';
import type { FailureType, PlanActivities } from './contract.js';
import { remote } from './remote.js';
import { memberStart } from './wake.js';

/** Plans to members' workflows. */
export function createPlanActivities(client: Client, taskQueue: string): PlanActivities {
  return remote<PlanActivities>({
    async sendErrand(memberId, errand) {
      checkAsker(errand.planId);
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

/** Throws a final failure where another workflow than the plan's own sends it: a member does each plan's part once. */
function checkAsker(planId: string): void {
  if (Context.current().info.workflowExecution?.workflowId === planWorkflowId(planId)) return;
  throw ApplicationFailure.create({
    type: 'Configuration' satisfies FailureType,
    message: `Only the workflow ${planWorkflowId(planId)} applies plan ${planId}: terminate this one.`,
    nonRetryable: true,
  });
}
