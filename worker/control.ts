import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import {
  controlMemo,
  controlWorkflowId,
  controlWorkflowType,
  firstOrders,
  wholeOrders,
  type KeptOrders,
  type Mode,
  type Orders,
} from '../workflows/control-messages.js';
import { oneForAll } from '../workflows/messages.js';

/**
 * Starts the workflow that holds what people ordered, where it does not run yet. One that was ended by hand leaves its
 * orders to the next; `initialMode` is for a new space.
 */
export async function ensureControl(client: Client, taskQueue: string, initialMode: Mode): Promise<void> {
  const last = await lastControl(client);
  if (last?.isRunning) return;
  const orders = last?.orders ?? firstOrders(initialMode, Date.now());
  await client.workflow.start(controlWorkflowType, {
    workflowId: controlWorkflowId,
    taskQueue,
    args: [orders],
    memo: { [controlMemo]: orders },
    ...oneForAll,
    staticSummary: 'What people have ordered for the whole space',
  });
}

async function lastControl(client: Client): Promise<{ isRunning: boolean; orders: Orders | null } | null> {
  try {
    const { status, memo } = await client.workflow.getHandle(controlWorkflowId).describe();
    const orders = memo?.[controlMemo] as KeptOrders | undefined;
    return {
      isRunning: status.name === 'RUNNING',
      orders: orders === undefined ? null : wholeOrders(orders),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
