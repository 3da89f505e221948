import { userInfo } from 'node:os';
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { readOrders } from '../activities/gate.js';
import {
  controlWorkflowId,
  pauseUpdate,
  resumeUpdate,
  type Orders,
  type StopLevel,
} from '../workflows/control-messages.js';
import { CommandError } from './failure.js';
import { print, printJson } from './output.js';
import { withSession } from './session.js';
import { readConfig } from './space.js';
import { shortTime } from './table.js';

/** Who gives an order, and why. */
export interface Giver {
  by?: string;
  why?: string;
}

const answerWithinMs = 15_000;

/** `latchkey pause LEVEL`. Throws CommandError where no worker takes the order. */
export async function pause(level: StopLevel, giver: Giver): Promise<void> {
  print(
    stopWords(
      await order((client) =>
        controlOf(client).executeUpdate(pauseUpdate, { args: [{ level, ...given(giver) }] }),
      ),
    ),
  );
}

/** `latchkey resume`. Throws CommandError where no worker takes the order. */
export async function resume(giver: Giver): Promise<void> {
  print(
    stopWords(
      await order((client) => controlOf(client).executeUpdate(resumeUpdate, { args: [given(giver)] })),
    ),
  );
}

/** `latchkey status`: what people have ordered. Needs no worker. */
export async function status({ json = false }: { json?: boolean }): Promise<void> {
  const orders = await withSession(readConfig(), ({ client }) => readOrders(client));
  if (json)
    printJson({
      stop:
        orders.stop === null ? null : { ...orders.stop, since: new Date(orders.stop.since).toISOString() },
    });
  else print(stopWords(orders));
}

const controlOf = (client: Client) => client.workflow.getHandle(controlWorkflowId);

function given({ by = userInfo().username, why = '' }: Giver): { by: string; why: string } {
  return { by, why };
}

async function order(give: (client: Client) => Promise<Orders>): Promise<Orders> {
  return withSession(readConfig(), async ({ client }) => {
    try {
      return await client.withDeadline(Date.now() + answerWithinMs, () => give(client));
    } catch (error) {
      throw understood(error);
    }
  });
}

function understood(error: unknown): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    return new CommandError(error.cause?.message ?? 'the order was refused', 2);
  }
  if (error instanceof WorkflowNotFoundError) {
    return new CommandError('there is nothing to order yet: `latchkey worker` sets it up when it starts');
  }
  const unanswered = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error);
  return unanswered
    ? new CommandError('no worker took the order (is `latchkey worker` running?): it holds once one does')
    : error;
}

const stops: Record<StopLevel, string> = {
  revokes: 'No key is taken away; keys are given as ever.',
  writes: 'Nothing is written to Kisi.',
  all: 'Nothing is read from Nexudus and nothing is written to Kisi.',
};

function stopWords({ stop }: Orders): string {
  if (stop === null) return 'Nothing is stopped.';
  const why = stop.why === '' ? '' : `: ${stop.why}`;
  return `Stopped by ${stop.by} since ${shortTime(stop.since) ?? ''}${why}. ${stops[stop.level]}`;
}
