/** A database in a file: who may read it, how its users wait for each other, and whether it is there still. */
import { chmodSync, statSync, type BigIntStats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  SqliteDialect,
  SqliteDriver,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
} from 'kysely';
import type Database from 'libsql';
import { codeOf, DatabaseError } from './errors.js';

/** How long a statement waits for another connection that writes. */
const busyMs = 10_000;

/**
 * Statements that wait with pauses while another connection writes, rather than with the whole process. They are refused where
 * the file is no longer the one that was opened.
 */
export function fileDialect(database: Database.Database, path: string): Dialect {
  const dialect = new SqliteDialect({ database });
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => new FileDriver(database, createFileGuard(path)),
  };
}

/** Statements that take no lock, or take one by themselves. */
const unlocked: readonly string[] = ['SelectQueryNode', 'RawNode'];

class FileDriver extends SqliteDriver {
  constructor(
    private readonly file: Database.Database,
    private readonly refuseOther: () => void,
  ) {
    super({ database: file });
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    return {
      executeQuery: async <R>(query: CompiledQuery) => {
        // A rollback is never refused: else the connection would be amid its transaction for ever.
        if (query.sql !== 'rollback') this.refuseOther();
        const isOneWrite = !this.file.inTransaction && !unlocked.includes(query.query.kind);
        if (!isOneWrite) return whenFree(() => connection.executeQuery<R>(query));
        // The driver leaves a statement open that is refused while another connection writes, and then never commits again.
        await this.beginTransaction();
        return this.committed(() => connection.executeQuery<R>(query));
      },
      streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
    };
  }

  private async committed<R>(act: () => Promise<R>): Promise<R> {
    try {
      const result = await act();
      this.file.exec('commit');
      return result;
    } finally {
      if (this.file.inTransaction) this.file.exec('rollback');
    }
  }

  /** Begins with the right to write, so that no statement is refused amid the transaction. */
  override async beginTransaction(): Promise<void> {
    this.refuseOther();
    await whenFree(() => this.file.exec('begin immediate'));
  }

  /** On a full disk SQLite has rolled back by itself: to do so again would fail, and hide why. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.file.inTransaction) await super.rollbackTransaction(connection);
  }
}

async function whenFree<T>(act: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + busyMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    try {
      return await act();
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY') || Date.now() > deadline) throw error;
    }
    // So that not all try again at the same instant.
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

/**
 * Throws a DatabaseError where the file, or its write-ahead log, was deleted or replaced since it was opened: what is written
 * then is gone with this process. Two looks at the disk, some microseconds each.
 */
function createFileGuard(path: string): () => void {
  const parts = [path, `${path}-wal`];
  const look = (part: string): BigIntStats | undefined =>
    statSync(part, { bigint: true, throwIfNoEntry: false });
  const opened = new Map(parts.map((part) => [part, look(part)]));
  return () => {
    for (const part of parts) {
      const now = look(part);
      const was = opened.get(part);
      // The log is made with the first statement.
      if (was === undefined) opened.set(part, now);
      if (was === undefined || (now?.ino === was.ino && now.dev === was.dev)) continue;
      throw new DatabaseError(
        `${part} was ${now === undefined ? 'deleted or moved' : 'replaced'} while Latchkey ran. Put back the file that was there, or restart Latchkey to go on with what is there.`,
      );
    }
  };
}

/** Lets nobody but the owner read and write a file or folder. Answers whether others could before. Throws the system's error. */
export function tighten(path: string, mode: 0o600 | 0o700): boolean {
  const known = statSync(path, { throwIfNoEntry: false });
  // Neither a terminal nor a pipe.
  const isOurs = known?.isFile() === true || known?.isDirectory() === true;
  if (!isOurs || process.platform === 'win32' || (known.mode & 0o077) === 0) return false;
  chmodSync(path, mode);
  return true;
}
