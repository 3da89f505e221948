import { giveOrder } from './orders.js';
import type { StopLevel } from '../../messages/to-control.js';
import { named, type Giver } from '../../space/order.js';
import { pauseSpace, resumeSpace } from '../../space/stops.js';

/** `latchkey pause LEVEL`. Throws CommandError where no worker takes the order. */
export async function pause(level: StopLevel, giver: Giver): Promise<void> {
  await giveOrder((client) => pauseSpace(client, { level, ...named(giver) }));
}

/** `latchkey resume`. Throws CommandError where no worker takes the order. */
export async function resume(giver: Giver): Promise<void> {
  await giveOrder((client) => resumeSpace(client, named(giver)));
}
