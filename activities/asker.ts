import { Context } from '@temporalio/activity';
import { memberIdOf } from '../messages/to-member.js';
import { finalFailure } from './failures.js';

/**
 * The member whose workflow asked for the running activity; null: another workflow did. Temporal says so, while the argument of
 * an activity is a claim, which anybody can have typed.
 */
export function runningMember(): number | null {
  return memberIdOf(Context.current().info.workflowExecution?.workflowId ?? '');
}

/** Names the workflow run that asked for the running activity: the same for each try, another for each order. */
export function runningKey(): string {
  const { workflowId = '', runId = '' } = Context.current().info.workflowExecution ?? {};
  return `${workflowId}/${runId}`;
}

/**
 * Throws a final failure where another workflow asks for what only `workflowId` may ask for: anybody can start a workflow by
 * hand. `does`: what that workflow alone does, such as 'asks for member 7'.
 */
export function checkAsker(workflowId: string, does: string): void {
  if (Context.current().info.workflowExecution?.workflowId === workflowId) return;
  throw finalFailure('Configuration', `Only the workflow ${workflowId} ${does}: terminate this one.`);
}
