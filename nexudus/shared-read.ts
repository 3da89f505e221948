import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { once } from './fresh.js';
import { createLookups, type Lookups } from './lookups.js';
import type { MemberRequest } from './person.js';
import type { Reading } from './reading.js';
import type { CollectionName } from './records.js';
import { findByUniqueId, type RecordSource } from './source.js';

/** One read that serves several members. */
export interface SharedRead {
  startedAt: Instant;
  source: (request: MemberRequest) => Promise<RecordSource>;
  lookups: Lookups;
  /** Rows of a whole collection, asked for once. */
  count: (name: CollectionName) => Promise<number>;
  allowance: Reading['allowance'];
}

/** What a read that begins at `startedAt` looks up, each thing once. */
export function beginRead(
  client: NexudusClient,
  startedAt: Instant,
  lookups = createLookups(client),
): Omit<SharedRead, 'source'> {
  return {
    ...{ startedAt, lookups },
    count: once((name: CollectionName) => client.count(name)),
    allowance: once((uniqueId: string) => findByUniqueId(client, 'tarifftimepasses', uniqueId)),
  };
}
