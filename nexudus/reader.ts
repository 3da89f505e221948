import type { Instant, ReadingRules } from '../access/types.js';
import { createAbsences } from './absences.js';
import type { NexudusClient } from './client.js';
import type { Follower } from './follower.js';
import { keep, type Freshness, type Kept } from './fresh.js';
import { FullReads } from './full-read.js';
import { readPerson, type MemberRead, type MemberRequest, type ReferenceAge } from './person.js';
import { readPlace, readPlaces, type Places, type TimeZones } from './places.js';
import { plausible, type Baselines } from './plausible.js';
import type { Reading } from './reading.js';
import type { CollectionName } from './records.js';
import { readOffers, type Offers } from './reference.js';
import { Rounds } from './rounds.js';
import { beginRead, type SharedRead } from './shared-read.js';
import type { Limit } from '../lib/within.js';

export type { MemberRead, MemberRequest } from './person.js';
export type { Doubt } from './reading.js';
export type { Baselines } from './plausible.js';

export interface ReaderOptions {
  client: NexudusClient;
  /**
   * The same for reads that several members wait for together, and for reads of many that nobody waits for; left out: `client`.
   */
  clientForGroups?: NexudusClient;
  clientForBatches?: NexudusClient;
  /** What the rules say that decides what is looked up. */
  readingRules: ReadingRules;
  now: () => Instant;
  /** IANA time zones by location id, over what Nexudus says. */
  timeZones?: TimeZones;
  /** How long requests gather before they are read together. Default 100. */
  gatherMs?: number;
  /**
   * How long one read of everything may take for all who wait for it. Default 10 minutes, for a large space, throttled: a
   * caller gives up sooner, and asks again.
   */
  fullReadLimitMs?: number;
  /**
   * How much later a second look must miss a coworker before that one counts as gone. Default a minute; 0 where nothing is
   * taken away by the read.
   */
  lookLaterMs?: number;
  /** Rows of each collection at the last full read that was believed; null: there was none yet. */
  baselines: () => Promise<Baselines | null>;
  /**
   * Everybody is read, whichever member is asked for, and passes of past years as well: for a caller that shows what is known
   * of each member. Default: false.
   */
  pastPasses?: boolean;
  /** Keeps a copy of all records up to date; left out: everybody is read anew. */
  follower?: Follower;
}

/** Reads members; many that are asked for at about the same time share one read. */
export interface Reader {
  /**
   * One person's records, from a read that began at or after `notBefore` (or after the call, where that is sooner).
   * Throws NexudusError where the read is not complete.
   */
  readMember(request: MemberRequest): Promise<MemberRead>;
}

const referenceLimit: Limit = { limitMs: 2 * 60_000, of: 'Nexudus' };
/**
 * How old locations, pass types and allowances may be. Polls tell everybody of new and changed ones, and reconciliations of all
 * others, so that no change waits for kept ones to be renewed, and no purchase for five requests more.
 */
const referenceAges: Record<ReferenceAge, Omit<Freshness, 'notBefore'>> = {
  kept: { maxAgeMs: 60 * 60_000, renewAgeMs: 10 * 60_000 },
  recent: { maxAgeMs: 60_000 },
  anew: { maxAgeMs: 0 },
};
/** How long a location that a record names and the list lacks is not looked for again. */
const newPlaceMs = 30_000;

/** A reader. Keep one for the process: what it shares is in it. */
export const createReader = (options: ReaderOptions): Reader => new MemberReader(options);

class MemberReader implements Reader {
  private readonly absences;
  private readonly offers: Kept<Offers>;
  private readonly places: Kept<Places>;
  private lastPlaces: Places | null = null;
  private readonly fullReads: FullReads;
  private readonly rounds: Rounds;

  constructor(private readonly options: ReaderOptions) {
    const { client, clientForGroups = client, clientForBatches = client } = options;
    const { now, baselines, follower, gatherMs = 100, fullReadLimitMs = 10 * 60_000 } = options;
    const { pastPasses = false } = options;
    this.absences = createAbsences(now, options.lookLaterMs);
    const readOffersBy = (by: NexudusClient) => (): Promise<Offers> => readOffers(by);
    const readPlacesBy = (by: NexudusClient) => (): Promise<Places> => this.readPlaces(by);
    this.offers = keep(readOffersBy(client), now, referenceLimit, readOffersBy(clientForBatches));
    this.places = keep(readPlacesBy(client), now, referenceLimit, readPlacesBy(clientForBatches));
    const onOver = (): void => {
      this.rounds.goOn();
    };
    this.fullReads = new FullReads({
      now,
      baselines,
      follower,
      limitMs: fullReadLimitMs,
      pastPasses,
      onOver,
    });
    this.rounds = new Rounds({
      clients: { single: client, groups: clientForGroups, batches: clientForBatches },
      ...{ fullReads: this.fullReads, now, gatherMs },
      serve: (read, request) => this.serve(read, request),
    });
  }

  async readMember(given: MemberRequest): Promise<MemberRead> {
    const { fullReads, rounds } = this;
    const request = this.decided(given);
    const usable = fullReads.usable(request.notBefore);
    const isForOne = !request.isBatch && this.options.pastPasses !== true;
    if (usable !== null && (!fullReads.isRunning() || !isForOne)) return this.serve(usable, request);
    if (this.options.pastPasses) return this.serve(fullReads.begin(this.options.client), request);
    fullReads.estimateCost();
    // However many checked in, only their passes are looked up.
    const isOneOfMany = request.isBatch && !request.isCheckIn;
    if (isOneOfMany || rounds.isForAllOnly()) return rounds.read(request);
    return rounds.orInNext(request, () => this.follow(request));
  }

  private decided(request: MemberRequest): MemberRequest {
    const { now, follower } = this.options;
    const isCalm = follower?.isCalm() ?? true;
    return {
      ...request,
      // A clock that is ahead elsewhere must not make this wait: what begins from now on is fresh enough.
      notBefore: Math.min(request.notBefore, now()),
      // Only in a busy minute would one fresh look after another use up its requests on records that hardly ever change.
      reference: request.reference === 'recent' && isCalm ? 'anew' : request.reference,
    };
  }

  /** Reads the member out of the copy, brought up to date, where that is possible. */
  private async follow(request: MemberRequest): Promise<MemberRead> {
    const { client, follower } = this.options;
    // Offers and places are needed too: where the kept ones are too old, they are asked for beside the lists, not after them.
    const askEarly = (): void => {
      this.offersFor(request, false).catch(() => undefined);
      this.placesFor(request, false).catch(() => undefined);
    };
    const run = (await follower?.caughtUp(request, this.fullReads.cost(), askEarly)) ?? null;
    if (run === null) return this.rounds.read(request);
    const source = run.sourceFor(request);
    const read = beginRead(client, run.startedAt, run.lookups);
    return this.serve({ ...read, source: () => Promise.resolve(source) }, request);
  }

  private async serve(read: SharedRead, request: MemberRequest): Promise<MemberRead> {
    const { client, clientForBatches = client, timeZones = {}, baselines, readingRules } = this.options;
    const { lookups, count, allowance } = read;
    const source = await read.source(request);
    const reading: Reading = {
      ...{ source, readingRules, lookups, allowance, absences: this.absences },
      client: request.isBatch ? clientForBatches : client,
      offers: (again) => this.offersFor(request, again),
      places: (again) => this.placesFor(request, again),
      place: (business) => readPlace(client, business, timeZones),
      disbelief: (name) => disbelief(name, baselines, count),
    };
    return readPerson(reading, request);
  }

  private async readPlaces(client: NexudusClient): Promise<Places> {
    const { timeZones = {} } = this.options;
    return (this.lastPlaces = await readPlaces(client, timeZones, this.lastPlaces));
  }

  private offersFor(request: MemberRequest, again: boolean): Promise<Offers> {
    return this.offers.get(again ? { notBefore: request.notBefore, maxAgeMs: 0 } : freshnessFor(request));
  }

  private placesFor(request: MemberRequest, again: boolean): Promise<Places> {
    return this.places.get(again ? { notBefore: Infinity, maxAgeMs: newPlaceMs } : freshnessFor(request));
  }
}

function freshnessFor({ notBefore, reference }: MemberRequest): Freshness {
  // Where kept ones will do, only their age counts, however long ago the wake was.
  return { notBefore: reference === 'kept' ? Infinity : notBefore, ...referenceAges[reference] };
}

/** Why an absence from a collection is not believed; null: it is. Throws NexudusError. */
async function disbelief(
  name: CollectionName,
  baselines: () => Promise<Baselines | null>,
  count: (name: CollectionName) => Promise<number>,
): Promise<string | null> {
  const [known, rows] = await Promise.all([baselines(), count(name)]);
  const baseline = known?.[name] ?? null;
  if (plausible(baseline, rows)) return null;
  const before = baseline === null ? 'an unknown number' : String(baseline.count);
  const what = rows === 0 ? 'answered empty' : 'lost most of its rows';
  return `${name} ${what} (${rows} rows, ${before} before), so nothing missing from it is believed to be gone yet`;
}
