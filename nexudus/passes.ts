import type { Instant, Pass } from '../access/types.js';
import type { BrokenRow, NexudusClient } from './client.js';
import type { PassRows } from './collections.js';
import { isNexudusError } from './errors.js';
import { equal, expiringBefore, expiringFrom, updatedSince, type Filter } from './filters.js';
import type { PassRecord } from './records.js';

const name = 'coworkertimepasses';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Longer than a last day that counts in full, the grace for a renewal, and a visit. */
const pastMs = 48 * hourMs;

const stepMs = 15 * minuteMs;

/**
 * Passes that expired before this are over for everybody, seen from `at`. This bound moves a minute before every quarter of an
 * hour, to a minute after the quarter two days earlier: passes expire at midnights, in some zones at an odd quarter, so that a
 * pass is over for good right before its member is looked at anyway. Whether Nexudus cuts a bound to the minute makes no
 * difference then.
 */
export function overBefore(at: Instant): Instant {
  return Math.floor((at + minuteMs) / stepMs) * stepMs - pastMs + minuteMs;
}

/** Whether a pass may still open anything, and shows in fingerprints, seen from `at`: not used, and not long expired. Pure. */
export function stillMatters({ used, expiresAt }: Pick<Pass, 'used' | 'expiresAt'>, at: Instant): boolean {
  return !used && (expiresAt === null || expiresAt >= overBefore(at));
}

type PassFilters = readonly Filter<PassRecord>[];

/**
 * Passes that still matter, and those used lately, as far as the filters `of` let them through. Others come too where they
 * cost nothing. What was used or has expired long ago stays in Nexudus for ever, and is not read. Throws NexudusError.
 */
export async function readRecentPasses(
  client: NexudusClient,
  at: Instant,
  of: PassFilters = [],
): Promise<PassRows> {
  // The used ones come second: a pass that is used between the two reads is then in one of them.
  const unused = await readUnusedPasses(client, at, of);
  const used = await client.listSparing(name, [
    ...of,
    equal(name, 'Used', true, (pass) => pass.used),
    updatedSince(name, at - pastMs),
  ]);
  const rows = new Map([...unused.rows, ...used.rows].map((pass) => [pass.id, pass]));
  return { rows: [...rows.values()].sort(byId), broken: [...unused.broken, ...used.broken] };
}

const byId = (one: PassRecord, other: PassRecord): number => one.id - other.id;

/** Passes that still matter, and where they fit one page all that are not used: one request then. Throws NexudusError. */
export async function readUnusedPasses(
  client: NexudusClient,
  at: Instant,
  of: PassFilters = [],
): Promise<PassRows> {
  const unused = [...of, equal(name, 'Used', false, (pass) => !pass.used)];
  // A purchase between two of its requests looks like a row that is missing: the second try rarely meets one again.
  for (let attempt = 1; attempt <= 2; attempt++) {
    const first = await client.page(name, { filters: unused, page: 1 });
    if (countOf(first) === first.total) return first;
    const rows = await readUnexpired(client, unused, first.total, at);
    if (rows !== null) return rows;
  }
  return client.listSparing(name, unused);
}

/** No pass expired so early. */
const beforeAll = Date.UTC(1950, 0);

const countOf = ({ rows, broken }: PassRows): number => rows.length + broken.length;

/**
 * The unused passes that have not expired long ago: those that expire later, and those without an end, which no filter finds.
 * Together with the expired ones, which are only counted, they must add up to `total`. Null: they do not, or Nexudus does not
 * know the filter or the order.
 */
async function readUnexpired(
  client: NexudusClient,
  unused: PassFilters,
  total: number,
  at: Instant,
): Promise<PassRows | null> {
  const bound = overBefore(at);
  const countBefore = async (end: Instant): Promise<number> =>
    (await client.page(name, { filters: [...unused, expiringBefore(end)], page: 1, size: 1 })).total;
  try {
    const over = await countBefore(bound);
    // Either all have expired, or Nexudus does not know the filter.
    if (over >= total && (await countBefore(beforeAll)) > 0) return null;
    const later = await client.listSparing(name, [...unused, expiringFrom(bound)]);
    const endless = await readEndless(client, unused, total - over - countOf(later));
    if (endless === null) return null;
    const broken = new Map([...later.broken, ...endless.broken].map((row) => [row.text, row]));
    return { rows: [...later.rows, ...endless.rows], broken: [...broken.values()] };
  } catch (error) {
    if (isNexudusError(error, 'filterIgnored') || isNexudusError(error, 'refused')) return null;
    throw error;
  }
}

/**
 * The passes without an end. In the order of expiry they stand at one end of the list. Null: the list does not hold exactly
 * `wanted` of them.
 */
async function readEndless(
  client: NexudusClient,
  filters: PassFilters,
  wanted: number,
): Promise<PassRows | null> {
  if (wanted === 0) return { rows: [], broken: [] };
  const rows = new Map<number, PassRecord>();
  const broken = new Map<string, BrokenRow>();
  const read = (page: number): Promise<PassRows & { total: number }> =>
    client.page(name, { filters, orderBy: 'ExpireDate', page });
  /** Whether there may be more on the next page. */
  const take = (page: PassRows): boolean => {
    const endless = page.rows.filter(({ expiresAt }) => expiresAt === null);
    for (const row of endless) rows.set(row.id, row);
    for (const row of page.broken) broken.set(row.text, row);
    return endless.length > 0 && rows.size < wanted;
  };

  const first = await read(1);
  const last = Math.ceil(first.total / Math.max(1, countOf(first)));
  let more = take(first);
  for (let page = 2; more && page <= last; page++) more = take(await read(page));
  more = rows.size === 0;
  for (let page = last; more && page > 1; page--) more = take(await read(page));
  // It is not known when a malformed row ends.
  const isAll = rows.size <= wanted && wanted <= rows.size + broken.size;
  return isAll ? { rows: [...rows.values()], broken: [...broken.values()] } : null;
}
