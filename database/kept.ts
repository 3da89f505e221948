import type { Kysely } from 'kysely';
import type { Instant } from '../access/types.js';
import { tried } from './errors.js';
import type { JsonValue } from '../access/json.js';
import type { Tables } from './tables.js';

/** A value by its name, and since when it is so. */
export interface KeptValue {
  at: Instant;
  value: JsonValue;
}

/**
 * Values that must outlive whatever works with them: what people ordered and ruled, and who was told what. One for each name.
 * Every promise rejects with a DatabaseError where the database does not do what was asked.
 */
export interface Kept {
  /** Null: nothing is kept under this name. */
  read(name: string): Promise<KeptValue | null>;
  /** Keeps a value in place of the one before. */
  write(name: string, value: JsonValue, at: Instant): Promise<void>;
}

/** The kept values in a database that `openDatabase` opened. */
export function createKept(db: Kysely<Tables>): Kept {
  return {
    read: (name) =>
      tried('The kept values could not be read', async () => {
        const row = await db.selectFrom('kept').selectAll().where('name', '=', name).executeTakeFirst();
        return row === undefined ? null : { at: row.at, value: JSON.parse(row.value_json) as JsonValue };
      }),
    write: (name, value, at) =>
      tried('The kept values could not be written', async () => {
        const value_json = JSON.stringify(value);
        await db
          .insertInto('kept')
          .values({ name, at, value_json })
          .onConflict((existing) => existing.column('name').doUpdateSet({ at, value_json }))
          .execute();
      }),
  };
}
