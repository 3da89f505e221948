import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { CollectionSource } from './collection-source.js';
import { readCollections, type Collections } from './collections.js';
import type { Lookups } from './lookups.js';
import { readRecentPasses } from './passes.js';

const rowsPerRequest = 1000;

/**
 * Reads whole collections: coworkers, contracts, pauses, teams, and passes that are neither used nor expired long since.
 * Of the others, one that a key stands on is looked up by its id. Throws NexudusError.
 */
export async function readEverybody(
  client: NexudusClient,
  lookups: Lookups,
  startedAt: Instant,
): Promise<CollectionSource> {
  const all = await readCollections(client, () => readRecentPasses(client, startedAt));
  return new CollectionSource(all, client, lookups, startedAt);
}

/** About how many requests it took to read these. */
export function costOf({ coworkers, contracts, pauses, passes, teams }: Collections): number {
  // Two requests for passes, and one more for the members of teams.
  return [coworkers, contracts, pauses, passes, teams].reduce(
    (sum, rows) => sum + Math.max(1, Math.ceil(rows.length / rowsPerRequest)),
    2,
  );
}
