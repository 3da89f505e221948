import type { Logger } from 'pino';
import type { NexudusClient } from '../nexudus/client.js';
import { readHooks } from '../nexudus/webhooks.js';

const lookEveryMs = 10 * 60_000;

/**
 * Looks again and again whether Nexudus switched off one of our webhooks, since Nexudus tells nobody. It logs once that webhooks are
 * off, and once that none is any more. `tell` hears after each look which are off, for the alerts. A look that fails says nothing:
 * the poll, which reads Nexudus all the time, does.
 */
export class HookWatch {
  private isTold = false;
  private readonly again: NodeJS.Timeout;

  constructor(
    private readonly nexudus: NexudusClient,
    private readonly log: Logger,
    private readonly tell: (off: string[]) => Promise<void>,
  ) {
    void this.look();
    this.again = setInterval(() => void this.look(), lookEveryMs);
  }

  /** One look. Never rejects. */
  async look(): Promise<void> {
    const hooks = await readHooks(this.nexudus).catch(() => null);
    if (hooks === null) return;
    const off = hooks.filter(({ active }) => !active);
    const webhooks = off.map(({ actionName, locationId }) => `${actionName} at ${locationId}`);
    await this.tell(webhooks);
    if (off.length > 0 && !this.isTold) {
      this.log.warn(
        { webhooks },
        'Nexudus switched webhooks off after Latchkey did not take their calls, so changes wait for the poll: check that ' +
          'LATCHKEY_PUSH_URL can be reached from outside and NEXUDUS_WEBHOOK_SECRET is right, then run `latchkey hooks install`',
      );
    }
    if (off.length === 0 && this.isTold) this.log.info('all webhooks of Latchkey are on again in Nexudus');
    this.isTold = off.length > 0;
  }

  stop(): void {
    clearInterval(this.again);
  }
}
