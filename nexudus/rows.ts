import type { z } from 'zod';
import { malformed, NexudusError } from './errors.js';
import type { Filter } from './filters.js';
import type { CollectionName, Records } from './records.js';
import { collections } from './schemas.js';

/** A row that is not as it should be, and the coworker that it concerns. */
export interface BrokenRow {
  collection: CollectionName;
  /** Null: it does not say. */
  id: number | null;
  /** Null: it does not say, or concerns more than one. */
  ownerId: number | null;
  /** For a pause: its contract, whose owner the pause concerns where it names none itself. Null: no pause, or not said. */
  contractId: number | null;
  /** All of it as text, to notice when it is mended. May hold personal data. */
  text: string;
  error: NexudusError;
}

/** Records of a collection, and rows that are malformed. */
export interface Rows<N extends CollectionName> {
  rows: Records[N][];
  broken: BrokenRow[];
}

/** Rows as records, malformed ones apart. Throws `filterIgnored` where one of them should not be there. */
export function sortedRows<N extends CollectionName>(
  name: N,
  answered: readonly unknown[],
  filters: readonly Filter<Records[N]>[],
): Rows<N> {
  const rows: Records[N][] = [];
  const broken: BrokenRow[] = [];
  for (const row of answered) {
    const record = parsedOrBroken(name, row);
    if ('error' in record) broken.push(record);
    else rows.push(record.row);
  }
  for (const { key, holds } of filters) {
    if (!rows.every(holds)) throw filterIgnored(collections[name].path, key);
  }
  return { rows, broken };
}

/** A row's id before it is parsed; a row without one is kept apart, to be found malformed. */
export function rowId(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return Symbol('a row that is none');
  return 'Id' in row && typeof row.Id === 'number' ? row.Id : row;
}

/** Those rows that are as they should be. */
export function soundRows<N extends CollectionName>(name: N, rows: readonly unknown[]): Records[N][] {
  return rows.map((row) => parsedOrBroken(name, row)).flatMap((one) => ('error' in one ? [] : [one.row]));
}

/** A row as a record; throws `malformed`. */
export function parsedRecord<N extends CollectionName>(name: N, row: unknown): Records[N] {
  const result = collections[name].schema.safeParse(row);
  if (result.success) return result.data;
  throw malformedRecord(name, row, result.error);
}

function malformedRecord(name: CollectionName, row: unknown, error: z.ZodError): NexudusError {
  const id = rowId(row);
  const which = typeof id === 'number' ? id : 'without id';
  return malformed(collections[name].path, `record ${which}: ${fieldsOf(error)}`);
}

/** The record, or what is known of one that is malformed. */
function parsedOrBroken<N extends CollectionName>(name: N, row: unknown): { row: Records[N] } | BrokenRow {
  const { schema, ownerField = 'none' } = collections[name];
  const result = schema.safeParse(row);
  if (result.success) return { row: result.data };
  const { Id: id, [ownerField]: ownerId, CoworkerContractId } = Object(row) as Record<string, unknown>;
  return {
    collection: name,
    id: idOrNull(id),
    ownerId: idOrNull(ownerId),
    contractId: idOrNull(CoworkerContractId),
    text: JSON.stringify(row),
    error: malformedRecord(name, row, result.error),
  };
}

function idOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** An answer as this schema says it is; throws `malformed`. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown, path: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw malformed(path, fieldsOf(result.error));
}

/** The names of the fields that are wrong, and what schemas.ts says of them; their values may be personal data. */
function fieldsOf(error: z.ZodError): string {
  const fields = error.issues.map(({ code, path, message }) => {
    const field = path.length === 0 ? 'the whole' : path.join('.');
    return code === 'custom' && message.startsWith('is ') ? `${field} ${message}` : field;
  });
  return [...new Set(fields)].join(', ');
}

/** The error for rows that do not add up to the total. */
export function incomplete(path: string, rows: number, total: number): NexudusError {
  return new NexudusError({
    kind: 'incomplete',
    path,
    says: `${rows} rows came, but the total says ${total}.`,
  });
}

/** The error for rows that a filter should have left out. */
export function filterIgnored(path: string, key: string): NexudusError {
  return new NexudusError({
    kind: 'filterIgnored',
    path,
    says: `rows came that the filter ${key} should have left out. Nothing is concluded from them.`,
  });
}
