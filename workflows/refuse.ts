import { ApplicationFailure } from '@temporalio/workflow';

/** Refuses an update in its validator. Anybody can send one by hand; what is refused changes nothing. */
export function refuse(message: string): never {
  throw ApplicationFailure.create({ type: 'Refused', message, nonRetryable: true });
}

/** Refuses an order by nobody: whoever gives one says who it is. */
export function checkGiver({ by }: { by: unknown }): void {
  if (typeof by !== 'string' || by.trim() === '') refuse('say who gives the order (by)');
}
