/** Orders for the whole space: what is stopped, and whose keys are written. */
import type { Client } from '@temporalio/client';
import {
  giverWords,
  modeUpdate,
  pauseUpdate,
  resumeUpdate,
  type Canaries,
  type Giver,
  type Mode,
  type Order,
  type Orders,
  type StopLevel,
} from '../messages/to-control.js';
import { obey, type OrderId } from './order.js';
import { timeWords } from './times.js';

/** Stops something for everybody; answers what holds from now on. Throws CommandError where no worker takes the order. */
export function pauseSpace(
  client: Client,
  order: Giver & { level: StopLevel },
  id: OrderId = {},
): Promise<Orders> {
  return obey(client, (control) => control.executeUpdate(pauseUpdate, { args: [order], ...id }));
}

/** Lets everything go on. Answers and throws as `pauseSpace` does. */
export function resumeSpace(client: Client, order: Giver, id: OrderId = {}): Promise<Orders> {
  return obey(client, (control) => control.executeUpdate(resumeUpdate, { args: [order], ...id }));
}

/** Has keys written for nobody, a few or everybody. Answers and throws as `pauseSpace` does, and where the mode is refused. */
export function setSpaceMode(
  client: Client,
  order: Canaries & Giver & { mode: Mode },
  id: OrderId = {},
): Promise<Orders> {
  return obey(client, (control) => control.executeUpdate(modeUpdate, { args: [order], ...id }));
}

/** What a mode has written to Kisi. */
export const written: Record<Mode, string> = {
  observe: 'nothing is written to Kisi',
  canary: 'only the keys of these are written to Kisi',
  live: 'the keys of all are written to Kisi',
};

/** What a stop keeps from being done. */
export const stopped: Record<StopLevel, string> = {
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

/** Who gave an order that holds, since when and why. */
export function orderWords({ why, since, ...giver }: Order, zone: string | null): string {
  return `By ${giverWords(giver)} since ${timeWords(since, zone)}${why === '' ? '' : `: ${why}`}.`;
}
