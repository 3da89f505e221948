import { z } from 'zod';
import type { Instant } from '../access/types.js';

/** How Nexudus writes the kinds of value that its records are made of. */

const timestamp = /^([+-]?\d{4,6})-(\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/;

/**
 * Years in which a date can be meant. An earlier date was never set: .NET writes 0001-01-01 then, other systems 1900-01-01. A
 * date from `end` on, such as 9999-12-31, says that no end is known: nothing so far off is computed, stored, slept for or sent.
 */
const years = { first: 2000, end: 2100 } as const;
const endOfDates: Instant = Date.UTC(years.end, 0, 1);

/** An instant, or how it lies outside the years in which one can be meant; null: the text is no timestamp. */
type Dated = Instant | { early: Instant } | 'late' | null;

/** ISO 8601, UTC, whole seconds, at times with 7 fraction digits. One without a zone is read as UTC too. */
function parseDate(text: string): Dated {
  const [, year = '', rest = '', zone = 'Z'] = timestamp.exec(text) ?? [];
  if (year === '') return null;
  if (Number(year) >= years.end) return 'late';
  const at = Date.parse(`${year}-${rest}${zone}`);
  // There are days of the year 0 that no calendar has.
  if (Number(year) < years.first) return { early: Number.isNaN(at) ? 0 : at };
  return Number.isNaN(at) ? null : at;
}

/** Whether an end that was read makes no sense, since it lies before there was anything to end. */
export function isSenseless(end: Instant | null): boolean {
  return end !== null && end < Date.UTC(years.first, 0, 1);
}

/** The instant of a Nexudus timestamp; null where the text is none, or one that cannot be meant. */
export function parseInstant(text: string): Instant | null {
  const date = parseDate(text);
  return typeof date === 'number' ? date : null;
}

const isId = (number: number): boolean => number > 0;

/** Ids out of a text like '101, 102;103'. What is no id is left out. */
export function parseIds(text: string): number[] {
  const parts = text.split(/[,;]/).map((part) => part.trim());
  return [...new Set(parts.filter((part) => /^\d{1,15}$/.test(part)).map(Number))].filter(isId);
}

export const id = z.int().positive();
/** A link by id; null or 0: none. */
export const optionalId = z
  .int()
  .nullish()
  .transform((value) => (value !== null && value !== undefined && value > 0 ? value : null));
export const optionalNumber = z.number().nullable().default(null);
/** In one line of characters that can be seen: a name with a line break in it would forge lines wherever it is shown, logs too. */
export const text = z
  .string()
  .nullish()
  .transform((value) =>
    (value ?? '').replace(/\p{Bidi_Control}/gu, '').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' '),
  );
/** A link by GUID; null or empty: none. */
export const optionalGuid = z
  .string()
  .nullish()
  .transform((value) => (value ? value.toLowerCase() : null));
export const guid = z.string().transform((value) => value.toLowerCase());
/** A flag that decides nothing when it is missing. */
export const optionalFlag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
/**
 * A date of a record; null or empty: none. `early` and `late` say what a date before or after the years that can be meant
 * stands for.
 */
const dateWhere = (early: (at: Instant) => Instant | null, late: Instant | null) =>
  z
    .string()
    .nullish()
    .transform((value, context): Instant | null => {
      if (value === null || value === undefined || value === '') return null;
      const date = parseDate(value);
      if (date === null) context.addIssue({ code: 'custom', message: 'is no timestamp' });
      if (date === 'late') return late;
      return typeof date === 'object' && date !== null ? early(date.early) : date;
    });

/**
 * An end, or a date that only tells of the past (PauseUntil, UsedDate, RenewalDate). A date that was never set and one without
 * end are both read as none.
 */
export const optionalInstant = dateWhere(() => null, null);
/**
 * A date that is to come (StartDate, CancellationDate, PauseFrom). One that was never set is read as none: a contract has
 * started, and runs on unless its flag says that it is cancelled; a pause has begun. One after the years that can be meant has
 * not come yet.
 */
export const optionalStart = dateWhere(() => null, endOfDates);
/**
 * ExpireDate: without end is none. One before all years is kept as it is, for the rules to see that it makes no sense:
 * taken for none it would open doors for ever, taken for past it would close them.
 */
export const optionalExpiry = dateWhere((at) => at, null);
/** A list of ids, as an array or as a text; null: the record does not say. */
export const optionalIds = z
  .union([z.array(z.int()), z.string()])
  .nullish()
  .transform((value) => {
    if (value === null || value === undefined) return null;
    return typeof value === 'string' ? parseIds(value) : value.filter(isId);
  });
