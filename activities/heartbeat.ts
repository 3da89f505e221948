import { Context } from '@temporalio/activity';

/** Heartbeats while `job` runs, so that the work of a killed worker is taken over within seconds. */
export async function withHeartbeat<T>(job: () => Promise<T>, everyMs = 4_000): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => {
    context.heartbeat();
  }, everyMs);
  try {
    return await job();
  } finally {
    clearInterval(timer);
  }
}
