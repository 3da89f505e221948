import { DateTime } from 'luxon';
import type { Instant, Snapshot } from '../access/types.js';
import { CommandError } from './failure.js';

/** A time as typed: an instant where it names a zone, else one that each place has at an instant of its own. */
export type Typed = { at: Instant } | { local: string };

/** Reads an `--at` argument: ISO 8601, to the minute or finer, with a zone or without. Throws CommandError. */
export function parseAt(text: string): Typed {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const at = DateTime.fromISO(text, { zone: 'utc' });
  if (form === null || !at.isValid) {
    throw new CommandError(
      '--at must be a time like 2027-01-01T09:00 (in the location’s zone) or 2027-01-01T09:00Z',
      2,
    );
  }
  return form[3] === undefined ? { local: text } : { at: at.toMillis() };
}

/** The instant of a typed time at a place with this IANA time zone. Throws CommandError where the zone is not known. */
export function instantAt(typed: Typed, timeZone: string | null): Instant {
  if ('at' in typed) return typed.at;
  const when = timeZone === null ? null : DateTime.fromISO(typed.local, { zone: timeZone });
  if (when?.isValid) return when.toMillis();
  throw new CommandError(
    '--at needs a zone here (like 2027-01-01T09:00Z): that of the location is not known',
    2,
  );
}

/** The time zone of the location that a person belongs to; null: not known. */
export function homeZone(snapshot: Snapshot | null): string | null {
  const own = snapshot?.profiles[0];
  const id = own?.member.homeLocationId ?? own?.passes[0]?.locationId;
  return snapshot?.locations.find((location) => location.id === id)?.timeZone ?? null;
}
