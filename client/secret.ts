import { mayExist, openDatabase } from '../trail/database.js';
import { installationSecret } from '../trail/secret.js';
import type { Config } from '../worker/config.js';
import { CommandError } from './failure.js';

/**
 * The secret of the installation whose database the settings name. Throws CommandError where there is no database yet: one
 * that a command made would be another installation's; and TrailError.
 */
export async function readSecret({ databaseUrl }: Pick<Config, 'databaseUrl'>): Promise<Buffer> {
  if (!mayExist(databaseUrl)) {
    throw new CommandError(
      'plans are signed by the worker’s database, and there is none here: set LATCHKEY_DATABASE_URL as the worker has it',
      2,
    );
  }
  const db = await openDatabase(databaseUrl);
  try {
    return await installationSecret(db);
  } finally {
    await db.destroy();
  }
}
