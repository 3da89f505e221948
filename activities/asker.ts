import { ApplicationFailure, Context } from '@temporalio/activity';
import type { FailureType } from '../messages/to-activities.js';

/**
 * Throws a final failure where another workflow than `workflowId` asks for what only that one may: anybody can start one by
 * hand. `does`: what it alone does, such as 'asks for member 7'.
 */
export function checkAsker(workflowId: string, does: string): void {
  if (Context.current().info.workflowExecution?.workflowId === workflowId) return;
  throw ApplicationFailure.create({
    type: 'Configuration' satisfies FailureType,
    message: `Only the workflow ${workflowId} ${does}: terminate this one.`,
    nonRetryable: true,
  });
}
