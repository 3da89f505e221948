import type { WorkflowHandle } from '@temporalio/client';
import {
  giverWords,
  modeUpdate,
  pauseUpdate,
  resumeUpdate,
  type Canaries,
  type Mode,
  type Order,
  type Orders,
  type StopLevel,
} from '../../messages/to-control.js';
import { confirmed, hasTerminal } from '../terminal/ask.js';
import { exceptionJson, lastingAt } from '../exceptions/exceptions.js';
import { CommandError } from '../terminal/failure.js';
import { foretold } from '../rules/foretell.js';
import { named, obey, type Giver } from '../space/order.js';
import { print, remark } from '../terminal/output.js';
import { withSession } from '../space/session.js';
import { readTemporalConfig } from '../space/apis.js';
import { shortTime } from '../terminal/table.js';
import { parseId } from '../space/who.js';

export interface ModeOptions extends Giver {
  location?: string[];
  member?: string[];
  /** Without being asked. */
  yes?: boolean;
}

/** `latchkey pause LEVEL`. Throws CommandError where no worker takes the order. */
export async function pause(level: StopLevel, giver: Giver): Promise<void> {
  await order((control) => control.executeUpdate(pauseUpdate, { args: [{ level, ...named(giver) }] }));
}

/** `latchkey resume`. Throws CommandError where no worker takes the order. */
export async function resume(giver: Giver): Promise<void> {
  await order((control) => control.executeUpdate(resumeUpdate, { args: [named(giver)] }));
}

/**
 * `latchkey mode MODE`: whose keys are written. One that has keys written is told first, and asked for. Throws CommandError
 * where it is refused, nobody agrees, or no worker takes it.
 */
export async function setMode(
  mode: Mode,
  { location = [], member = [], yes = false, ...giver }: ModeOptions,
): Promise<void> {
  const few = { locationIds: location.map(idOf), memberIds: member.map(idOf) };
  const wish = { mode, ...few, ...named(giver) };
  if (mode !== 'observe' && !yes) await agreeOn(mode, mode === 'live' ? null : few);
  await order((control) => control.executeUpdate(modeUpdate, { args: [wish] }));
}

/** Tells what is about to be written to Kisi, and asks. Throws CommandError where there is nobody to ask, or the answer is no. */
async function agreeOn(mode: Mode, whom: Canaries | null): Promise<void> {
  if (!hasTerminal()) {
    throw new CommandError(
      `mode ${mode} has keys written to Kisi: give --yes, or order it at a terminal, where you are told first what it does`,
      2,
    );
  }
  remark(`reading what mode ${mode} will do …`);
  remark(await foretold(whom));
  if (await confirmed(`Mode ${mode}: ${written[mode]}. Is that meant?`)) return;
  throw new CommandError('nothing is ordered: the mode is as it was');
}

const idOf = (text: string): number =>
  parseId(text, '--location and --member take Nexudus ids (whole numbers)');

/** Has an order obeyed, and prints what holds from then on. */
async function order(give: (control: WorkflowHandle) => Promise<Orders>): Promise<void> {
  const obeyed = await withSession(readTemporalConfig(), ({ client }) => obey(client, give));
  print(ordersWords(obeyed));
}

const written: Record<Mode, string> = {
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
export function ordersWords({ stop, mode }: Orders): string {
  const few = [
    ...mode.locationIds.map((id) => `location ${id}`),
    ...mode.memberIds.map((id) => `member ${id}`),
  ].join(', ');
  return [
    `Mode ${mode.name}${few === '' ? '' : ` (${few})`}: ${written[mode.name]}. ${orderWords(mode)}`,
    stop === null
      ? 'Nothing is stopped.'
      : `Stopped (${stop.level}): ${stopped[stop.level]}. ${orderWords(stop)}`,
  ].join('\n');
}

function orderWords({ why, since, ...giver }: Order): string {
  return `By ${giverWords(giver)} since ${shortTime(since) ?? ''}${why === '' ? '' : `: ${why}`}.`;
}

/** As `--json` prints it: times as ISO 8601 in UTC. */
export function ordersJson({ stop, mode, exceptions }: Orders): object {
  const dated = (one: Order): object => ({ ...one, since: new Date(one.since).toISOString() });
  return {
    mode: dated(mode),
    stop: stop === null ? null : dated(stop),
    exceptions: lastingAt(exceptions, Date.now()).map(exceptionJson),
  };
}
