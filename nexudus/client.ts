import { z } from 'zod';
import { Batches } from './batches.js';
import type { ServerClock } from './clock.js';
import { errorOfStatus, malformed, NexudusError } from './errors.js';
import type { Filter } from './filters.js';
import { Lists, type PageRequest } from './lists.js';
import { withDefaults, type NexudusClientOptions } from './options.js';
import type { CollectionName, Records } from './records.js';
import { parsed, parsedRecord, type Rows } from './rows.js';
import { collections } from './schemas.js';
import { Transport } from './transport.js';

export { batchSize } from './batches.js';
export type { NexudusAuth, NexudusClientOptions } from './options.js';
export type { BrokenRow } from './rows.js';
export type { RequestInfo } from '../lib/http.js';

/** The user that asks, as far as it matters here. */
export interface NexudusUser {
  /** Null: not said. */
  isAdmin: boolean | null;
  hasApiAccess: boolean | null;
  defaultLocationId: number | null;
  /** IANA name of the default location's time zone. */
  defaultTimeZone: string | null;
}

/**
 * Asks Nexudus. Every method throws NexudusError, or the reason why the running job is given up (lib/within.ts); what it
 * returns is complete.
 */
export interface NexudusClient {
  /** Nexudus' clock, as its answers tell of it. */
  clock: ServerClock;
  /**
   * All rows that the filters let through, by id. Throws `incomplete` where the rows don't add up to the total, and
   * `filterIgnored` where one of them should not be there.
   */
  list<N extends CollectionName>(name: N, filters?: readonly Filter<Records[N]>[]): Promise<Records[N][]>;
  /**
   * As `list`, but a malformed row harms its owner at most: it comes apart from the others, so that only the member that it
   * names, if it names one, has to be left alone.
   */
  listSparing<N extends CollectionName>(name: N, filters?: readonly Filter<Records[N]>[]): Promise<Rows<N>>;
  /** One page in an order of Nexudus' own, and how many rows there are in all. Throws as `listSparing` does. */
  page<N extends CollectionName>(name: N, request: PageRequest<N>): Promise<Rows<N> & { total: number }>;
  /** One record in full; null: Nexudus has no such record. */
  getOne<N extends CollectionName>(name: N, id: number): Promise<Records[N] | null>;
  /**
   * Full records by id. An id that is not in the map was not answered, or its record is malformed: ask for it with
   * `getOne` to be sure.
   */
  batch<N extends CollectionName>(name: N, ids: readonly number[]): Promise<Map<number, Records[N]>>;
  /** How many rows the whole collection has. */
  count(name: CollectionName): Promise<number>;
  /** How many passes of a type there are, used and expired ones included. */
  countPassesOf(passTypeId: number): Promise<number>;
  /** The user that asks. */
  me(): Promise<NexudusUser>;
  /**
   * Creates a record (POST), or replaces the one with its `Id` (PUT, which clears what is left out). Throws
   * `unavailable` where no answer came: then it may have been done, and only a list can tell.
   */
  write(method: 'POST' | 'PUT', name: CollectionName, record: object): Promise<void>;
}

const writeResult = z.object({
  WasSuccessful: z.boolean(),
  Message: z.string().nullish(),
  Errors: z.array(z.object({ Message: z.string().nullish() })).nullish(),
});

const user = z.object({
  IsAdmin: z.boolean().nullish(),
  APIAccess: z.boolean().nullish(),
  DefaultBusinessId: z.int().nullish(),
  DefaultSimpleTimeZoneNameIana: z.string().nullish(),
});

/** A client for one Nexudus login. Nothing is sent before the first read. */
export function createNexudusClient(options: NexudusClientOptions): NexudusClient {
  const complete = withDefaults(options);
  const transport = new Transport(complete);
  const lists = new Lists(transport);
  const batches = new Batches(transport);
  return {
    clock: complete.clock,
    list: (name, filters) => lists.list(name, filters),
    listSparing: (name, filters) => lists.listSparing(name, filters),
    page: (name, request) => lists.page(name, request),
    getOne: (name, id) => getOne(transport, name, id),
    batch: (name, ids) => batches.read(name, ids),
    count: (name) => lists.count(name),
    countPassesOf: (passTypeId) => lists.countPassesOf(passTypeId),
    me: () => me(transport),
    write: (method, name, record) => write(transport, method, name, record),
  };
}

async function getOne<N extends CollectionName>(
  transport: Transport,
  name: N,
  id: number,
): Promise<Records[N] | null> {
  const { path } = collections[name];
  const template = `${path}/{id}`;
  const { status, body } = await transport.get({ path: `${path}/${id}`, template });
  if (status === 404) return null;
  const record = parsedRecord(name, body);
  if (record.id !== id) throw malformed(template, 'another record was answered');
  return record;
}

async function me(transport: Transport): Promise<NexudusUser> {
  const path = '/auth/me';
  const answer = parsed(user, await transport.getBody(path, {}), path);
  return {
    isAdmin: answer.IsAdmin ?? null,
    hasApiAccess: answer.APIAccess ?? null,
    defaultLocationId: answer.DefaultBusinessId ?? null,
    defaultTimeZone: answer.DefaultSimpleTimeZoneNameIana ?? null,
  };
}

async function write(
  transport: Transport,
  method: 'POST' | 'PUT',
  name: CollectionName,
  record: object,
): Promise<void> {
  const { path } = collections[name];
  const { status, body } = await transport.write(method, path, record);
  if (status === 404) throw errorOfStatus(404, path);
  const { WasSuccessful, Message, Errors } = parsed(writeResult, body, path);
  const errors = Errors ?? [];
  // Some failures come as a 200.
  if (status !== 400 && WasSuccessful && errors.length === 0) return;
  const whys = errors.length === 0 ? [Message] : errors.map((error) => error.Message);
  const why = whys.map((one) => one ?? 'no reason given').join('; ');
  throw new NexudusError({ kind: 'refused', path, status, says: `did not take the write: ${why}` });
}
