import { asyncLocalStorage } from '@temporalio/activity';
import type { KisiPacer, KisiTurns } from '../kisi/pace.js';

/** From this priority on an activity is one of many, and nobody waits for just that one. */
const batchFrom = 4;

/**
 * Turns in the line that the priority of the running activity says; outside of any activity, in the line of requests that
 * somebody waits for.
 */
export function turnsByPriority({ urgent, batch }: KisiPacer): KisiTurns {
  return {
    turn: (requests, signal) => (isOfBatch() ? batch : urgent).turn(requests, signal),
    pause: (ms) => {
      urgent.pause(ms);
    },
  };
}

function isOfBatch(): boolean {
  const priority = asyncLocalStorage.getStore()?.info.priority?.priorityKey;
  return priority !== undefined && priority >= batchFrom;
}
