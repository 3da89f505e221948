export interface DebouncerOptions {
  /** Wakes one member, and throws where Temporal cannot be reached. `mayStart`: starting its workflow where there is none; `isCheckIn`: the member only came or went. */
  wake: (memberId: number, told: { mayStart: boolean; isCheckIn: boolean }) => Promise<void>;
  /** Reads what changed, where a call does not say whose record it is about. */
  pollNow: () => Promise<void>;
  /** How long it waits for more about the same member: the calls of one purchase come in together. Default 80. */
  gatherMs?: number;
  /** A member that is told of again within this time is woken once more at its end, however often it was told of. */
  windowMs?: number;
  /** That time doubles from wake to wake, for as long as they follow each other, up to this. Default 4 s. */
  longestWindowMs?: number;
  /** How long a check-in waits for others to go with. Default 4 s. */
  checkInWaitMs?: number;
  /**
   * That wait grows by the same time for each wait within a minute that ended with nobody to go with, up to this. Default 20 s.
   */
  longestCheckInWaitMs?: number;
  /** How many are woken side by side. Default 20. */
  atOnce?: number;
  /** Told, with each wake that is taken, how long ago its first news came in. */
  onWoken?: (waitedMs: number) => void;
  /** Told once when wakes fail, and once when they are taken again. */
  onProblem: (error: unknown) => void;
  onMended: () => void;
}

/** News of a member. */
export interface News {
  /** It may give access to somebody who had none so far. */
  mayStart: boolean;
  /**
   * `checkIn`: the member came or went. `access`: any of many things happened, a check-in among them. `change`, as is where this
   * is left out: something else.
   */
  about?: 'checkIn' | 'access' | 'change';
}

const something = 'something';
type Target = number | typeof something;

/** The news of a member so far: whether it may start the member's workflow, and when the first of it came in. */
interface Told {
  mayStart: boolean;
  at: number;
  about: NonNullable<News['about']>;
  /** How long the member is left alone after the wake; left out: the usual time. */
  windowMs?: number;
}

/** A wake a moment ago. */
interface Lately {
  mayStart: boolean;
  /** The news that this wake told. */
  of: Told;
  windowMs: number;
  /** The news since then; null: none. */
  told: Told | null;
}

const minuteMs = 60_000;

const defaults = {
  gatherMs: 80,
  windowMs: 500,
  longestWindowMs: 4_000,
  checkInWaitMs: 4_000,
  longestCheckInWaitMs: 20_000,
  atOnce: 20,
};

/**
 * Wakes the members that it is told of: soon, and then at most once in a while, the more seldom the longer the news goes on. A
 * check-in alone can wait a little: it goes with the next member that cannot wait. What this holds is bounded by the number of
 * members.
 */
export class Debouncer {
  private readonly options: DebouncerOptions & typeof defaults;
  /** Members that it was told of just now. */
  private readonly gathering = new Map<Target, Told>();
  /** Members that wait to be woken, in the order in which they came. */
  private readonly waiting = new Map<Target, Told>();
  /** Members that checked in, and wait for others to be woken with. */
  private readonly checkedIn = new Map<Target, Told>();
  /** Members that were woken a moment ago. */
  private readonly lately = new Map<Target, Lately>();
  private running = 0;
  private checkInTimer: NodeJS.Timeout | undefined;
  /** When check-ins had waited with nobody to go with, within the last minute. */
  private inVain: number[] = [];
  private isFailing = false;
  private draining: { resolve: () => void } | null = null;

  constructor(options: DebouncerOptions) {
    this.options = { ...defaults, ...options };
  }

  tell(memberId: number, news: News): void {
    this.take(memberId, news);
  }

  /** Something changed, and nobody knows which member it concerns. */
  tellSomething(): void {
    this.take(something, { mayStart: false });
  }

  /** Resolves when every member that it was told of is woken; nothing may be told any more. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.draining = { resolve };
      this.goAfterAll();
    });
  }

  private take(target: Target, { mayStart, about = 'change' }: News): void {
    const told = this.asOfCheckIn(target, { mayStart, at: Date.now(), about });
    const earlier = this.checkedIn.get(target);
    if (earlier !== undefined && isOfCheckIn(earlier, told)) {
      this.checkedIn.set(target, both(told, earlier));
      return;
    }
    const queued = this.waiting.get(target);
    if (queued !== undefined) {
      this.waiting.set(target, both(told, queued));
      return;
    }
    const before = this.lately.get(target);
    // A member without a workflow was not woken by that wake, and must not wait for it.
    if (before === undefined || (mayStart && !before.mayStart)) this.gather(target, told, before);
    else before.told = both(told, before.told);
  }

  /** News that belongs to the check-in that the member was just woken for is no more than that check-in. */
  private asOfCheckIn(target: Target, told: Told): Told {
    const of = this.lately.get(target)?.of;
    return of?.about === 'checkIn' && isOfCheckIn(of, told) ? { ...told, about: 'checkIn' } : told;
  }

  private gather(target: Target, told: Told, before: Lately | undefined): void {
    if (!this.gathering.has(target))
      setTimeout(() => {
        this.callIn(target);
      }, this.options.gatherMs);
    this.gathering.set(target, both(told, this.gathering.get(target) ?? before?.told));
  }

  private callIn(target: Target): void {
    const told = this.gathering.get(target);
    this.gathering.delete(target);
    if (told === undefined) return;
    if (told.about === 'checkIn') this.waitForOthers(target, told);
    else {
      this.waiting.set(
        target,
        both(told, both(this.waiting.get(target) ?? told, this.checkedIn.get(target))),
      );
      this.checkedIn.delete(target);
      this.goWithIt();
    }
    this.goOn();
  }

  private waitForOthers(target: Target, told: Told): void {
    if (this.checkedIn.size === 0)
      this.checkInTimer = setTimeout(() => {
        this.inVain.push(performance.now());
        this.goAfterAll();
      }, this.checkInWaitNow());
    this.checkedIn.set(target, both(told, this.checkedIn.get(target)));
  }

  /** Each read for members who come and go would leave less of the minute's requests to members who buy. */
  private checkInWaitNow(): number {
    const { checkInWaitMs, longestCheckInWaitMs } = this.options;
    this.inVain = this.inVain.filter((at) => performance.now() - at < minuteMs);
    return Math.min(checkInWaitMs * (1 + this.inVain.length), Math.max(checkInWaitMs, longestCheckInWaitMs));
  }

  private goAfterAll(): void {
    this.goWithIt();
    this.goOn();
  }

  /** Those who could wait have had somebody to go with, or have waited for long enough. */
  private goWithIt(): void {
    clearTimeout(this.checkInTimer);
    for (const [target, told] of this.checkedIn)
      this.waiting.set(target, both(told, this.waiting.get(target)));
    this.checkedIn.clear();
  }

  private goOn(): void {
    for (const [target, told] of this.waiting) {
      if (this.running >= this.options.atOnce) return;
      this.waiting.delete(target);
      this.running++;
      void this.serve(target, told);
    }
    if (this.draining !== null && this.isQuiet()) this.draining.resolve();
  }

  private isQuiet(): boolean {
    if (this.running > 0 || this.waiting.size + this.gathering.size + this.checkedIn.size > 0) return false;
    return [...this.lately.values()].every(({ told }) => told === null);
  }

  private async serve(target: Target, told: Told): Promise<void> {
    const { windowMs, longestWindowMs } = this.options;
    // The window begins now and not with the answer: news that comes while the wake is under way may be too late for it.
    const since: Lately = {
      mayStart: told.mayStart || this.lately.get(target)?.mayStart === true,
      of: told,
      windowMs: Math.min(told.windowMs ?? windowMs, Math.max(windowMs, longestWindowMs)),
      told: null,
    };
    this.lately.set(target, since);
    await this.wake(target, told, since);
    setTimeout(() => {
      this.endWindow(target, since);
    }, since.windowMs);
    this.running--;
    this.goOn();
  }

  private async wake(target: Target, told: Told, since: Lately): Promise<void> {
    const { wake, pollNow, onWoken, onProblem, onMended } = this.options;
    const { mayStart, about } = told;
    try {
      await (target === something ? pollNow() : wake(target, { mayStart, isCheckIn: about === 'checkIn' }));
      onWoken?.(Date.now() - told.at);
      if (this.isFailing) onMended();
      this.isFailing = false;
    } catch (error) {
      since.told = both(told, since.told);
      if (!this.isFailing) onProblem(error);
      this.isFailing = true;
    }
  }

  private endWindow(target: Target, since: Lately): void {
    // A later wake has taken its place.
    if (this.lately.get(target) !== since) return;
    this.lately.delete(target);
    if (since.told !== null) this.waiting.set(target, { ...since.told, windowMs: since.windowMs * 2 });
    this.goOn();
  }
}

function both(one: Told, other: Told | null | undefined): Told {
  if (other === null || other === undefined) return one;
  return {
    ...other,
    mayStart: one.mayStart || other.mayStart,
    at: Math.min(one.at, other.at),
    about: aboutBoth(one.about, other.about),
  };
}

/** AccessControlUpdate comes with each check-in. Where it comes with other news, the other news counts. */
function aboutBoth(one: Told['about'], other: Told['about']): Told['about'] {
  const order: Told['about'][] = ['access', 'checkIn', 'change'];
  return order[Math.max(order.indexOf(one), order.indexOf(other))] ?? 'change';
}

/** The calls of one check-in come in within this. */
const togetherMs = 1_000;

function isOfCheckIn(checkedIn: Told, told: Told): boolean {
  return told.about === 'checkIn' || (told.about === 'access' && told.at - checkedIn.at < togetherMs);
}
