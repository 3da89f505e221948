/**
 * What shows that somebody else changed the audit log. Each change of a record adds an entry to the journal: a digest of
 * what the record holds from then on, and a hash over the entry and the hash before. So a field that was changed, a record
 * that was taken out, put in or set back does not fit its entry, and an entry that was changed does not fit the next. A
 * digest is salted, and the salt goes with the record: records can be pruned and forgotten, and the chain still holds.
 * Whoever rewrites all of it ends with another hash than the one that was told elsewhere.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Instant } from '../access/types.js';
import { DatabaseError } from './errors.js';
import type { JournaledRow, JournalRow, AuditRow, Tables } from './tables.js';

/** The last entry of the journal. */
export interface Head {
  /** How many entries there were since the first. */
  seq: number;
  hash: string;
}

/** The journal while a change is made: nobody else adds to it meanwhile. */
export interface Journal {
  /** The last entry so far. */
  head(): Head;
  /** Adds an entry, and answers its number. */
  append(entry: Pick<JournalRow, 'at' | 'what'> & Partial<Omit<JournalRow, 'seq' | 'hash'>>): Promise<number>;
}

/** What a cut says: the first entry that is kept from then on, and the hash of the entry before it. */
export interface Cut {
  from: number;
  prev: string;
}

/**
 * Makes a change together with its entries: all of it holds, or nothing. `seen`: the last entry that this process knows of.
 * Answers the last entry too. Throws DatabaseError where the journal ends before `seen`, since an older state of the database
 * was put back.
 */
export async function journaled<T>(
  db: Kysely<Tables>,
  seen: Head | null,
  change: (trx: Transaction<Tables>, journal: Journal) => Promise<T>,
): Promise<{ result: T; head: Head }> {
  return db.transaction().execute(async (trx) => {
    // A write that changes nothing, so that both engines let one process after another go on from here.
    const first = await trx
      .updateTable('journal_head')
      .set((row) => ({ seq: row.ref('seq') }))
      .where('id', '=', 1)
      .returning(['seq', 'hash'])
      .executeTakeFirst();
    if (first === undefined)
      throw new DatabaseError(`The head of the audit log's journal is gone. ${afresh}`);
    refuseOlder(first, seen);
    let head: Head = first;
    const result = await change(trx, {
      head: () => head,
      async append(entry) {
        const row = chained(entry, head);
        await trx.insertInto('journal').values(row).execute();
        head = { seq: row.seq, hash: row.hash };
        return row.seq;
      },
    });
    if (head !== first) await trx.updateTable('journal_head').set(head).where('id', '=', 1).execute();
    return { result, head };
  });
}

const afresh =
  'Somebody changed the database, or put an older state of it back: see `latchkey audit --verify`, and restart Latchkey to go on with what is there.';

function refuseOlder(head: Head, seen: Head | null): void {
  if (seen === null || head.seq > seen.seq || (head.seq === seen.seq && head.hash === seen.hash)) return;
  throw new DatabaseError(
    `The audit log ends at entry ${head.seq}, where this process knows entry ${seen.seq}. ${afresh}`,
  );
}

function chained(
  { at, what, replaces = null, digest = null, about_json = null }: Parameters<Journal['append']>[0],
  { seq: before, hash: prev }: Head,
): JournalRow {
  const entry = { seq: before + 1, at, what, replaces, digest, about_json };
  return { ...entry, hash: hashOf(entry, prev) };
}

/** The hash of an entry, by the hash of the one before. Pure. */
export function hashOf(entry: Omit<JournalRow, 'hash'>, prev: string): string {
  const { seq, at, what, replaces, digest, about_json } = entry;
  return sha256(JSON.stringify([prev, seq, at, what, replaces, digest, about_json]));
}

/** The digest of what a row of the audit log holds. Pure. */
export function digestOf(row: AuditRow & Pick<JournaledRow, 'salt'>): string {
  return sha256(JSON.stringify([row.salt, ...columns.map((column) => row[column])]));
}

/** The order must never change: the digests depend on it. */
const columns: readonly (keyof AuditRow)[] = [
  ...(['key', 'at', 'kind', 'state', 'member_id', 'location_id', 'group_id', 'what', 'before_json'] as const),
  ...(['after_json', 'cause', 'done_by', 'plan_id', 'answer', 'key_before', 'key_after'] as const),
  ...(['user_after', 'waited_since', 'waited_until'] as const),
];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** The salt of a digest. */
export const newSalt = (): string => randomBytes(16).toString('base64url');

/** Adds a record with its entry. */
export async function addRow(trx: Kysely<Tables>, journal: Journal, row: AuditRow): Promise<void> {
  const salt = newSalt();
  const digest = digestOf({ ...row, salt });
  const seq = await journal.append({ at: row.at, what: 'record', digest });
  await trx
    .insertInto('audit_log')
    .values({ ...row, seq, salt })
    .execute();
}

/** Changes a record, with an entry in place of the one before. */
export async function changeRow(
  trx: Kysely<Tables>,
  journal: Journal,
  row: JournaledRow,
  change: Partial<Omit<JournaledRow, 'key' | 'at' | 'seq'>>,
): Promise<void> {
  const digest = digestOf({ ...row, ...change });
  const seq = await journal.append({ at: row.at, what: 'record', replaces: row.seq, digest });
  await trx
    .updateTable('audit_log')
    .set({ ...change, seq })
    .where('key', '=', row.key)
    .execute();
}

/** Notes that records before an instant may be gone from now on. */
export function notePrune(journal: Journal, before: Instant, at: Instant): Promise<number> {
  return journal.append({ at, what: 'prune', about_json: JSON.stringify({ before }) });
}

/** Takes out the entries at the beginning that no record stands on any more, and adds an entry that says so. */
export async function cut(trx: Kysely<Tables>, journal: Journal, at: Instant): Promise<void> {
  const { seq: last, hash } = journal.head();
  const oldest = await trx
    .selectFrom('audit_log')
    .select((row) => row.fn.min('seq').as('seq'))
    .executeTakeFirst();
  const from = oldest?.seq ?? last + 1;
  const before = await trx
    .selectFrom('journal')
    .select('hash')
    .where('seq', '=', from - 1)
    .executeTakeFirst();
  // Nothing is there to be taken out.
  if (before === undefined) return;
  const about: Cut = { from, prev: from > last ? hash : before.hash };
  await journal.append({ at, what: 'cut', about_json: JSON.stringify(about) });
  await trx.deleteFrom('journal').where('seq', '<', from).execute();
}
