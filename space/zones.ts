import type { Client } from '@temporalio/client';
import { readInForce } from '../activities/in-force.js';

/** IANA time zones by location id. */
export type Zones = Readonly<Record<number, string>>;

/** The zones of all locations, as a worker knew them last; empty: none has said. */
export async function readZones(client: Client): Promise<Zones> {
  return (await readInForce(client))?.ground?.knownZones ?? {};
}

/** The zone in which what concerns the whole space is told: that of its first location. Null: none is known. */
export function spaceZone(zones: Zones): string | null {
  const [first = null] = Object.values(zones);
  return first;
}

/** The zone of a location; where that is not known, the zone of all of them, if they have the same. Null: not known. */
export function zoneOf(zones: Zones, locationId: number | null): string | null {
  const own = locationId === null ? undefined : zones[locationId];
  const [first = null, ...others] = new Set(Object.values(zones));
  return own ?? (others.length === 0 ? first : null);
}
