import { Context } from '@temporalio/activity';
import { memberIdOf } from '../messages/to-member.js';
import { finalFailure } from './failures.js';

/**
 * The member whose workflow has the running activity done; null: another workflow has. Temporal says so, while what an activity is
 * given is a claim, which anybody can have typed.
 */
export function runningMember(): number | null {
  return memberIdOf(Context.current().info.workflowExecution?.workflowId ?? '');
}

/** Names the run of the workflow that has the running activity done: the same for each try, another for each order. */
export function runningKey(): string {
  const { workflowId = '', runId = '' } = Context.current().info.workflowExecution ?? {};
  return `${workflowId}/${runId}`;
}

/**
 * Throws a final failure where another workflow than `workflowId` asks for what only that one may: anybody can start one by
 * hand. `does`: what it alone does, such as 'asks for member 7'.
 */
export function checkAsker(workflowId: string, does: string): void {
  if (Context.current().info.workflowExecution?.workflowId === workflowId) return;
  throw finalFailure('Configuration', `Only the workflow ${workflowId} ${does}: terminate this one.`);
}
