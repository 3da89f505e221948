import type { Logger } from 'pino';
import type { NexudusClient } from '../nexudus/client.js';
import { readHooks } from '../nexudus/webhooks.js';

/** Looks again and again whether Nexudus switched off one of our webhooks. */
export interface HookWatch {
  /** One look. Rejects never. */
  look(): Promise<void>;
  stop(): void;
}

const lookEveryMs = 10 * 60_000;

/**
 * Starts the watch. It says once in the log that webhooks are off, and once that none is any more: Nexudus tells
 * nobody. `tell` is told by each look which are off, for the alerts. A look that fails says nothing: the poll, which reads
 * Nexudus all the time, does.
 */
export function watchHooks(
  nexudus: NexudusClient,
  log: Logger,
  tell: (off: string[]) => Promise<void> = () => Promise.resolve(),
): HookWatch {
  let told = false;

  async function look(): Promise<void> {
    const hooks = await readHooks(nexudus).catch(() => null);
    if (hooks === null) return;
    const off = hooks.filter(({ active }) => !active);
    const webhooks = off.map(({ actionName, locationId }) => `${actionName} at ${locationId}`);
    await tell(webhooks);
    if (off.length > 0 && !told) {
      log.warn(
        { webhooks },
        'Nexudus switched webhooks off after calls that were not taken, so changes wait for the poll: see that ' +
          'LATCHKEY_PUSH_URL is reached from outside and NEXUDUS_WEBHOOK_SECRET is right, then `latchkey hooks install`',
      );
    }
    if (off.length === 0 && told) log.info('no webhook of ours is switched off in Nexudus any more');
    told = off.length > 0;
  }

  void look();
  const again = setInterval(() => void look(), lookEveryMs);
  return {
    look,
    stop() {
      clearInterval(again);
    },
  };
}
