import type { Instant } from './types.js';

/** How soon keys are to be given and taken away. */
export interface LatencyObjective {
  withinMs: number;
  /** The least share (0 to 1) of all keys that is to be in time. */
  share: number;
}

/** A key that was given (`grant`) or taken away (`revoke`), and when the wait for that began and ended. */
export interface Wait {
  what: 'grant' | 'revoke';
  locationId: number | null;
  since: Instant;
  until: Instant;
}

/** How long keys were waited for. */
export interface LatencyRow {
  what: Wait['what'];
  /** `all`: at all locations. Null: of members without one. */
  location: number | 'all' | null;
  count: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** The share (0 to 1) that took no longer than the objective says. */
  within: number;
}

/** How long keys were waited for, each kind in all and by location. A kind without any key has no row. */
export function latencyRows(waits: readonly Wait[], { withinMs }: LatencyObjective): LatencyRow[] {
  return (['grant', 'revoke'] as const).flatMap((what) => {
    const own = waits.filter((wait) => wait.what === what);
    if (own.length === 0) return [];
    const places = [...new Set(own.map(({ locationId }) => locationId))].sort((a, b) => (a ?? 0) - (b ?? 0));
    const at = (place: number | null): Wait[] => own.filter(({ locationId }) => locationId === place);
    return [
      rowOf(what, 'all', own, withinMs),
      ...places.map((place) => rowOf(what, place, at(place), withinMs)),
    ];
  });
}

function rowOf(
  what: Wait['what'],
  location: LatencyRow['location'],
  waits: readonly Wait[],
  withinMs: number,
): LatencyRow {
  const tookMs = waits.map(({ since, until }) => until - since).sort((a, b) => a - b);
  return {
    what,
    location,
    count: tookMs.length,
    p50Ms: nearestRank(tookMs, 0.5),
    p95Ms: nearestRank(tookMs, 0.95),
    p99Ms: nearestRank(tookMs, 0.99),
    within: tookMs.filter((ms) => ms <= withinMs).length / tookMs.length,
  };
}

/** The smallest value that at least this share of the values do not exceed. `sorted`: upwards, and not empty. */
export function nearestRank(sorted: readonly number[], share: number): number {
  // 0.95 * 20 is a little more than 19.
  const rank = Math.ceil(Number((share * sorted.length).toFixed(6)));
  return sorted[Math.max(rank, 1) - 1] ?? NaN;
}

/** Whether the objective holds for keys given and for keys taken away, each in all; null: there is neither. */
export function objectiveHolds(rows: readonly LatencyRow[], { share }: LatencyObjective): boolean | null {
  const inAll = rows.filter(({ location }) => location === 'all');
  return inAll.length === 0 ? null : inAll.every(({ within }) => within >= share);
}
