import type { Client } from '@temporalio/client';
import { comparisonInterval, compareSoon, driftWorkflowId } from '../messages/to-drift.js';

/** Sets how often the workflow `drift` compares. */
export async function setComparisonInterval(client: Client, intervalMs: number): Promise<void> {
  await client.workflow.getHandle(driftWorkflowId).signal(comparisonInterval, intervalMs);
}

/** Has a comparison made soon, and does not wait for it. */
export async function askForComparison(client: Client): Promise<void> {
  await client.workflow.getHandle(driftWorkflowId).signal(compareSoon);
}
