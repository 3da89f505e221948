import { z } from 'zod';
import { Batches } from '../nexudus/batches.js';
import { createServerClock } from '../nexudus/clock.js';
import { malformed, NexudusError } from '../nexudus/errors.js';
import { withDefaults, type NexudusClientOptions } from '../nexudus/options.js';
import { createPacer } from '../nexudus/pace.js';
import type { CollectionName } from '../nexudus/records.js';
import { parsed } from '../nexudus/rows.js';
import { collections } from '../nexudus/schemas.js';
import { Transport } from '../nexudus/transport.js';
import { row, type Row } from './finding.js';
import { patiently, usualPauseMs } from './patience.js';
import { SaidDates, type TimesOf } from './said-dates.js';

/** A page of a list as it came. */
export interface RawPage {
  rows: Row[];
  total: number;
  /** What the envelope says; null: it does not. */
  size: number | null;
  hasNext: boolean | null;
  pages: number | null;
}

/** Some records of a collection: the first page in the order of ids, and the last where records change often. */
export interface Sample {
  rows: Row[];
  total: number;
  /** The first page alone, in the order in which it came. */
  first: Row[];
}

const envelope = z
  .object({
    Records: z.array(row),
    TotalItems: z.int(),
    CurrentPageSize: z.int().nullish(),
    HasNextPage: z.boolean().nullish(),
    TotalPages: z.int().nullish(),
  })
  .transform((page): RawPage => ({
    rows: page.Records,
    total: page.TotalItems,
    size: page.CurrentPageSize ?? null,
    hasNext: page.HasNextPage ?? null,
    pages: page.TotalPages ?? null,
  }));

const sampleSize = 50;
/** Collections whose newest records say more than the oldest. */
const growing: readonly CollectionName[] = [
  'coworkers',
  'coworkercontracts',
  'coworkertimepasses',
  'checkins',
];

/** Nexudus as `verify` asks it: by GET only (and the login), each record as it comes, unparsed. */
export class NexudusLook {
  readonly dates: SaidDates;
  /** Statuses by which Nexudus asked to slow down. */
  readonly throttles: number[] = [];
  requests = 0;
  private readonly transport: Transport;
  private readonly batches: Batches;
  private readonly options: NexudusClientOptions;
  private readonly samples = new Map<CollectionName, Promise<Sample>>();

  constructor(
    given: NexudusClientOptions,
    private readonly pauseMs = usualPauseMs,
    timesOf?: TimesOf,
  ) {
    // Nexudus counts a request with an unknown login as one of this machine, too.
    this.options = { ...given, pace: given.pace ?? createPacer().members };
    this.dates = new SaidDates(timesOf);
    const clock = createServerClock();
    this.transport = new Transport(
      withDefaults({
        ...this.options,
        clock: {
          ...clock,
          note: (date, startedMs) => {
            this.dates.note(date, startedMs);
          },
        },
        onRequest: ({ status }) => {
          this.requests++;
          if (status === 409 || status === 429) this.throttles.push(status);
        },
      }),
    );
    this.batches = new Batches(this.transport);
  }

  /** The body at an address. Throws NexudusError. */
  ask(path: string, query: Record<string, string> = {}): Promise<unknown> {
    return patiently(this.pauseMs, () => this.transport.getBody(path, query));
  }

  /** A page of a list. Throws NexudusError. */
  async page(name: CollectionName, query: Record<string, string>): Promise<RawPage> {
    const { path } = collections[name];
    return patiently(this.pauseMs, async () =>
      parsed(envelope, await this.transport.getBody(path, query), path),
    );
  }

  /** Some records; asked for once. Throws NexudusError. */
  sample(name: CollectionName): Promise<Sample> {
    const known = this.samples.get(name) ?? this.readSample(name);
    this.samples.set(name, known);
    return known;
  }

  /** A record by its id; null: it is not there any more. Throws NexudusError. */
  async record(name: CollectionName, id: number): Promise<Row | null> {
    const { path } = collections[name];
    const ask = { path: `${path}/${id}`, template: `${path}/{id}` };
    const { status, body } = await patiently(this.pauseMs, () => this.transport.get(ask));
    return status === 404 ? null : parsed(row, body, ask.template);
  }

  /** Records by their ids, and whether they came in an envelope. Throws NexudusError. */
  async batch(name: CollectionName, ids: readonly number[]): Promise<{ rows: Row[]; enveloped: boolean }> {
    const { path } = collections[name];
    const body = await patiently(this.pauseMs, () => this.batches.ask(name, ids));
    if (Array.isArray(body)) return { rows: parsed(z.array(row), body, path), enveloped: false };
    return { rows: parsed(envelope, body, path).rows, enveloped: true };
  }

  /** The status with which Nexudus refuses an unknown login; null: it takes the login. Throws NexudusError of other kinds. */
  async refusalOfStranger(): Promise<number | null> {
    const stranger = new Transport(
      withDefaults({ ...this.options, auth: { token: 'latchkey-verify-knows-no-token' } }),
    );
    const path = '/auth/me';
    return patiently(this.pauseMs, async () => {
      try {
        await stranger.getBody(path, {});
        return null;
      } catch (error) {
        if (!(error instanceof NexudusError) || error.kind !== 'refused') throw error;
        return error.status;
      }
    });
  }

  private async readSample(name: CollectionName): Promise<Sample> {
    const query = { orderBy: 'Id', size: String(sampleSize) };
    const first = await this.page(name, { ...query, page: '1' });
    const { rows, total } = first;
    if (total > 0 && rows.length === 0)
      throw malformed(collections[name].path, 'no rows, though there are some');
    const last = Math.ceil(total / Math.max(1, rows.length));
    if (last <= 1 || !growing.includes(name)) return { rows, total, first: rows };
    const newest = await this.page(name, { ...query, page: String(last) });
    return { rows: [...rows, ...newest.rows], total, first: rows };
  }
}
