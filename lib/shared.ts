import { boundsSignal, OutOfTimeError, unlessAborted, within, type Limit } from './within.js';

/** How a shared job ends. */
export interface SharedEnd {
  limit?: Limit | undefined;
  /** Told once, when it is over: where it was not answered, the next who asks is to begin anew. */
  onOver?: (isAnswered: boolean) => void;
}

/**
 * Runs a job for all who ask for its answer. It has its own limit, whatever bounds hold for the first caller, and throws an
 * OutOfTimeError to all when that passes, even where the job does not heed it. A caller that gives the job up leaves it to the
 * others; once all have, it is ended. A caller that only ran out of time still wants it, and asks again.
 */
export function shared<T>(
  job: () => Promise<T>,
  { limit, onOver = () => undefined }: SharedEnd = {},
): () => Promise<T> {
  const end = new AbortController();
  const answer = within({ signal: end.signal, limit }, () => unlessAborted(job()));
  let isOver = false;
  const over = (isAnswered: boolean): void => {
    if (isOver) return;
    isOver = true;
    onOver(isAnswered);
  };
  // Whoever asks hears of a failure; where nobody does any more, nobody need.
  answer.then(over.bind(null, true), over.bind(null, false));
  let asking = 0;
  return async () => {
    const signal = boundsSignal();
    asking++;
    try {
      return await unlessAborted(answer, signal);
    } finally {
      const hasGivenUp = signal?.aborted === true && !(signal.reason instanceof OutOfTimeError);
      if (hasGivenUp) asking--;
      if (asking === 0) {
        // At once, for nobody to join what is being ended.
        over(false);
        end.abort(signal?.reason);
      }
    }
  };
}

/** Answers by the job that runs, or by a new one where none does, see `shared`. */
export function joined<A extends unknown[], T>(
  job: (...args: A) => Promise<T>,
  limit?: Limit,
): (...args: A) => Promise<T> {
  let running: (() => Promise<T>) | null = null;
  return (...args) => {
    const onOver = (): void => void (running = null);
    running ??= shared(() => job(...args), { limit, onOver });
    return running();
  };
}
