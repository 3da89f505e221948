/** Records as lines of text. CSV is written here rather than by a library: the one function `cell` is all it would do. */
import type { TrailRecord } from './records.js';

/** The columns of the CSV, in order. `at` is ISO 8601 in UTC with milliseconds; `before` and `after` are JSON. */
export const csvColumns = [
  'at',
  'kind',
  'state',
  'memberId',
  'locationId',
  'groupId',
  'what',
  'before',
  'after',
  'cause',
  'by',
  'planId',
  'answer',
  'key',
] as const satisfies readonly (keyof TrailRecord)[];

/**
 * Records as CSV (RFC 4180, UTF-8) with one line of headings, line ends included. Null is an empty cell. A cell that a
 * spreadsheet would take for a formula begins with a single quote.
 */
export async function* csvLines(
  records: AsyncIterable<TrailRecord>,
): AsyncGenerator<string, void, undefined> {
  yield `${csvColumns.join(',')}\r\n`;
  for await (const record of records)
    yield `${csvColumns.map((column) => cell(shown(record, column))).join(',')}\r\n`;
}

/** Records as JSON, one on each line, line ends included, with the fields of the CSV. `at` is ISO 8601 in UTC. */
export async function* jsonLines(
  records: AsyncIterable<TrailRecord>,
): AsyncGenerator<string, void, undefined> {
  for await (const record of records) {
    const fields = csvColumns.map((column) => [column, column === 'at' ? time(record) : record[column]]);
    yield `${JSON.stringify(Object.fromEntries(fields))}\n`;
  }
}

function time({ at }: TrailRecord): string {
  // With its milliseconds always, so that texts sort as the times do.
  return new Date(at).toISOString();
}

function shown(record: TrailRecord, column: (typeof csvColumns)[number]): string {
  if (column === 'at') return time(record);
  const value = record[column];
  if (value === null) return '';
  return typeof value === 'string' && !isJson(column) ? value : JSON.stringify(value);
}

function isJson(column: keyof TrailRecord): boolean {
  return column === 'before' || column === 'after';
}

function cell(text: string): string {
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(text);
  const guarded = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
