const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * The milliseconds of a duration as people write it: a whole number and a unit, like 500ms, 30s, 5m, 2h or 7d.
 * Throws RangeError, without the text, for anything else and for more than ten years.
 */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(text.trim());
  const unit = match?.[2];
  if (match === null || !isUnit(unit)) throw new RangeError(durationHint);
  const ms = Number(match[1]) * unitMs[unit];
  if (ms > 3660 * unitMs.d) throw new RangeError(durationHint);
  return ms;
}

/** A duration as people read it: '90 s', '4 min', '2.5 h', '7 days'. */
export function durationWords(ms: number): string {
  const seconds = Math.round(ms / unitMs.s);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(ms / unitMs.m)} min`;
  if (ms === unitMs.d) return '1 day';
  const [count, unit] = ms < 2 * unitMs.d ? [ms / unitMs.h, 'h'] : [ms / unitMs.d, 'days'];
  return `${Math.round(count * 10) / 10} ${unit}`;
}

/** What to write instead of a bad duration. */
export const durationHint = 'must be a duration like 500ms, 30s, 5m, 2h or 7d';

function isUnit(text: string | undefined): text is keyof typeof unitMs {
  return text !== undefined && text in unitMs;
}
