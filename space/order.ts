import { hostname, userInfo } from 'node:os';
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import {
  controlWorkflowId,
  giverProblem,
  longestAccount,
  type Giver as Named,
} from '../messages/to-control.js';
import { CommandError } from './failure.js';

/** Who gives an order, and why. */
export interface Giver {
  by?: string | undefined;
  why?: string;
}

/** An order that is sent again under the same id is obeyed once. Left out: each is another order. */
export interface OrderId {
  updateId?: string;
}

/** Nobody took an order within the time that its giver waits. It may yet be carried out. */
export class UnansweredError extends CommandError {}

const answerWithinMs = 15_000;

/**
 * Who gives the order, by default the one who is logged in. Throws CommandError, with exit code 2, where that names nobody, or
 * where name or reason is no text to be shown and kept.
 */
export function named({ by = loginName(), why = '' }: Giver): Required<Named> {
  const problem = giverProblem({ by, why });
  if (problem !== null) throw new CommandError(`nothing is ordered: ${problem}`, 2);
  return { by: by.trim(), why, account: accountHere() };
}

/**
 * The account that this process runs as and its machine, 'ada@desk-1', as kept beside any name that is given. An account
 * without a name goes by its number, and signs that could be taken for anything else are left out.
 */
export function accountHere(lookUp: () => { username: string } = userInfo, machine = hostname): string {
  const plain = (text: string): string =>
    text.replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '_').slice(0, longestAccount / 2 - 1) || 'unknown';
  return `${plain(loginName(lookUp).replace(/^uid /, ''))}@${plain(machine())}`;
}

/** The account that this process runs as; by its number where it has no name, as in a container that was given one. */
export function loginName(lookUp: () => { username: string } = userInfo): string {
  try {
    return lookUp().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Has the workflow `control` obey. Throws CommandError where it refuses, does not run, or no worker takes the order. */
export async function obey<T>(client: Client, give: (control: WorkflowHandle) => Promise<T>): Promise<T> {
  try {
    return await answered(client, () => give(client.workflow.getHandle(controlWorkflowId)));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError('there is nothing to order yet: `latchkey worker` sets it up when it starts');
  }
}

/** What a workflow answers to an order. Throws CommandError where it refuses, UnansweredError where no worker answers. */
export async function answered<T>(
  client: Client,
  give: () => Promise<T>,
  withinMs = answerWithinMs,
): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + withinMs, give);
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      throw new CommandError(error.cause?.message ?? 'the order was refused', 2);
    }
    if (error instanceof WorkflowNotFoundError) throw error;
    const unanswered = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error);
    if (!unanswered) throw error;
    throw new UnansweredError(
      'no worker took the order (is `latchkey worker` running?): it holds once one does',
    );
  }
}
