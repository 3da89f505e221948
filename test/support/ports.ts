import { nextFreePort } from '../../lib/ports.js';

/** Each process has ports of its own, since another process may take a free one at once. The system gives others away. */
const first = 12_000 + 50 * (process.pid % 400);
let given = 0;

/** A free port that nobody else is told of. */
export function newPort(): Promise<number> {
  return nextFreePort(first + (given++ % 50));
}
