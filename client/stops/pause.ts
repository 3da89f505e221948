import { giveOrder } from './orders.js';
import { pauseUpdate, resumeUpdate, type StopLevel } from '../../messages/to-control.js';
import { named, type Giver } from '../../space/order.js';

/** `latchkey pause LEVEL`. Throws CommandError where no worker takes the order. */
export async function pause(level: StopLevel, giver: Giver): Promise<void> {
  await giveOrder((control) => control.executeUpdate(pauseUpdate, { args: [{ level, ...named(giver) }] }));
}

/** `latchkey resume`. Throws CommandError where no worker takes the order. */
export async function resume(giver: Giver): Promise<void> {
  await giveOrder((control) => control.executeUpdate(resumeUpdate, { args: [named(giver)] }));
}
