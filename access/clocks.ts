/**
 * Which of several clocks to go by. This machine's may be wrong, and so may any other: two that agree are believed. Pure; all
 * instants are given as how far they are ahead of this machine's clock, in milliseconds.
 */

/** A clock that can be asked: this machine's, Temporal's, or that of one of the APIs. */
export type ClockName = 'machine' | 'temporal' | 'nexudus' | 'kisi';

/** How far a clock is ahead of this machine's (negative: behind it): somewhere between `least` and `most`. */
export interface Ahead {
  least: number;
  most: number;
}

/** What is known of the other clocks; null: nothing yet. */
export type Heard = Record<Exclude<ClockName, 'machine'>, Ahead | null>;

/** What the clocks say together. */
export interface Verdict {
  /**
   * `agreed`: two that do not depend on each other agree, and no other two. `alone`: nobody contradicts this machine's, and
   * nobody confirms it. `disputed`: they contradict each other, and it is not known which is right.
   */
  state: 'agreed' | 'alone' | 'disputed';
  /** Those that are believed; none where it is disputed. */
  right: ClockName[];
  /** Those that say something else. */
  wrong: ClockName[];
}

/** Clocks that are no further apart than this count as agreeing. */
export const clocksAgreeMs = 60_000;

/** The verdict on what was heard. */
export function verdictOf(heard: Heard): Verdict {
  const { temporal, nexudus, kisi } = heard;
  const clocks = Object.entries({ machine: { least: 0, most: 0 }, temporal, nexudus, kisi }).filter(
    (clock): clock is [ClockName, Ahead] => clock[1] !== null,
  );
  const agreeing = ([, one]: [ClockName, Ahead]): ClockName[] =>
    clocks.filter(([, other]) => gapOf(one, other) <= clocksAgreeMs).map(([name]) => name);
  const camps = clocks.map((clock) => ({ of: clock[0], camp: agreeing(clock) }));
  const right = camps.reduce<ClockName[]>((best, { camp }) => (votes(camp) > votes(best) ? camp : best), []);
  const others = camps.filter(({ of }) => !right.includes(of));
  const wrong = others.map(({ of }) => of);
  const isContested = others.some(({ camp }) => votes(camp) >= votes(right));
  if (votes(right) >= 2 && !isContested) return { state: 'agreed', right, wrong };
  if (wrong.length === 0) return { state: 'alone', right, wrong };
  return { state: 'disputed', right: [], wrong: clocks.map(([name]) => name) };
}

/** Temporal often runs on this very machine, so the two count as one; each API's clock is somebody else's. */
function votes(camp: readonly ClockName[]): number {
  const here = camp.includes('machine') || camp.includes('temporal') ? 1 : 0;
  return here + camp.filter((name) => name === 'nexudus' || name === 'kisi').length;
}

function gapOf(one: Ahead, other: Ahead): number {
  return Math.max(0, one.least - other.most, other.least - one.most);
}

const names: Record<ClockName, string> = {
  machine: "this machine's",
  temporal: "Temporal's",
  nexudus: "Nexudus'",
  kisi: "Kisi's",
};

/** "Nexudus' and Kisi's". */
export function clockNames(clocks: readonly ClockName[]): string {
  const said = clocks.map((clock) => names[clock]);
  return said.length < 2 ? said.join('') : `${said.slice(0, -1).join(', ')} and ${said.at(-1) ?? ''}`;
}

/** What comes of a verdict, and what to do, for an operator. */
export function clockWords({ state, right, wrong }: Verdict): string {
  const mend = "Set this machine's clock right, and see that it keeps its time (NTP).";
  if (state === 'disputed')
    return `The clocks disagree (${clockNames(wrong)}), and no two bear each other out: until two do, nothing is given or taken away but what is so by all of them. ${mend}`;
  if (state === 'alone')
    return `No other clock can be asked, so keys begin and end by this machine's. ${mend}`;
  if (wrong.length === 0) return `Keys begin and end by Nexudus' clock, and nothing is missed. ${mend}`;
  const by = `Keys begin and end by the time of those that agree (${clockNames(right)}), and nothing is missed.`;
  return wrong.includes('machine') ? `${by} ${mend}` : `${by} Wrong: ${clockNames(wrong)}; tell who runs it.`;
}

/** The clock that the others are held against, of those that are believed: Nexudus' stamps the records. */
function standardOf({ right }: Verdict): Exclude<ClockName, 'machine'> | null {
  return (['nexudus', 'kisi', 'temporal'] as const).find((name) => right.includes(name)) ?? null;
}

/**
 * What to add to this machine's clock to have the time: 0 where the clock is as right as anybody can tell, since servers tell
 * whole seconds.
 */
export function correctionOf(heard: Heard): number {
  const standard = standardOf(verdictOf(heard));
  const ahead = standard === null ? null : heard[standard];
  return ahead === null ? 0 : withinAhead(ahead);
}

/** What to add to this machine's clock to have the time of each clock: 0 first, for its own. */
export function correctionsOf(heard: Heard): number[] {
  const others = Object.values(heard).flatMap((ahead) => (ahead === null ? [] : [withinAhead(ahead)]));
  return [...new Set([0, ...others])];
}

function withinAhead({ least, most }: Ahead): number {
  // No minus nought.
  return Math.round(Math.min(Math.max(0, least), most)) + 0;
}
