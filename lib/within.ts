/**
 * Bounds on a job as a whole: whoever asks may give it up, and it may take only so long, waits for turns and pauses included.
 * They go with the job by themselves (AsyncLocalStorage), since every function between an activity and a request would have
 * to hand them on, and the one that forgot would wait for ever.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';

/** How long a job may take, and whose answers it waits for. */
export interface Limit {
  limitMs: number;
  of: 'Nexudus' | 'Kisi';
}

/** A job took longer than it may. Trying again may help. */
export class OutOfTimeError extends Error {
  override readonly name = 'OutOfTimeError';
  readonly of: Limit['of'];

  constructor({ limitMs, of }: Limit) {
    const time = `${Math.round(limitMs / 1000)} s`;
    super(
      `What was asked of ${of} was not done within ${time}, waits for its turns included, so it was given up; it is tried again. If this lasts, ${of} answers slowly or throttles: see \`latchkey status\`.`,
    );
    this.of = of;
  }
}

/** What may end a job before it is done. Left out: nothing does. */
export interface Bounds {
  /** Aborted by whoever asks, once nobody wants the answer any more. */
  signal?: AbortSignal | undefined;
  limit?: Limit | undefined;
}

interface Running {
  signal: AbortSignal;
  isFinishing: boolean;
}

const running = new AsyncLocalStorage<Running>();

/**
 * Runs a job within bounds, in place of those that hold for the caller: what it asks of the APIs from then on ends with the
 * reason of `signal`, or with an OutOfTimeError.
 */
export async function within<T>({ signal, limit }: Bounds, job: () => Promise<T>): Promise<T> {
  const end = new AbortController();
  // There are as many listeners as requests at once.
  setMaxListeners(0, end.signal);
  const giveUp = (): void => {
    end.abort(signal?.reason);
  };
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener('abort', giveUp);
  const runOut = (reached: Limit): void => {
    end.abort(new OutOfTimeError(reached));
  };
  const timer = limit && setTimeout(runOut, limit.limitMs, limit);
  try {
    return await running.run({ signal: end.signal, isFinishing: false }, job);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    // Of several requests side by side one may have failed: nobody waits for the others.
    end.abort(new Error('the job that asked for it is over'));
  }
}

/** Aborted once the running job is to end; undefined: nothing ends it. */
export function boundsSignal(): AbortSignal | undefined {
  const job = running.getStore();
  return job === undefined || job.isFinishing ? undefined : job.signal;
}

/** The running job is about to change something: from here on it is brought to its end, whoever gives it up. */
export function finishFromHere(): void {
  const job = running.getStore();
  if (job !== undefined) job.isFinishing = true;
}

/**
 * What `begin` has resolved or rejected, unless `signal` is aborted first: then `leave` is called, and the reason of `signal`
 * thrown.
 */
export function untilAborted<T>(
  signal: AbortSignal | undefined,
  begin: (resolve: (answer: T) => void, reject: (error: unknown) => void) => void,
  leave: () => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const giveUp = (): void => {
      leave();
      // Whoever aborts says why, by an error.
      reject(signal?.reason as Error);
    };
    const settled =
      <A>(settle: (one: A) => void) =>
      (one: A): void => {
        signal?.removeEventListener('abort', giveUp);
        settle(one);
      };
    signal?.addEventListener('abort', giveUp);
    begin(settled(resolve), settled(reject));
  });
}

/** What another job answers, unless `signal` is aborted first: then throws its reason. The other job goes on. */
export function unlessAborted<T>(answer: Promise<T>, signal = boundsSignal()): Promise<T> {
  return untilAborted(signal, (resolve, reject) => void answer.then(resolve, reject));
}
