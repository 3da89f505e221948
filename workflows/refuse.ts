import { ApplicationFailure } from '@temporalio/workflow';
import { Misshapen, type Shape } from './shapes.js';

/**
 * Refuses an update in its validator, or ends a workflow that somebody started. Anybody can do either by hand; what is refused
 * changes nothing.
 */
export function refuse(message: string): never {
  throw ApplicationFailure.create({ type: 'Refused', message, nonRetryable: true });
}

/** Takes an argument from outside. Refuses what is not of that shape, in the words that `words` makes of the problem. */
export function takeOrRefuse<T>(
  shape: Shape<T>,
  argument: unknown,
  words: (problem: string) => string = (problem) => problem,
): T {
  try {
    return shape(argument, '');
  } catch (error) {
    if (error instanceof Misshapen) return refuse(words(error.message));
    throw error;
  }
}
