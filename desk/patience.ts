/** What a page makes of an answer that may not come in time. */
import type { Instant } from '../access/types.js';
import { failureOf } from '../space/failure.js';

/** An answer, or why there is none. */
export type Answer<T> = { value: T } | { why: string };

/** An answer, or why it cannot be read, and since when that is so. */
export type Told<T> = Known<T> | Unread;

/** An answer that is of now, or was of an earlier time. */
export interface Known<T> {
  value: T;
  /** When it was so; a newer answer is waited for. Left out: it is of now. */
  asOf?: Instant;
}

/** Why something could not be read. */
export interface Unread {
  /** For an operator: what happened and what to do. */
  why: string;
  since: Instant;
  /** It is being read, and nothing is known to be in the way. Left out: something is. */
  isAwaited?: true;
}

/** Why there is no answer yet. */
export const noAnswerYet =
  'there was no answer in time, and it is still waited for: open this page again in a moment';

/** The answer of a job, or why there is none after `patienceMs`. The job goes on. Throws nothing. */
export async function patiently<T>(job: Promise<T>, patienceMs: number): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined;
  const tired = new Promise<Answer<T>>((resolve) => {
    timer = setTimeout(resolve, patienceMs, { why: noAnswerYet });
  });
  const answer = job.then(
    (value): Answer<T> => ({ value }),
    (error: unknown): Answer<T> => ({ why: failureOf(error).lines.join(' ') }),
  );
  try {
    return await Promise.race([answer, tired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Since when each thing has not been read, in the memory of this process. */
export class Silences {
  private readonly since = new Map<string, Instant>();

  constructor(private readonly now: () => Instant) {}

  /** The same answer, with since when it is missing. */
  note<T>(what: string, answer: Answer<T>): Told<T> {
    if ('value' in answer) {
      this.since.delete(what);
      return answer;
    }
    const since = this.since.get(what) ?? this.now();
    this.since.set(what, since);
    return { why: answer.why, since };
  }
}
