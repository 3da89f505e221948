import { readTemporalConfig } from '../../space/settings.js';
import type { Client } from '@temporalio/client';
import type { Orders } from '../../messages/to-control.js';
import { print } from '../terminal/output.js';
import { withSession } from '../../space/session.js';
import { ordersWords } from '../../space/stops.js';
import { readZones, spaceZone } from '../../space/zones.js';

/** Has an order obeyed, and prints what holds from then on. */
export async function giveOrder(give: (client: Client) => Promise<Orders>): Promise<void> {
  const { obeyed, zones } = await withSession(readTemporalConfig(), async ({ client }) => ({
    obeyed: await give(client),
    zones: await readZones(client),
  }));
  print(ordersWords(obeyed, spaceZone(zones)));
}
