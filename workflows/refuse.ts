import { ApplicationFailure } from '@temporalio/workflow';

/** Refuses an update in its validator. Anybody can send one by hand; what is refused changes nothing. */
export function refuse(message: string): never {
  throw ApplicationFailure.create({ type: 'Refused', message, nonRetryable: true });
}
