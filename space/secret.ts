import { mayExist, openDatabase } from '../database/database.js';
import { installationSecret } from '../database/secret.js';
import type { Config } from '../config/config.js';
import { CommandError } from './failure.js';

/**
 * The secret of the installation whose database the settings name; null: there is no database yet, and none is made. Throws
 * DatabaseError.
 */
export async function secretIfAny({ databaseUrl }: Pick<Config, 'databaseUrl'>): Promise<Buffer | null> {
  if (!mayExist(databaseUrl)) return null;
  const db = await openDatabase(databaseUrl);
  try {
    return await installationSecret(db);
  } finally {
    await db.destroy();
  }
}

/**
 * The same where there must be one. Throws CommandError where there is no database yet: one that a command made would be
 * another installation's; and DatabaseError.
 */
export async function readSecret(config: Pick<Config, 'databaseUrl'>): Promise<Buffer> {
  const secret = await secretIfAny(config);
  if (secret !== null) return secret;
  throw new CommandError(
    'plans are signed by the worker’s database, and there is none here: set LATCHKEY_DATABASE_URL as the worker has it',
    2,
  );
}
