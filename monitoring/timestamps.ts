import type { Instant } from '../access/types.js';

/** An instant as Temporal's server writes it. */
export type Timestamp =
  { seconds?: { toNumber(): number } | number | null; nanos?: number | null } | null | undefined;

/** The same as an instant; null: it is not said. */
export function msOf(time: Timestamp): Instant | null {
  if (time?.seconds === undefined || time.seconds === null) return null;
  return Number(time.seconds) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}
