import { z } from 'zod';
import type { Instant } from '../access/types.js';

/** How Nexudus writes the kinds of value that its records are made of. */

const timestamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/;

/**
 * The instant of a Nexudus timestamp: ISO 8601, UTC, whole seconds, at times with 7 fraction digits. One without a
 * zone is read as UTC too. Null where the text is no timestamp.
 */
export function parseInstant(text: string): Instant | null {
  const [, wallClock, zone = 'Z'] = timestamp.exec(text) ?? [];
  if (wallClock === undefined) return null;
  const at = Date.parse(`${wallClock}${zone}`);
  return Number.isNaN(at) ? null : at;
}

/** Whole numbers out of a text like '101, 102;103'. What is no number is left out. */
export function parseIds(text: string): number[] {
  const parts = text.split(/[,;]/).map((part) => part.trim());
  return [...new Set(parts.filter((part) => /^\d{1,15}$/.test(part)).map(Number))];
}

export const id = z.int();
export const optionalId = z
  .int()
  .nullish()
  .transform((value) => (value === 0 ? null : (value ?? null)));
export const optionalNumber = z
  .number()
  .nullish()
  .transform((value) => value ?? null);
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
export const optionalInstant = z
  .string()
  .nullish()
  .transform((value, context) => {
    if (value === null || value === undefined || value === '') return null;
    const at = parseInstant(value);
    if (at === null) context.addIssue({ code: 'custom', message: 'is no timestamp' });
    return at;
  });
/** A list of ids, as an array or as a text; null: the record does not say. */
export const optionalIds = z
  .union([z.array(z.int()), z.string()])
  .nullish()
  .transform((value) => {
    if (value === null || value === undefined) return null;
    return typeof value === 'string' ? parseIds(value) : value;
  });
