import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import type { Instant } from '../access/types.js';
import { keep, type Kept } from '../nexudus/fresh.js';
import {
  controlMemo,
  controlWorkflowId,
  exceptUpdate,
  type ExceptionWish,
  type Orders,
} from '../messages/to-control.js';

/** What people have ordered, read once for all who ask this process at about the same time. */
export type OrderBook = Kept<Orders>;

/** An order book. Keep one for the process. Reading throws as `readOrders` does. */
export function createOrderBook(client: Client, now: () => Instant): OrderBook {
  return keep(() => readOrders(client), now);
}

/** What people have ordered, as the workflow `control` holds it: no worker is needed for it. Throws where there is none. */
export async function readOrders(client: Client): Promise<Orders> {
  try {
    const { memo } = await client.workflow.getHandle(controlWorkflowId).describe();
    const orders = memo?.[controlMemo];
    if (orders !== undefined) return orders as Orders;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  throw new Error(
    'The workflow control does not run yet, so it is not known what is ordered: a worker starts it.',
  );
}

/** Has the workflow `control` hold an exception, once for each `id`. Answers why it refuses, or null. */
export async function orderException(
  client: Client,
  wish: ExceptionWish,
  id: string,
): Promise<string | null> {
  try {
    const control = client.workflow.getHandle(controlWorkflowId);
    await control.executeUpdate(exceptUpdate, { args: [wish], updateId: id });
    return null;
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    return error.cause?.message ?? 'the exception was refused';
  }
}
