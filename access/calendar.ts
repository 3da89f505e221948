import { Info, type Zone } from 'luxon';
import type { Contract, Instant, Location, Policies, RenewalPeriod } from './types.js';

/** Nobody knows when the days of a location end until an operator names its zone: its passes wait, and no others. */
export class UnknownTimeZone extends Error {
  override readonly name = 'UnknownTimeZone';
  constructor(location: Location) {
    super(
      `Location ${location.id} has no known time zone: name it under "locations:" in latchkey.yaml ({location: ${location.id}, timeZone: Europe/Rome})`,
    );
  }
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** What clocks on the wall show, written as the instant at which UTC clocks show the same. */
type WallTime = number;

function zoneOf(location: Location): Zone {
  const zone = Info.normalizeZone(location.timeZone ?? 'invalid');
  if (!zone.isValid) throw new UnknownTimeZone(location);
  return zone;
}

function wallTime(at: Instant, zone: Zone): WallTime {
  return at + zone.offset(at) * minuteMs;
}

/** The midnight with which the civil day at `at` begins. */
function midnightBefore(at: Instant, zone: Zone): WallTime {
  return Math.floor(wallTime(at, zone) / dayMs) * dayMs;
}

/** The first instant at which clocks show `wall`, or where they skip it, the first after it. */
function firstInstantOf(wall: WallTime, zone: Zone): Instant {
  const [before, after] = [wall - dayMs, wall + dayMs].map((at) => wall - zone.offset(at) * minuteMs);
  if (before === undefined || after === undefined) return wall;
  const shows = (at: Instant): boolean => wallTime(at, zone) === wall;
  const [earlier, later] = before < after ? [before, after] : [after, before];
  if (shows(earlier)) return earlier;
  if (shows(later)) return later;
  // Between the two the clocks are put forward, past `wall`.
  let [short, past] = [earlier, later];
  while (past - short > 1) {
    const middle = Math.floor((short + past) / 2);
    if (wallTime(middle, zone) < wall) short = middle;
    else past = middle;
  }
  return past;
}

/** The start of the location's day on the civil day of `midnight`: at midnight, or at the daily cut-off where one is set. */
function dayStart(midnight: WallTime, location: Location, zone: Zone): Instant {
  return firstInstantOf(midnight + location.dayStartsAtMinute * minuteMs, zone);
}

/**
 * The end of the location's day (cut-off to cut-off, see `Checkin.DailyCutOffTime`) that contains `at`. Where clocks show the
 * cut-off twice, as they are put back, the first counts; where they skip it, the first instant after it. Throws UnknownTimeZone.
 */
export function endOfLocationDay(at: Instant, location: Location): Instant {
  const zone = zoneOf(location);
  const midnight = midnightBefore(at, zone);
  // Where midnight comes twice, the day that began at the first of them goes on past the second.
  const starts = [0, 1, 2].map((days) => dayStart(midnight + days * dayMs, location, zone));
  return starts.find((start) => start > at) ?? at + dayMs;
}

/** Whether clocks at the location show midnight at `at`, or a day begins without one. Nexudus stores date-only values so. */
export function isLocalMidnight(at: Instant, location: Location): boolean {
  const zone = zoneOf(location);
  const midnight = midnightBefore(at, zone);
  return wallTime(at, zone) === midnight || firstInstantOf(midnight, zone) === at;
}

/**
 * The instant at which a pass with this `ExpireDate` stops counting. A date-only value (a local midnight) names
 * the last day, which counts in full under `lastDay: inclusive`; any other value is the instant itself.
 * Throws UnknownTimeZone.
 */
export function expiryEnd(expiresAt: Instant, location: Location, lastDay: Policies['lastDay']): Instant {
  if (lastDay === 'exclusive') return expiresAt;
  if (!isLocalMidnight(expiresAt, location)) return expiresAt;
  const zone = zoneOf(location);
  return dayStart(midnightBefore(expiresAt, zone) + dayMs, location, zone);
}

/**
 * Whether a plan that hands out passes every `period` is due to do so at `at`, the end of a location day.
 * Weeks are taken to begin on Monday; a billing cycle begins on the contract's renewal day. Throws UnknownTimeZone.
 */
export function isRenewalInstant(
  at: Instant,
  period: RenewalPeriod,
  contract: Contract,
  location: Location,
): boolean {
  const zone = zoneOf(location);
  const midnight = midnightBefore(at, zone);
  const day = new Date(midnight);
  if (period === 'day') return true;
  if (period === 'week') return day.getUTCDay() === 1;
  if (period === 'calendarMonth') return day.getUTCDate() === 1;
  if (contract.renewsAt === null) return false;
  return midnightBefore(contract.renewsAt, zone) === midnight;
}

const longestMonth = 31;

/**
 * The first instant after `after` at which a plan that hands out passes every `period` is due to do so; null: it is not
 * known. Throws UnknownTimeZone.
 */
export function nextRenewal(
  after: Instant,
  period: RenewalPeriod,
  contract: Contract,
  location: Location,
): Instant | null {
  if (period === 'billingCycle' || period === 'year') {
    const at = contract.renewsAt === null ? null : endOfLocationDay(contract.renewsAt - 1, location);
    return at !== null && at > after ? at : null;
  }
  let at = after;
  for (let days = 0; days < longestMonth; days++) {
    at = endOfLocationDay(at, location);
    if (isRenewalInstant(at, period, contract, location)) return at;
  }
  return null;
}
