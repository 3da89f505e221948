import { ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { createWaker } from '../activities/wake.js';
import { createHerald } from '../push/herald.js';
import { startListener, type Listener } from '../push/listener.js';
import { pollScheduleId } from '../workflows/messages.js';
import { ConfigError, type Config } from './config.js';
import { watchHooks } from './hooks.js';
import type { Apis } from './service.js';

/**
 * Takes webhooks in and wakes the members they are about; null where no port is set for them. Throws ConfigError where
 * that port is taken.
 */
export async function startPush(
  { push, taskQueue }: Config,
  { nexudusForFullPasses }: Pick<Apis, 'nexudusForFullPasses'>,
  client: Client,
  log: Logger,
): Promise<Listener | null> {
  if (push === null) return null;
  const waker = createWaker(client, taskQueue);
  const herald = createHerald({
    async wake(memberId, mayStart) {
      if (mayStart) await waker.wake(memberId, { reason: 'changed' });
      else await waker.wakeIfRunning(memberId, { reason: 'changed' });
    },
    pollNow: () => client.schedule.getHandle(pollScheduleId).trigger(ScheduleOverlapPolicy.BUFFER_ONE),
    onTrouble: (err) => {
      log.warn(
        { err },
        'webhooks come in, but Temporal does not take the wakes; they are kept and tried again',
      );
    },
    onMended: () => {
      log.info('Temporal takes the wakes of webhooks again');
    },
  });
  const { port, nexudusSecret } = push;
  const listener = await startListener({ port, nexudusSecret, herald }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new ConfigError([`port ${port} is taken: set LATCHKEY_PUSH_PORT to a free one (0: any)`]);
  });
  log.info({ port: listener.port }, 'webhooks are taken in');
  const watch = watchHooks(nexudusForFullPasses, log);
  return {
    ...listener,
    close() {
      watch.stop();
      return listener.close();
    },
  };
}
