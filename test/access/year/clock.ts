/**
 * Civil time of 2026 at the two locations, from the clock changes of that year written down by hand: the product asks
 * a time-zone library, so a shared mistake cannot hide. Days are counted from 1 January 2026, which is day 0.
 */

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const yearStart = Date.UTC(2026, 0, 1);
export const yearEnd = yearStart + 365 * dayMs;

/** Hours east of UTC in winter and in summer, and when summer time begins and ends. */
const zones = {
  1: { winter: 1, summer: 2, from: Date.UTC(2026, 2, 29, 1), until: Date.UTC(2026, 9, 25, 1) },
  2: { winter: -5, summer: -4, from: Date.UTC(2026, 2, 8, 7), until: Date.UTC(2026, 10, 1, 6) },
};

/** A location of the year: 1 is Rome, 2 is New York. */
export type Place = keyof typeof zones;

function offsetMs(place: Place, at: number): number {
  const { winter, summer, from, until } = zones[place];
  return (at >= from && at < until ? summer : winter) * hourMs;
}

/** The day at the place that `at` falls on; with a cut-off, the day that began at the last cut-off. */
export function dayOf(place: Place, at: number, cutOffMinute = 0): number {
  return Math.floor((at + offsetMs(place, at) - cutOffMinute * minuteMs - yearStart) / dayMs);
}

/** The instant `minuteOfDay` minutes after midnight on a day at the place. No clock changes at such a time. */
export function instantOf(place: Place, day: number, minuteOfDay = 0): number {
  const asIfUtc = yearStart + day * dayMs + minuteOfDay * minuteMs;
  return asIfUtc - offsetMs(place, asIfUtc - offsetMs(place, asIfUtc));
}

/** Monday is 0. 1 January 2026 is a Thursday. */
export function weekdayOf(day: number): number {
  return (day + 3) % 7;
}

/** The last day of the calendar month that a day is in. */
export function monthEnd(day: number): number {
  const date = new Date(yearStart + day * dayMs);
  return Math.round((Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - yearStart) / dayMs) - 1;
}
