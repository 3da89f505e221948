import { isRefused, statusOf, type PushOutcome } from './answers.js';
import type { Caller } from './callers.js';

/** Who was refused how often lately, so that whoever only ever is refused can be sent away before anything is read. */
export interface Refusals {
  isSentAway(caller: Caller): boolean;
  note(caller: Caller, outcome: PushOutcome): void;
}

const minuteMs = 60_000;
/** So many calls of an address are looked at within a minute that all turn out to be no good. */
const mostRefused = 60;
/** An address that a right call came from is believed for so long: strangers may share it. */
const believedMs = 24 * 60 * minuteMs;
/** Of so many addresses each of the two is known: those noted first are forgotten. */
const mostKnown = 10_000;

/**
 * A book of refusals. Nobody is sent away by an address that everybody may share, or that a right call came from within
 * the last day: a forged one is told from a right one only by reading it. `nowMs`: of a clock that nobody sets.
 */
export function createRefusals(nowMs: () => number = () => performance.now()): Refusals {
  const refused = new Map<string, { since: number; count: number }>();
  const believed = new Map<string, number>();

  function refusedOf(address: string): { since: number; count: number } | null {
    const known = refused.get(address);
    return known === undefined || nowMs() - known.since >= minuteMs ? null : known;
  }

  function isBelieved(address: string): boolean {
    const at = believed.get(address);
    return at !== undefined && nowMs() - at < believedMs;
  }

  return {
    isSentAway: ({ address, isShared }) =>
      !isShared && (refusedOf(address)?.count ?? 0) >= mostRefused && !isBelieved(address),
    note({ address, isShared }, outcome) {
      if (isShared) return;
      if (statusOf[outcome] === 200) put(believed, address, nowMs());
      // A location that is not known is told with the right token; and who is sent away is so for a minute at most.
      if (!isRefused(outcome) || outcome === 'unknownLocation' || outcome === 'tooMany') return;
      const { since, count } = refusedOf(address) ?? { since: nowMs(), count: 0 };
      put(refused, address, { since, count: count + 1 });
    },
  };
}

/** Sets one, as the last that is forgotten. */
function put<T>(all: Map<string, T>, address: string, value: T): void {
  all.delete(address);
  all.set(address, value);
  const [oldest] = all.keys();
  if (all.size > mostKnown && oldest !== undefined) all.delete(oldest);
}
