import { ApplicationFailure } from '@temporalio/workflow';
import { giverProblem } from './control-messages.js';

/** Refuses an update in its validator. Anybody can send one by hand; what is refused changes nothing. */
export function refuse(message: string): never {
  throw ApplicationFailure.create({ type: 'Refused', message, nonRetryable: true });
}

/** Refuses an order by nobody: whoever gives one says who it is. */
export function checkGiver(order: { by: unknown; why: unknown; account?: unknown }): void {
  const problem = giverProblem(order);
  if (problem !== null) refuse(problem);
}
