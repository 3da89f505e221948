/** Times as people read them: with the weekday, in the time zone of the place. */
import { DateTime } from 'luxon';
import type { Instant } from '../access/types.js';

/**
 * An instant in this IANA time zone (null: not known, so UTC): 'Mon 30 Nov 06:15, Rome'. The year stands there where it is
 * not this one.
 */
export function timeWords(at: Instant | string, zone: string | null): string {
  const local = localTime(at, zone);
  return `${dayWords(local)} ${local.toFormat('HH:mm')}, ${placeOf(zone)}`;
}

/** The same to the second, where it matters how old something is: 'Mon 30 Nov 06:15:07, Rome'. */
export function secondWords(at: Instant | string, zone: string | null): string {
  const local = localTime(at, zone);
  return `${dayWords(local)} ${local.toFormat('HH:mm:ss')}, ${placeOf(zone)}`;
}

/** An end likewise. One at midnight is told by the last day that counts: 'Mon 30 Nov 24:00, Rome'. */
export function endWords(at: Instant | string, zone: string | null): string {
  const local = localTime(at, zone);
  if (!isMidnight(local)) return timeWords(local.toMillis(), zone);
  return `${dayWords(local.minus({ days: 1 }))} 24:00, ${placeOf(zone)}`;
}

/** A text of the rules, in which times are in UTC, with each of them as people read it. */
export function withLocalTimes(text: string, zone: string | null): string {
  const time = /(\b(?:until|at|ExpireDate) )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/g;
  return text.replace(time, (_, before: string | undefined, at: string) => {
    const local = localTime(at, zone);
    if (before === undefined) return timeWords(at, zone);
    // A date alone, which names the last day, is kept as the midnight before it.
    if (before === 'ExpireDate ') return before + (isMidnight(local) ? dayWords(local) : timeWords(at, zone));
    return before + endWords(at, zone);
  });
}

function localTime(at: Instant | string, zone: string | null): DateTime {
  return DateTime.fromJSDate(new Date(at), { zone: zone ?? 'utc' }).setLocale('en');
}

function dayWords(local: DateTime): string {
  return local.toFormat(
    local.year === DateTime.now().setZone(local.zone).year ? 'ccc d LLL' : 'ccc d LLL yyyy',
  );
}

function isMidnight(local: DateTime): boolean {
  return local.toMillis() === local.startOf('day').toMillis();
}

/** The city that the zone is named after. */
function placeOf(zone: string | null): string {
  return zone?.split('/').at(-1)?.replaceAll('_', ' ') ?? 'UTC';
}
