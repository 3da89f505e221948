import { readTemporalConfig } from '../../space/settings.js';
import type { WorkflowHandle } from '@temporalio/client';
import { giverWords, type Mode, type Order, type Orders, type StopLevel } from '../../messages/to-control.js';
import { obey } from '../../space/order.js';
import { print } from '../terminal/output.js';
import { withSession } from '../../space/session.js';
import { timeWords } from '../../space/times.js';
import { readZones, zoneOf } from '../../space/zones.js';

/** Has an order obeyed, and prints what holds from then on. */
export async function giveOrder(give: (control: WorkflowHandle) => Promise<Orders>): Promise<void> {
  const { obeyed, zones } = await withSession(readTemporalConfig(), async ({ client }) => ({
    obeyed: await obey(client, give),
    zones: await readZones(client),
  }));
  print(ordersWords(obeyed, zoneOf(zones, null)));
}

/** What a mode has written to Kisi. */
export const written: Record<Mode, string> = {
  observe: 'nothing is written to Kisi',
  canary: 'only the keys of these are written to Kisi',
  live: 'the keys of all are written to Kisi',
};

const stopped: Record<StopLevel, string> = {
  revokes: 'no key is taken away; keys are given as ever',
  writes: 'nothing is written to Kisi',
  all: 'nothing is read from Nexudus and nothing is written to Kisi',
};

/** What holds for the whole space, as people read it. */
export function ordersWords({ stop, mode }: Orders, zone: string | null): string {
  const few = [
    ...mode.locationIds.map((id) => `location ${id}`),
    ...mode.memberIds.map((id) => `member ${id}`),
  ].join(', ');
  return [
    `Mode ${mode.name}${few === '' ? '' : ` (${few})`}: ${written[mode.name]}. ${orderWords(mode, zone)}`,
    stop === null
      ? 'Nothing is stopped.'
      : `Stopped (${stop.level}): ${stopped[stop.level]}. ${orderWords(stop, zone)}`,
  ].join('\n');
}

function orderWords({ why, since, ...giver }: Order, zone: string | null): string {
  return `By ${giverWords(giver)} since ${timeWords(since, zone)}${why === '' ? '' : `: ${why}`}.`;
}
