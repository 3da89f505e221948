/** How Kisi speaks HTTP: its error bodies, wrapped requests, query parameters and pages. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { faultyRows, type FaultKind } from './server.js';

/** An answer that says no: HTTP status and body. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: { error: string; code: string } | { errors: Record<string, string[]> },
  ) {
    super(`refused with ${status}`);
  }
}

/** A refusal with one text and a code; `000` + status where Kisi's own code is not known. */
export function refused(status: number, error: string, code = `000${status}`): Refusal {
  return new Refusal(status, { error, code });
}

/** A 422: which field is wrong, and how. */
export function invalid(field: string, text: string): Refusal {
  return new Refusal(422, { errors: { [field]: [text] } });
}

/** The 404 of an id that is not in the organization. */
export function notFound(): Refusal {
  return refused(404, 'The requested record could not be found.');
}

/** What was sent inside the wrapping key of a request. Throws a 422 when it is not wrapped. */
export function unwrap(body: unknown, key: string): Record<string, unknown> {
  const inside = isObject(body) ? body[key] : undefined;
  if (!isObject(inside)) throw invalid(key, "can't be blank");
  return inside;
}

type Check<T> = (value: unknown) => value is T;
type Read<F> = { [K in keyof F]?: F[K] extends Check<infer T> ? T : never };

/** The known fields that were sent; others are passed over in silence. Throws a 422 for one of a wrong type. */
export function readFields<F extends Record<string, Check<unknown>>>(
  sent: Record<string, unknown>,
  checks: F,
): Read<F> {
  const read: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(checks)) {
    const value = sent[name];
    if (value === undefined) continue;
    if (!check(value)) throw invalid(name, 'is invalid');
    read[name] = value;
  }
  return read as Read<F>;
}

/** The types that fields of requests have. */
export const isText: Check<string> = (value) => typeof value === 'string';
export const isTextOrNull: Check<string | null> = (value) => value === null || typeof value === 'string';
export const isBoolean: Check<boolean> = (value) => typeof value === 'boolean';
export function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
export const isIntegerOrNull: Check<number | null> = (value) => value === null || isInteger(value);
/** An ISO 8601 text with date, time and zone. */
export const isDateTimeOrNull: Check<string | null> = (value) => value === null || isDateTime(value);

function isDateTime(value: unknown): value is string {
  return typeof value === 'string' && dateTime.test(value) && !Number.isNaN(Date.parse(value));
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/** True for a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The query parameters; of a repeated one the last counts. */
export type Query = Partial<Record<string, string>>;

export function queryOf(request: FastifyRequest): Query {
  return Object.fromEntries(new URL(request.url, 'http://simulator').searchParams);
}

/** A whole number of the query; undefined when it was not sent. Throws a 400 when it is not one. */
export function integerOf(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw refused(400, `The parameter ${name} is invalid.`);
  return Number(text);
}

/** The id in the path. Throws a 404 when it is not a number. */
export function idOf(request: FastifyRequest): number {
  const { id } = request.params as { id: string };
  if (!/^\d+$/.test(id)) throw notFound();
  return Number(id);
}

/** The filter that every list has: `ids`, comma separated. */
export function idsFilter(query: Query): (row: { id: number }) => boolean {
  const ids = query['ids']?.split(',').map(Number);
  return (row) => !ids || ids.includes(row.id);
}

/** A loose search: the text of `query` anywhere in one of the texts, in any case. */
export function queryFilter(query: Query, texts: (string | null)[]): boolean {
  const wanted = query['query']?.toLowerCase();
  return wanted === undefined || texts.some((text) => text?.toLowerCase().includes(wanted));
}

/** Rows in the order of `sort` (`name` or `-name`), as given without it. Throws a 400 for an unknown order. */
export function sorted<Row>(rows: Row[], query: Query, orders: Record<string, (row: Row) => string>): Row[] {
  const { sort } = query;
  if (sort === undefined) return rows;
  const key = orders[sort.replace(/^-/, '')];
  if (!key) throw refused(400, 'The parameter sort is invalid.');
  const ascending = rows.toSorted((a, b) => key(a).localeCompare(key(b)));
  return sort.startsWith('-') ? ascending.reverse() : ascending;
}

/** How many rows a list gives when not asked, and at most. */
export interface PageSize {
  default: number;
  max: number;
}

const maxOffset = 20_000;

/**
 * Answers one page of rows as a bare array. `X-Collection-Range` echoes the range that was asked for, not the
 * rows that came (15 rows, offset 10, limit 10: `10-19/15`); of an empty
 * list it is a star.
 */
export function sendPage<Row>(
  reply: FastifyReply,
  rows: Row[],
  query: Query,
  options: { size: PageSize; overMax: 'clamp' | 'error'; fault: FaultKind | undefined },
  bodyOf: (row: Row) => object,
): FastifyReply {
  const { size, overMax, fault } = options;
  const limit = bounded(query, 'limit', size.default, size.max, overMax);
  const offset = bounded(query, 'offset', 0, maxOffset, overMax);
  if (limit === 0) throw refused(400, 'The parameter limit is invalid.');
  const total = fault === 'empty' ? 0 : rows.length;
  const page = faultyRows(rows.slice(offset, offset + limit), fault, offset + limit >= total);
  return reply
    .header('X-Collection-Range', total === 0 ? '*/0' : `${offset}-${offset + limit - 1}/${total}`)
    .send(page.map(bodyOf));
}

function bounded(
  query: Query,
  name: string,
  byDefault: number,
  max: number,
  overMax: 'clamp' | 'error',
): number {
  const asked = integerOf(query, name) ?? byDefault;
  if (asked <= max) return asked;
  if (overMax === 'error') throw refused(400, `The parameter ${name} is above ${max}.`);
  return max;
}
