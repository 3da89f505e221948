/** Lists of the simulated Nexudus: filters, ranges, order, pages and the envelope around them. */
import { collections } from './nexudus-collections.js';
import { blanks, type CollectionName, type Row } from './nexudus-records.js';
import type { NexudusStore } from './nexudus-store.js';
import { createView, filterableComputed, type View } from './nexudus-views.js';
import { faultyRows, type FaultKind } from './server.js';

const baseFields = ['Id', 'UniqueId', 'CreatedOn', 'UpdatedOn', 'UpdatedBy', 'SystemId'];
const defaultSize = 25;

type Query = Record<string, string>;
/** What a filter looks at in a record; `field`: its name, where it is just a field of the record. */
interface Getter {
  get: (record: Row) => unknown;
  field: string | null;
}
interface Test extends Getter {
  holds: (value: unknown) => boolean;
}

/**
 * Answers `GET /area/entities?...`: one page of rows in the envelope, or full records when `id=[1,2]` is asked. Query keys
 * ignore case; a filter that is not known is ignored without a word. `hides`: whether a record is not shown at all.
 */
export function list(
  store: NexudusStore,
  collection: CollectionName,
  query: Query,
  fault: FaultKind | undefined,
  hides: (id: number) => boolean = () => false,
): unknown {
  const asked = new Map(Object.entries(query).map(([key, value]) => [key.toLowerCase(), value]));
  const view = createView(store);
  const batch = idList(asked.get('id'));
  const tests =
    fault === 'ignoreFilters'
      ? []
      : [...asked].flatMap(([key, value]) => testOf(store, view, collection, key, value));
  const found = recordsOf(store, collection, tests, fault).filter(({ Id }) => !hides(Number(Id)));
  const rows = found.filter((record) => tests.every(({ get, holds }) => holds(get(record))));
  if (batch && !store.switches.batchEnveloped) return rows.map((record) => view.full(collection, record));

  const order = orderOf(store, collection, asked);
  const keyed = rows.map((row) => ({
    row,
    key: order.field in row ? row[order.field] : view.full(collection, row)[order.field],
  }));
  const unset = store.switches.unsetSorts === 'first' ? -1 : 1;
  keyed.sort((a, b) => order.sign * compare(a.key, b.key, unset));
  const sorted = keyed.map(({ row }) => row);
  const show = (record: Row) => (batch ? view.full(collection, record) : view.listed(collection, record));
  return envelope(sorted, pageOf(store, asked), order, show, fault);
}

const isUnset = (value: unknown): boolean => value === null || value === undefined;

/** The records that filters have to look at: not all of a large collection, where an index knows which. */
function recordsOf(
  store: NexudusStore,
  collection: CollectionName,
  tests: readonly Test[],
  fault: FaultKind | undefined,
): Row[] {
  if (fault === 'empty') return [];
  if (fault === 'lossy') return store.list(collection).filter((_record, index) => index % 5 >= 3);
  for (const { field, holds } of tests) if (field !== null) return store.whose(collection, field, holds);
  return store.list(collection);
}

function envelope(
  rows: Row[],
  { page, size }: { page: number; size: number },
  order: Order,
  show: (record: Row) => Row,
  fault: FaultKind | undefined,
): Row {
  const pages = Math.ceil(rows.length / size);
  const start = (page - 1) * size;
  const shown = faultyRows(rows.slice(start, start + size), fault, page >= pages);
  const TotalPages = fault === 'dropLastPage' ? pages - 1 : pages;
  return {
    Records: shown.map(show),
    CurrentPage: page,
    CurrentPageSize: size,
    CurrentOrderField: order.field,
    CurrentSortDirection: order.wire,
    FirstItem: rows.length === 0 ? 0 : start + 1,
    LastItem: Math.min(start + size, rows.length),
    TotalItems: rows.length,
    TotalPages: Math.max(0, TotalPages),
    HasNextPage: page < TotalPages,
    HasPreviousPage: page > 1,
  };
}

function pageOf(store: NexudusStore, asked: Map<string, string>): { page: number; size: number } {
  const page = Math.max(1, Math.trunc(Number(asked.get('page'))) || 1);
  const size = Math.trunc(Number(asked.get('size'))) || 0;
  if (size < 1) return { page, size: defaultSize };
  return { page, size: store.switches.sizeCap === 'clamp' ? Math.min(size, store.switches.mostRows) : size };
}

interface Order {
  field: string;
  sign: 1 | -1;
  /** CurrentSortDirection. */
  wire: number;
}

function orderOf(store: NexudusStore, collection: CollectionName, asked: Map<string, string>): Order {
  const wanted = asked.get('orderby')?.toLowerCase();
  const first = store.list(collection)[0];
  const known = first ? Object.keys(createView(store).full(collection, first)) : [];
  const field = known.find((name) => name.toLowerCase() === wanted) ?? 'Id';
  const descending = { signed: '-1', zeroBased: '1', words: 'descending' }[store.switches.dirSemantics];
  const isDescending = asked.get('dir')?.toLowerCase() === descending;
  const zeroBased = store.switches.dirSemantics === 'zeroBased';
  if (isDescending) return { field, sign: -1, wire: zeroBased ? 1 : -1 };
  return { field, sign: 1, wire: zeroBased ? 0 : 1 };
}

function compare(a: unknown, b: unknown, unset: number): number {
  if (isUnset(a) || isUnset(b)) return isUnset(a) && isUnset(b) ? 0 : isUnset(a) ? unset : -unset;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [a, b].map((key) => JSON.stringify(key));
  if (left === undefined || right === undefined || left === right) return 0;
  return left < right ? -1 : 1;
}

/** The tests that one query parameter stands for: one, or none when it is no filter. */
function testOf(
  store: NexudusStore,
  view: View,
  collection: CollectionName,
  key: string,
  value: string,
): Test[] {
  if (value === '') return [];
  if (key === 'id' || key === 'uniqueid') return equals(fieldGetter(view, collection, key), value);
  const range = /^(from|to)_(.*)$/.exec(key);
  const prefix = `${collections[collection].apiName.toLowerCase()}_`;
  const name = range?.[2] ?? key;
  if (!name.startsWith(prefix)) return [];
  const getter = pathGetter(store, view, collection, name.slice(prefix.length).split('_'));
  return range ? within(getter, value, range[1] === 'from') : equals(getter, value);
}

/** Follows a filter's name through related records: `coworker_email` of a contract. */
function pathGetter(
  store: NexudusStore,
  view: View,
  collection: CollectionName,
  parts: string[],
): Getter | undefined {
  const [head = '', ...rest] = parts;
  const relation = Object.entries(collections[collection].relations).find(([n]) => n.toLowerCase() === head);
  if (!relation) return rest.length === 0 ? fieldGetter(view, collection, head) : undefined;
  const [name, { to }] = relation;
  if (rest.length === 0) return ofField(`${name}Id`);
  const further = pathGetter(store, view, to, rest);
  if (!further) return undefined;
  const get = (record: Row): unknown => {
    const related = store.get(to, Number(record[`${name}Id`]));
    return related && further.get(related);
  };
  return { get, field: null };
}

function fieldGetter(view: View, collection: CollectionName, lowerName: string): Getter | undefined {
  const computed = filterableComputed[collection] ?? [];
  const own = [...baseFields, ...Object.keys(blanks[collection])].filter((n) => !isRelationId(collection, n));
  const name = [...own, ...computed].find((known) => known.toLowerCase() === lowerName);
  if (name === undefined) return undefined;
  if (computed.includes(name))
    return { get: (record) => view.computed(collection, record)[name], field: null };
  return ofField(name);
}

function ofField(field: string): Getter {
  return { get: (record) => record[field], field };
}

/** `CoworkerId` is no filter: its name there is `Coworker`. */
function isRelationId(collection: CollectionName, field: string): boolean {
  return field.endsWith('Id') && field.slice(0, -2) in collections[collection].relations;
}

function equals(getter: Getter | undefined, wanted: string): Test[] {
  if (!getter) return [];
  const ids = idList(wanted);
  const text = wanted.toLowerCase();
  const holds = (value: unknown): boolean => {
    if (typeof value === 'number') return ids ? ids.includes(value) : value === Number(wanted);
    return typeof value === 'boolean' || typeof value === 'string'
      ? String(value).toLowerCase() === text
      : false;
  };
  return [{ ...getter, holds }];
}

/** A range's bound, which is itself inside. Times count in whole minutes. */
function within(getter: Getter | undefined, bound: string, isFrom: boolean): Test[] {
  const limit = measure(/^-?[\d.]+$/.test(bound) ? Number(bound) : bound);
  if (!getter || limit === null) return [];
  const holds = (wanted: unknown): boolean => {
    const value = measure(wanted);
    return value !== null && (isFrom ? value >= limit : value <= limit);
  };
  return [{ ...getter, holds }];
}

function measure(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(value);
  const hasTime = value.includes('T');
  const atMs = Date.parse(hasZone || !hasTime ? value : `${value}Z`);
  return Number.isNaN(atMs) ? null : Math.floor(atMs / 60_000);
}

/** The ids of `[1,2,3]`, or undefined when the text is something else. */
function idList(value: string | undefined): number[] | undefined {
  if (!value?.startsWith('[') || !value.endsWith(']')) return undefined;
  return value.slice(1, -1).split(',').map(Number);
}
