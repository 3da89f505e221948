import { Context } from '@temporalio/activity';
import { toFailure } from './failures.js';

const beatMs = 3_000;

/**
 * Functions that speak to an API, as activities: each heartbeats while it runs, so that the work of a killed worker is
 * taken over within seconds, and has its errors mapped by `toFailure`.
 */
export function remote<A extends object>(functions: A): A {
  const wrapped = Object.entries(functions).map(([name, run]) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      const context = Context.current();
      const beat = setInterval(() => {
        context.heartbeat();
      }, beatMs);
      try {
        return await (run as (...a: unknown[]) => Promise<unknown>)(...args);
      } catch (error) {
        throw toFailure(error);
      } finally {
        clearInterval(beat);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as A;
}
