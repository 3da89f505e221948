import { isKisiError } from '../kisi/errors.js';
import { normalEmail } from '../lib/emails.js';
import { idOf, type Finding, type Row } from './finding.js';
import type { KisiLook } from './kisi-look.js';

/** How Kisi compares e-mails. Every function throws KisiError. No e-mail is in what they answer. */

const nobody = 'Nobody has an e-mail that this can be tried with. Run it again once there are members.';

/** A user whose e-mail is written in small letters. Which one must not depend on the letters, since a tape has others. */
async function someUser(look: KisiLook): Promise<{ user: Row; email: string } | null> {
  for (const user of (await look.sample('users')).rows) {
    const { email } = user;
    if (typeof email === 'string' && email.includes('@') && email === normalEmail(email))
      return { user, email };
  }
  return null;
}

const shows = (rows: readonly Row[], user: Row): boolean =>
  rows.some((row) => idOf(row, 'id') === idOf(user, 'id'));

async function byEmail(look: KisiLook, email: string): Promise<Row[] | null> {
  try {
    return (await look.page('/users', { email, limit: 100 })).rows;
  } catch (error) {
    if (isKisiError(error, 'invalid')) return null;
    throw error;
  }
}

/** Why the filter by e-mail is of no use; null: it shows the user that it should, and not everybody. */
async function whyUseless(look: KisiLook, user: Row, email: string): Promise<string | null> {
  const rows = await byEmail(look, email);
  if (rows === null) return 'Kisi refuses the filter by e-mail. Report it.';
  if (!shows(rows, user)) return 'The filter by e-mail does not find an e-mail that is there. Report it.';
  const strangers = await byEmail(look, 'nobody@latchkey.invalid');
  return strangers?.length === 0 ? null : 'The filter by e-mail is ignored. Report it.';
}

export async function emailFilterExact(look: KisiLook): Promise<Finding> {
  const found = await someUser(look);
  if (found === null) return { untold: nobody };
  const evidence = [
    `user ${idOf(found.user, 'id') ?? ''}, by the e-mail without its first letter, and without its last`,
  ];
  const useless = await whyUseless(look, found.user, found.email);
  if (useless !== null) return { untold: useless, evidence };
  const parts = [await byEmail(look, found.email.slice(1)), await byEmail(look, found.email.slice(0, -1))];
  if (parts.every((rows) => rows === null))
    return { untold: 'Kisi refuses a part of an e-mail as a filter.', evidence };
  return { value: !parts.some((rows) => rows !== null && shows(rows, found.user)), evidence };
}

export async function userEmailCaseSensitive(look: KisiLook): Promise<Finding> {
  const found = await someUser(look);
  if (found === null) return { untold: nobody };
  const evidence = [`user ${idOf(found.user, 'id') ?? ''}, by the e-mail in capitals`];
  const useless = await whyUseless(look, found.user, found.email);
  if (useless !== null) return { untold: useless, evidence };
  const rows = await byEmail(look, found.email.toUpperCase());
  if (rows === null) return { untold: 'Kisi refuses an e-mail in capitals as a filter.', evidence };
  return { value: !shows(rows, found.user), evidence };
}
