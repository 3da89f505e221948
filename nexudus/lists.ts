import { z } from 'zod';
import { NexudusError } from './errors.js';
import { equal, type Filter } from './filters.js';
import type { CollectionName, Records } from './records.js';
import { filterIgnored, incomplete, parsed, rowId, sortedRows, soundRows, type Rows } from './rows.js';
import { collections } from './schemas.js';
import type { Transport } from './transport.js';

/** Which page of a list is wanted. */
export interface PageRequest<N extends CollectionName> {
  filters: readonly Filter<Records[N]>[];
  /** A property. Default: Id. */
  orderBy?: string;
  /** The first is 1. */
  page: number;
  /** Default 1000, which is the most. */
  size?: number;
}

/** The largest page of a list. */
export const pageSize = 1000;
const mostAttempts = 3;
/** What the first attempt allows to go between two pages; in a busy minute they may be 15 s apart, and each later attempt allows more. */
const leastOverlap = 10;

/** More than any space has: a list that promises more is not read to its end. */
const mostRows = 1_000_000;

/** A page of a list. */
export const envelope = z.object({
  Records: z.array(z.unknown()).max(pageSize),
  TotalItems: z.int().max(mostRows),
  TotalPages: z.int().nullish(),
  HasNextPage: z.boolean().nullish(),
});
type Envelope = z.infer<typeof envelope>;

/** Lists, for the client (client.ts says what each method does). */
export class Lists {
  constructor(private readonly transport: Pick<Transport, 'getBody'>) {}

  async list<N extends CollectionName>(
    name: N,
    filters: readonly Filter<Records[N]>[] = [],
  ): Promise<Records[N][]> {
    const { rows, broken } = await this.listSparing(name, filters);
    if (broken[0] !== undefined) throw broken[0].error;
    return rows;
  }

  async listSparing<N extends CollectionName>(
    name: N,
    filters: readonly Filter<Records[N]>[] = [],
  ): Promise<Rows<N>> {
    const { path } = collections[name];
    const query = queryOf(filters);
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const answered = await this.readPages(path, query, leastOverlap * 4 ** (attempt - 1));
      if (answered === null) continue;
      const { rows, broken } = sortedRows(name, answered, filters);
      return { rows: rows.sort((one, other) => one.id - other.id), broken };
    }
    const says = `the rows changed while they were read, ${mostAttempts} times over.`;
    throw new NexudusError({ kind: 'incomplete', path, says });
  }

  async page<N extends CollectionName>(
    name: N,
    { filters, orderBy = 'Id', page, size = pageSize }: PageRequest<N>,
  ): Promise<Rows<N> & { total: number }> {
    const { path } = collections[name];
    const query = { ...queryOf(filters), page: String(page), size: String(size), orderBy };
    const { Records: answered, TotalItems: total, HasNextPage, TotalPages } = await this.ask(path, query);
    const rows = [...new Map(answered.map((row) => [rowId(row), row])).values()];
    const hasNext = HasNextPage ?? page < (TotalPages ?? 1);
    if (page === 1 && !hasNext && rows.length !== total) throw incomplete(path, rows.length, total);
    return { ...sortedRows(name, rows, filters), total };
  }

  async count(name: CollectionName): Promise<number> {
    return (await this.ask(collections[name].path, { page: '1', size: '1' })).TotalItems;
  }

  async countPassesOf(passTypeId: number): Promise<number> {
    const name = 'coworkertimepasses';
    const { path } = collections[name];
    const filter = equal(name, 'TimePass', passTypeId, (pass) => pass.passTypeId === passTypeId);
    const answer = await this.ask(path, { page: '1', size: '1', [filter.key]: filter.value });
    if (!soundRows(name, answer.Records).every(filter.holds)) throw filterIgnored(path, filter.key);
    return answer.TotalItems;
  }

  /**
   * One attempt at all pages. Null: rows moved out of sight while they were read, so it must begin again. Where the number of rows
   * changes between two pages, the later one is asked for so that it begins before the last row of the one before: as long as that
   * row shows again, none between them was missed. `overlap`: how many rows may go between two pages.
   */
  private async readPages(
    path: string,
    query: Record<string, string>,
    overlap: number,
  ): Promise<unknown[] | null> {
    const rows = new Map<unknown, unknown>();
    const totals: number[] = [];
    let [page, size, overlaps] = [1, pageSize, false];
    let before = { rows: 0, last: undefined as unknown };
    for (;;) {
      const answer = await this.ask(path, {
        ...query,
        page: String(page),
        size: String(size),
        orderBy: 'Id',
      });
      const ids = answer.Records.map(rowId);
      const hasChanged = page > 1 && answer.TotalItems !== totals.at(-1);
      totals.push(answer.TotalItems);
      if ((hasChanged || overlaps) && !ids.includes(before.last)) {
        if (overlaps) return null;
        overlaps = true;
        size = overlappingSize(before.rows, page, overlap);
        continue;
      }
      const known = rows.size;
      for (const [n, row] of answer.Records.entries()) rows.set(ids[n], row);
      const hasNext = answer.HasNextPage ?? page < (answer.TotalPages ?? 1);
      const isStuck = rows.size === known;
      if (hasNext && isStuck && !isSteady(totals)) return null;
      if (!hasNext || isStuck || (isSteady(totals) && rows.size >= answer.TotalItems)) break;
      before = { rows: (page - 1) * Math.min(size, ids.length) + ids.length, last: ids.at(-1) };
      page++;
      if (overlaps) size = overlappingSize(before.rows, page, overlap);
    }
    const total = Math.min(...totals);
    if (isSteady(totals) ? rows.size === total : rows.size >= total) return [...rows.values()];
    if (page > 1) return null;
    throw incomplete(path, rows.size, total);
  }

  private async ask(path: string, query: Record<string, string>): Promise<Envelope> {
    return parsed(envelope, await this.transport.getBody(path, query), path);
  }
}

const isSteady = (totals: readonly number[]): boolean => totals.every((one) => one === totals[0]);

/** The size with which a page begins `overlap` rows before the end of those that were read, or half of them where they are few. */
function overlappingSize(rowsRead: number, page: number, overlap: number): number {
  const least = Math.min(overlap, Math.ceil(rowsRead / 2));
  return Math.max(1, Math.floor((rowsRead - least) / (page - 1)));
}

function queryOf(filters: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(filters.map(({ key, value }) => [key, value]));
}
