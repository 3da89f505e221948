import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { unlessAborted, within, type Limit } from '../lib/within.js';
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

/** The share of its startToCloseTimeout after which an activity gives up, and says why, before Temporal takes it for lost. */
const shareOfTime = 0.9;

/**
 * Functions that speak to an API, as activities: each heartbeats while it runs, so that the work of a killed worker is
 * taken over within seconds, and has its errors mapped by `toFailure`. What it asks of the APIs ends when it is cancelled,
 * as when its worker stops, and before its startToCloseTimeout; from its first write on it is finished (lib/within.ts).
 * `of`: the API whose slowness is the likeliest reason to run out of time.
 */
export function remote<A extends object>(
  functions: A,
  of: Limit['of'] = 'Kisi',
  wait: (job: Promise<unknown>) => Promise<unknown> = (job) => job,
): A {
  const wrapped = Object.entries(functions).map(([name, run]) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      const { info, cancellationSignal: signal } = Context.current();
      const limit = { limitMs: info.startToCloseTimeoutMs * shareOfTime, of };
      const job = (): Promise<unknown> => wait((run as (...a: unknown[]) => Promise<unknown>)(...args));
      try {
        return await heartbeating(beatMs, () => within({ signal, limit }, job));
      } catch (error) {
        throw signal.aborted && error === signal.reason ? givenUp() : toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as A;
}

/**
 * As `remote`, for functions that only read. They may be given up at any time, for another process to begin anew: where Nexudus
 * throttles, a read that waits for its turn would outlast any stop.
 */
export function remoteReads<A extends object>(functions: A): A {
  return remote(functions, 'Nexudus', (reading) => unlessAborted(reading));
}

/** The worker stops, or nobody waits for the activity any more. */
function givenUp(): ApplicationFailure {
  return ApplicationFailure.create({
    message: 'given up, since its process stops; it is begun anew',
    category: ApplicationFailureCategory.BENIGN,
  });
}
