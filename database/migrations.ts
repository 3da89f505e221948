import { Migrator, sql, type Kysely, type Migration } from 'kysely';
import { DatabaseError } from './errors.js';
import type { Tables } from './tables.js';

/** What differs between the two databases. */
export type Engine = 'embedded' | 'postgres';

/** Every change of the tables, in the order of their names. One that was released is never edited: add another. */
function migrationsFor(engine: Engine): Record<string, Migration> {
  // By code points, so that pages go in the same order everywhere. PostgreSQL would follow its locale.
  const keyType = engine === 'postgres' ? sql`text collate "C"` : sql`text`;
  return {
    '001 first tables': {
      async up(db: Kysely<unknown>) {
        await createAuditLogTables(db, keyType);
        await createKeyTables(db);
      },
    },
    '002 sign-in to the desk': { up: createSignInTables },
    '003 webhooks seen': { up: createSeenTable },
  };
}

/** The audit log, and the journal by which tampering shows. */
async function createAuditLogTables(db: Kysely<unknown>, keyType: ReturnType<typeof sql>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('audit_log')
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
    .addColumn('waited_since', 'bigint')
    .addColumn('waited_until', 'bigint')
    .addColumn('key_before', 'bigint')
    .addColumn('key_after', 'bigint')
    .addColumn('user_after', 'bigint')
    .addColumn('seq', 'bigint')
    .addColumn('salt', 'text')
    .execute();
  await schema.createIndex('audit_log_at').on('audit_log').columns(['at', 'key']).execute();
  const byMember = schema.createIndex('audit_log_member_at').on('audit_log');
  await byMember.columns(['member_id', 'at', 'key']).execute();
  for (const column of ['group_id', 'done_by'])
    await schema
      .createIndex(`audit_log_${column}_at`)
      .on('audit_log')
      .columns([column, 'at', 'key'])
      .execute();
  for (const column of ['key_before', 'key_after', 'user_after'])
    await schema.createIndex(`audit_log_${column}`).on('audit_log').column(column).execute();
  await schema.createIndex('audit_log_seq').unique().on('audit_log').column('seq').execute();
  await schema
    .createTable('journal')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('what', 'text', (column) => column.notNull())
    .addColumn('replaces', 'bigint')
    .addColumn('digest', 'text')
    .addColumn('about_json', 'text')
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('journal_head')
    .addColumn('id', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  const empty = { id: 1, seq: 0, hash: '' };
  await (db as unknown as Kysely<Tables>).insertInto('journal_head').values(empty).execute();
}

/** Whose each key is, writes that were never answered, and what workflows remember. */
async function createKeyTables({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('owned_key')
    .addColumn('user_id', 'bigint', (column) => column.notNull())
    .addColumn('group_id', 'bigint', (column) => column.notNull())
    .addColumn('member_id', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('entry_json', 'text')
    .addPrimaryKeyConstraint('owned_key_place', ['user_id', 'group_id'])
    .execute();
  await schema.createIndex('owned_key_member').on('owned_key').column('member_id').execute();
  await schema
    .createTable('kisi_user')
    .addColumn('member_id', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('user_id', 'bigint', (column) => column.notNull())
    .addColumn('email_digest', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
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
  await schema.createIndex('unanswered_write_member').on('unanswered_write').column('member_id').execute();
  await schema
    .createTable('kept')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('value_json', 'text', (column) => column.notNull())
    .execute();
}

/** Links by which people sign in to the desk, and who is signed in. Of each secret there is only a digest. */
async function createSignInTables({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('desk_link')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('desk_session')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .execute();
}

/** Which webhooks came in lately: their forms, times and ids. */
async function createSeenTable({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('webhook_seen')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('seen_json', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('webhook_seen_at').on('webhook_seen').column('at').execute();
}

/** Brings the tables up to date. Throws what the database threw, or a DatabaseError where a newer Latchkey was here. */
export async function migrate(db: Kysely<Tables>, engine: Engine): Promise<void> {
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrationsFor(engine)) },
    // Names of its own, since the database may be shared with others that use Kysely.
    migrationTableName: 'latchkey_migration',
    migrationLockTableName: 'latchkey_migration_lock',
  }).migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.startsWith('corrupted migrations'))
    throw new DatabaseError(
      'The audit log was written by another version of Latchkey: run that version, or a newer one.',
    );
  throw error instanceof Error ? error : new Error('the tables cannot be brought up to date');
}

/** Whether just the migrations of this version were made. Takes no lock, so that a reader holds up nobody who writes. */
export async function isUpToDate(db: Kysely<Tables>, engine: Engine): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`select name from latchkey_migration order by name`.execute(
      db,
    );
    const known = Object.keys(migrationsFor(engine)).sort();
    return rows.map(({ name }) => name).join() === known.join();
  } catch {
    // There is no such table yet, or whatever is wrong shows at once when the tables are made.
    return false;
  }
}
