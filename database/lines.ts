/** Records as lines of text. CSV is written here rather than by a library: the one function `cell` is all it would do. */
import { jsonText, printable } from '../access/text.js';
import type { Instant } from '../access/types.js';
import type { JsonValue } from '../access/json.js';
import type { AuditRecord } from './audit-records.js';

/** The columns of the CSV, in order. Times are ISO 8601 in UTC with milliseconds; `before` and `after` are JSON. */
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
  'waitedSince',
  'waitedUntil',
] as const;

type Column = (typeof csvColumns)[number];

/**
 * Records as CSV (RFC 4180, UTF-8) with one line of headings, line ends included. Null is an empty cell. A cell that a
 * spreadsheet would take for a formula begins with a single quote, behind a semicolon too; what no reader may obey is taken
 * out (access/text.ts).
 */
export async function* csvLines(
  records: AsyncIterable<AuditRecord>,
): AsyncGenerator<string, void, undefined> {
  yield `${csvColumns.join(',')}\r\n`;
  for await (const record of records)
    yield `${csvColumns.map((column) => cell(shown(record, column))).join(',')}\r\n`;
}

/** Records as JSON, one on each line, line ends included, with the fields of the CSV. Times are ISO 8601 in UTC. */
export async function* jsonLines(
  records: AsyncIterable<AuditRecord>,
): AsyncGenerator<string, void, undefined> {
  for await (const record of records) {
    const fields = csvColumns.map((column) => [column, valueOf(record, column)]);
    yield `${jsonText(Object.fromEntries(fields))}\n`;
  }
}

// With its milliseconds always, so that texts sort as the times do.
const time = (at: Instant): string => new Date(at).toISOString();

function valueOf(record: AuditRecord, column: Column): JsonValue {
  if (column === 'at') return time(record.at);
  if (column === 'waitedSince') return record.waited === undefined ? null : time(record.waited.since);
  if (column === 'waitedUntil') return record.waited === undefined ? null : time(record.waited.until);
  return record[column];
}

function shown(record: AuditRecord, column: Column): string {
  const value = valueOf(record, column);
  if (value === null) return '';
  return typeof value === 'string' && !isJson(column) ? value : jsonText(value);
}

function isJson(column: Column): boolean {
  return column === 'before' || column === 'after';
}

/**
 * What a spreadsheet takes for the beginning of a formula, in full width too; blanks before it may be passed over. A
 * spreadsheet that ends a cell at a semicolon, as in much of Europe, does not mind quotes in the middle of the line.
 */
const formula = /(^|;)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** One line, so that a line of the file is a record, and nothing that a terminal or a spreadsheet obeys. */
function cell(text: string): string {
  const plain = printable(text);
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(plain);
  const guarded = isNumber ? plain : plain.replace(formula, "$1'");
  return /[",;]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
