import { setImmediate as turnOfLoop, setTimeout as sleep } from 'node:timers/promises';
import type { BrokenRow, NexudusClient } from './client.js';
import { isNexudusError } from './errors.js';
import { once, onceLimit } from './fresh.js';
import type { CollectionName, Records } from './records.js';
import { shared } from '../lib/shared.js';

/** The ways to ask for records by their ids, and by lists where Nexudus does not answer by ids. */
export type LookupClient = Pick<NexudusClient, 'batch' | 'getOne' | 'list'>;

/** Records by id, asked for at most once each. */
export interface Lookups {
  /** The record in full; null: Nexudus answered 404 for just this id, and a batch that asked for it lacks it too. */
  find<N extends CollectionName>(name: N, id: number): Promise<Records[N] | null>;
}

/**
 * Looks records up by id. What is asked for within `gatherMs` (0: in the same moment) goes out as one batch; an id that the batch
 * does not answer is asked for alone. One negative answer says nothing: a record is missing where both ways of asking say so.
 * Throws NexudusError.
 */
export function createLookups(client: LookupClient, gatherMs = 0): Lookups {
  const shelves = new Map<CollectionName, unknown>();

  /** One shelf for each collection: the only place that knows it holds just that collection's records. */
  function shelfOf<N extends CollectionName>(name: N): Shelf<N> {
    const known = shelves.get(name) as Shelf<N> | undefined;
    const shelf = known ?? createShelf(client, gatherMs, name);
    shelves.set(name, shelf);
    return shelf;
  }

  return { find: (name, id) => shelfOf(name)(id) };
}

/** As `find`, but a malformed record is answered as such and not thrown, so that it harms nobody else. */
export async function findSparing<N extends CollectionName>(
  lookups: Lookups,
  name: N,
  id: number,
): Promise<{ row: Records[N] | null } | BrokenRow> {
  try {
    return { row: await lookups.find(name, id) };
  } catch (error) {
    if (!isNexudusError(error, 'malformed')) throw error;
    return { collection: name, id, ownerId: null, contractId: null, text: error.message, error };
  }
}

type Shelf<N extends CollectionName> = (id: number) => Promise<Records[N] | null>;

function createShelf<N extends CollectionName>(client: LookupClient, gatherMs: number, name: N): Shelf<N> {
  let waiting: number[] = [];
  let batch: (() => Promise<Map<number, Records[N]> | null>) | null = null;

  /** Null: just one id was waiting, so a batch saves nothing. */
  async function flush(): Promise<Map<number, Records[N]> | null> {
    await (gatherMs > 0 ? sleep(gatherMs) : turnOfLoop());
    const ids = waiting;
    waiting = [];
    batch = null;
    return ids.length > 1 ? client.batch(name, ids) : null;
  }

  async function read(id: number): Promise<Records[N] | null> {
    waiting.push(id);
    batch ??= shared(flush, { limit: onceLimit });
    const mine = await batch();
    const found = mine?.get(id) ?? (await client.getOne(name, id));
    return found === null && mine === null ? missingAlone(id) : found;
  }

  /** An id that was asked for alone, and has no second witness yet. */
  async function missingAlone(id: number): Promise<Records[N] | null> {
    try {
      return (await client.batch(name, [id])).get(id) ?? null;
    } catch (error) {
      if (!isNexudusError(error, 'filterIgnored')) throw error;
      return (await client.list(name)).find((record) => record.id === id) ?? null;
    }
  }

  // A failure says nothing about the record: the next one to ask tries again.
  return once(read);
}
