/** Whether the audit log is as Latchkey wrote it (database/journal.ts). */
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Instant } from '../access/types.js';
import { digestOf, hashOf, type Cut, type Head } from './journal.js';
import type { JournaledRow, JournalRow, Tables } from './tables.js';

/** How many entries are read, and held in memory with their records, at a time. */
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
  const first = await verifyOnce(db, told);
  // Entries may have been cut off the beginning while they were read.
  return first.problem === null ? first : verifyOnce(db, told);
}

async function verifyOnce(db: Kysely<Tables>, told: readonly Head[]): Promise<Verification> {
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
  seen.head = start;
  const walk = new Walk([head, ...told], seen);
  for (;;) {
    const entries = await entriesAfter(db, seen.head.seq);
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) break;
    walk.goAlong(entries, await rowsBetween(db, first.seq, last.seq));
    // The file's driver works in this very thread.
    await otherWork();
  }
  walk.end();
  // The records are read before the head, since others go on writing.
  const odd = await rowsOutside(db, start.seq, seen.head.seq);
  const { seq: last } = await headOf(db);
  if (seen.head.seq > last) throw new Misfit(`entry ${last + 1} of the journal was not written by Latchkey`);
  const alien = odd.find(({ seq }) => !(seq > start.seq && seq <= last));
  if (alien !== undefined)
    throw new Misfit(`record ${alien.key} has no entry: it was not written by Latchkey`);
}

/** Goes along the chain, from the head of what was seen so far, and notes what it sees. Its methods throw Misfit. */
class Walk {
  /** Entries without their record, by number: they need one later that says why. */
  private readonly missing = new Map<number, Instant>();
  private prunedBefore = -Infinity;

  constructor(
    private readonly known: readonly Head[],
    private readonly seen: Verification,
  ) {}

  goAlong(entries: readonly JournalRow[], rows: readonly JournaledRow[]): void {
    const bySeq = new Map<number, JournaledRow[]>();
    for (const row of rows) bySeq.set(row.seq, [...(bySeq.get(row.seq) ?? []), row]);
    for (const entry of entries) {
      this.checkChain(entry);
      this.checkContent(entry, bySeq.get(entry.seq) ?? []);
    }
  }

  end(): void {
    const lost = [...this.missing].find(([, at]) => at >= this.prunedBefore);
    if (lost !== undefined)
      throw new Misfit(
        `the record of entry ${lost[0]}, of ${new Date(lost[1]).toISOString()}, was taken out or set back`,
      );
    const last = this.seen.head.seq;
    const beyond = this.known.find(({ seq }) => seq > last);
    if (beyond !== undefined)
      throw new Misfit(
        `the audit log ends at entry ${last}, but entry ${beyond.seq} was told: its end was taken out, or an older state put back`,
      );
  }

  private checkChain(entry: JournalRow): void {
    const { seq, hash } = entry;
    const before = this.seen.head;
    if (seq !== before.seq + 1)
      throw new Misfit(`entry ${before.seq + 1} of the journal is missing: it was taken out`);
    if (hash !== hashOf(entry, before.hash))
      throw new Misfit(`entry ${seq} of the journal does not fit the one before: it was changed or moved`);
    this.seen.head = { seq, hash };
    const told = this.known.findLast((one) => one.seq === seq);
    if (told !== undefined && told.hash !== hash)
      throw new Misfit(`entry ${seq} is another one than was told before: the audit log was written anew`);
  }

  private checkContent(entry: JournalRow, [row, second]: readonly JournaledRow[]): void {
    const odd = entry.what === 'record' ? second : row;
    if (odd !== undefined)
      throw new Misfit(`record ${odd.key} has no entry of its own: it was not written by Latchkey`);
    switch (entry.what) {
      case 'record':
        this.checkRecord(entry, row);
        break;
      case 'prune':
        this.prunedBefore = Math.max(this.prunedBefore, aboutOf(entry).before);
        break;
      case 'forget':
        this.noteForgotten(aboutOf(entry).seqs);
        break;
      case 'cut':
        if (aboutOf(entry).from > entry.seq)
          throw new Misfit(`entry ${entry.seq} of the journal makes no sense`);
    }
  }

  private noteForgotten(seqs: readonly number[]): void {
    for (const gone of seqs) this.missing.delete(gone);
    this.seen.forgotten += seqs.length;
  }

  private checkRecord({ seq, at, digest, replaces }: JournalRow, row: JournaledRow | undefined): void {
    if (replaces !== null) this.missing.delete(replaces);
    if (row === undefined) {
      this.missing.set(seq, at);
      return;
    }
    if (digestOf(row) !== digest) throw new Misfit(`record ${row.key} (entry ${seq}) was changed`);
    this.seen.records += 1;
    this.seen.first = Math.min(this.seen.first ?? row.at, row.at);
    this.seen.last = Math.max(this.seen.last ?? row.at, row.at);
  }
}

/** What else an entry says. It can be taken as written, since the chain was checked. */
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

/** Records that belong to none of the entries that were read: one without an entry, one that is too early, and the last one. */
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
