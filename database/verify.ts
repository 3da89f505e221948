/** Whether the audit log is as Latchkey wrote it (database/journal.ts). */
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Instant } from '../access/types.js';
import { digestOf, hashOf, type Cut, type Head } from './journal.js';
import type { JournaledRow, JournalRow, Tables } from './tables.js';

/** So many entries and records are held in memory. */
const pageRows = 1000;

export interface Verification {
  /** Records that are kept, and the first and last of their instants; null: none is kept. */
  records: number;
  first: Instant | null;
  last: Instant | null;
  /** Records that were taken out since somebody asked to be forgotten. */
  forgotten: number;
  head: Head;
  /** The first thing that does not fit, in plain words; null: all is as Latchkey wrote it. */
  problem: string | null;
}

class Misfit extends Error {}

/**
 * Reads all of the audit log and its journal, page by page, while others write. `told`: heads that were told before, which must
 * be on the chain still.
 */
export async function verify(db: Kysely<Tables>, told: readonly Head[] = []): Promise<Verification> {
  const first = await walk(db, told);
  // Entries may have been cut off the beginning while they were read.
  return first.problem === null ? first : walk(db, told);
}

async function walk(db: Kysely<Tables>, told: readonly Head[]): Promise<Verification> {
  const seen: Verification = {
    ...{ records: 0, first: null, last: null, forgotten: 0 },
    ...{ head: { seq: 0, hash: '' }, problem: null },
  };
  try {
    await check(db, told, seen);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    seen.problem = error.message;
  }
  return seen;
}

async function check(db: Kysely<Tables>, told: readonly Head[], seen: Verification): Promise<void> {
  const head = await headOf(db);
  const start = await startOf(db);
  const walked = createWalk(start, [head, ...told], seen);
  for (;;) {
    const entries = await entriesAfter(db, seen.head.seq);
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) break;
    const rows = await rowsBetween(db, first.seq, last.seq);
    walked.page(entries, rows);
    // The file's driver works in this very thread.
    await otherWork();
  }
  walked.end();
  // The records first: others go on writing.
  const odd = await rowsOutside(db, start.seq, seen.head.seq);
  const { seq: last } = await headOf(db);
  if (seen.head.seq > last) throw new Misfit(`entry ${last + 1} of the journal was not written by Latchkey`);
  const alien = odd.find(({ seq }) => !(seq > start.seq && seq <= last));
  if (alien !== undefined)
    throw new Misfit(`record ${alien.key} has no entry: it was not written by Latchkey`);
}

/** Goes along the chain. Its functions throw Misfit. */
function createWalk(start: Head, known: readonly Head[], seen: Verification) {
  const byEntry = new Map(known.map((one) => [one.seq, one]));
  /** Entries without their record, by number: they need one later that says why. */
  const missing = new Map<number, Instant>();
  let prunedBefore = -Infinity;
  seen.head = start;

  function one(entry: JournalRow, rows: readonly JournaledRow[]): void {
    const { seq, what } = entry;
    if (seq !== seen.head.seq + 1)
      throw new Misfit(`entry ${seen.head.seq + 1} of the journal is missing: it was taken out`);
    if (entry.hash !== hashOf(entry, seen.head.hash))
      throw new Misfit(`entry ${seq} of the journal does not fit the one before: it was changed or moved`);
    seen.head = { seq, hash: entry.hash };
    if ((byEntry.get(seq)?.hash ?? entry.hash) !== entry.hash)
      throw new Misfit(`entry ${seq} is another one than was told before: the audit log was written anew`);
    const [row, second] = rows;
    const odd = what === 'record' ? second : row;
    if (odd !== undefined)
      throw new Misfit(`record ${odd.key} has no entry of its own: it was not written by Latchkey`);
    if (what === 'record') record(entry, row);
    else if (what === 'prune') prunedBefore = Math.max(prunedBefore, aboutOf(entry).before);
    else if (what === 'forget') {
      const { seqs } = aboutOf(entry);
      for (const gone of seqs) missing.delete(gone);
      seen.forgotten += seqs.length;
    } else if (aboutOf(entry).from > seq) throw new Misfit(`entry ${seq} of the journal makes no sense`);
  }

  function record({ seq, at, digest, replaces }: JournalRow, row: JournaledRow | undefined): void {
    if (replaces !== null) missing.delete(replaces);
    if (row === undefined) {
      missing.set(seq, at);
      return;
    }
    if (digestOf(row) !== digest) throw new Misfit(`record ${row.key} (entry ${seq}) was changed`);
    seen.records += 1;
    seen.first = Math.min(seen.first ?? row.at, row.at);
    seen.last = Math.max(seen.last ?? row.at, row.at);
  }

  return {
    page(entries: readonly JournalRow[], rows: readonly JournaledRow[]): void {
      const bySeq = new Map<number, JournaledRow[]>();
      for (const row of rows) bySeq.set(row.seq, [...(bySeq.get(row.seq) ?? []), row]);
      for (const entry of entries) one(entry, bySeq.get(entry.seq) ?? []);
    },
    end(): void {
      const lost = [...missing].find(([, at]) => at >= prunedBefore);
      if (lost !== undefined)
        throw new Misfit(
          `the record of entry ${lost[0]}, of ${new Date(lost[1]).toISOString()}, was taken out or set back`,
        );
      const beyond = known.find(({ seq }) => seq > seen.head.seq);
      if (beyond !== undefined)
        throw new Misfit(
          `the audit log ends at entry ${seen.head.seq}, but entry ${beyond.seq} was told: its end was taken out, or an older state put back`,
        );
    },
  };
}

/** What an entry says besides, as the one who wrote it meant it: the chain was checked. */
interface About extends Cut {
  before: Instant;
  seqs: number[];
}

function aboutOf(entry: JournalRow): About {
  return JSON.parse(entry.about_json ?? '{}') as About;
}

/** The last entry of the journal. Throws where there is none. */
export async function headOf(db: Kysely<Tables>): Promise<Head> {
  const head = await db
    .selectFrom('journal_head')
    .select(['seq', 'hash'])
    .where('id', '=', 1)
    .executeTakeFirst();
  if (head === undefined) throw new Misfit('the head of the journal is gone');
  return head;
}

/** What comes before the first entry that is kept: nothing, or what the last cut left out. */
async function startOf(db: Kysely<Tables>): Promise<Head> {
  const entry = await db
    .selectFrom('journal')
    .selectAll()
    .where('what', '=', 'cut')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (entry === undefined) return { seq: 0, hash: '' };
  const { from, prev } = aboutOf(entry);
  return { seq: from - 1, hash: prev };
}

function entriesAfter(db: Kysely<Tables>, seq: number): Promise<JournalRow[]> {
  return db.selectFrom('journal').selectAll().where('seq', '>', seq).orderBy('seq').limit(pageRows).execute();
}

function rowsBetween(db: Kysely<Tables>, first: number, last: number): Promise<JournaledRow[]> {
  return db.selectFrom('audit_log').selectAll().where('seq', '>=', first).where('seq', '<=', last).execute();
}

/** Records without an entry among those that were read: one without any, one that is too early, and the last. */
async function rowsOutside(
  db: Kysely<Tables>,
  before: number,
  last: number,
): Promise<Pick<JournaledRow, 'key' | 'seq'>[]> {
  const rows = db.selectFrom('audit_log').select(['key', 'seq']).limit(1);
  return [
    ...(await rows.where('seq', 'is', null as unknown as number).execute()),
    ...(await rows.where('seq', '<=', before).execute()),
    ...(await rows.where('seq', '>', last).orderBy('seq', 'desc').execute()),
  ];
}
