import { DateTime } from 'luxon';
import { expiryEnd } from '../../access/calendar.js';
import type { Instant, Location, Snapshot } from '../../access/types.js';
import { CommandError } from './failure.js';

/** A time as typed: an instant where it names a zone, else one that each place has at an instant of its own. */
export type Typed = { at: Instant } | { local: string };

/** Reads an `--at` argument: ISO 8601, to the minute or finer, with a zone or without. Throws CommandError. */
export function parseAt(text: string): Typed {
  const typed = typedTime(text);
  if (typed !== null && /^20/.test(text)) return typed;
  throw new CommandError(
    '--at must be a time like 2027-01-01T09:00 (in the location’s zone) or 2027-01-01T09:00Z',
    2,
  );
}

/** Reads an `--until` argument: a time as `--at` takes it, or a date, whose day counts in full. Throws CommandError. */
export function parseUntil(text: string): Typed | { day: string } {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && DateTime.fromISO(text).isValid;
  const typed = isDay ? { day: text } : typedTime(text);
  if (typed !== null) return typed;
  throw new CommandError(
    '--until must be a date like 2027-01-01, or a time like 2027-01-01T09:00 (in the location’s zone) or 2027-01-01T09:00Z',
    2,
  );
}

function typedTime(text: string): Typed | null {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const at = DateTime.fromISO(text, { zone: 'utc' });
  if (form === null || !at.isValid) return null;
  return form[3] === undefined ? { local: text } : { at: at.toMillis() };
}

/** The instant of a typed time at a place with this IANA time zone. Throws CommandError where the zone is not known. */
export function instantAt(typed: Typed, timeZone: string | null): Instant {
  return 'at' in typed ? typed.at : localInstant(typed.local, timeZone, '--at');
}

/** The end that was typed, at this location: the last day counts in full, as that of a pass. Throws CommandError. */
export function endAt(typed: Typed | { day: string }, location: Location | null): Instant {
  if ('at' in typed) return typed.at;
  const text = 'day' in typed ? typed.day : typed.local;
  const at = localInstant(text, location?.timeZone ?? null, '--until');
  return 'day' in typed && location !== null ? expiryEnd(at, location, 'inclusive') : at;
}

/** The same in a time zone where nothing else is known of the place: a day ends at its midnight. Throws CommandError. */
export function endIn(typed: Typed | { day: string }, timeZone: string | null): Instant {
  if ('at' in typed) return typed.at;
  if ('local' in typed) return localInstant(typed.local, timeZone, '--until');
  const next = DateTime.fromISO(typed.day, { zone: 'utc' }).plus({ days: 1 }).toISODate() ?? '';
  return localInstant(next, timeZone, '--until');
}

function localInstant(text: string, timeZone: string | null, option: string): Instant {
  const when = timeZone === null ? null : DateTime.fromISO(text, { zone: timeZone });
  if (when?.isValid) return when.toMillis();
  throw new CommandError(
    `${option} needs a zone here (like 2027-01-01T09:00Z): that of the location is not known`,
    2,
  );
}

/** The location that a person belongs to; null: not known. */
export function homeLocation(snapshot: Snapshot | null): Location | null {
  const own = snapshot?.profiles[0];
  const id = own?.member.homeLocationId ?? own?.passes[0]?.locationId;
  return snapshot?.locations.find((location) => location.id === id) ?? null;
}

/** The time zone of that location; null: not known. */
export function homeZone(snapshot: Snapshot | null): string | null {
  return homeLocation(snapshot)?.timeZone ?? null;
}
