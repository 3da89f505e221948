import { isRefused, statusOf, type PushOutcome } from './answers.js';
import type { Caller } from '../lib/callers.js';

const minuteMs = 60_000;
/** An address may send this many refused calls within a minute before it is sent away. */
const mostRefused = 60;
/** How long an address is believed after a right call came from it: strangers may share it. */
const believedMs = 24 * 60 * minuteMs;
/** How many addresses each list holds; the one noted first is forgotten first. */
const mostKnown = 10_000;

/**
 * Counts refused calls by address, so that an address that sends nothing but refused calls is sent away before anything is
 * read. An address that everybody may share is never sent away, nor one that a right call came from within the last day: a
 * forged call is told from a right one only by reading it.
 */
export class Refusals {
  private readonly refused = new Map<string, { since: number; count: number }>();
  private readonly believed = new Map<string, number>();

  /** `nowMs`: a clock that nobody sets. */
  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  isSentAway({ address, isShared }: Caller): boolean {
    return !isShared && (this.refusedOf(address)?.count ?? 0) >= mostRefused && !this.isBelieved(address);
  }

  note({ address, isShared }: Caller, outcome: PushOutcome): void {
    if (isShared) return;
    if (statusOf[outcome] === 200) put(this.believed, address, this.nowMs());
    // A call from an unknown location has the right token; and an address is sent away for a minute at most.
    if (!isRefused(outcome) || outcome === 'unknownLocation' || outcome === 'tooMany') return;
    const { since, count } = this.refusedOf(address) ?? { since: this.nowMs(), count: 0 };
    put(this.refused, address, { since, count: count + 1 });
  }

  private refusedOf(address: string): { since: number; count: number } | null {
    const known = this.refused.get(address);
    return known === undefined || this.nowMs() - known.since >= minuteMs ? null : known;
  }

  private isBelieved(address: string): boolean {
    const at = this.believed.get(address);
    return at !== undefined && this.nowMs() - at < believedMs;
  }
}

/** Sets the value of an address, as the last that is forgotten. */
function put<T>(all: Map<string, T>, address: string, value: T): void {
  all.delete(address);
  all.set(address, value);
  const [oldest] = all.keys();
  if (all.size > mostKnown && oldest !== undefined) all.delete(oldest);
}
