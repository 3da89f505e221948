/** Who takes a wake on: Temporal, in the end. Throws where it cannot be reached. */
export interface HeraldOptions {
  /** Wakes one member; `mayStart`: starting its workflow where there is none. */
  wake: (memberId: number, mayStart: boolean) => Promise<void>;
  /** Reads what changed, where a call does not say whose record it is about. */
  pollNow: () => Promise<void>;
  /** So long is waited for more about the same member: the calls of one purchase come in together. Default 80. */
  gatherMs?: number;
  /** A member that is told of again within this time is woken once more at its end, however often it was told of. */
  windowMs?: number;
  /** That time doubles from wake to wake, for as long as they follow each other, up to this. Default 4 s. */
  longestWindowMs?: number;
  /** Told of each wake that is taken how long it was since the first of what it tells came in. */
  onWoken?: (waitedMs: number) => void;
  /** Told once when wakes fail, and once when they are taken again. */
  onTrouble: (error: unknown) => void;
  onMended: () => void;
}

/** Wakes those of whom it is told: soon, and then at most once in a while, the more seldom the longer it goes on. */
export interface Herald {
  /** `mayStart`: it may give access to somebody who had none so far. */
  tell(memberId: number, mayStart: boolean): void;
  /** Something changed, and nobody knows for whom. */
  tellSomething(): void;
  /** Resolves when everybody is woken who was told of; nothing may be told any more. */
  drain(): Promise<void>;
}

const something = 'something';
type Whom = number | typeof something;

/** What was told of somebody: whether it may start them, and when the first of it came in. */
interface Told {
  mayStart: boolean;
  at: number;
  /** For how long it is then left alone; left out: as ever. */
  windowMs?: number;
}

/** A wake a moment ago. */
interface Lately {
  mayStart: boolean;
  windowMs: number;
  /** What was told since; null: nothing. */
  told: Told | null;
}

const atOnce = 20;

/** A herald. What it holds is bounded by the number of members, whatever comes in. */
export function createHerald(options: HeraldOptions): Herald {
  const {
    wake,
    pollNow,
    gatherMs = 80,
    windowMs = 500,
    longestWindowMs = 4_000,
    onWoken,
    onTrouble,
    onMended,
  } = options;
  /** Those of whom was told just now. */
  const gathering = new Map<Whom, Told>();
  /** Those who wait to be woken, in the order in which they were first told of. */
  const waiting = new Map<Whom, Told>();
  /** Those who were woken a moment ago. */
  const lately = new Map<Whom, Lately>();
  let running = 0;
  let troubled = false;
  let draining: { resolve: () => void } | null = null;

  function tell(whom: Whom, mayStart: boolean): void {
    const told = { mayStart, at: Date.now() };
    const queued = waiting.get(whom);
    if (queued !== undefined) {
      waiting.set(whom, both(told, queued));
      return;
    }
    const before = lately.get(whom);
    // Whoever had no workflow was not woken, and must not wait for that.
    if (before === undefined || (mayStart && !before.mayStart)) {
      if (!gathering.has(whom))
        setTimeout(() => {
          callIn(whom);
        }, gatherMs);
      gathering.set(whom, both(told, gathering.get(whom) ?? before?.told));
    } else before.told = both(told, before.told);
  }

  function callIn(whom: Whom): void {
    const told = gathering.get(whom);
    gathering.delete(whom);
    if (told !== undefined) waiting.set(whom, both(told, waiting.get(whom)));
    goOn();
  }

  function goOn(): void {
    for (const [whom, told] of waiting) {
      if (running >= atOnce) return;
      waiting.delete(whom);
      running++;
      void serve(whom, told);
    }
    const isQuiet = running === 0 && waiting.size === 0 && gathering.size === 0;
    if (draining !== null && isQuiet && [...lately.values()].every(({ told }) => told === null))
      draining.resolve();
  }

  async function serve(whom: Whom, told: Told): Promise<void> {
    const before = lately.get(whom);
    // From now on and not from the answer: what is told while it is under way may come too late for it.
    const since: Lately = {
      mayStart: told.mayStart || before?.mayStart === true,
      windowMs: Math.min(told.windowMs ?? windowMs, Math.max(windowMs, longestWindowMs)),
      told: null,
    };
    lately.set(whom, since);
    try {
      await (whom === something ? pollNow() : wake(whom, told.mayStart));
      onWoken?.(Date.now() - told.at);
      if (troubled) onMended();
      troubled = false;
    } catch (error) {
      since.told = both(told, since.told);
      if (!troubled) onTrouble(error);
      troubled = true;
    }
    setTimeout(() => {
      // A later wake has taken its place.
      if (lately.get(whom) !== since) return;
      lately.delete(whom);
      if (since.told !== null) waiting.set(whom, { ...since.told, windowMs: since.windowMs * 2 });
      goOn();
    }, since.windowMs);
    running--;
    goOn();
  }

  return {
    tell,
    tellSomething: () => {
      tell(something, false);
    },
    drain: () =>
      new Promise((resolve) => {
        draining = { resolve };
        goOn();
      }),
  };
}

function both(one: Told, other: Told | null | undefined): Told {
  if (other === null || other === undefined) return one;
  return { ...other, mayStart: one.mayStart || other.mayStart, at: Math.min(one.at, other.at) };
}
