import { setImmediate as otherWork } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Instant } from '../access/types.js';
import { tried } from './errors.js';
import type { Note, Outcome, TrailFilter, TrailPage, TrailRecord, WriteAhead } from './records.js';
import { idsAfter, plain, recordOf, rowOf, toJson, type TrailTables } from './table.js';

/** How many rows are held in memory, or deleted in one go. */
const pageRows = 1000;

/** The audit trail. Every promise rejects with a TrailError where the database does not do what was asked. */
export interface Trail {
  /**
   * Notes a write before it is made; once this has returned, the record outlives the process. Told again for a further
   * attempt it changes nothing, but that a write which had failed is begun once more. Answers whether an earlier attempt
   * did it, or may have.
   */
  begin(write: WriteAhead): Promise<boolean>;
  /** Says what became of a write that was begun. One that is done stays as it is; one that failed may be done yet. */
  finish(key: string, outcome: Outcome): Promise<void>;
  /** Notes what is over. The first one under a key stays. */
  note(note: Note): Promise<void>;
  /**
   * The writes to a member's key whose answer is not known, oldest first, so that a later write can say what became of
   * them. `groupId` null: those that concern no group, such as the making of a user.
   */
  begunFor(memberId: number, groupId: number | null): Promise<TrailRecord[]>;
  /** The newest write to a member's key that is known to be done, whatever it did; null: none is. `groupId` as above. */
  lastDoneFor(memberId: number, groupId: number | null): Promise<TrailRecord | null>;
  /** Writes of members' keys, and of their users, that have to do with any of these ids of Kisi, oldest first. */
  writesAbout(kisi: { keyIds: readonly number[]; userIds: readonly number[] }): Promise<TrailRecord[]>;
  /** A page of records, in the order of time, then key. */
  list(filter: TrailFilter & TrailPage): Promise<TrailRecord[]>;
  /** All records, in the order of time, then key, read page by page. */
  all(filter?: TrailFilter): AsyncGenerator<TrailRecord, void, undefined>;
  /** The newest decision, or claim, about a member; null: none is kept. */
  last(kind: 'decision' | 'claim', memberId: number): Promise<TrailRecord | null>;
  /** Deletes what is older than this, of every kind and state. Answers how many records that were. */
  prune(before: Instant): Promise<number>;
  close(): Promise<void>;
}

/** The trail in a database that `openDatabase` opened. */
export function createTrail(db: Kysely<TrailTables>): Trail {
  async function read(filter: TrailFilter & TrailPage): Promise<TrailRecord[]> {
    const { memberId, since, until, kinds = [], waited = false, after, limit } = filter;
    let query = db.selectFrom('trail').selectAll().orderBy('at').orderBy('key').limit(limit);
    if (memberId !== undefined) query = query.where('member_id', '=', memberId);
    if (since !== undefined) query = query.where('at', '>=', since);
    if (until !== undefined) query = query.where('at', '<', until);
    if (kinds.length > 0) query = query.where('kind', 'in', kinds);
    if (waited) query = query.where('waited_until', 'is not', null);
    if (after !== undefined)
      query = query.where((is) => is(is.refTuple('at', 'key'), '>', is.tuple(after.at, after.key)));
    return (await query.execute()).map(recordOf);
  }

  async function deleteSome(before: Instant): Promise<number> {
    const oldest = db
      .selectFrom('trail')
      .select('key')
      .where('at', '<', before)
      .orderBy('at')
      .limit(pageRows);
    const { numDeletedRows } = await db.deleteFrom('trail').where('key', 'in', oldest).executeTakeFirst();
    return Number(numDeletedRows);
  }

  return {
    begin: (write) =>
      tried('The audit trail could not be written', async () => {
        // The attempts of one write come one after another.
        const earlier = await db
          .selectFrom('trail')
          .select('state')
          .where('key', '=', write.key)
          .executeTakeFirst();
        await db
          .insertInto('trail')
          .values(rowOf({ ...write, kind: 'write', state: 'begun', answer: null }))
          .onConflict((existing) =>
            existing
              .column('key')
              .doUpdateSet({ state: 'begun' })
              .where('trail.kind', '=', 'write')
              .where('trail.state', '=', 'failed'),
          )
          .execute();
        return earlier !== undefined && earlier.state !== 'failed';
      }),
    finish: (key, { state, after, answer, waited }) =>
      tried('The audit trail could not be written', async () => {
        await db
          .updateTable('trail')
          .set({
            state,
            after_json: toJson(after),
            answer: plain(answer),
            ...idsAfter({ kind: 'write' }, after),
            waited_since: waited?.since ?? null,
            waited_until: waited?.until ?? null,
          })
          .where('key', '=', key)
          .where('kind', '=', 'write')
          .where('state', '!=', 'done')
          .execute();
      }),
    note: (note) =>
      tried('The audit trail could not be written', async () => {
        await db
          .insertInto('trail')
          .values(rowOf(note))
          .onConflict((existing) => existing.column('key').doNothing())
          .execute();
      }),
    begunFor: (memberId, groupId) =>
      tried('The audit trail could not be read', async () => {
        const rows = await db
          .selectFrom('trail')
          .selectAll()
          .where('member_id', '=', memberId)
          .where('group_id', 'is not distinct from', groupId)
          .where('state', '=', 'begun')
          .orderBy('at')
          .orderBy('key')
          .execute();
        return rows.map(recordOf);
      }),
    lastDoneFor: (memberId, groupId) =>
      tried('The audit trail could not be read', async () => {
        const row = await db
          .selectFrom('trail')
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
      tried('The audit trail could not be read', async () => {
        if (keyIds.length + userIds.length === 0) return [];
        const rows = await db
          .selectFrom('trail')
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
    list: (filter) => tried('The audit trail could not be read', () => read(filter)),
    async *all(filter = {}) {
      let after: TrailRecord | undefined;
      do {
        const page = { ...filter, after, limit: pageRows };
        const records = await tried('The audit trail could not be read', () => read(page));
        yield* records;
        after = records.length < pageRows ? undefined : records.at(-1);
        await otherWork();
      } while (after !== undefined);
    },
    last: (kind, memberId) =>
      tried('The audit trail could not be read', async () => {
        const row = await db
          .selectFrom('trail')
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
      tried('The audit trail could not be pruned', async () => {
        let deleted = 0;
        let some: number;
        do {
          some = await deleteSome(before);
          deleted += some;
          // The file's driver works in this very thread, and holds the lock meanwhile.
          await otherWork();
        } while (some === pageRows);
        return deleted;
      }),
    close: () => db.destroy(),
  };
}
