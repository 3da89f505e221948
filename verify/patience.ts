import { setTimeout as sleep } from 'node:timers/promises';
import { isKisiError } from '../kisi/errors.js';
import { NexudusError } from '../nexudus/errors.js';

const mostTries = 4;
/** The pause before the second try; longer before each further one. */
export const usualPauseMs = 500;

/** While an API does not answer, one request in two seconds is let through: others are held back, and tell nothing. */
const heldBack = { pauseMs: 500, most: 6 } as const;

/** Asks again where no good answer came, since one that fails tells nothing. Throws the first error: later ones only tell of it. */
export async function patiently<T>(pauseMs: number, ask: () => Promise<T>): Promise<T> {
  let first: unknown = null;
  for (let tries = 1, waits = 0; ;) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error)) throw error;
      first ??= error;
      const isHeldBack = isKisiError(error, 'unavailable') && error.isUnsent;
      if (isHeldBack && waits < heldBack.most) {
        waits++;
        await sleep(heldBack.pauseMs);
        continue;
      }
      if (tries === mostTries) throw first;
      await sleep(pauseMs * tries++);
    }
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof NexudusError) return ['unavailable', 'malformed', 'throttled'].includes(error.kind);
  return isKisiError(error, 'unavailable', 'malformed', 'throttled');
}
