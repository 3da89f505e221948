import { normalEmail } from '../../nexudus/emails.js';
import type { NexudusClient } from '../../nexudus/client.js';
import { isNexudusError } from '../../nexudus/errors.js';
import { searchEmail } from '../../nexudus/source.js';
import { CommandError } from '../terminal/failure.js';
import { remark } from '../terminal/output.js';

/** Whom a command is about, as typed: a Nexudus coworker id or an exact e-mail. */
export type Who = { id: number } | { email: string };

/** An id of Nexudus as typed. Throws CommandError (wrong use) with these words where it cannot be one. */
export function parseId(text: string, says: string): number {
  if (isId(text)) return Number(text);
  throw new CommandError(says, 2);
}

/** The id of a location as typed. Throws CommandError. */
export function parseLocation(text: string): number {
  return parseId(text, '--location must be the id of a location in Nexudus (a whole number)');
}

const isId = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text);

/** Reads an ID argument. Throws CommandError (wrong use), which does not repeat what was typed: it may be personal. */
export function parseWho(text: string): Who {
  const typed = text.trim();
  if (isId(typed)) return { id: Number(typed) };
  if (/^[^\s@]+@[^\s@]+$/.test(typed)) return { email: typed };
  throw new CommandError('ID must be a Nexudus coworker id (a whole number) or an e-mail', 2);
}

/**
 * The coworker id. Of several profiles with the same e-mail the lowest, which owns the keys of all; the others are
 * told on stderr. Throws CommandError, with this exit code, where no profile has the e-mail, and NexudusError.
 */
export async function memberIdFor(who: Who, nexudus: NexudusClient, unknown: 1 | 2 = 1): Promise<number> {
  if ('id' in who) return who.id;
  const [first, ...others] = await idsWithEmail(who.email, nexudus).catch((error: unknown) => {
    if (isNexudusError(error, 'unavailable'))
      remark('only Nexudus knows who has an e-mail: give the coworker id, which needs no Nexudus');
    throw error;
  });
  if (first === undefined) throw new CommandError('no coworker in Nexudus has this e-mail', unknown);
  if (others.length > 0) {
    remark(`profiles ${[first, ...others].join(', ')} share this e-mail; taking ${first}, the lowest`);
  }
  return first;
}

async function idsWithEmail(typed: string, nexudus: NexudusClient): Promise<number[]> {
  const found = await searchEmail(nexudus, typed).catch(async (error: unknown) => {
    if (!isNexudusError(error, 'filterIgnored')) throw error;
    const everyone = await nexudus.list('coworkers');
    return everyone.filter(({ email }) => email === normalEmail(typed));
  });
  return found.map(({ id }) => id);
}
