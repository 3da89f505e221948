import type { BrokenRow, NexudusClient } from './client.js';
import { isNexudusError } from './errors.js';
import type { CollectionName, Records } from './records.js';

/** Records by id, asked for at most once each. */
export interface Lookups {
  /** The record in full; null: Nexudus answered 404 for just this id. */
  find<N extends CollectionName>(name: N, id: number): Promise<Records[N] | null>;
}

/**
 * Looks records up by id. What is asked for in the same moment goes out as one batch; an id that the batch does
 * not answer is asked for alone, since only a 404 says that a record is gone. Throws NexudusError.
 */
export function createLookups(client: NexudusClient): Lookups {
  const shelves = new Map<CollectionName, unknown>();

  /** One shelf for each collection: the only place that knows it holds just that collection's records. */
  function shelfOf<N extends CollectionName>(name: N): Shelf<N> {
    const known = shelves.get(name) as Shelf<N> | undefined;
    const shelf = known ?? createShelf(client, name);
    shelves.set(name, shelf);
    return shelf;
  }

  return { find: (name, id) => shelfOf(name)(id) };
}

/** As `find`, but a record that is malformed is told of instead of thrown, for it to harm nobody else. */
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

function createShelf<N extends CollectionName>(client: NexudusClient, name: N): Shelf<N> {
  const known = new Map<number, Promise<Records[N] | null>>();
  let waiting: number[] = [];
  let batch: Promise<Map<number, Records[N]>> | null = null;

  async function flush(): Promise<Map<number, Records[N]>> {
    await new Promise((resolve) => setImmediate(resolve));
    const ids = waiting;
    waiting = [];
    batch = null;
    return ids.length > 1 ? client.batch(name, ids) : new Map<number, Records[N]>();
  }

  async function read(id: number): Promise<Records[N] | null> {
    waiting.push(id);
    batch ??= flush();
    return (await batch).get(id) ?? client.getOne(name, id);
  }

  return (id) => {
    const found = known.get(id) ?? read(id);
    known.set(id, found);
    // A failure says nothing about the record: the next one to ask tries again.
    found.catch(() => known.delete(id));
    return found;
  };
}
