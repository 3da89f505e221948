/** Keys that the revocation guard withholds, and what people say of them. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Withheld } from '../access/revocation-guard.js';
import {
  guardWorkflowId,
  ruleUpdate,
  withheldQuery,
  type RulingOrder,
} from '../messages/to-revocation-guard.js';
import { CommandError } from './failure.js';
import { answered, type OrderId } from './order.js';

/** All that is withheld now, with its list. Throws CommandError where no worker answers. */
export function listWithheld(client: Client): Promise<Withheld[]> {
  const guard = client.workflow.getHandle(guardWorkflowId);
  return reaching(() => answered(client, () => guard.query(withheldQuery)));
}

/** Lets withheld keys go, or keeps them; answers what was ruled. Throws CommandError where nothing is withheld under the id. */
export function ruleWithheld(client: Client, order: RulingOrder, id: OrderId = {}): Promise<Withheld> {
  const guard = client.workflow.getHandle(guardWorkflowId);
  return reaching(() => answered(client, () => guard.executeUpdate(ruleUpdate, { args: [order], ...id })));
}

async function reaching<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError('nothing is withheld yet: `latchkey worker` sets it up when it starts');
  }
}
