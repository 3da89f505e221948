import { z } from 'zod';
import type { JsonValue } from '../access/json.js';

/** What a probe found: a value, or why it cannot tell and what would. Evidence is ids, fields and counts: nothing personal. */
export type Finding = Told | { untold: string; evidence?: readonly string[] };

interface Told {
  value: JsonValue;
  evidence: readonly string[];
  /** Whether Latchkey copes with this value, where that is not the same for all values that differ. */
  copes?: boolean;
}

/** A record as it came. */
export type Row = Readonly<Record<string, unknown>>;

export const row: z.ZodType<Row> = z.record(z.string(), z.unknown());

/** The id of a record; null: it has none. */
export function idOf(record: Row, field: 'Id' | 'id'): number | null {
  const id = record[field];
  return typeof id === 'number' ? id : null;
}

/** All ids of records that have one. */
export function idsOf(records: readonly Row[], field: 'Id' | 'id'): number[] {
  return records.flatMap((record) => idOf(record, field) ?? []);
}
