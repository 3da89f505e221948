import { keyOwner } from '../access/ownership.js';
import { normalEmail } from '../lib/emails.js';
import type { NexudusClient } from '../nexudus/client.js';
import { isNexudusError } from '../nexudus/errors.js';
import { searchEmail } from '../nexudus/source.js';
import { CommandError } from './failure.js';
import { withProgress } from './progress.js';
import { remark } from './remark.js';

/** The member that a command is about, as typed: a Nexudus coworker id, an exact e-mail, or a name or a part of it. */
export type Who = { id: number } | { email: string } | { name: string };

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
  if (/^\p{L}[\p{L}\p{M}.’' -]+$/u.test(typed)) return { name: typed };
  throw new CommandError('ID must be a Nexudus coworker id (a whole number), an e-mail or a name', 2);
}

/**
 * The coworker id. Of several profiles with the same e-mail the lowest, which owns the keys of all; the others are told on
 * stderr. Throws CommandError: with exit code `unknown` where no profile has the e-mail or the name, with exit code 1 where
 * several have the name. Throws NexudusError too.
 */
export async function memberIdFor(who: Who, nexudus: NexudusClient, unknown: 1 | 2 = 1): Promise<number> {
  if ('id' in who) return who.id;
  if ('name' in who) return idWithName(who.name, nexudus, unknown);
  const ids = await idsWithEmail(who.email, nexudus).catch((error: unknown) => {
    if (isNexudusError(error, 'unavailable'))
      remark('only Nexudus knows who has an e-mail: give the coworker id, which needs no Nexudus');
    throw error;
  });
  const owner = keyOwner(ids);
  if (owner === null) throw new CommandError('no coworker in Nexudus has this e-mail', unknown);
  if (ids.length > 1) remark(`profiles ${ids.join(', ')} share this e-mail; taking ${owner}, the lowest`);
  return owner;
}

/** The most coworkers that are listed where a name is not enough. */
const mostNamed = 10;

/** The coworker with this name, or else the one whose name contains it. Names are read when asked for, and kept nowhere. */
async function idWithName(typed: string, nexudus: NexudusClient, unknown: 1 | 2): Promise<number> {
  const name = normalName(typed);
  const everyone = await withProgress('Reading the names in Nexudus', () => nexudus.list('coworkers'));
  const alike = everyone.filter(({ fullName }) => normalName(fullName).includes(name));
  const exact = alike.filter(({ fullName }) => normalName(fullName) === name);
  const [first, ...others] = exact.length > 0 ? exact : alike;
  if (first === undefined) throw new CommandError('no coworker in Nexudus has this name', unknown);
  if (others.length === 0) return first.id;
  const listed = [first, ...others].map(({ id, fullName }) => `${id} (${fullName})`);
  const more = listed.length > mostNamed ? ` and ${listed.length - mostNamed} more` : '';
  throw new CommandError(
    `${listed.length} coworkers have this name, say which by the id: ${listed.slice(0, mostNamed).join(', ')}${more}`,
  );
}

/** A name without accents, apostrophes and capitals, which people leave out. */
export function normalName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[\p{M}'’‘ʼ`]/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

async function idsWithEmail(typed: string, nexudus: NexudusClient): Promise<number[]> {
  const found = await searchEmail(nexudus, typed).catch(async (error: unknown) => {
    if (!isNexudusError(error, 'filterIgnored')) throw error;
    const everyone = await nexudus.list('coworkers');
    return everyone.filter(({ email }) => email === normalEmail(typed));
  });
  return found.map(({ id }) => id);
}
