import type { Reading } from './reading.js';
import type { Instant, ReadingRules } from '../access/types.js';
import { createAbsences } from './absences.js';
import { readEverybody, type FullRead } from './full-read.js';
import type { NexudusClient } from './client.js';
import { isNexudusError } from './errors.js';
import type { Follower } from './follower.js';
import { shared } from '../lib/shared.js';
import { boundsSignal, untilAborted, type Limit } from '../lib/within.js';
import { keep, once, type Freshness } from './fresh.js';
import { createLookups, type Lookups } from './lookups.js';
import { readPerson, type MemberRead, type MemberRequest } from './person.js';
import { readPlace, readPlaces, type Places, type TimeZones } from './places.js';
import { plausible, type Baselines } from './plausible.js';
import type { CollectionName } from './records.js';
import { readOffers } from './reference.js';
import { createDirectSource, findAllowance, type PauseQuirk, type RecordSource } from './source.js';

export type { MemberRead, MemberRequest } from './person.js';
export type { Doubt } from './reading.js';
export type { Baselines } from './plausible.js';

export interface ReaderOptions {
  client: NexudusClient;
  /** The same for what several members wait for together, and for many for whom nobody waits; left out: `client`. */
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
   * How long one read of everything may take for all who wait for it. Default 10 minutes, for a large space, throttled: who
   * waits gives up sooner, and asks again.
   */
  fullReadLimitMs?: number;
  /** Who is missing counts as gone after a look so much later. Default a minute; 0 where nothing is taken away by the read. */
  lookLaterMs?: number;
  /** Rows of each collection at the last full read that was believed; null: there was none yet. */
  baselines: () => Promise<Baselines | null>;
  /** What keeps a copy of all records up; left out: everybody is read anew. */
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

/** One read that serves several members. */
interface SharedRead {
  startedAt: Instant;
  source: (request: MemberRequest) => Promise<RecordSource>;
  lookups: Lookups;
  /** Rows of a whole collection, asked for once. */
  count: (name: CollectionName) => Promise<number>;
  allowance: Reading['allowance'];
}

/** A request that waits for the next read. */
interface Waiting {
  request: MemberRequest;
  /** Told how it is served: by whoever asked, within the bounds of whoever asked. */
  serve: (read: () => Promise<MemberRead>) => void;
}

/** Pass types and locations, which both ways of reading need, are not counted here nor below. */
const requestsPerMember = 6;
/** As long as the cost of a fullRead read is not known, it is taken for so many requests: a small space's. */
const unknownFullReadCost = 8;
/** However long a thousand members take to ask, one read serves all who may use it. */
const fullReadKeptMs = 5 * 60_000;
const referenceLimit: Limit = { limitMs: 2 * 60_000, of: 'Nexudus' };
const placesKeptMs = 10 * 60_000;
const newPlaceMs = 30_000;
/** A filter that is ignored is not tried again for so long. */
const fullReadsOnlyMs = 10 * 60_000;
/** How old pass types and allowances may be where the wake is not about them: polls tell everybody of a new or changed one. */
const offersKeptMs = 10 * 60_000;

/** A reader. Keep one for the process: what it shares is in it. */
export function createReader(options: ReaderOptions): Reader {
  const { client, clientForGroups = client, clientForBatches = client } = options;
  const { now, timeZones = {}, gatherMs = 100, fullReadLimitMs = 10 * 60_000, follower } = options;
  const fullReadLimit: Limit = { limitMs: fullReadLimitMs, of: 'Nexudus' };
  const absences = createAbsences(now, options.lookLaterMs);
  const quirk: PauseQuirk = { nestedFilterIgnored: false };
  const offers = keep(() => readOffers(client), now, referenceLimit);
  let lastPlaces: Places | null = null;
  const places = keep(
    async () => (lastPlaces = await readPlaces(client, timeZones, lastPlaces)),
    now,
    referenceLimit,
  );

  const isCalm = (): boolean => follower?.isCalm() ?? true;

  let waiting: Waiting[] = [];
  let gathering = false;
  let fullRead: SharedRead | null = null;
  let isFullReadRunning = false;
  let fullReadCost: number | null = null;
  let directAgainAt = -Infinity;
  /** Members that are being read one by one: those for whom somebody waits, and those of a batch. */
  const directRunning = { single: 0, batch: 0 };

  function readingOf(source: RecordSource, read: SharedRead, request: MemberRequest): Reading {
    const { lookups, count, allowance } = read;
    return {
      client: request.isBatch ? clientForBatches : client,
      readingRules: options.readingRules,
      source,
      lookups,
      offers: (again) => offers.get(offersFreshness(request, isCalm(), again)),
      places: (again) => places.get(placesFreshness(request, isCalm(), again)),
      place: (business) => readPlace(client, business, timeZones),
      disbelief: (name) => disbelief(name, options.baselines, count),
      absences,
      allowance,
    };
  }

  async function serve(read: SharedRead, request: MemberRequest): Promise<MemberRead> {
    return readPerson(readingOf(await read.source(request), read, request), request);
  }

  function startDirect(): SharedRead {
    const common = startRead(client);
    const source = createDirectSource(client, common.lookups, quirk, common.startedAt);
    return { ...common, source: () => Promise.resolve(source) };
  }

  function startFullRead(by: NexudusClient): SharedRead {
    const common = startRead(by);
    const read = async (): Promise<FullRead> => {
      const take = follower?.rebase();
      const all = await readEverybody(by, common.lookups, common.startedAt);
      fullReadCost = all.requests;
      take?.(all.collections);
      return all;
    };
    isFullReadRunning = true;
    fullRead = { ...common, source: shared(read, { limit: fullReadLimit, onOver: fullReadEnded }) };
    return fullRead;
  }

  function startRead(by: NexudusClient): Omit<SharedRead, 'source'> {
    return { startedAt: now(), lookups: createLookups(by), ...countsOf(by) };
  }

  function countsOf(by: NexudusClient): Pick<SharedRead, 'count' | 'allowance'> {
    return {
      count: once((name: CollectionName) => by.count(name)),
      allowance: once((uniqueId: string) => findAllowance(by, uniqueId)),
    };
  }

  function fullReadEnded(isAnswered: boolean): void {
    if (!isAnswered) fullRead = null;
    isFullReadRunning = false;
    gatherWaiting();
  }

  /** The fullRead read that runs or is kept, where it is fresh enough. */
  function usableFullRead(notBefore: Instant): SharedRead | null {
    // One from the future was read before somebody set the clock back.
    if (fullRead === null || fullRead.startedAt < notBefore || fullRead.startedAt > now()) return null;
    if (isFullReadRunning || now() - fullRead.startedAt < fullReadKeptMs) return fullRead;
    fullRead = null;
    return null;
  }

  function gatherWaiting(): void {
    if (waiting.length > 0) gather();
  }

  function gather(): void {
    if (gathering) return;
    gathering = true;
    setTimeout(startRound, gatherMs);
  }

  /** Whom somebody waits for is read at once, even beside a read for all, where that costs less; the others together. */
  function startRound(): void {
    gathering = false;
    const [isBatch, single] = partition(waiting, ({ request }) => request.isBatch);
    waiting = [];
    const areDirect = isCheaperDirectly(single, 'single');
    if (areDirect) readDirectly(single, 'single');
    const batch = unserved(areDirect ? isBatch : [...isBatch, ...single]);
    if (batch.length === 0) return;
    if (isFullReadRunning) {
      // It began before their wake: they get the next one.
      waiting.push(...batch);
      return;
    }
    if (isCheaperDirectly(batch, 'batch')) {
      readDirectly(batch, 'batch');
      return;
    }
    // Where somebody waits for one of them, they wait for all.
    const isAwaited = batch.some(({ request }) => !request.isBatch);
    const read = startFullRead(isAwaited ? clientForGroups : clientForBatches);
    for (const one of batch) one.serve(() => serve(read, one.request));
  }

  /** Serves all whom the read for all that runs or is kept is fresh enough for; answers the others. */
  function unserved(batch: readonly Waiting[]): Waiting[] {
    return batch.filter((one) => {
      const usable = usableFullRead(one.request.notBefore);
      if (usable !== null) one.serve(() => serve(usable, one.request));
      return usable === null;
    });
  }

  function isCheaperDirectly(served: readonly Waiting[], kind: keyof typeof directRunning): boolean {
    const members = new Set(served.map(({ request }) => request.memberId)).size;
    const requests = (directRunning[kind] + members) * requestsPerMember;
    // Beside a read for all, the other way is to wait for that one and the next.
    const most = (fullReadCost ?? unknownFullReadCost) * (isFullReadRunning ? 2 : 1);
    return requests <= most && now() >= directAgainAt;
  }

  function readDirectly(served: readonly Waiting[], kind: keyof typeof directRunning): void {
    if (served.length === 0) return;
    const read = startDirect();
    for (const one of served) {
      directRunning[kind]++;
      one.serve(() =>
        orOfAll(one.request, () => serve(read, one.request)).finally(() => directRunning[kind]--),
      );
    }
  }

  /** Where Nexudus ignores a filter that a read of one member needs, whole collections are read instead. */
  async function orOfAll(request: MemberRequest, read: () => Promise<MemberRead>): Promise<MemberRead> {
    try {
      return await read();
    } catch (error) {
      if (!isNexudusError(error, 'filterIgnored')) throw error;
      directAgainAt = now() + fullReadsOnlyMs;
      return nextRound(request);
    }
  }

  /** Out of the copy, brought up to date, where that can be had. */
  async function follow(request: MemberRequest): Promise<MemberRead> {
    // What is sold and where is needed too: where it is too old it is asked for beside the lists, not after them.
    const askEarly = (): void => {
      offers.get(offersFreshness(request, isCalm(), false)).catch(() => undefined);
      places.get(placesFreshness(request, isCalm(), false)).catch(() => undefined);
    };
    const run = (await follower?.caughtUp(request, fullReadCost ?? unknownFullReadCost, askEarly)) ?? null;
    if (run === null) return nextRound(request);
    const { startedAt, lookups } = run;
    const source = run.sourceFor(request);
    const read = { startedAt, lookups, ...countsOf(client), source: () => Promise.resolve(source) };
    return serve(read, request);
  }

  /** Waits for the next round, and reads as that says. */
  async function nextRound(request: MemberRequest): Promise<MemberRead> {
    let mine: Waiting | null = null;
    const read = await untilAborted<() => Promise<MemberRead>>(
      boundsSignal(),
      (serve) => {
        mine = { request, serve };
        waiting.push(mine);
        gather();
      },
      () => {
        waiting = waiting.filter((one) => one !== mine);
      },
    );
    return read();
  }

  /** Before the first fullRead read its cost is estimated from what the last reconciliation counted. */
  async function estimateFullRead(): Promise<void> {
    const baselines = await options.baselines();
    if (baselines === null || fullReadCost !== null) return;
    const pagesOf = (name: CollectionName): number =>
      Math.max(1, Math.ceil((baselines[name]?.count ?? 0) / 1000));
    const names = ['coworkers', 'coworkercontracts', 'contractpausedperiods', 'teams'] as const;
    // Passes of years are counted there, and not read.
    const passes = Math.min(pagesOf('coworkertimepasses'), pagesOf('coworkers') + 3);
    fullReadCost = names.reduce((sum, name) => sum + pagesOf(name), passes + 2);
  }

  return {
    readMember(given) {
      // A clock that is ahead elsewhere must not make this wait: what begins from now on is fresh enough.
      const request = { ...given, notBefore: Math.min(given.notBefore, now()) };
      const usable = usableFullRead(request.notBefore);
      if (usable !== null && (!isFullReadRunning || request.isBatch)) return serve(usable, request);
      // A failure of Temporal leaves only the estimate unknown.
      if (fullReadCost === null) void estimateFullRead().catch(() => undefined);
      // However many checked in, only their passes are looked up.
      const isOneOfMany = request.isBatch && !request.isCheckIn;
      if (isOneOfMany || now() < directAgainAt) return nextRound(request);
      return orOfAll(request, () => follow(request));
    },
  };
}

function partition<T>(all: readonly T[], belongs: (one: T) => boolean): [T[], T[]] {
  return [all.filter(belongs), all.filter((one) => !belongs(one))];
}

/** What someone just began to sell must not wait for ten minutes, nor cost two requests at every read. */
function offersFreshness(
  { notBefore, reference }: MemberRequest,
  isCalm: boolean,
  again: boolean,
): Freshness {
  if (again || reference === 'anew') return { notBefore, maxAgeMs: 0 };
  return { notBefore, maxAgeMs: reference === 'kept' ? offersKeptMs : recentMs(isCalm) };
}

/** A location that someone just added must not wait for ten minutes, nor cost three requests at every read. */
function placesFreshness(
  { notBefore, reference }: MemberRequest,
  isCalm: boolean,
  again: boolean,
): Freshness {
  if (again) return { notBefore: Infinity, maxAgeMs: newPlaceMs };
  if (reference === 'kept') return { notBefore: Infinity, maxAgeMs: placesKeptMs };
  return { notBefore, maxAgeMs: reference === 'recent' ? recentMs(isCalm) : 0 };
}

/** One fresh look after another must not use up the minute by six requests each for what hardly ever changes. */
function recentMs(isCalm: boolean): number {
  return isCalm ? 0 : 60_000;
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
