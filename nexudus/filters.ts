import type { Instant } from '../access/types.js';
import { parseInstant } from './fields.js';
import type { CollectionName, Records } from './records.js';
import { collections } from './schemas.js';

/**
 * One filter of a list, and what every row must then be: Nexudus ignores a filter that it does not know, and
 * answers with the whole table.
 */
export interface Filter<T> {
  key: string;
  value: string;
  holds: (row: T) => boolean;
}

/** `<Entity>_<property>=value`; a relation's property goes without its 'Id'. */
export function equal<N extends CollectionName>(
  name: N,
  property: string,
  value: string | number | boolean,
  holds: (row: Records[N]) => boolean,
): Filter<Records[N]> {
  return { key: `${collections[name].apiName}_${property}`, value: String(value), holds };
}

/** `UniqueId=value`, which goes without a prefix. */
export function withUniqueId<T extends { uniqueId: string }>(uniqueId: string): Filter<T> {
  return { key: 'UniqueId', value: uniqueId, holds: (row) => row.uniqueId === uniqueId };
}

const minuteMs = 60_000;

/** Passes whose ExpireDate is `bound`, a full minute, or later; one so late that it is read as no end (9999) is among them. */
export function expiringFrom(bound: Instant): Filter<Records['coworkertimepasses']> {
  return {
    key: 'from_CoworkerTimePass_ExpireDate',
    value: toMinute(bound),
    holds: ({ expiresAt }) => expiresAt === null || expiresAt >= bound,
  };
}

/** Passes whose ExpireDate is before `bound`, a full minute. */
export function expiringBefore(bound: Instant): Filter<Records['coworkertimepasses']> {
  return {
    key: 'to_CoworkerTimePass_ExpireDate',
    value: toMinute(bound - minuteMs),
    holds: ({ expiresAt }) => expiresAt !== null && expiresAt < bound,
  };
}

/** As ranges are written: UTC, without seconds. */
const toMinute = (at: Instant): string => new Date(at).toISOString().slice(0, 16);

/** Rows whose UpdatedOn is `since` or later. Nexudus compares whole minutes, so the bound is cut to one. */
export function updatedSince<N extends CollectionName>(name: N, since: Instant): Filter<Records[N]> {
  const bound = Math.floor(since / minuteMs) * minuteMs;
  return {
    key: `from_${collections[name].apiName}_UpdatedOn`,
    value: toMinute(bound),
    // A row that does not say when it was written is no proof that the filter was ignored.
    holds: (row) => (parseInstant(row.updatedOn) ?? Infinity) >= bound,
  };
}
