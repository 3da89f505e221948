import type { Instant, ReadingRules } from '../access/types.js';
import { shared } from '../lib/shared.js';
import { boundsSignal, untilAborted, type Limit } from '../lib/within.js';
import { catchUp, type CaughtUp } from './catch-up.js';
import { batchSize, type NexudusClient } from './client.js';
import { once } from './fresh.js';
import { createLookups, type Lookups } from './lookups.js';
import type { Plan } from './pace.js';
import type { Replica } from './replica.js';

export interface FollowerOptions {
  client: NexudusClient;
  /** What the rules say that decides what is looked up. */
  readingRules: ReadingRules;
  /** What polls and reconciliations keep up too. */
  replica: Replica;
  now: () => Instant;
  /** The time by which Nexudus stamps what is written now, or an earlier one; null: not known well enough. */
  stampedNow: () => Instant | null;
  plan: Plan;
  /** How long those who ask at about the same time gather. Default 100. */
  gatherMs?: number;
  /** So far apart are two catch-ups at least: as long as the requests of one take to start. Default 350. */
  closestMs?: number;
  /** So far apart are exact catch-ups in a busy minute. Default 6 s. */
  exactEveryMs?: number;
  /** So far apart are catch-ups that only those begin whose last two failed. Default 3 s. */
  againEveryMs?: number;
}

/** Whose records are wanted, and how fresh. */
export interface Wanted {
  memberId: number;
  /** A catch-up that began before this is not used. */
  notBefore: Instant;
  /** The member came or went: of that a pass may be another, and nothing else. */
  isCheckIn: boolean;
}

/** One catch-up, for all who share it. */
export interface Run {
  startedAt: Instant;
  lookups: Lookups;
  sourceFor: CaughtUp;
}

/** Keeps the replica up to date for those who need it to be, all by the same requests, as far apart as the limits want. */
export interface Follower {
  /**
   * A catch-up that began late enough, and is exact where nothing says why the member was woken. Null: it cannot be had now, so
   * that the member is to be read in another way; or all who ask are so many that it would take more than `costOfAll` requests,
   * as many as to read everybody. `onBegun` is told once it has begun. Throws NexudusError.
   */
  caughtUp(wanted: Wanted, costOfAll: number, onBegun: () => void): Promise<Run | null>;
  /** Whether Nexudus has such a coworker, looked for from `notBefore` on; null: this cannot be told here. */
  hasCoworker(id: number, notBefore: Instant): Promise<boolean | null>;
  /** Whether little was asked of Nexudus within the last minute. */
  isCalm(): boolean;
  /** To be called as a read of everything begins, see Replica; undefined: its time is not known well enough. */
  rebase(): ReturnType<Replica['rebase']> | undefined;
}

/** A catch-up that runs, or did. */
interface Begun {
  startedAt: Instant;
  startedMs: number;
  isCalm: boolean;
  isExact: boolean;
  hasFailed: boolean;
  lookups: Lookups;
  lists: () => Promise<CaughtUp>;
  /** Begins by the first who needs it. */
  all: () => Promise<CaughtUp>;
}

interface Waiting {
  wanted: Wanted;
  /** Whether it is only asked whether there is such a coworker, for which nothing is looked up. */
  isNewcomer: boolean;
  /** From when on it has a catch-up begin; others may have one begin before. */
  fromMs: number;
  /** Null: it is to be served in another way. */
  serve: (run: Begun | null) => void;
}

const listRequests = 3;
/** By one request passes of so many are looked up; where contracts and pauses are besides, of fewer. */
const perLookup = { checkedIn: batchSize, others: 30 };
/** As long as one of it is not known: what a read of everybody takes in a small space. */
const limit: Limit = { limitMs: 60_000, of: 'Nexudus' };
/** What came into the copy so long before a member was woken may be why. */
const explainsMs = 2_000;
/** So long after it began a catch-up is not used any more by those who could. */
const keptMs = 5_000;

export function createFollower(options: FollowerOptions): Follower {
  const { client, readingRules, replica, now, stampedNow, plan } = options;
  const { gatherMs = 100, closestMs = 350, exactEveryMs = 6_000, againEveryMs = 3_000 } = options;
  let waiting: Waiting[] = [];
  let last: Begun | null = null;
  let exactMs = -Infinity;
  /** When the last one began that failed, and how many in a row failed each member: who asks again must leave room to others. */
  let failedMs = -Infinity;
  const failures = new Map<number, number>();
  let costOfAll = Infinity;
  let timer: NodeJS.Timeout | undefined;

  const isReady = (): boolean => stampedNow() !== null && replica.readTo('coworkers') !== null;

  /** Whether it is known why one was woken, so that not all records need be looked into one by one. */
  function isExplained({ memberId, notBefore, isCheckIn }: Wanted): boolean {
    return isCheckIn || replica.hasChanged(memberId, Math.max(0, now() - notBefore) + explainsMs);
  }

  function isFreshEnough({ startedAt, startedMs, hasFailed }: Begun, { notBefore }: Wanted): boolean {
    // One from the future began before somebody set the clock back.
    const isPast = startedAt <= now() && performance.now() - startedMs < keptMs;
    return isPast && !hasFailed && startedAt > notBefore;
  }

  function look(): void {
    if (waiting.length === 0) return;
    const nowMs = performance.now();
    const wantedMs = Math.min(...waiting.map(({ fromMs }) => fromMs));
    // Not later while another one runs: a request of that one may hang.
    const closest = (last?.startedMs ?? -Infinity) + closestMs;
    const waitMs = Math.max(Math.max(wantedMs, closest) - nowMs, plan.untilMs(listRequests));
    if (waitMs <= 0) begin();
    // Others may have asked by then, or less than was thought.
    else lookIn(Math.min(waitMs, 500));
  }

  function lookIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  }

  function serveAll(run: Begun | null, among: readonly Waiting[] = waiting): void {
    waiting = waiting.filter((one) => !among.includes(one));
    for (const one of among) one.serve(run);
  }

  function begin(): void {
    const stampedAt = stampedNow();
    if (stampedAt === null) {
      serveAll(null);
      return;
    }
    const isCalm = plan.isCalm();
    const startedMs = performance.now();
    const isExact = isCalm || startedMs - exactMs >= exactEveryMs;
    const members = waiting.filter(({ isNewcomer }) => !isNewcomer);
    if (listRequests + 1 + (isExact ? lookupsFor(members) : 0) > costOfAll) {
      serveAll(null, members);
      look();
      return;
    }
    plan.begin(listRequests);
    if (isExact) exactMs = startedMs;
    const lookups = createLookups(client);
    const common = { client, readingRules, replica, lookups, isExact, startedAt: now() };
    const steps = catchUp({ ...common, stampedNow: () => stampedNow() ?? stampedAt });
    const begun: Omit<Begun, 'lists' | 'all'> = { ...common, isCalm, startedMs, hasFailed: false };
    const lists = shared(steps.lists, {
      limit,
      onOver: (isAnswered) => {
        begun.hasFailed = !isAnswered;
      },
    });
    const all = once(steps.all);
    last = Object.assign(begun, { lists, all: () => all(undefined) });
    serveAll(last);
  }

  function lookupsFor(members: readonly Waiting[]): number {
    const ids = (isCheckIn: boolean): Set<number> =>
      new Set(
        members.filter(({ wanted }) => wanted.isCheckIn === isCheckIn).map(({ wanted }) => wanted.memberId),
      );
    return Math.floor(ids(true).size / perLookup.checkedIn) + Math.floor(ids(false).size / perLookup.others);
  }

  /** The next catch-up, which begins at `fromMs` at the latest where the limits let it; null as in `caughtUp`. */
  function next(wanted: Wanted, fromMs: number, isNewcomer = false): Promise<Begun | null> {
    let mine: Waiting | null = null;
    return untilAborted<Begun | null>(
      boundsSignal(),
      (serve) => {
        mine = { wanted, isNewcomer, fromMs, serve };
        waiting.push(mine);
        // Later, for all who ask in the same moment to be served together.
        lookIn(0);
      },
      () => {
        waiting = waiting.filter((one) => one !== mine);
      },
    );
  }

  /** The last catch-up, where it will do, or the next one. */
  async function runOf(wanted: Wanted, isNewcomer = false): Promise<Begun | null> {
    if (last !== null && isFreshEnough(last, wanted)) return last;
    const soonestMs = performance.now() + gatherMs;
    const isAgain = failuresOf(wanted) >= 2;
    return next(wanted, isAgain ? Math.max(soonestMs, failedMs + againEveryMs) : soonestMs, isNewcomer);
  }

  const failuresOf = ({ memberId }: Wanted): number => failures.get(memberId) ?? 0;

  /** What the lists of a catch-up showed, for a member, who may ask again where they fail. */
  async function listedFor(wanted: Wanted, begun: Begun): Promise<CaughtUp> {
    const { lists, startedMs } = begun;
    try {
      const listed = await lists();
      failures.delete(wanted.memberId);
      return listed;
    } catch (error) {
      // Who was only given up may ask again at once.
      if (!begun.hasFailed) throw error;
      failures.set(wanted.memberId, failuresOf(wanted) + 1);
      failedMs = Math.max(failedMs, startedMs);
      throw error;
    }
  }

  /** As a catch-up found it, for one whom it may serve; null: a later, exact one is needed. */
  async function runFor(begun: Begun, wanted: Wanted): Promise<Run | null> {
    const { startedAt, lookups, isExact, isCalm } = begun;
    const listed = await listedFor(wanted, begun);
    if (isExplained(wanted)) return { startedAt, lookups, sourceFor: listed };
    if (!isExact) return null;
    return { startedAt, lookups, sourceFor: isCalm ? await begun.all() : listed };
  }

  return {
    async caughtUp(wanted, mostRequests, onBegun) {
      if (!isReady()) return null;
      costOfAll = mostRequests;
      let begun = await runOf(wanted);
      onBegun();
      while (begun !== null) {
        const run = await runFor(begun, wanted);
        if (run !== null) return run;
        begun = await next(wanted, exactMs + exactEveryMs);
      }
      return null;
    },
    async hasCoworker(id, notBefore) {
      if (!isReady()) return null;
      if (replica.hasCoworker(id)) return true;
      const begun = await runOf({ memberId: id, notBefore, isCheckIn: false }, true);
      if (begun === null) return null;
      await begun.lists();
      return replica.hasCoworker(id);
    },
    isCalm: () => plan.isCalm(),
    rebase() {
      const stampedAt = stampedNow();
      return stampedAt === null ? undefined : replica.rebase(stampedAt);
    },
  };
}
