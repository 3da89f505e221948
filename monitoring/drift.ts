import type { Client } from '@temporalio/client';
import { auditInterval, auditSoon, driftWorkflowId } from '../messages/to-drift.js';

/** Has the one that runs compare so often from now on. */
export async function setAuditInterval(client: Client, intervalMs: number): Promise<void> {
  await client.workflow.getHandle(driftWorkflowId).signal(auditInterval, intervalMs);
}

/** Has an audit made soon, and does not wait for it. */
export async function askForAudit(client: Client): Promise<void> {
  await client.workflow.getHandle(driftWorkflowId).signal(auditSoon);
}
