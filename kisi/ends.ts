import type { KisiEnd } from './records.js';

const minuteMs = 60_000;

/**
 * Whether two ends are the same, as exactly as Kisi may store them, which is not documented: they agree to the second, or one
 * is the other rounded to the minute, so that no access is cut short or goes on by more than that. The same as in
 * access/drift.ts. An end that cannot be read is like no other.
 */
export function sameEnd(one: KisiEnd, other: KisiEnd): boolean {
  if (one === 'unreadable' || other === 'unreadable') return false;
  if (one === null || other === null) return one === other;
  const apartMs = Math.abs(one - other);
  const isRounded = one % minuteMs === 0 || other % minuteMs === 0;
  return apartMs < 1000 || (isRounded && apartMs < minuteMs);
}

/** An end in words. */
export function endText(end: KisiEnd): string {
  if (end === 'unreadable') return 'one that cannot be read';
  return end === null ? 'no end' : new Date(end).toISOString();
}

/** Whether a key with this end serves for as long as is wanted. */
export function reaches(end: number | null, wanted: number | null): boolean {
  if (end === null || sameEnd(end, wanted)) return true;
  return wanted !== null && end > wanted;
}
