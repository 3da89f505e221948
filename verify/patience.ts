import { setTimeout as sleep } from 'node:timers/promises';
import { isKisiError } from '../kisi/errors.js';
import { NexudusError } from '../nexudus/errors.js';

const mostTries = 4;
/** Before the second try; longer before each further one. */
export const usualPauseMs = 500;

/** Asks again where no good answer came, since one that fails tells nothing. Throws the first error: later ones only tell of it. */
export async function patiently<T>(pauseMs: number, ask: () => Promise<T>): Promise<T> {
  let first: unknown = null;
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error)) throw error;
      first ??= error;
      if (tries === mostTries) throw first;
      await sleep(pauseMs * tries);
    }
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof NexudusError) return ['unavailable', 'malformed', 'throttled'].includes(error.kind);
  return isKisiError(error, 'unavailable', 'malformed', 'throttled');
}
