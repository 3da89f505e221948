import type { Client } from '@temporalio/client';

/** What the last completed run of a Schedule answered; null: there was none yet. Needs no worker. */
export async function lastResultOf(client: Client, scheduleId: string): Promise<unknown> {
  const query = `TemporalScheduledById = '${scheduleId}' AND ExecutionStatus = 'Completed'`;
  for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: 1 }))
    return client.workflow.getHandle(workflowId, runId).result();
  return null;
}
