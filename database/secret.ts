import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { tried } from './errors.js';
import type { Tables } from './tables.js';

/** The name under which the secret is kept. Nothing else is written there, and the secret is never replaced. */
const secretName = 'installation-secret';
const secretBytes = 32;

/**
 * The secret of this installation, 32 random bytes: nobody who cannot read the database can forge what is signed with it, or
 * guess what is digested with it. Whoever asks first makes it; of several who ask at once one does, and all get the same. Where
 * the database is lost, there is another secret from then on. Throws a DatabaseError where the database does not answer, and an
 * Error where what is kept there is no such secret.
 */
export async function installationSecret(db: Kysely<Tables>): Promise<Buffer> {
  const known = await read(db);
  if (known !== null) return known;
  const value_json = JSON.stringify(randomBytes(secretBytes).toString('base64'));
  await tried('The secret of this installation could not be kept', () =>
    db
      .insertInto('kept')
      .values({ name: secretName, at: Date.now(), value_json })
      .onConflict((existing) => existing.column('name').doNothing())
      .execute(),
  );
  const kept = await read(db);
  if (kept === null) throw new Error('The secret of this installation was kept and is not there: try again.');
  return kept;
}

async function read(db: Kysely<Tables>): Promise<Buffer | null> {
  const row = await tried('The secret of this installation could not be read', () =>
    db.selectFrom('kept').select('value_json').where('name', '=', secretName).executeTakeFirst(),
  );
  return row === undefined ? null : secretOf(row.value_json);
}

/** A secret that was cut short or emptied would sign for anybody. */
function secretOf(json: string): Buffer {
  const text = /^"([A-Za-z0-9+/]+=*)"$/.exec(json)?.[1] ?? '';
  const secret = Buffer.from(text, 'base64');
  if (secret.length === secretBytes) return secret;
  throw new Error(
    `The secret of this installation is damaged: put the row ${secretName} of the table kept back from a backup, ` +
      'or delete it and restart every process, and a new one is made. Plan files signed with the old one are refused then.',
  );
}
