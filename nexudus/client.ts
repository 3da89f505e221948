import { z } from 'zod';
import { createServerClock, type ServerClock } from './clock.js';
import { errorOfStatus, malformed, NexudusError } from './errors.js';
import { equal, type Filter } from './filters.js';
import { createPacer, type Turns } from './pace.js';
import { collections, type CollectionName, type Records } from './records.js';
import { createSession, type Session } from './session.js';
import { createStalls, type Stalls } from './stalls.js';
import { createTransport, type NexudusAuth, type RequestInfo } from './transport.js';

export type { NexudusAuth, RequestInfo } from './transport.js';

export interface NexudusClientOptions {
  /** Ends in '/api', without a slash after it. */
  baseUrl: string;
  auth: NexudusAuth;
  /** How long one request may take from start to last byte, waiting for its turn not counted. Default 10 s. */
  timeoutMs?: number;
  /** How often a throttled request is sent again, after so long as Nexudus asks to wait. Default 5. */
  throttleRetries?: number;
  /** Shared by all clients of one login in this process. Default: one of its own. */
  pace?: Turns;
  /** The token of the user that `auth` names, shared by all clients of that user in this process. Default: one of its own. */
  session?: Session;
  /** What is known of Nexudus' clock, shared by all clients of this process. Default: one of its own. */
  clock?: ServerClock;
  /** What finds requests that hang, shared by all clients of this process. Default: one of its own. */
  stalls?: Stalls;
  /** Told of every request after its answer. */
  onRequest?: (info: RequestInfo) => void;
}

/** The user that asks, as far as it matters here. */
export interface NexudusUser {
  /** Null: not said. */
  isAdmin: boolean | null;
  hasApiAccess: boolean | null;
  defaultLocationId: number | null;
  /** IANA name of the default location's time zone. */
  defaultTimeZone: string | null;
}

/** A row that is not as it should be, and whom it concerns. */
export interface BrokenRow {
  collection: CollectionName;
  /** Null: it does not say. */
  id: number | null;
  /** Null: it does not say, or concerns more than one. */
  ownerId: number | null;
  /** Of a pause: the contract, whose owner it concerns where it does not say so itself. Else null, as where it is not said. */
  contractId: number | null;
  /** All of it as text, to notice when it is mended. May hold personal data. */
  text: string;
  error: NexudusError;
}

/**
 * Asks Nexudus. Every method throws NexudusError, or the reason for which the running job is given up (lib/within.ts); what
 * it returns is complete.
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
   * As `list`, but a row that is malformed harms its owner at most: it is told apart, for the one to be left alone whom it
   * concerns, if it says whom.
   */
  listSparing<N extends CollectionName>(
    name: N,
    filters?: readonly Filter<Records[N]>[],
  ): Promise<{ rows: Records[N][]; broken: BrokenRow[] }>;
  /** One page in an order of Nexudus' own, and how many rows there are in all. Throws as `listSparing` does. */
  page<N extends CollectionName>(
    name: N,
    request: PageRequest<N>,
  ): Promise<{ rows: Records[N][]; broken: BrokenRow[]; total: number }>;
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

/** Which page of a list is wanted. */
export interface PageRequest<N extends CollectionName> {
  filters: readonly Filter<Records[N]>[];
  /** A property. Default: Id. */
  orderBy?: string;
  /** The first is 1. */
  page: number;
  /** Default 1000, which is the most. */
  size?: number;
}

const pageSize = 1000;
/** How many records Nexudus gives by their ids in a request. */
export const batchSize = 100;
const mostAttempts = 3;

/** More than any space has: a list that promises more is not read to its end. */
const mostRows = 1_000_000;

const envelope = z.object({
  Records: z.array(z.unknown()).max(pageSize),
  TotalItems: z.int().max(mostRows),
  TotalPages: z.int().nullish(),
  HasNextPage: z.boolean().nullish(),
});
type Envelope = z.infer<typeof envelope>;

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
  const clock = options.clock ?? createServerClock();
  const transport = createTransport({
    clock,
    stalls: options.stalls ?? createStalls(),
    baseUrl: options.baseUrl,
    auth: options.auth,
    session: options.session ?? createSession(),
    timeoutMs: options.timeoutMs ?? 10_000,
    throttleRetries: options.throttleRetries ?? 5,
    pacer: options.pace ?? createPacer().members,
    onRequest: options.onRequest ?? (() => undefined),
  });

  let batchSlash = true;

  async function get(path: string, query: Record<string, string>): Promise<unknown> {
    const { status, body } = await transport.get({ path, template: path, query });
    if (status === 404) throw errorOfStatus(404, path);
    return body;
  }

  async function ask(path: string, query: Record<string, string>): Promise<Envelope> {
    return parsed(envelope, await get(path, query), path);
  }

  /** One attempt at all pages. Null: rows moved while they were read, so it must begin again. */
  async function readPages(path: string, query: Record<string, string>): Promise<unknown[] | null> {
    const rows = new Map<unknown, unknown>();
    let total: number | null = null;
    for (let number = 1; ; number++) {
      const answer = await ask(path, {
        ...query,
        page: String(number),
        size: String(pageSize),
        orderBy: 'Id',
      });
      // A row deleted on an earlier page moves one of the next page out of sight.
      total ??= answer.TotalItems;
      if (answer.TotalItems !== total) return null;
      const before = rows.size;
      for (const row of answer.Records) rows.set(rowId(row), row);
      const hasNext = answer.HasNextPage ?? number < (answer.TotalPages ?? 1);
      if (hasNext && rows.size > before && rows.size < total) continue;
      if (rows.size === total) return [...rows.values()];
      if (number > 1) return null;
      throw incomplete(path, rows.size, total);
    }
  }

  async function list<N extends CollectionName>(
    name: N,
    filters: readonly Filter<Records[N]>[] = [],
  ): Promise<Records[N][]> {
    const { rows, broken } = await listSparing(name, filters);
    if (broken[0] !== undefined) throw broken[0].error;
    return rows;
  }

  async function listSparing<N extends CollectionName>(
    name: N,
    filters: readonly Filter<Records[N]>[] = [],
  ): Promise<{ rows: Records[N][]; broken: BrokenRow[] }> {
    const { path } = collections[name];
    const query = queryOf(filters);
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const answered = await readPages(path, query);
      if (answered === null) continue;
      const { rows, broken } = sorted(name, answered, filters);
      return { rows: rows.sort((one, other) => one.id - other.id), broken };
    }
    throw new NexudusError({
      kind: 'incomplete',
      path,
      says: `the rows changed while they were read, ${mostAttempts} times over.`,
    });
  }

  async function page<N extends CollectionName>(
    name: N,
    { filters, orderBy = 'Id', page: number, size = pageSize }: PageRequest<N>,
  ): Promise<{ rows: Records[N][]; broken: BrokenRow[]; total: number }> {
    const { path } = collections[name];
    const query = { ...queryOf(filters), page: String(number), size: String(size), orderBy };
    const { Records: answered, TotalItems: total, HasNextPage, TotalPages } = await ask(path, query);
    const rows = [...new Map(answered.map((row) => [rowId(row), row])).values()];
    const hasNext = HasNextPage ?? number < (TotalPages ?? 1);
    if (number === 1 && !hasNext && rows.length !== total) throw incomplete(path, rows.length, total);
    return { ...sorted(name, rows, filters), total };
  }

  async function getOne<N extends CollectionName>(name: N, id: number): Promise<Records[N] | null> {
    const { path } = collections[name];
    const template = `${path}/{id}`;
    const { status, body } = await transport.get({ path: `${path}/${id}`, template });
    if (status === 404) return null;
    const record = parsedRecord(name, body);
    if (record.id !== id) throw malformed(template, 'another record was answered');
    return record;
  }

  /** The reference writes this address with a slash at its end; servers differ on whether that matters. */
  async function getBatch(path: string, query: Record<string, string>): Promise<unknown> {
    if (!batchSlash) return get(path, query);
    const answer = await transport.get({ path: `${path}/`, template: path, query }).catch(forgive404);
    if (answer !== null && answer.status !== 404) return answer.body;
    const plain = await get(path, query);
    batchSlash = false;
    return plain;
  }

  async function readBatch<N extends CollectionName>(name: N, ids: readonly number[]): Promise<Records[N][]> {
    const { path } = collections[name];
    // The size is for the older form of the answer, an envelope, which would stop after 25 rows.
    const body = await getBatch(path, { id: `[${ids.join(',')}]`, size: String(pageSize) });
    if (Array.isArray(body)) return soundRows(name, body);
    const { Records: rows, TotalItems: total } = parsed(envelope, body, path);
    if (rows.length !== total) throw incomplete(path, rows.length, total);
    return soundRows(name, rows);
  }

  async function batch<N extends CollectionName>(
    name: N,
    ids: readonly number[],
  ): Promise<Map<number, Records[N]>> {
    const wanted = [...new Set(ids)];
    const found = new Map<number, Records[N]>();
    for (let start = 0; start < wanted.length; start += batchSize) {
      const chunk = wanted.slice(start, start + batchSize);
      for (const record of await readBatch(name, chunk)) {
        if (!chunk.includes(record.id)) throw filterIgnored(collections[name].path, 'id');
        found.set(record.id, record);
      }
    }
    return found;
  }

  async function count(name: CollectionName): Promise<number> {
    return (await ask(collections[name].path, { page: '1', size: '1' })).TotalItems;
  }

  async function countPassesOf(passTypeId: number): Promise<number> {
    const name = 'coworkertimepasses';
    const { path } = collections[name];
    const filter = equal(name, 'TimePass', passTypeId, (pass) => pass.passTypeId === passTypeId);
    const answer = await ask(path, { page: '1', size: '1', [filter.key]: filter.value });
    if (!soundRows(name, answer.Records).every(filter.holds)) {
      throw filterIgnored(path, filter.key);
    }
    return answer.TotalItems;
  }

  async function me(): Promise<NexudusUser> {
    const path = '/auth/me';
    const answer = parsed(user, await get(path, {}), path);
    return {
      isAdmin: answer.IsAdmin ?? null,
      hasApiAccess: answer.APIAccess ?? null,
      defaultLocationId: answer.DefaultBusinessId ?? null,
      defaultTimeZone: answer.DefaultSimpleTimeZoneNameIana ?? null,
    };
  }

  async function write(method: 'POST' | 'PUT', name: CollectionName, record: object): Promise<void> {
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

  return { clock, list, listSparing, page, getOne, batch, count, countPassesOf, me, write };
}

/** Null for any 404, however it was said; throws what else it is. */
function forgive404(error: unknown): null {
  if (error instanceof NexudusError && error.status === 404) return null;
  throw error;
}

function queryOf(filters: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(filters.map(({ key, value }) => [key, value]));
}

/** Rows as records, malformed ones apart. Throws `filterIgnored` where one of them should not be there. */
function sorted<N extends CollectionName>(
  name: N,
  answered: readonly unknown[],
  filters: readonly Filter<Records[N]>[],
): { rows: Records[N][]; broken: BrokenRow[] } {
  const rows: Records[N][] = [];
  const broken: BrokenRow[] = [];
  for (const row of answered) {
    const record = parsedOrBroken(name, row);
    if ('error' in record) broken.push(record);
    else rows.push(record.row);
  }
  for (const { key, holds } of filters) {
    if (!rows.every(holds)) throw filterIgnored(collections[name].path, key);
  }
  return { rows, broken };
}

/** A row's id before it is parsed; a row without one is kept apart, to be found malformed. */
function rowId(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return Symbol('a row that is none');
  return 'Id' in row && typeof row.Id === 'number' ? row.Id : row;
}

/** Those rows that are as they should be. */
function soundRows<N extends CollectionName>(name: N, rows: readonly unknown[]): Records[N][] {
  return rows.map((row) => parsedOrBroken(name, row)).flatMap((one) => ('error' in one ? [] : [one.row]));
}

function parsedRecord<N extends CollectionName>(name: N, row: unknown): Records[N] {
  const result = collections[name].schema.safeParse(row);
  if (result.success) return result.data;
  throw malformedRecord(name, row, result.error);
}

function malformedRecord(name: CollectionName, row: unknown, error: z.ZodError): NexudusError {
  const id = rowId(row);
  const which = typeof id === 'number' ? id : 'without id';
  return malformed(collections[name].path, `record ${which}: ${fieldsOf(error)}`);
}

/** The record, or what is known of one that is malformed. */
function parsedOrBroken<N extends CollectionName>(name: N, row: unknown): { row: Records[N] } | BrokenRow {
  const { schema, ownerField = 'none' } = collections[name];
  const result = schema.safeParse(row);
  if (result.success) return { row: result.data };
  const { Id: id, [ownerField]: ownerId, CoworkerContractId } = Object(row) as Record<string, unknown>;
  return {
    collection: name,
    id: idOrNull(id),
    ownerId: idOrNull(ownerId),
    contractId: idOrNull(CoworkerContractId),
    text: JSON.stringify(row),
    error: malformedRecord(name, row, result.error),
  };
}

function idOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function parsed<T>(schema: z.ZodType<T>, body: unknown, path: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw malformed(path, fieldsOf(result.error));
}

/** The names of the fields that are wrong; their values may be personal data. */
function fieldsOf(error: z.ZodError): string {
  const fields = new Set(error.issues.map((issue) => issue.path.join('.')));
  return [...fields].map((field) => (field === '' ? 'the whole' : field)).join(', ');
}

function incomplete(path: string, rows: number, total: number): NexudusError {
  return new NexudusError({
    kind: 'incomplete',
    path,
    says: `${rows} rows came, but the total says ${total}.`,
  });
}

function filterIgnored(path: string, key: string): NexudusError {
  return new NexudusError({
    kind: 'filterIgnored',
    path,
    says: `rows came that the filter ${key} should have left out. Nothing is concluded from them.`,
  });
}
