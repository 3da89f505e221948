import { giveOrder } from './orders.js';
import type { Canaries, Mode } from '../../messages/to-control.js';
import { confirmed, hasTerminal } from '../terminal/ask.js';
import { CommandError } from '../../space/failure.js';
import { foretold } from '../../space/foretell.js';
import { named, type Giver } from '../../space/order.js';
import { remark } from '../../space/remark.js';
import { setSpaceMode, written } from '../../space/stops.js';
import { parseId } from '../../space/who.js';

export interface ModeOptions extends Giver {
  location?: string[];
  member?: string[];
  /** Do it without asking. */
  yes?: boolean;
}

/**
 * `latchkey mode MODE`: whose keys are written. Where the mode has keys written, tells first what would be written, and asks.
 * Throws CommandError where the mode is refused, nobody agrees, or no worker takes it.
 */
export async function setMode(
  mode: Mode,
  { location = [], member = [], yes = false, ...giver }: ModeOptions,
): Promise<void> {
  const few = { locationIds: location.map(idOf), memberIds: member.map(idOf) };
  const wish = { mode, ...few, ...named(giver) };
  if (mode !== 'observe' && !yes) await agreeOn(mode, mode === 'live' ? null : few);
  await giveOrder((client) => setSpaceMode(client, wish));
}

/** Tells what is about to be written to Kisi, and asks. Throws CommandError where there is nobody to ask, or the answer is no. */
async function agreeOn(mode: Mode, canaries: Canaries | null): Promise<void> {
  if (!hasTerminal()) {
    throw new CommandError(
      `mode ${mode} writes keys to Kisi: give --yes, or order it at a terminal, which tells first what it does`,
      2,
    );
  }
  remark(`reading what mode ${mode} will do …`);
  remark(await foretold(canaries));
  if (await confirmed(`Mode ${mode}: ${written[mode]}. Continue?`)) return;
  throw new CommandError('nothing is ordered: the mode stays as it was');
}

const idOf = (text: string): number =>
  parseId(text, '--location and --member take Nexudus ids (whole numbers)');
