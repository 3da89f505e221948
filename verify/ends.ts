const hourMs = 3_600_000;

const steps = [10, 100, 1_000, 10_000, 60_000, 300_000, 900_000, hourMs, 24 * hourMs];
const ways = { down: Math.floor, up: Math.ceil, nearest: Math.round } as const;

/** Two instants from one to two hours ahead by which the usual ways of rounding differ. */
export function oddEnds(now: number): [number, number] {
  const hour = Math.ceil(now / hourMs) * hourMs + hourMs;
  return [hour + 33 * 60_000 + 29_499, hour + 21 * 60_000 + 31_501];
}

/** An end as it was asked for, and as it came back. */
export interface KeptEnd {
  asked: number;
  kept: number;
}

/** How ends are rounded: `exact`, or such as `down to 1000 ms`; null: more than one way, or none, explains all of them. */
export function roundingOf(ends: readonly KeptEnd[]): string | null {
  if (ends.length < 2) return null;
  if (ends.every(({ asked, kept }) => asked === kept)) return 'exact';
  const fitting = steps.flatMap((toMs) =>
    Object.entries(ways).flatMap(([how, round]) =>
      ends.every(({ asked, kept }) => round(asked / toMs) * toMs === kept) ? `${how} to ${toMs} ms` : [],
    ),
  );
  const [only, ...others] = fitting;
  return only === undefined || others.length > 0 ? null : only;
}
