import type { KisiClient } from './client.js';
import { KisiError, isKisiError } from './errors.js';
import type { KisiUser } from './records.js';

const longestPlainName = 40;

/**
 * Makes the Kisi user of a member; Kisi mails the invitation. `lookFirst` where an earlier try may have made it and its
 * answer was lost: Kisi may or may not refuse a second user with the same e-mail, and finds one by just the e-mail that it
 * was made with. A conflict or a 422 about the e-mail means that the user is there after all; a conflict is thrown again when
 * neither way of searching finds it. A name that Kisi does not take is made plain and short, then left out.
 */
export async function makeUser(
  client: KisiClient,
  person: { email: string; name: string },
  lookFirst: boolean,
  signal?: AbortSignal,
): Promise<{ user: KisiUser; created: boolean }> {
  const there = lookFirst ? await client.findUserByEmail(person.email, 'filter', signal) : null;
  if (there) return { user: there, created: false };
  try {
    return { user: await createUser(client, person, signal), created: true };
  } catch (error) {
    if (!isKisiError(error, 'conflict', 'invalid')) throw error;
    if (error.kind === 'invalid' && !error.fields.includes('email')) throw error;
    const other = await findUser(client, person.email, signal);
    if (!other && error.kind === 'invalid') throw error;
    if (!other) throw nobodyHasIt(error, await client.findUsersLike(person.email, signal));
    return { user: other, created: false };
  }
}

async function createUser(
  client: KisiClient,
  { email, name }: { email: string; name: string },
  signal?: AbortSignal,
): Promise<KisiUser> {
  for (const other of new Set([name, plainName(name)].filter((one) => one !== ''))) {
    try {
      return await client.createUser({ email, name: other }, signal);
    } catch (error) {
      if (!isAboutName(error)) throw error;
    }
  }
  return client.createUser({ email, name: '' }, signal);
}

function isAboutName(error: unknown): boolean {
  return (
    isKisiError(error, 'invalid', 'conflict') &&
    error.fields.includes('name') &&
    !error.fields.includes('email')
  );
}

/** What Kisi takes for a name is not documented: letters of any script, digits, the marks of names, and few of them. */
function plainName(name: string): string {
  const plain = name.normalize('NFKC').replace(/[^\p{L}\p{M}\p{N} .'-]+/gu, ' ');
  const words = plain.replace(/\s+/g, ' ').trim();
  return Array.from(words).slice(0, longestPlainName).join('').trim();
}

/** `like`: users with e-mails that are alike and not the same, who are not taken for the member. */
function nobodyHasIt(error: KisiError, like: readonly number[]): KisiError {
  const { status, code, fields } = error;
  const detail =
    like.length > 0
      ? `it says that the e-mail of this member is taken, and shows no user with just that, but user ${like.join(' and user ')} with one that is much like it: nobody gets the keys of another for that. Correct the e-mail in Kisi or in Nexudus`
      : 'it says that the e-mail of this member is taken, but shows no user with it: look in Kisi for one that is hidden, or ask its support';
  return new KisiError(error, { kind: 'conflict', status, code, fields, detail });
}

/** The Kisi user with this e-mail, looked for in both ways; null: there is none. */
export async function findUser(
  client: KisiClient,
  email: string,
  signal?: AbortSignal,
): Promise<KisiUser | null> {
  return (
    (await client.findUserByEmail(email, 'filter', signal)) ??
    (await client.findUserByEmail(email, 'search', signal))
  );
}
