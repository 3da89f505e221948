import { Migrator, sql, type Kysely, type Migration } from 'kysely';
import { TrailError } from './errors.js';
import { journalOlder } from './journal.js';
import type { TrailTables } from './table.js';

/** What differs between the two databases. */
export type Engine = 'embedded' | 'postgres';

/**
 * Every change of the tables since the first, in the order of their names. One that was released is never edited: add
 * another.
 */
function migrationsFor(engine: Engine): Record<string, Migration> {
  return {
    '001 trail': {
      async up(db: Kysely<unknown>) {
        // By code points, so that pages go in the same order everywhere. PostgreSQL would follow its locale.
        const keyType = engine === 'postgres' ? sql`text collate "C"` : sql`text`;
        await db.schema
          .createTable('trail')
          .addColumn('key', keyType, (column) => column.primaryKey().notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('state', 'text', (column) => column.notNull())
          .addColumn('member_id', 'bigint')
          .addColumn('location_id', 'bigint')
          .addColumn('group_id', 'bigint')
          .addColumn('what', 'text', (column) => column.notNull())
          .addColumn('before_json', 'text')
          .addColumn('after_json', 'text')
          .addColumn('cause', 'text', (column) => column.notNull())
          .addColumn('done_by', 'text')
          .addColumn('plan_id', 'text')
          .addColumn('answer', 'text')
          .execute();
        await db.schema.createIndex('trail_at').on('trail').columns(['at', 'key']).execute();
        await db.schema
          .createIndex('trail_member_at')
          .on('trail')
          .columns(['member_id', 'at', 'key'])
          .execute();
      },
    },
    '002 how long a write was waited for': {
      async up(db: Kysely<unknown>) {
        // One column a statement: SQLite takes no more.
        await db.schema.alterTable('trail').addColumn('waited_since', 'bigint').execute();
        await db.schema.alterTable('trail').addColumn('waited_until', 'bigint').execute();
      },
    },
    // Older records stay without: a key's end is moved every few days, and then it is known.
    '003 what writes are about in Kisi': {
      async up(db: Kysely<unknown>) {
        for (const column of ['key_before', 'key_after', 'user_after']) {
          await db.schema.alterTable('trail').addColumn(column, 'bigint').execute();
          await db.schema.createIndex(`trail_${column}`).on('trail').column(column).execute();
        }
      },
    },
    '004 whose each key is, and what workflows remember': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('owned_key')
          .addColumn('user_id', 'bigint', (column) => column.notNull())
          .addColumn('group_id', 'bigint', (column) => column.notNull())
          .addColumn('member_id', 'bigint', (column) => column.notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addColumn('version', 'bigint', (column) => column.notNull())
          .addColumn('entry_json', 'text')
          .addPrimaryKeyConstraint('owned_key_place', ['user_id', 'group_id'])
          .execute();
        await db.schema.createIndex('owned_key_member').on('owned_key').column('member_id').execute();
        await db.schema
          .createTable('kisi_user')
          .addColumn('member_id', 'bigint', (column) => column.primaryKey().notNull())
          .addColumn('user_id', 'bigint', (column) => column.notNull())
          .addColumn('email_digest', 'text', (column) => column.notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('kept')
          .addColumn('name', 'text', (column) => column.primaryKey().notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addColumn('value_json', 'text', (column) => column.notNull())
          .execute();
      },
    },
    '005 the journal that shows tampering': {
      async up(db: Kysely<unknown>) {
        await db.schema.alterTable('trail').addColumn('seq', 'bigint').execute();
        await db.schema.alterTable('trail').addColumn('salt', 'text').execute();
        await db.schema.createIndex('trail_seq').unique().on('trail').column('seq').execute();
        await db.schema
          .createTable('journal')
          .addColumn('seq', 'bigint', (column) => column.primaryKey().notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addColumn('what', 'text', (column) => column.notNull())
          .addColumn('replaces', 'bigint')
          .addColumn('digest', 'text')
          .addColumn('about_json', 'text')
          .addColumn('hash', 'text', (column) => column.notNull())
          .execute();
        await db.schema
          .createTable('journal_head')
          .addColumn('id', 'bigint', (column) => column.primaryKey().notNull())
          .addColumn('seq', 'bigint', (column) => column.notNull())
          .addColumn('hash', 'text', (column) => column.notNull())
          .execute();
        const older = db as unknown as Kysely<TrailTables>;
        await older.insertInto('journal_head').values({ id: 1, seq: 0, hash: '' }).execute();
        await journalOlder(older);
      },
    },
    '006 writes to Kisi that were never answered': {
      async up(db: Kysely<unknown>) {
        await db.schema
          .createTable('unanswered_write')
          .addColumn('user_id', 'bigint', (column) => column.notNull())
          .addColumn('group_id', 'bigint', (column) => column.notNull())
          .addColumn('asked', 'text', (column) => column.notNull())
          .addColumn('member_id', 'bigint', (column) => column.notNull())
          .addColumn('does', 'text', (column) => column.notNull())
          .addColumn('at', 'bigint', (column) => column.notNull())
          .addColumn('looked_at', 'bigint')
          .addColumn('entry_json', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('unanswered_write_asked', ['user_id', 'group_id', 'asked'])
          .execute();
        await db.schema
          .createIndex('unanswered_write_member')
          .on('unanswered_write')
          .column('member_id')
          .execute();
      },
    },
  };
}

/** Brings the tables up to date. Throws what the database threw, or a TrailError where a newer Latchkey was here. */
export async function migrate(db: Kysely<TrailTables>, engine: Engine): Promise<void> {
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrationsFor(engine)) },
    // Names of its own, since the database may be shared with others that use Kysely.
    migrationTableName: 'trail_migration',
    migrationLockTableName: 'trail_migration_lock',
  }).migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.startsWith('corrupted migrations'))
    throw new TrailError(
      'The audit trail was written by another version of Latchkey: run that version, or a newer one.',
    );
  throw error instanceof Error ? error : new Error('the tables cannot be brought up to date');
}

/** Whether just the migrations of this version were made. Takes no lock, so that a reader holds up nobody who writes. */
export async function isUpToDate(db: Kysely<TrailTables>, engine: Engine): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`select name from trail_migration order by name`.execute(db);
    const known = Object.keys(migrationsFor(engine)).sort();
    return rows.map(({ name }) => name).join() === known.join();
  } catch {
    // There is no such table yet, or whatever is wrong shows at once when it is to be made.
    return false;
  }
}
