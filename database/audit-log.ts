import { setImmediate as otherWork } from 'node:timers/promises';
import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import type { Instant } from '../access/types.js';
import { codeOf, tried } from './errors.js';
import { addRow, changeRow, cut, journaled, notePrune, type Head } from './journal.js';
import {
  mailAgain,
  type AuditFilter,
  type AuditPage,
  type AuditRecord,
  type Note,
  type Outcome,
  type WriteAhead,
} from './audit-records.js';
import { idsAfter, plain, recordOf, rowOf, toJson, type Tables } from './tables.js';
import { headOf, verify, type Verification } from './verify.js';

/** How many rows are held in memory, or deleted in one go. */
const pageRows = 1000;

type Change<T> = Parameters<typeof journaled<T>>[2];

/** What is known of a write that is about to be made. */
export interface Begun {
  /** The instant of its record: that of the first attempt. */
  at: Instant;
  /** Whether an earlier attempt did it, or may have. */
  mayBeDone: boolean;
}

/** The audit log in a database that `openDatabase` opened. */
export const createAuditLog = (db: Kysely<Tables>): AuditLog => new AuditLog(db);

/** The audit log. Every promise rejects with a DatabaseError where the database does not do what was asked. */
export class AuditLog {
  private lastSeen: Head | null = null;

  constructor(private readonly db: Kysely<Tables>) {}

  /**
   * Notes a write before it is made; once this has returned, the record outlives the process. A further attempt under the same
   * key changes nothing, except that a write that had failed counts as begun again.
   */
  begin(write: WriteAhead): Promise<Begun> {
    return this.change(async (trx, journal) => {
      const earlier = await rowsIn(trx).where('key', '=', write.key).executeTakeFirst();
      if (earlier === undefined)
        await addRow(trx, journal, rowOf({ ...write, kind: 'write', state: 'begun', answer: null }));
      else if (earlier.kind === 'write' && earlier.state === 'failed')
        await changeRow(trx, journal, earlier, { state: 'begun' });
      return { at: earlier?.at ?? write.at, mayBeDone: earlier !== undefined && earlier.state !== 'failed' };
    });
  }

  /** Says what became of a write that was begun. One that is done stays as it is; one that failed may be done yet. */
  finish(key: string, { state, after, answer, waited }: Outcome): Promise<void> {
    return this.change(async (trx, journal) => {
      const row = await rowsIn(trx).where('key', '=', key).executeTakeFirst();
      if (row?.kind !== 'write' || row.state === 'done') return;
      await changeRow(trx, journal, row, {
        state,
        after_json: toJson(after),
        answer: plain(answer),
        ...idsAfter({ kind: 'write' }, after),
        waited_since: waited?.since ?? null,
        waited_until: waited?.until ?? null,
      });
    });
  }

  /** Notes something that is over. The first note under a key stays. */
  note(note: Note): Promise<void> {
    return this.change(async (trx, journal) => {
      const earlier = await rowsIn(trx).where('key', '=', note.key).executeTakeFirst();
      if (earlier === undefined) await addRow(trx, journal, rowOf(note));
    });
  }

  /**
   * The writes to a member's key whose answer is not known, oldest first, so that a later write can say what became of
   * them. `groupId` null: those that concern no group, such as the making of a user; left out: all.
   */
  begunFor(memberId: number, groupId?: number | null): Promise<AuditRecord[]> {
    const begun = rowsIn(this.db)
      .where('member_id', '=', memberId)
      .where('state', '=', 'begun')
      .where('what', '!=', mailAgain);
    return inOrder(groupId === undefined ? begun : begun.where('group_id', 'is not distinct from', groupId));
  }

  /** The newest write to a member's key that is known to be done, whatever it did; null: none is. `groupId` as above. */
  lastDoneFor(memberId: number, groupId: number | null): Promise<AuditRecord | null> {
    return newest(
      rowsIn(this.db)
        .where('member_id', '=', memberId)
        .where('group_id', 'is not distinct from', groupId)
        .where('kind', '=', 'write')
        .where('state', '=', 'done')
        .where('what', '!=', mailAgain),
    );
  }

  /** Writes of members' keys, and of their users, that have to do with any of these ids of Kisi, oldest first. */
  async writesAbout({
    keyIds,
    userIds,
  }: {
    keyIds: readonly number[];
    userIds: readonly number[];
  }): Promise<AuditRecord[]> {
    if (keyIds.length + userIds.length === 0) return [];
    return inOrder(
      rowsIn(this.db).where((is) =>
        is.or([
          ...(keyIds.length === 0 ? [] : [is('key_before', 'in', keyIds), is('key_after', 'in', keyIds)]),
          ...(userIds.length === 0 ? [] : [is('user_after', 'in', userIds)]),
        ]),
      ),
    );
  }

  /** A page of records, in the order of time, then key. */
  list({ after, limit, ...filter }: AuditFilter & AuditPage): Promise<AuditRecord[]> {
    const rows = matching(rowsIn(this.db), filter).limit(limit);
    if (after === undefined) return inOrder(rows);
    return inOrder(rows.where((is) => is(is.refTuple('at', 'key'), '>', is.tuple(after.at, after.key))));
  }

  /** A page of records, the newest first. `after`: only what is older than this record. */
  newestFirst({ after, limit, ...filter }: AuditFilter & AuditPage): Promise<AuditRecord[]> {
    let rows = matching(rowsIn(this.db), filter).limit(limit);
    if (after !== undefined)
      rows = rows.where((is) => is(is.refTuple('at', 'key'), '<', is.tuple(after.at, after.key)));
    return reading(async () =>
      (await rows.orderBy('at', 'desc').orderBy('key', 'desc').execute()).map(recordOf),
    );
  }

  /** All records, in the order of time, then key, read page by page. */
  async *all(filter: AuditFilter = {}): AsyncGenerator<AuditRecord, void, undefined> {
    let after: AuditRecord | undefined;
    do {
      const records = await this.list({ ...filter, after, limit: pageRows });
      yield* records;
      after = records.length < pageRows ? undefined : records.at(-1);
      await otherWork();
    } while (after !== undefined);
  }

  /** The newest decision, or opinion, about a member; null: none is kept. */
  last(kind: 'decision' | 'opinion', memberId: number): Promise<AuditRecord | null> {
    return newest(rowsIn(this.db).where('member_id', '=', memberId).where('kind', '=', kind));
  }

  /**
   * Deletes what is older than this, of every kind and state. Answers how many records that were: none where the user of
   * PostgreSQL may not delete.
   */
  prune(before: Instant): Promise<number> {
    return tried('The audit log could not be pruned', async () => {
      if (!(await this.isOlder(before)) || !(await this.mayDelete())) return 0;
      await this.changeAlone((_, journal) => notePrune(journal, before, Date.now()));
      let deleted = 0;
      let some: number;
      do {
        some = await this.deleteSome(before);
        deleted += some;
        // The file's driver works in this very thread, and holds the lock meanwhile.
        await otherWork();
      } while (some === pageRows);
      await this.changeAlone((trx, journal) => cut(trx, journal, Date.now()));
      return deleted;
    });
  }

  /** The last entry of the journal, by which tampering shows. */
  head(): Promise<Head> {
    return reading(() => headOf(this.db));
  }

  /** The last entry that this object wrote or looked at; null: none yet. */
  seen(): Head | null {
    return this.lastSeen;
  }

  /** Whether the whole audit log is as Latchkey wrote it; `told`: heads that were told before. */
  verify(told: readonly Head[] = []): Promise<Verification> {
    return reading(async () => {
      const found = await verify(this.db, this.lastSeen === null ? told : [...told, this.lastSeen]);
      if (found.problem === null) this.noteSeen(found.head);
      return found;
    });
  }

  close(): Promise<void> {
    return this.db.destroy();
  }

  private change<T>(change: Change<T>): Promise<T> {
    return tried('The audit log could not be written', () => this.changeAlone(change));
  }

  /** Makes a change while nobody else makes one. */
  private async changeAlone<T>(change: Change<T>): Promise<T> {
    const { result, head } = await journaled(this.db, this.lastSeen, change);
    this.noteSeen(head);
    return result;
  }

  private noteSeen(head: Head): void {
    if (head.seq > (this.lastSeen?.seq ?? -1)) this.lastSeen = head;
  }

  /** Whether any record is older than this. */
  private async isOlder(before: Instant): Promise<boolean> {
    const oldest = await this.db
      .selectFrom('audit_log')
      .select('at')
      .orderBy('at')
      .limit(1)
      .executeTakeFirst();
    return oldest !== undefined && oldest.at < before;
  }

  /** In PostgreSQL deleting may be left to the owner of the tables (docs/data.md). */
  private async mayDelete(): Promise<boolean> {
    try {
      await this.db.deleteFrom('audit_log').where('key', 'is', null).execute();
      return true;
    } catch (error) {
      if (codeOf(error) === '42501') return false;
      throw error;
    }
  }

  private async deleteSome(before: Instant): Promise<number> {
    const oldest = this.db
      .selectFrom('audit_log')
      .select('key')
      .where('at', '<', before)
      .orderBy('at')
      .limit(pageRows);
    const { numDeletedRows } = await this.db
      .deleteFrom('audit_log')
      .where('key', 'in', oldest)
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}

type Rows = ReturnType<typeof rowsIn>;

function rowsIn(db: Kysely<Tables>) {
  return db.selectFrom('audit_log').selectAll();
}

function matching(rows: Rows, filter: AuditFilter): Rows {
  const { memberId, groupId, by, since, until, kinds = [], exceptWhat = [] } = filter;
  let some = rows;
  if (memberId !== undefined) some = some.where('member_id', '=', memberId);
  if (groupId !== undefined) some = some.where('group_id', '=', groupId);
  if (by !== undefined) some = some.where(isDoneBy(by));
  if (since !== undefined) some = some.where('at', '>=', since);
  if (until !== undefined) some = some.where('at', '<', until);
  if (kinds.length > 0) some = some.where('kind', 'in', kinds);
  if (exceptWhat.length > 0) some = some.where('what', 'not in', exceptWhat);
  if (filter.exceptFailed === true) some = some.where('state', '!=', 'failed');
  return filter.waited === true ? some.where('waited_until', 'is not', null) : some;
}

/** Done by this name, alone or with the account behind it. A sign that a pattern takes for any letter stands for itself. */
function isDoneBy(by: string): RawBuilder<SqlBool> {
  const withAccount = `${by.replace(/[\\%_]/g, '\\$&')} (%`;
  return sql<SqlBool>`(done_by = ${by} or done_by like ${withAccount} escape '\\')`;
}

const reading = <T>(act: () => Promise<T>): Promise<T> => tried('The audit log could not be read', act);

/** Oldest first. */
function inOrder(rows: Rows): Promise<AuditRecord[]> {
  return reading(async () => (await rows.orderBy('at').orderBy('key').execute()).map(recordOf));
}

function newest(rows: Rows): Promise<AuditRecord | null> {
  return reading(async () => {
    const row = await rows.orderBy('at', 'desc').orderBy('key', 'desc').limit(1).executeTakeFirst();
    return row === undefined ? null : recordOf(row);
  });
}
