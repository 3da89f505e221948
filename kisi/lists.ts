/**
 * The reading of Kisi's lists, which move while they are read: users come, go and are renamed. Kisi has offsets and no cursor,
 * and sorts by names only. A row that was there before the read began, and still is after it ended, is in what is read; a row
 * that came or went meanwhile may be in it or not. Rows that do not add up are thrown as `malformed` after a bounded number of
 * requests, for a failed read must not look like an empty or a short one.
 */
import { z } from 'zod';
import { KisiError, malformed, type KisiCall } from './errors.js';
import { parse, type Query, type Send } from './http.js';

/** Largest page of each list; the defaults are 50 and 10. */
export const pageSizes = { users: 100, groups: 250, role_assignments: 250 };
export type ListName = keyof typeof pageSizes;

/** The orders that Kisi documents: in any, a row that does not change keeps its place among the others. */
const orders: Record<ListName, string> = { users: 'name', groups: 'name', role_assignments: 'user.name' };
/** The fewest rows of a page that is not a list's last one, by Kisi's own default. */
const smallestPage = 10;
/** Kisi's largest `offset`. */
const largestOffset = 20_000;
/** The part of a page that two pages have in common where a list is known to move. */
const carefulShare = 0.1;
const mostSweeps = 4;
/** A list that moves costs at most this multiple of the requests of one that does not, and a few more. */
const mostTimes = 3;
const fewRequests = 10;

/** Some rows of a list that did not come before, and how many there are in all; null: not said. */
export interface Page<T> {
  rows: T[];
  total: number | null;
}

/** All rows of a list, see `pages`. */
export async function readAll<T extends { id: number }>(
  send: Send,
  list: ListName,
  record: z.ZodType<T>,
  query: Query,
  signal?: AbortSignal,
): Promise<T[]> {
  const all: T[] = [];
  for await (const { rows } of pages(send, list, record, query, signal)) all.push(...rows);
  return all;
}

/**
 * The pages of a list, each row once. Its end is where X-Collection-Range says, else the first short page. `tooLong`, at once
 * where the total is told, when Kisi's largest offset ends before the list does.
 *
 * A list that stands still costs one request for each page. Where its last page has room, two pages have rows in common, at no
 * cost: a row that is in both proves that nothing slipped from one to the other. How far that row moved, against how far the
 * total did, tells whether a row may have come in where all was read already, such as one that was renamed: only up to there is
 * read again. Where the total stayed the same, it is enough to count.
 */
export async function* pages<T extends { id: number }>(
  send: Send,
  list: ListName,
  record: z.ZodType<T>,
  query: Query,
  signal?: AbortSignal,
): AsyncGenerator<Page<T>> {
  const reader = new ListReader(send, list, record, query, signal);
  let suspect = yield* sweep(reader, Infinity, 0);
  if (reader.isShort(suspect)) throw reader.incomplete();
  for (let sweeps = 1; !reader.isComplete(suspect); sweeps++) {
    if (sweeps === mostSweeps) throw reader.incomplete();
    suspect = yield* sweep(reader, suspect === 0 ? Infinity : suspect, carefulShare);
  }
}

/** One page as it was read. */
interface Sight {
  offset: number;
  ids: number[];
  total: number | null;
}

/** A page, and those of its rows that were not seen before. */
interface Look<T> {
  sight: Sight;
  fresh: T[];
}

/** What is read of one list, and what that tells of how it moves. */
class ListReader<T extends { id: number }> {
  private readonly call: KisiCall;
  private readonly seen = new Set<number>();
  private requests = 0;
  private mostRequests = Infinity;
  private last: Sight | null = null;
  private isSteady = true;
  /** By how much the total has grown in all. */
  private came = 0;

  constructor(
    private readonly send: Send,
    private readonly list: ListName,
    private readonly record: z.ZodType<T>,
    private readonly query: Query,
    private readonly signal?: AbortSignal,
  ) {
    this.call = { method: 'GET', path: `/${list}` };
  }

  /** Reads a page. */
  async look(offset: number): Promise<Look<T>> {
    if (offset > largestOffset) throw new KisiError(this.call, { kind: 'tooLong' });
    if (this.requests === this.mostRequests) throw this.incomplete();
    this.requests++;
    const { sort = orders[this.list], ...filters } = this.query;
    const query = { ...filters, limit: pageSizes[this.list], offset, sort };
    const answer = await this.send({ ...this.call, query }, this.signal);
    const rows = parse(this.call, z.array(this.record), answer.body);
    const sight = { offset, ids: rows.map(({ id }) => id), total: totalOf(answer.collectionRange) };
    this.note(sight);
    this.check(sight);
    return { sight, fresh: rows.filter(({ id }) => !this.seen.has(id) && this.seen.add(id)) };
  }

  /** Whether nothing can be missing, where rows may have come in up to `suspect`. */
  isComplete(suspect: number): boolean {
    const total = this.last?.total ?? null;
    if (total === null) return suspect === 0;
    return this.isSteady ? this.isCounted() : suspect === 0 && this.seen.size + this.came >= total;
  }

  /** Whether rows are missing although nothing moved. */
  isShort(suspect: number): boolean {
    return this.isSteady && suspect === 0 && this.last?.total !== null && !this.isCounted();
  }

  /** Whether all of a list that did not move was seen, by the count of its rows. */
  isCounted(): boolean {
    const total = this.last?.total ?? null;
    return this.isSteady && total !== null && this.seen.size >= total;
  }

  isAtEnd({ offset, ids, total }: Sight): boolean {
    return total === null ? ids.length < pageSizes[this.list] : offset + ids.length >= total;
  }

  incomplete(): KisiError {
    const total = this.last?.total ?? null;
    const of = total === null ? '' : ` of a total of ${total}`;
    const rows = `${this.seen.size} rows came${of} in ${this.requests} requests`;
    return malformed(this.call, `${rows}, and some may be missing`);
  }

  private note(sight: Sight): void {
    const { ids, total } = sight;
    if (this.last === null) {
      const size = Math.max(ids.length, smallestPage);
      const all = Math.ceil((total ?? largestOffset + pageSizes[this.list]) / size);
      this.mostRequests = mostTimes * all + fewRequests;
    }
    const change = this.last === null ? 0 : (total ?? 0) - (this.last.total ?? 0);
    if (change !== 0) this.isSteady = false;
    this.came += Math.max(0, change);
    this.last = sight;
  }

  /** Throws where a page cannot be one of such a list. */
  private check({ ids, total, offset }: Sight): void {
    const limit = pageSizes[this.list];
    const came = `${ids.length === 0 ? 'no' : ids.length} rows came from offset ${offset} on`;
    if (ids.length > limit) throw malformed(this.call, `${came}, where ${limit} were asked for`);
    if (total === null) return;
    if (total > largestOffset + limit) throw new KisiError(this.call, { kind: 'tooLong' });
    const isTooMany = ids.length > Math.max(0, total - offset);
    if (isTooMany || (ids.length === 0 && offset < total))
      throw malformed(this.call, `${came} of a total of ${total}`);
  }
}

/**
 * Reads on from page to page up to an offset or the end. `share`: which part of a page the next has in common with it; common
 * rows that cost nothing are taken in any case. Answers the offset up to which rows may have come in behind the read; 0: none
 * did.
 */
async function* sweep<T extends { id: number }>(
  reader: ListReader<T>,
  upTo: number,
  share: number,
): AsyncGenerator<Page<T>, number> {
  let suspect = 0;
  let before: Sight | null = null;
  /** The page that was read on from `before`, and had no row in common with it. */
  let aside: Sight | null = null;
  let common: number | null = null;
  let isAllProven = true;
  for (let offset = 0; ;) {
    const { sight, fresh } = await reader.look(offset);
    yield { rows: fresh, total: sight.total };
    if (before !== null) {
      const shift = shiftBetween(before, sight);
      const isStill = shift === null && common === 0 && isNext(before, sight, fresh.length);
      if (!isAllProven && hasStray(sight, fresh, [before, aside])) suspect = sight.offset;
      if (shift === null && !isStill && aside === null) {
        common = commonRows(before, carefulShare);
        aside = sight;
        offset = Math.max(0, endOf(before) - Math.ceil(before.ids.length / 2));
        continue;
      }
      if (isStill) isAllProven = false;
      const grown = Math.max(0, (sight.total ?? 0) - (before.total ?? 0));
      const mayHaveComeIn = shift === null ? !isStill : shift > grown;
      if (mayHaveComeIn) suspect = sight.offset;
    }
    if (reader.isAtEnd(sight) || reader.isCounted() || endOf(sight) >= upTo + (common ?? 0)) return suspect;
    common ??= commonRows(sight, share);
    before = sight;
    offset = Math.max(before.offset + 1, Math.min(endOf(before) - common, largestOffset));
  }
}

const endOf = ({ offset, ids }: Sight): number => offset + ids.length;

/** How many rows the next page has in common with this one. */
function commonRows({ ids, total }: Sight, share: number): number {
  const size = ids.length;
  const asked = share === 0 ? 0 : Math.max(1, Math.floor(size * share));
  // Without a total a row that slipped from one page to the other would leave no trace.
  if (total === null) return Math.min(Math.max(asked, 1), Math.max(0, size - 1));
  const others = size === 0 ? 0 : Math.ceil(total / size) - 1;
  const free = others <= 0 ? 0 : Math.floor(((others + 1) * size - total) / others);
  return Math.min(Math.max(asked, Math.min(free, Math.floor(size * carefulShare))), Math.max(0, size - 1));
}

/** How far the last row of both has moved; null: they have none in common. */
function shiftBetween(before: Sight, after: Sight): number | null {
  const places = new Map(after.ids.map((id, index) => [id, after.offset + index]));
  for (let index = before.ids.length - 1; index >= 0; index--) {
    const place = places.get(before.ids[index] ?? NaN);
    if (place !== undefined) return place - (before.offset + index);
  }
  return null;
}

/** Whether a page begins where another ended, with rows that are all new, and the total is the same. */
function isNext(before: Sight, after: Sight, freshCount: number): boolean {
  return after.offset === endOf(before) && after.total === before.total && freshCount === after.ids.length;
}

/** Whether a row came a second time that is of none of these pages: it has moved on, and others may have moved up. */
function hasStray({ ids }: Sight, fresh: readonly { id: number }[], of: readonly (Sight | null)[]): boolean {
  const known = new Set([...fresh.map(({ id }) => id), ...of.flatMap((one) => one?.ids ?? [])]);
  return ids.some((id) => !known.has(id));
}

/** The total in `<start>-<end>/<total>`, or in the form of an empty list, which is a star for the range. */
function totalOf(collectionRange: string | null): number | null {
  const total = /^(?:\d+-\d+|\*)\/(\d+)$/.exec(collectionRange?.trim() ?? '')?.[1];
  return total === undefined ? null : Number(total);
}
