import { setImmediate as otherWork } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Instant } from '../access/types.js';
import { codeOf, tried } from './errors.js';
import { addRow, changeRow, cut, journaled, notePrune, type Head } from './journal.js';
import type { Note, Outcome, AuditFilter, AuditPage, AuditRecord, WriteAhead } from './audit-records.js';
import { idsAfter, plain, recordOf, rowOf, toJson, type JournaledRow, type Tables } from './tables.js';
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

/** The audit log. Every promise rejects with a AuditLogError where the database does not do what was asked. */
export interface AuditLog {
  /**
   * Notes a write before it is made; once this has returned, the record outlives the process. Told again for a further
   * attempt it changes nothing, but that a write which had failed is begun once more.
   */
  begin(write: WriteAhead): Promise<Begun>;
  /** Says what became of a write that was begun. One that is done stays as it is; one that failed may be done yet. */
  finish(key: string, outcome: Outcome): Promise<void>;
  /** Notes what is over. The first one under a key stays. */
  note(note: Note): Promise<void>;
  /**
   * The writes to a member's key whose answer is not known, oldest first, so that a later write can say what became of
   * them. `groupId` null: those that concern no group, such as the making of a user; left out: all.
   */
  begunFor(memberId: number, groupId?: number | null): Promise<AuditRecord[]>;
  /** The newest write to a member's key that is known to be done, whatever it did; null: none is. `groupId` as above. */
  lastDoneFor(memberId: number, groupId: number | null): Promise<AuditRecord | null>;
  /** Writes of members' keys, and of their users, that have to do with any of these ids of Kisi, oldest first. */
  writesAbout(kisi: { keyIds: readonly number[]; userIds: readonly number[] }): Promise<AuditRecord[]>;
  /** A page of records, in the order of time, then key. */
  list(filter: AuditFilter & AuditPage): Promise<AuditRecord[]>;
  /** All records, in the order of time, then key, read page by page. */
  all(filter?: AuditFilter): AsyncGenerator<AuditRecord, void, undefined>;
  /** The newest decision, or claim, about a member; null: none is kept. */
  last(kind: 'decision' | 'opinion', memberId: number): Promise<AuditRecord | null>;
  /**
   * Deletes what is older than this, of every kind and state. Answers how many records that were: none where the user of
   * PostgreSQL may not delete.
   */
  prune(before: Instant): Promise<number>;
  /** The last entry of the journal that shows tampering. */
  head(): Promise<Head>;
  /** The last entry that this one wrote or looked at; null: none yet. */
  seen(): Head | null;
  /** Whether all of it is as Latchkey wrote it; `told`: heads that were told before. */
  verify(told?: readonly Head[]): Promise<Verification>;
  close(): Promise<void>;
}

/** The audit log in a database that `openDatabase` opened. */
export function createAuditLog(db: Kysely<Tables>): AuditLog {
  let seen: Head | null = null;

  /** Makes a change while nobody else makes one. */
  async function alone<T>(change: Change<T>): Promise<T> {
    const { result, head } = await journaled(db, seen, change);
    know(head);
    return result;
  }

  function know(head: Head): void {
    if (head.seq > (seen?.seq ?? -1)) seen = head;
  }

  const changed = <T>(change: Change<T>): Promise<T> =>
    tried('The audit log could not be written', () => alone(change));

  async function read(filter: AuditFilter & AuditPage): Promise<AuditRecord[]> {
    const { memberId, since, until, kinds = [], waited = false, after, limit } = filter;
    let query = db.selectFrom('audit_log').selectAll().orderBy('at').orderBy('key').limit(limit);
    if (memberId !== undefined) query = query.where('member_id', '=', memberId);
    if (since !== undefined) query = query.where('at', '>=', since);
    if (until !== undefined) query = query.where('at', '<', until);
    if (kinds.length > 0) query = query.where('kind', 'in', kinds);
    if (waited) query = query.where('waited_until', 'is not', null);
    if (after !== undefined)
      query = query.where((is) => is(is.refTuple('at', 'key'), '>', is.tuple(after.at, after.key)));
    return (await query.execute()).map(recordOf);
  }

  /** In PostgreSQL deleting may be left to the owner of the tables (docs/data.md). */
  async function mayDelete(): Promise<boolean> {
    try {
      await db.deleteFrom('audit_log').where('key', 'is', null).execute();
      return true;
    } catch (error) {
      if (codeOf(error) === '42501') return false;
      throw error;
    }
  }

  async function deleteSome(before: Instant): Promise<number> {
    const oldest = db
      .selectFrom('audit_log')
      .select('key')
      .where('at', '<', before)
      .orderBy('at')
      .limit(pageRows);
    const { numDeletedRows } = await db.deleteFrom('audit_log').where('key', 'in', oldest).executeTakeFirst();
    return Number(numDeletedRows);
  }

  return {
    begin: (write) =>
      changed(async (trx, journal) => {
        const earlier = await rowOfKey(trx, write.key);
        if (earlier === undefined)
          await addRow(trx, journal, rowOf({ ...write, kind: 'write', state: 'begun', answer: null }));
        else if (earlier.kind === 'write' && earlier.state === 'failed')
          await changeRow(trx, journal, earlier, { state: 'begun' });
        return {
          at: earlier?.at ?? write.at,
          mayBeDone: earlier !== undefined && earlier.state !== 'failed',
        };
      }),
    finish: (key, { state, after, answer, waited }) =>
      changed(async (trx, journal) => {
        const row = await rowOfKey(trx, key);
        if (row?.kind !== 'write' || row.state === 'done') return;
        await changeRow(trx, journal, row, {
          state,
          after_json: toJson(after),
          answer: plain(answer),
          ...idsAfter({ kind: 'write' }, after),
          waited_since: waited?.since ?? null,
          waited_until: waited?.until ?? null,
        });
      }),
    note: (note) =>
      changed(async (trx, journal) => {
        if ((await rowOfKey(trx, note.key)) === undefined) await addRow(trx, journal, rowOf(note));
      }),
    begunFor: (memberId, groupId) =>
      tried('The audit log could not be read', async () => {
        let query = db
          .selectFrom('audit_log')
          .selectAll()
          .where('member_id', '=', memberId)
          .where('state', '=', 'begun')
          .orderBy('at')
          .orderBy('key');
        if (groupId !== undefined) query = query.where('group_id', 'is not distinct from', groupId);
        return (await query.execute()).map(recordOf);
      }),
    lastDoneFor: (memberId, groupId) =>
      tried('The audit log could not be read', async () => {
        const row = await db
          .selectFrom('audit_log')
          .selectAll()
          .where('member_id', '=', memberId)
          .where('group_id', 'is not distinct from', groupId)
          .where('kind', '=', 'write')
          .where('state', '=', 'done')
          .orderBy('at', 'desc')
          .orderBy('key', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row === undefined ? null : recordOf(row);
      }),
    writesAbout: ({ keyIds, userIds }) =>
      tried('The audit log could not be read', async () => {
        if (keyIds.length + userIds.length === 0) return [];
        const rows = await db
          .selectFrom('audit_log')
          .selectAll()
          .where((is) =>
            is.or([
              ...(keyIds.length === 0 ? [] : [is('key_before', 'in', keyIds), is('key_after', 'in', keyIds)]),
              ...(userIds.length === 0 ? [] : [is('user_after', 'in', userIds)]),
            ]),
          )
          .orderBy('at')
          .orderBy('key')
          .execute();
        return rows.map(recordOf);
      }),
    list: (filter) => tried('The audit log could not be read', () => read(filter)),
    async *all(filter = {}) {
      let after: AuditRecord | undefined;
      do {
        const page = { ...filter, after, limit: pageRows };
        const records = await tried('The audit log could not be read', () => read(page));
        yield* records;
        after = records.length < pageRows ? undefined : records.at(-1);
        await otherWork();
      } while (after !== undefined);
    },
    last: (kind, memberId) =>
      tried('The audit log could not be read', async () => {
        const row = await db
          .selectFrom('audit_log')
          .selectAll()
          .where('member_id', '=', memberId)
          .where('kind', '=', kind)
          .orderBy('at', 'desc')
          .orderBy('key', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row === undefined ? null : recordOf(row);
      }),
    prune: (before) =>
      tried('The audit log could not be pruned', async () => {
        const oldest = await db
          .selectFrom('audit_log')
          .select('at')
          .orderBy('at')
          .limit(1)
          .executeTakeFirst();
        if (oldest === undefined || oldest.at >= before || !(await mayDelete())) return 0;
        await alone((_, journal) => notePrune(journal, before, Date.now()));
        let deleted = 0;
        let some: number;
        do {
          some = await deleteSome(before);
          deleted += some;
          // The file's driver works in this very thread, and holds the lock meanwhile.
          await otherWork();
        } while (some === pageRows);
        await alone((trx, journal) => cut(trx, journal, Date.now()));
        return deleted;
      }),
    head: () => tried('The audit log could not be read', () => headOf(db)),
    seen: () => seen,
    verify: (told = []) =>
      tried('The audit log could not be read', async () => {
        const found = await verify(db, seen === null ? told : [...told, seen]);
        if (found.problem === null) know(found.head);
        return found;
      }),
    close: () => db.destroy(),
  };
}

function rowOfKey(db: Kysely<Tables>, key: string): Promise<JournaledRow | undefined> {
  return db.selectFrom('audit_log').selectAll().where('key', '=', key).executeTakeFirst();
}
