/**
 * Opens the database of the audit log: a file of its own (SQLite's format, through libsql, which comes compiled), or
 * PostgreSQL where several machines write or the audit log must outlive a disk.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Kysely, PostgresDialect } from 'kysely';
import Database from 'libsql';
import pg from 'pg';
import { codeOf, DatabaseError, databaseError } from './errors.js';
import { fileDialect, tighten } from './file.js';
import { isUpToDate, migrate } from './migrations.js';
import type { Tables } from './tables.js';

/** How long a second process waits while a first one sets the file up. */
const setUpMs = 30_000;
const forms = 'file:<path>, a path, or postgres://<user>:<password>@<host>:<port>/<database>';

/**
 * A connection to the audit log with its tables up to date; several processes may open at once. `url`: `file:<path>` or a path
 * (folders are made), `postgres://` or `postgresql://`. `tell`: hears where others could read the file until now. Throws a
 * DatabaseError, which never holds the password.
 */
export async function openDatabase(
  url: string,
  tell: (line: string) => void = () => undefined,
): Promise<Kysely<Tables>> {
  if (/^postgres(ql)?:\/\//i.test(url)) return openPostgres(url);
  // Else a slip in an address of a server would make a file of that name. It is not shown: it may hold a password.
  if (url.trim() === '' || /^[a-z][a-z0-9+.-]+:/i.test(url.replace(/^file:/i, '')))
    throw new DatabaseError(`The address of the audit log is of no known kind. Give ${forms}.`);
  const path = pathOf(url);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DatabaseError(
      `The folder of the audit log ${path} cannot be made (${codeOf(error)}). Name one that this process may write to.`,
    );
  }
  if (path !== ':memory:') keepPrivate(path, tell);
  return openFile(path);
}

/** The database's further files get the mode of the first. */
function keepPrivate(path: string, tell: (line: string) => void): void {
  try {
    // Before the driver makes it, whatever the umask is.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    const wide = [path, `${path}-wal`, `${path}-shm`].filter((part) => tighten(part, 0o600));
    if (wide.length > 0)
      tell(`other users could read ${wide.join(', ')} until now; only the owner can from now on`);
  } catch (error) {
    // Whatever else is in the way is told when the file is opened.
    if (codeOf(error) !== 'EPERM') return;
    tell(
      `other users may read ${path}, and this process may not change that: the file belongs to somebody else`,
    );
  }
}

/** Whether there is a database already, as far as that can be told without a connection. Throws a DatabaseError. */
export function mayExist(url: string): boolean {
  return /^postgres(ql)?:\/\//i.test(url) || existsSync(pathOf(url));
}

function pathOf(url: string): string {
  if (!/^file:/i.test(url)) return url;
  if (!/^file:\/\//i.test(url)) return url.slice('file:'.length);
  try {
    return fileURLToPath(url);
  } catch {
    throw new DatabaseError(`The address of the audit log names no file of this machine. Give ${forms}.`);
  }
}

/**
 * The file must be on a disk of this machine: the write-ahead log shares memory between processes, and network file
 * systems have no locks that can be trusted.
 */
async function openFile(path: string): Promise<Kysely<Tables>> {
  const file = connect(path);
  try {
    // Readers go on while one writes.
    await untilFree(() => file.pragma('journal_mode = WAL'));
    const db = new Kysely<Tables>({ dialect: fileDialect(file, path) });
    if (!(await isUpToDate(db, 'embedded'))) {
      // Kysely locks nothing here. The lock makes the first process set the tables up, wholly or not at all.
      await untilFree(() => file.exec('BEGIN IMMEDIATE'));
      await migrate(db, 'embedded');
      file.exec('COMMIT');
    }
    // A commit is with the operating system before it returns, so a killed process loses none. Only a power cut may
    // take the last ones, and leaves the file whole; waiting for the disk at every record would not be worth that.
    file.pragma('synchronous = NORMAL');
    // The driver waits with the whole process, so it may wait no longer than others need to close the file.
    file.pragma('busy_timeout = 10');
    return db;
  } catch (error) {
    file.close();
    throw databaseError(`The audit log ${path} cannot be opened`, error);
  }
}

function connect(path: string): Database.Database {
  try {
    return new Database(path);
  } catch {
    // The driver's own words are no more than a number.
    throw new DatabaseError(
      `The audit log ${path} cannot be opened. Check that it is a file that this process may read and write, in a folder where it may make files.`,
    );
  }
}

/** Tries again, with pauses, while another connection holds the file. */
async function untilFree(act: () => unknown): Promise<void> {
  const deadline = Date.now() + setUpMs;
  for (;;) {
    try {
      act();
      return;
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY') || Date.now() > deadline) throw error;
    }
    await sleep(20);
  }
}

/** The user needs the right to make tables only where they are not up to date. */
async function openPostgres(url: string): Promise<Kysely<Tables>> {
  const where = shown(url);
  const db = postgres(url, limits);
  try {
    if (!(await isUpToDate(db, 'postgres'))) await setUpPostgres(url);
    return db;
  } catch (error) {
    await db.destroy();
    throw databaseError(`The audit log at ${where} cannot be opened`, error);
  }
}

/** Large tables take their time, and so does another process that sets them up. */
async function setUpPostgres(url: string): Promise<void> {
  const db = postgres(url, {});
  try {
    await migrate(db, 'postgres');
  } finally {
    await db.destroy();
  }
}

/**
 * How long the server may take for a statement, wait for another's lock, and keep a transaction of ours open after our process
 * has fallen silent. The last limit is for a server that does not answer at all.
 */
const limits = {
  statement_timeout: 20_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
  query_timeout: 25_000,
} satisfies pg.PoolConfig;

function postgres(url: string, bounds: pg.PoolConfig): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOf(url, bounds) }) });
}

function poolOf(url: string, bounds: pg.PoolConfig): pg.Pool {
  // Instants and ids are exact as numbers. Only for this pool: the driver's own parsers are everybody's.
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString: url,
    max: 5,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types,
    ...bounds,
  });
  // An idle connection that breaks is dropped, and the next query opens another. Unheard, it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** Server and database, without user, password and parameters. */
function shown(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : null;
  // A sign of the password that was not encoded ends the server's name early, and the rest would be shown.
  if (address === null || `${address.pathname}${address.search}${address.hash}`.includes('@'))
    throw new DatabaseError(
      `The address of the audit log is malformed. Give ${forms}, with signs such as / ? # @ in user or password percent-encoded.`,
    );
  return `${address.protocol}//${address.host}${address.pathname}`;
}
