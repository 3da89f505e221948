/**
 * Conflicts that last. Kisi promises no read-after-write, so a record in the way of a write may show a moment later. One that
 * does not show by then is hidden, and only a person can see to it.
 */
import { KisiError, isKisiError } from './errors.js';

/** How late a list may show what was written; nothing is documented. */
const listsLagMs = 10_000;
/** How long a key that was made, but did not get its end, is not made again. */
const undoneLastsMs = 3_600_000;
/** A refusal is forgotten once its write was not tried again for this long. */
const forgottenAfterMs = 24 * 3_600_000;

/** Remembers which writes were refused. One for each process: a restart costs a few tries. */
export interface Conflicts {
  /**
   * Makes a write, and throws its errors. A conflict of `what` that lasts longer than a list may lag is thrown as `blocked`.
   * The error that a key did not get its end (`isUndone`) is thrown again for an hour without the write, since that would end
   * in the same way.
   */
  watch<T>(what: string, write: () => Promise<T>): Promise<T>;
}

interface Refusal {
  since: number;
  lastAt: number;
  error: KisiError;
}

/** `now`: milliseconds since the epoch, or of a monotonic clock. */
export function createConflicts(now: () => number): Conflicts {
  const refusals = new Map<string, Refusal>();

  function note(what: string, error: KisiError): number {
    const lastAt = now();
    for (const [other, refusal] of refusals) {
      if (lastAt - refusal.lastAt >= forgottenAfterMs) refusals.delete(other);
    }
    const since = refusals.get(what)?.since ?? lastAt;
    refusals.set(what, { since, lastAt, error });
    return lastAt - since;
  }

  return {
    async watch(what, write) {
      const last = refusals.get(what);
      if (last?.error.isUndone === true && now() - last.lastAt < undoneLastsMs) throw last.error;
      try {
        const written = await write();
        refusals.delete(what);
        return written;
      } catch (error) {
        if (isKisiError(error) && error.isUndone) note(what, error);
        if (!isKisiError(error, 'conflict')) throw error;
        if (note(what, error) < listsLagMs) throw error;
        throw confirmed(error);
      }
    },
  };
}

function confirmed({ method, path, status, code, fields, detail }: KisiError): KisiError {
  const words = detail === null ? {} : { detail };
  return new KisiError({ method, path }, { kind: 'blocked', status, code, fields, ...words });
}
