/** Who takes a wake on: Temporal, in the end. Throws where it cannot be reached. */
export interface HeraldOptions {
  /** Wakes one member; `mayStart`: starting its workflow where there is none. */
  wake: (memberId: number, mayStart: boolean) => Promise<void>;
  /** Reads what changed, where a call does not say whose record it is about. */
  pollNow: () => Promise<void>;
  /** A member that is told of again within this time is woken once more at its end, however often it was told of. */
  windowMs?: number;
  /** Told of each wake that is taken how long it was since the first of what it tells came in. */
  onWoken?: (waitedMs: number) => void;
  /** Told once when wakes fail, and once when they are taken again. */
  onTrouble: (error: unknown) => void;
  onMended: () => void;
}

/** Wakes those of whom it is told: at once, and then at most once in a while. */
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
}

const atOnce = 20;

/** A herald. What it holds is bounded by the number of members, whatever comes in. */
export function createHerald(options: HeraldOptions): Herald {
  const { wake, pollNow, windowMs = 1_000, onWoken, onTrouble, onMended } = options;
  /** Those who wait to be woken, in the order in which they were first told of. */
  const waiting = new Map<Whom, Told>();
  /** Those who were woken a moment ago, and what was told of them since; null: nothing. */
  const lately = new Map<Whom, Told | null>();
  let running = 0;
  let troubled = false;
  let draining: { resolve: () => void } | null = null;

  function tell(whom: Whom, mayStart: boolean): void {
    const among = lately.has(whom) ? lately : waiting;
    among.set(whom, both({ mayStart, at: Date.now() }, among.get(whom)));
    goOn();
  }

  function goOn(): void {
    for (const [whom, told] of waiting) {
      if (running >= atOnce) return;
      waiting.delete(whom);
      running++;
      void serve(whom, told);
    }
    const isQuiet = running === 0 && waiting.size === 0;
    if (draining !== null && isQuiet && [...lately.values()].every((told) => told === null))
      draining.resolve();
  }

  async function serve(whom: Whom, told: Told): Promise<void> {
    // From now on and not from the answer: what is told while it is under way may come too late for it.
    lately.set(whom, null);
    try {
      await (whom === something ? pollNow() : wake(whom, told.mayStart));
      onWoken?.(Date.now() - told.at);
      if (troubled) onMended();
      troubled = false;
    } catch (error) {
      lately.set(whom, both(told, lately.get(whom)));
      if (!troubled) onTrouble(error);
      troubled = true;
    }
    setTimeout(() => {
      const again = lately.get(whom) ?? null;
      lately.delete(whom);
      if (again !== null) waiting.set(whom, again);
      goOn();
    }, windowMs);
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
  return { mayStart: one.mayStart || other.mayStart, at: Math.min(one.at, other.at) };
}
