import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { toFailure } from './failures.js';

/** How often an activity that speaks to others beats. */
export const beatMs = 3_000;

/**
 * Runs a job of the activity that runs now with a heartbeat every so often, so that its worker's death is noticed.
 * `details`: what another try should know of this one.
 */
export async function heartbeating<T>(
  everyMs: number,
  job: () => Promise<T>,
  details: () => unknown = () => undefined,
): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => {
    context.heartbeat(details());
  }, everyMs);
  try {
    return await job();
  } finally {
    clearInterval(beat);
  }
}

/**
 * Functions that speak to an API, as activities: each heartbeats while it runs, so that the work of a killed worker is
 * taken over within seconds, and has its errors mapped by `toFailure`.
 */
export function remote<A extends object>(
  functions: A,
  wait: (job: Promise<unknown>) => Promise<unknown> = (job) => job,
): A {
  const wrapped = Object.entries(functions).map(([name, run]) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      try {
        return await heartbeating(beatMs, () =>
          wait((run as (...a: unknown[]) => Promise<unknown>)(...args)),
        );
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as A;
}

/**
 * The same for functions that read, and so may be given up at any time, for another process to begin anew: where Nexudus
 * throttles, a read that waits for its turn would outlast any stop.
 */
export function remoteReads<A extends object>(functions: A): A {
  return remote(functions, (reading) => Promise.race([reading, givenUp()]));
}

/** Rejects when the worker stops, or nobody waits for the activity any more. */
async function givenUp(): Promise<never> {
  return Context.current().cancelled.catch(() => {
    throw ApplicationFailure.create({
      message: 'given up, since its process stops; it is begun anew',
      category: ApplicationFailureCategory.BENIGN,
    });
  });
}
