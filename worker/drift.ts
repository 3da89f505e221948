import type { Client } from '@temporalio/client';
import { defaultDriftPolicy } from '../access/drift.js';
import {
  auditInterval,
  auditSoon,
  driftWorkflowId,
  driftWorkflowType,
  firstDrift,
} from '../workflows/drift-messages.js';
import { oneForAll } from '../workflows/messages.js';

/** Starts the workflow that compares ledgers with Kisi, where it does not run yet: the first time an interval from now. */
export async function ensureDrift(client: Client, taskQueue: string, intervalMs: number): Promise<void> {
  await client.workflow.start(driftWorkflowType, {
    workflowId: driftWorkflowId,
    taskQueue,
    args: [firstDrift(taskQueue, intervalMs, defaultDriftPolicy)],
    ...oneForAll,
    staticSummary: 'What differs between the members’ ledgers and Kisi',
  });
}

/** Has the one that runs compare so often from now on. */
export async function setAuditInterval(client: Client, intervalMs: number): Promise<void> {
  await client.workflow.getHandle(driftWorkflowId).signal(auditInterval, intervalMs);
}

/** Has an audit made soon, and does not wait for it. */
export async function askForAudit(client: Client): Promise<void> {
  await client.workflow.getHandle(driftWorkflowId).signal(auditSoon);
}
