import { DateTime } from 'luxon';
import { expiryEnd } from '../access/calendar.js';
import type { Instant, Location, Snapshot } from '../access/types.js';
import { parseDuration } from '../lib/durations.js';
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

/** An end as typed. `day`: it counts in full. `daysAhead`: a day or a clock time by the location's calendar. */
export type TypedEnd = Typed | { day: string } | { daysAhead: 0 | 1; clock: string | null };

/** Reads an `--until` argument, as `untilHelp` says. Throws CommandError. */
export function parseUntil(text: string, now: Instant = Date.now()): TypedEnd {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && DateTime.fromISO(text).isValid) return { day: text };
  const typed = typedTime(text) ?? spokenEnd(text);
  if (typed !== null) return typed;
  const aheadMs = msIn(text);
  if (aheadMs !== null) return { at: now + aheadMs };
  throw new CommandError(`--until takes ${untilHelp}`, 2);
}

/** What an end may be typed as. */
const untilHelp =
  'how long from now (2h, 3d), a clock time of today (18:00), today or tomorrow (which count in full, or with a clock ' +
  'time: "tomorrow 18:00"), a date (2027-01-01, which counts in full), or a time (2027-01-01T09:00, or with a zone ' +
  '2027-01-01T09:00Z)';

function spokenEnd(text: string): TypedEnd | null {
  const [all, day, clock = null] =
    /^(?:(today|tomorrow)\b ?)?((?:[01]\d|2[0-3]):[0-5]\d)?$/.exec(text.trim()) ?? [];
  if (all === undefined || all === '') return null;
  return { daysAhead: day === 'tomorrow' ? 1 : 0, clock };
}

function msIn(duration: string): number | null {
  try {
    return parseDuration(duration);
  } catch {
    return null;
  }
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
export function endAt(end: TypedEnd, location: Location | null, now: Instant = Date.now()): Instant {
  const typed = spelledOut(end, location?.timeZone ?? null, now);
  if ('at' in typed) return typed.at;
  const text = 'day' in typed ? typed.day : typed.local;
  const at = localInstant(text, location?.timeZone ?? null, '--until');
  return 'day' in typed && location !== null ? expiryEnd(at, location, 'inclusive') : at;
}

/** The same in a time zone where nothing else is known of the place: a day ends at its midnight. Throws CommandError. */
export function endIn(end: TypedEnd, timeZone: string | null, now: Instant = Date.now()): Instant {
  const typed = spelledOut(end, timeZone, now);
  if ('at' in typed) return typed.at;
  if ('local' in typed) return localInstant(typed.local, timeZone, '--until');
  const next = DateTime.fromISO(typed.day, { zone: 'utc' }).plus({ days: 1 }).toISODate() ?? '';
  return localInstant(next, timeZone, '--until');
}

/** The date that today or tomorrow is there. Throws CommandError where the zone is not known. */
function spelledOut(end: TypedEnd, timeZone: string | null, now: Instant): Typed | { day: string } {
  if (!('daysAhead' in end)) return end;
  const today = DateTime.fromMillis(now, { zone: timeZone ?? 'unknown' });
  const day = today.plus({ days: end.daysAhead }).toISODate();
  if (day === null) throw zoneNeeded('--until');
  return end.clock === null ? { day } : { local: `${day}T${end.clock}` };
}

function zoneNeeded(option: string): CommandError {
  return new CommandError(
    `${option} needs a zone here (like 2027-01-01T09:00Z): that of the location is not known`,
    2,
  );
}

function localInstant(text: string, timeZone: string | null, option: string): Instant {
  const when = timeZone === null ? null : DateTime.fromISO(text, { zone: timeZone });
  if (when?.isValid) return when.toMillis();
  throw zoneNeeded(option);
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

/** The instant that `--since` means. Throws CommandError. */
export function parseSince(text: string, now: Instant): Instant {
  if (/^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return at;
  }
  const agoMs = msIn(text);
  if (agoMs !== null) return now - agoMs;
  throw new CommandError('--since must be how long ago (24h, 30d), a date, or a time with a zone', 2);
}
