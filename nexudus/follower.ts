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
  /** The copy, which polls and reconciliations keep up to date too. */
  replica: Replica;
  now: () => Instant;
  /** The time by which Nexudus stamps what is written now, or an earlier one; null: not known well enough. */
  stampedNow: () => Instant | null;
  plan: Plan;
  /** How long those who ask at about the same time gather. Default 100. */
  gatherMs?: number;
  /** The least time between two catch-ups: as long as the requests of one take to start. Default 350. */
  closestMs?: number;
  /** The least time between two exact catch-ups in a busy minute. Default 6 s. */
  exactEveryMs?: number;
  /** How long lookups by id gather in a busy minute: each request saved lets others begin sooner. Default 300. */
  lookupGatherMs?: number;
  /** The least time from a failed catch-up to the next, for a member whose last two failed. Default 3 s. */
  againEveryMs?: number;
}

/** The member whose records are wanted, and how fresh they must be. */
export interface Wanted {
  memberId: number;
  /** A catch-up that began before this is not used. */
  notBefore: Instant;
  /** The member came or went: that may change a pass, and nothing else. */
  isCheckIn: boolean;
}

/** One catch-up, for all who share it. */
export interface Run {
  startedAt: Instant;
  lookups: Lookups;
  sourceFor: CaughtUp;
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
  /** Begins when the first member needs it. */
  all: () => Promise<CaughtUp>;
}

interface Waiting {
  wanted: Wanted;
  /** The question is only whether there is such a coworker: nothing is looked up for that. */
  isNewcomer: boolean;
  /** From when on a catch-up may begin because of this member; others may have one begin before. */
  fromMs: number;
  /** Null: it is to be served in another way. */
  serve: (run: Begun | null) => void;
}

const listRequests = 3;
/** Members whose records one request looks up: passes alone, or contracts and pauses too. */
const perLookup = { checkedIn: batchSize, others: 30 };
/** How long one catch-up may take for all who wait for it. */
const limit: Limit = { limitMs: 60_000, of: 'Nexudus' };
/** A change that came into the copy at most this long before a member was woken may be the reason. */
const explainsMs = 2_000;
/** A catch-up that began longer ago is not used any more. */
const keptMs = 5_000;

/** A follower that has read nothing yet. */
export const createFollower = (options: FollowerOptions): Follower => new Follower(options);

/** Keeps the replica up to date for all members that need it, by the same requests, as far apart as the limits want. */
export class Follower {
  private readonly options: Required<FollowerOptions>;
  private waiting: Waiting[] = [];
  private last: Begun | null = null;
  private exactMs = -Infinity;
  /**
   * When the last failed catch-up began, and how many in a row failed each member: a member that asks again must leave room to
   * others.
   */
  private failedMs = -Infinity;
  private readonly failures = new Map<number, number>();
  private costOfAll = Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: FollowerOptions) {
    const apart = { closestMs: 350, exactEveryMs: 6_000, againEveryMs: 3_000 };
    this.options = { gatherMs: 100, lookupGatherMs: 300, ...apart, ...options };
  }

  /**
   * A catch-up that began late enough, and is exact where nothing says why the member was woken. Null: the member is to be read
   * in another way, since no catch-up can be had now, or since all who ask would take more than `costOfAll` requests, the cost
   * of a read of everybody. `onBegun` is called once the catch-up has begun. Throws NexudusError.
   */
  async caughtUp(wanted: Wanted, costOfAll: number, onBegun: () => void): Promise<Run | null> {
    if (!this.isReady()) return null;
    this.costOfAll = costOfAll;
    let begun = await this.runOf(wanted);
    onBegun();
    while (begun !== null) {
      const run = await this.runFor(begun, wanted);
      if (run !== null) return run;
      begun = await this.next(wanted, this.exactMs + this.options.exactEveryMs);
    }
    return null;
  }

  /** Whether Nexudus has such a coworker, looked for from `notBefore` on; null: this cannot be told here. */
  async hasCoworker(id: number, notBefore: Instant): Promise<boolean | null> {
    const { replica } = this.options;
    if (!this.isReady()) return null;
    if (replica.hasCoworker(id)) return true;
    const begun = await this.runOf({ memberId: id, notBefore, isCheckIn: false }, true);
    if (begun === null) return null;
    await begun.lists();
    return replica.hasCoworker(id);
  }

  /** Whether little was asked of Nexudus within the last minute. */
  isCalm(): boolean {
    return this.options.plan.isCalm();
  }

  /** To be called as a read of everything begins, see Replica; undefined: its time is not known well enough. */
  rebase(): ReturnType<Replica['rebase']> | undefined {
    const stampedAt = this.options.stampedNow();
    return stampedAt === null ? undefined : this.options.replica.rebase(stampedAt);
  }

  private isReady(): boolean {
    return this.options.stampedNow() !== null && this.options.replica.readTo('coworkers') !== null;
  }

  /** The last catch-up, where it will do, or the next one. */
  private async runOf(wanted: Wanted, isNewcomer = false): Promise<Begun | null> {
    if (this.last !== null && this.isFreshEnough(this.last, wanted)) return this.last;
    const { gatherMs, againEveryMs } = this.options;
    const soonestMs = performance.now() + gatherMs;
    const isAgain = this.failuresOf(wanted) >= 2;
    const fromMs = isAgain ? Math.max(soonestMs, this.failedMs + againEveryMs) : soonestMs;
    return this.next(wanted, fromMs, isNewcomer);
  }

  private isFreshEnough({ startedAt, startedMs, hasFailed }: Begun, { notBefore }: Wanted): boolean {
    // A catch-up from the future began before somebody set the clock back.
    const isPast = startedAt <= this.options.now() && performance.now() - startedMs < keptMs;
    return isPast && !hasFailed && startedAt > notBefore;
  }

  /** The records as a catch-up found them, where it may serve this member; null: a later, exact catch-up is needed. */
  private async runFor(begun: Begun, wanted: Wanted): Promise<Run | null> {
    const { startedAt, lookups, isExact, isCalm } = begun;
    const listed = await this.listedFor(wanted, begun);
    if (this.isExplained(wanted)) {
      // In a busy minute no more is looked up for a member than the next catch-up would, which is not exact.
      const sourceFor: CaughtUp = (asking) => listed(isCalm ? asking : { ...asking, isExplained: true });
      return { startedAt, lookups, sourceFor };
    }
    if (!isExact) return null;
    return { startedAt, lookups, sourceFor: isCalm ? await begun.all() : listed };
  }

  /** What the lists of a catch-up showed. Where they fail, that is counted for the member, who may ask again. */
  private async listedFor(wanted: Wanted, begun: Begun): Promise<CaughtUp> {
    try {
      const listed = await begun.lists();
      this.failures.delete(wanted.memberId);
      return listed;
    } catch (error) {
      // A member whose job was only given up may ask again at once.
      if (!begun.hasFailed) throw error;
      this.failures.set(wanted.memberId, this.failuresOf(wanted) + 1);
      this.failedMs = Math.max(this.failedMs, begun.startedMs);
      throw error;
    }
  }

  private failuresOf({ memberId }: Wanted): number {
    return this.failures.get(memberId) ?? 0;
  }

  /** Whether it is known why the member was woken, so that not all records need be looked up one by one. */
  private isExplained({ memberId, notBefore, isCheckIn }: Wanted): boolean {
    const { replica, now } = this.options;
    return isCheckIn || replica.hasChanged(memberId, Math.max(0, now() - notBefore) + explainsMs);
  }

  /** The next catch-up, which begins at `fromMs` at the latest where the limits let it; null as in `caughtUp`. */
  private next(wanted: Wanted, fromMs: number, isNewcomer = false): Promise<Begun | null> {
    let mine: Waiting | null = null;
    return untilAborted<Begun | null>(
      boundsSignal(),
      (serve) => {
        mine = { wanted, isNewcomer, fromMs, serve };
        this.waiting.push(mine);
        // Later, for all who ask in the same moment to be served together.
        this.lookIn(0);
      },
      () => {
        this.waiting = this.waiting.filter((one) => one !== mine);
      },
    );
  }

  private lookIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.look();
    }, ms);
  }

  private look(): void {
    if (this.waiting.length === 0) return;
    const wantedMs = Math.min(...this.waiting.map(({ fromMs }) => fromMs));
    // A catch-up that still runs does not delay the next: one of its requests may hang.
    const closest = (this.last?.startedMs ?? -Infinity) + this.options.closestMs;
    const plannedMs = this.options.plan.untilMs(listRequests);
    const waitMs = Math.max(Math.max(wantedMs, closest) - performance.now(), plannedMs);
    if (waitMs <= 0) this.begin();
    // By then others may have asked, or Nexudus may have been asked for less than was planned.
    else this.lookIn(Math.min(waitMs, 500));
  }

  private begin(): void {
    const { stampedNow, plan, exactEveryMs } = this.options;
    const stampedAt = stampedNow();
    if (stampedAt === null) {
      this.serveAll(null);
      return;
    }
    const isCalm = plan.isCalm();
    const startedMs = performance.now();
    const isExact = isCalm || startedMs - this.exactMs >= exactEveryMs;
    const members = this.waiting.filter(({ isNewcomer }) => !isNewcomer);
    if (listRequests + 1 + (isExact ? lookupsFor(members) : 0) > this.costOfAll) {
      this.serveAll(null, members);
      this.look();
      return;
    }
    plan.begin(listRequests);
    if (isExact) this.exactMs = startedMs;
    this.last = this.catchUp({ startedMs, isCalm, isExact }, stampedAt);
    this.serveAll(this.last);
  }

  private catchUp(how: Pick<Begun, 'startedMs' | 'isCalm' | 'isExact'>, stampedAt: Instant): Begun {
    const { client, readingRules, replica, now, stampedNow, lookupGatherMs } = this.options;
    const { isExact, isCalm } = how;
    const [startedAt, lookups] = [now(), createLookups(client, isCalm ? 0 : lookupGatherMs)];
    const steps = catchUp({
      ...{ client, readingRules, replica, lookups, isExact, startedAt },
      stampedNow: () => stampedNow() ?? stampedAt,
    });
    const onOver = (isAnswered: boolean): void => {
      begun.hasFailed = !isAnswered;
    };
    const all = once(steps.all);
    const begun: Begun = {
      ...{ ...how, startedAt, lookups, hasFailed: false },
      lists: shared(steps.lists, { limit, onOver }),
      all: () => all(undefined),
    };
    return begun;
  }

  private serveAll(run: Begun | null, among: readonly Waiting[] = this.waiting): void {
    this.waiting = this.waiting.filter((one) => !among.includes(one));
    for (const one of among) one.serve(run);
  }
}

function lookupsFor(members: readonly Waiting[]): number {
  const countOf = (isCheckIn: boolean): number =>
    new Set(
      members.filter(({ wanted }) => wanted.isCheckIn === isCheckIn).map(({ wanted }) => wanted.memberId),
    ).size;
  return Math.floor(countOf(true) / perLookup.checkedIn) + Math.floor(countOf(false) / perLookup.others);
}
