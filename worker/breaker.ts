import type { Client } from '@temporalio/client';
import { breakerMemo, breakerWorkflowId, breakerWorkflowType } from '../workflows/breaker-messages.js';
import { oneForAll } from '../workflows/messages.js';

/**
 * Starts the workflow that holds keys back, where it does not run yet. One that was ended by hand leaves nothing: members
 * who lose a key are weighed anew at their next look.
 */
export async function ensureBreaker(client: Client, taskQueue: string): Promise<void> {
  await client.workflow.start(breakerWorkflowType, {
    workflowId: breakerWorkflowId,
    taskQueue,
    args: [null],
    memo: { [breakerMemo]: [] },
    ...oneForAll,
    staticSummary: 'Holds keys back that would be lost at once, unforeseen',
  });
}
