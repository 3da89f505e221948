import { DateTime } from 'luxon';
import type { Contract, Instant, Location, Policies, RenewalPeriod } from './types.js';

/** A location whose day ends cannot be known: nothing is decided for its passes until an operator names the zone. */
export class UnknownTimeZone extends Error {
  override readonly name = 'UnknownTimeZone';
  constructor(location: Location) {
    super(
      `Location ${location.id} has no known time zone: name it under "locations:" in latchkey.yaml ({location: ${location.id}, timeZone: Europe/Rome}).`,
    );
  }
}

function local(at: Instant, location: Location): DateTime<true> {
  const when = DateTime.fromMillis(at, { zone: location.timeZone ?? 'invalid' });
  if (!when.isValid) throw new UnknownTimeZone(location);
  return when;
}

/** The start of the location's day that has the civil date of `day`: midnight, or the daily cut-off where one is set. */
function dayStart(day: DateTime<true>, location: Location): DateTime<true> {
  const midnight = day.startOf('day');
  const minute = location.dayStartsAtMinute;
  return minute === 0 ? midnight : midnight.set({ hour: Math.floor(minute / 60), minute: minute % 60 });
}

/**
 * The end of the location's day (cut-off to cut-off, see `Checkin.DailyCutOffTime`) that contains `at`.
 * Right on both days of a clock change. Throws UnknownTimeZone.
 */
export function endOfLocationDay(at: Instant, location: Location): Instant {
  const here = local(at, location);
  const today = dayStart(here, location).toMillis();
  return today > at ? today : dayStart(here.plus({ days: 1 }), location).toMillis();
}

/** Whether `at` is the very start of a civil day at the location. Nexudus stores date-only values so. */
export function isLocalMidnight(at: Instant, location: Location): boolean {
  return local(at, location).startOf('day').toMillis() === at;
}

/**
 * The instant at which a pass with this `ExpireDate` stops counting. A date-only value (a local midnight) names
 * the last day, which counts in full under `lastDay: inclusive`; any other value is the instant itself.
 * Throws UnknownTimeZone.
 */
export function expiryEnd(expiresAt: Instant, location: Location, lastDay: Policies['lastDay']): Instant {
  if (lastDay === 'exclusive') return expiresAt;
  if (!isLocalMidnight(expiresAt, location)) return expiresAt;
  return dayStart(local(expiresAt, location).plus({ days: 1 }), location).toMillis();
}

/**
 * Whether a plan that hands out passes every `period` is due to do so at `at`, the end of a location day.
 * Weeks are taken to begin on Monday; a billing cycle begins on the contract's renewal day.
 */
export function isRenewalInstant(
  at: Instant,
  period: RenewalPeriod,
  contract: Contract,
  location: Location,
): boolean {
  const here = local(at, location);
  if (period === 'day') return true;
  if (period === 'week') return here.weekday === 1;
  if (period === 'calendarMonth') return here.day === 1;
  if (contract.renewsAt === null) return false;
  const renewal = local(contract.renewsAt, location);
  return here.hasSame(renewal, 'day');
}
