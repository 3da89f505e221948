import type { Instant } from '../access/types.js';
import { createAbsences } from './absences.js';
import { readBulk, type BulkRead } from './bulk.js';
import { catchUp } from './catch-up.js';
import type { NexudusClient } from './client.js';
import { isNexudusError } from './errors.js';
import { shared } from '../waits/shared.js';
import { boundsSignal, untilAborted, type Limit } from '../waits/within.js';
import { keep, once, type Freshness } from './fresh.js';
import { createLookups, type Lookups } from './lookups.js';
import { readPerson, type MemberRead, type MemberRequest, type Reading } from './person.js';
import { readPlace, readPlaces, type Places, type TimeZones } from './places.js';
import { plausible, type Baselines } from './plausible.js';
import type { CollectionName } from './records.js';
import { readOffers } from './reference.js';
import type { Replica } from './replica.js';
import { createDirectSource, findAllowance, type PauseQuirk, type RecordSource } from './source.js';

export type { Doubt, MemberRead, MemberRequest } from './person.js';
export type { Baselines } from './plausible.js';

export interface ReaderOptions {
  client: NexudusClient;
  /** The same for what several members wait for together, and for many for whom nobody waits; left out: `client`. */
  clientForGroups?: NexudusClient;
  clientForCrowds?: NexudusClient;
  now: () => Instant;
  /** IANA time zones by location id, over what Nexudus says. */
  timeZones?: TimeZones;
  /** How long requests gather before they are read together. Default 100. */
  gatherMs?: number;
  /**
   * How long one read of everything may take for all who wait for it. Default 10 minutes, for a large space, throttled: who
   * waits gives up sooner, and asks again.
   */
  bulkLimitMs?: number;
  /** Who is missing counts as gone after a look so much later. Default a minute; 0 where nothing is taken away by the read. */
  lookLaterMs?: number;
  /** Rows of each collection at the last full read that was believed; null: there was none yet. */
  baselines: () => Promise<Baselines | null>;
  /** What polls and full passes keep up; left out: everybody is read anew. */
  following?: Following;
}

/** A copy of everybody's records, and what it takes to bring it up to date. */
export interface Following {
  replica: Replica;
  /** The time by which Nexudus stamps what is written now, or an earlier one; null: not known well enough. */
  stampedNow: () => Instant | null;
  /** How many requests may start within the next moments before the minute is used up. */
  room: () => number;
  /** Without much room catch-ups are so far apart, which leaves as much again for polls, full passes and lookups. Default 2.5 s. */
  spreadMs?: number;
  /** Where there is room, nobody waits longer for a catch-up to be over that began before. Default 2 s. */
  slowMs?: number;
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
/** As long as the cost of a bulk read is not known, it is taken for so many requests: a small space's. */
const unknownBulkCost = 8;
/** However long a thousand members take to ask, one read serves all who may use it. */
const bulkKeptMs = 5 * 60_000;
const referenceLimit: Limit = { limitMs: 2 * 60_000, of: 'Nexudus' };
const placesKeptMs = 10 * 60_000;
const newPlaceMs = 30_000;
/** A filter that is ignored is not tried again for so long. */
const bulkOnlyMs = 10 * 60_000;
/** A catch-up takes about so many requests, and one more for so many whose old records are looked up. */
const catchUpCost = 4;
const membersPerLookup = 30;
/** With less room than this, catch-ups are spread over the minute, and leave out what is only good to have. */
const roomyFrom = 50;
const catchUpLimit: Limit = { limitMs: 60_000, of: 'Nexudus' };
/** How old pass types and allowances may be where the wake is not about them: polls tell everybody of a new one. */
const offersKeptMs = 60_000;

/** A reader. Keep one for the process: what it shares is in it. */
export function createReader(options: ReaderOptions): Reader {
  const { client, clientForGroups = client, clientForCrowds = client } = options;
  const { now, timeZones = {}, gatherMs = 100, bulkLimitMs = 10 * 60_000, following } = options;
  const bulkLimit: Limit = { limitMs: bulkLimitMs, of: 'Nexudus' };
  const absences = createAbsences(now, options.lookLaterMs);
  const quirk: PauseQuirk = { nestedFilterIgnored: false };
  const offers = keep(() => readOffers(client), now, referenceLimit);
  let lastPlaces: Places | null = null;
  const places = keep(
    async () => (lastPlaces = await readPlaces(client, timeZones, lastPlaces)),
    now,
    referenceLimit,
  );

  let waiting: Waiting[] = [];
  let gathering = false;
  let bulk: SharedRead | null = null;
  let bulkRunning = false;
  let bulkCost: number | null = null;
  let catchUpRunning = false;
  let catchUpAtMs = -Infinity;
  let directAgainAt = -Infinity;
  /** Members that are being read one by one: those for whom somebody waits, and those of a crowd. */
  const directRunning = { single: 0, crowd: 0 };

  function readingOf(source: RecordSource, read: SharedRead, request: MemberRequest): Reading {
    const { lookups, count, allowance } = read;
    return {
      client: request.inBulk ? clientForCrowds : client,
      source,
      lookups,
      offers: (again) => offers.get(offersFreshness(request, again)),
      places: (again) => places.get(placesFreshness(request, again)),
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

  function startBulk(by: NexudusClient): SharedRead {
    const common = startRead(by);
    const read = async (): Promise<BulkRead> => {
      const stampedAt = following?.stampedNow() ?? null;
      const take = stampedAt === null ? undefined : following?.replica.rebase(stampedAt);
      const all = await readBulk(by, common.lookups, common.startedAt);
      bulkCost = all.requests;
      take?.(all.collections);
      return all;
    };
    bulkRunning = true;
    bulk = { ...common, source: shared(read, { limit: bulkLimit, onOver: bulkEnded }) };
    return bulk;
  }

  function startRead(by: NexudusClient): Omit<SharedRead, 'source'> {
    return {
      startedAt: now(),
      lookups: createLookups(by),
      count: once((name: CollectionName) => by.count(name)),
      allowance: once((uniqueId: string) => findAllowance(by, uniqueId)),
    };
  }

  function bulkEnded(isAnswered: boolean): void {
    if (!isAnswered) bulk = null;
    bulkRunning = false;
    gatherWaiting();
  }

  /** The bulk read that runs or is kept, where it is fresh enough. */
  function usableBulk(notBefore: Instant): SharedRead | null {
    // One from the future was read before somebody set the clock back.
    if (bulk === null || bulk.startedAt < notBefore || bulk.startedAt > now()) return null;
    if (bulkRunning || now() - bulk.startedAt < bulkKeptMs) return bulk;
    bulk = null;
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
    const [inBulk, awaited] = partition(waiting, ({ request }) => request.inBulk);
    waiting = [];
    const single = startCatchUp(awaited);
    const areDirect = isCheaperDirectly(single, 'single');
    if (areDirect) readDirectly(single, 'single');
    const crowd = unserved(areDirect ? inBulk : [...inBulk, ...single]);
    if (crowd.length === 0) return;
    if (bulkRunning) {
      // It began before their wake: they get the next one.
      waiting.push(...crowd);
      return;
    }
    if (isCheaperDirectly(crowd, 'crowd')) {
      readDirectly(crowd, 'crowd');
      return;
    }
    // Where somebody waits for one of them, they wait for all.
    const isAwaited = crowd.some(({ request }) => !request.inBulk);
    const read = startBulk(isAwaited ? clientForGroups : clientForCrowds);
    for (const one of crowd) one.serve(() => serve(read, one.request));
  }

  /** Serves all whom the read for all that runs or is kept is fresh enough for; answers the others. */
  function unserved(crowd: readonly Waiting[]): Waiting[] {
    return crowd.filter((one) => {
      const usable = usableBulk(one.request.notBefore);
      if (usable !== null) one.serve(() => serve(usable, one.request));
      return usable === null;
    });
  }

  function isCheaperDirectly(served: readonly Waiting[], kind: keyof typeof directRunning): boolean {
    const members = new Set(served.map(({ request }) => request.memberId)).size;
    const requests = (directRunning[kind] + members) * requestsPerMember;
    // Beside a read for all, the other way is to wait for that one and the next.
    const most = (bulkCost ?? unknownBulkCost) * (bulkRunning ? 2 : 1);
    return requests <= most && now() >= directAgainAt;
  }

  /** Serves all by one catch-up, now or as soon as the last one is over; answers those whom another way serves better. */
  function startCatchUp(awaited: readonly Waiting[]): readonly Waiting[] {
    if (awaited.length === 0 || following === undefined) return awaited;
    const stampedAt = following.stampedNow();
    const isThere = following.replica.readTo('coworkers') !== null;
    if (stampedAt === null || !isThere || now() < directAgainAt) return awaited;
    const memberIds = new Set(awaited.map(({ request }) => request.memberId));
    const cost = catchUpCost + Math.floor(memberIds.size / membersPerLookup);
    if (cost > (bulkCost ?? unknownBulkCost)) return awaited;
    const isRoomy = following.room() >= roomyFrom;
    const { spreadMs = 2_500, slowMs = 2_000 } = following;
    const sinceMs = performance.now() - catchUpAtMs;
    // A request of it may hang.
    if (catchUpRunning && isRoomy && sinceMs >= slowMs) return awaited;
    const waitMs = isRoomy ? 0 : spreadMs - sinceMs;
    if (catchUpRunning || waitMs > 0) {
      waiting.push(...awaited);
      if (!catchUpRunning) setTimeout(gatherWaiting, waitMs);
      return [];
    }
    catchUpRunning = true;
    catchUpAtMs = performance.now();
    setTimeout(gatherWaiting, slowMs);
    const common = startRead(client);
    const { replica } = following;
    const stampedNow = (): Instant => following.stampedNow() ?? stampedAt;
    const source = shared(() => catchUp({ client, replica, stampedNow, memberIds, isRoomy, ...common }), {
      limit: catchUpLimit,
      onOver: () => {
        catchUpRunning = false;
        gatherWaiting();
      },
    });
    const read: SharedRead = { ...common, source: async (request) => (await source())(request) };
    for (const one of awaited) one.serve(() => serveDirect(read, one.request));
    return [];
  }

  function readDirectly(served: readonly Waiting[], kind: keyof typeof directRunning): void {
    if (served.length === 0) return;
    const read = startDirect();
    for (const one of served) {
      directRunning[kind]++;
      one.serve(() => serveDirect(read, one.request).finally(() => directRunning[kind]--));
    }
  }

  /** Where Nexudus ignores a filter that the direct way needs, whole collections are read instead. */
  async function serveDirect(read: SharedRead, request: MemberRequest): Promise<MemberRead> {
    try {
      return await serve(read, request);
    } catch (error) {
      if (!isNexudusError(error, 'filterIgnored')) throw error;
      directAgainAt = now() + bulkOnlyMs;
      return nextRound(request);
    }
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

  /** Before the first bulk read its cost is estimated from what the last full pass counted. */
  async function estimateBulk(): Promise<void> {
    const baselines = await options.baselines();
    if (baselines === null || bulkCost !== null) return;
    const pagesOf = (name: CollectionName): number =>
      Math.max(1, Math.ceil((baselines[name]?.count ?? 0) / 1000));
    const names = ['coworkers', 'coworkercontracts', 'contractpausedperiods', 'teams'] as const;
    // Passes of years are counted there, and not read.
    const passes = Math.min(pagesOf('coworkertimepasses'), pagesOf('coworkers') + 3);
    bulkCost = names.reduce((sum, name) => sum + pagesOf(name), passes + 2);
  }

  return {
    readMember(given) {
      // A clock that is ahead elsewhere must not make this wait: what begins from now on is fresh enough.
      const request = { ...given, notBefore: Math.min(given.notBefore, now()) };
      const usable = usableBulk(request.notBefore);
      if (usable !== null && (!bulkRunning || request.inBulk)) return serve(usable, request);
      // A failure of Temporal leaves only the estimate unknown.
      if (bulkCost === null) void estimateBulk().catch(() => undefined);
      return nextRound(request);
    },
  };
}

function partition<T>(all: readonly T[], belongs: (one: T) => boolean): [T[], T[]] {
  return [all.filter(belongs), all.filter((one) => !belongs(one))];
}

/** What someone just began to sell must not wait for a minute, nor cost two requests at every read. */
function offersFreshness({ notBefore, mayReusePlaces }: MemberRequest, again: boolean): Freshness {
  return { notBefore, maxAgeMs: mayReusePlaces && !again ? offersKeptMs : 0 };
}

/** A location that someone just added must not wait for ten minutes, nor cost three requests at every read. */
function placesFreshness({ notBefore, mayReusePlaces }: MemberRequest, again: boolean): Freshness {
  if (again) return { notBefore: Infinity, maxAgeMs: newPlaceMs };
  return mayReusePlaces ? { notBefore: Infinity, maxAgeMs: placesKeptMs } : { notBefore, maxAgeMs: 0 };
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
