import { setTimeout as sleep } from 'node:timers/promises';
import { isKisiError } from '../kisi/errors.js';
import type { AssumptionName } from './assumptions.js';
import { idOf, type Finding, type Row } from './finding.js';
import type { KisiLook } from './kisi-look.js';
import type { Maker, Outcome } from './maker.js';

/** Asks the operator about mails. */
export type Ask = (question: string) => Promise<'yes' | 'no' | 'unknown'>;

export type Findings = Partial<Record<AssumptionName, Finding>>;
type Made = Extract<Outcome, { id: number }>;

const longestCatchUpMs = 1_000;

/** What is tried by writing, and what it has told so far. */
export class Trial {
  readonly findings: Findings = {};
  /** How far lists lag behind writes, in milliseconds, at the least and at the most; null: not known. */
  lag: { leastMs: number; mostMs: number } | null = null;
  /** Whether Kisi refuses a second user with the same e-mail; null: not known. */
  refusesTwins: boolean | null = null;

  constructor(
    readonly maker: Maker,
    readonly look: KisiLook,
    readonly email: string,
  ) {}

  tell(name: AssumptionName, finding: Finding): void {
    this.findings[name] = finding;
  }

  /** Tries something; what Kisi does not answer is told as not known, and what follows is tried all the same. */
  async step(names: readonly AssumptionName[], act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isKisiError(error)) throw error;
      for (const name of names) this.findings[name] ??= { untold: `${error.message} Run it again.` };
    }
  }

  /** Waits until a list shows a record that was just made. `sinceMs`: from before it was sent, by `performance.now`. */
  async noteLag(rows: () => Promise<Row[]>, id: number, sinceMs: number): Promise<void> {
    let leastMs = 0;
    for (;;) {
      const askedMs = performance.now() - sinceMs;
      const isShown = (await rows()).some((row) => idOf(row, 'id') === id);
      if (isShown) {
        const known = this.lag ?? { leastMs: 0, mostMs: 0 };
        this.lag = {
          leastMs: Math.max(known.leastMs, leastMs),
          mostMs: Math.max(known.mostMs, leastMs === 0 && askedMs <= longestCatchUpMs ? 0 : askedMs),
        };
        return;
      }
      leastMs = askedMs;
      if (askedMs > this.maker.settleMs) {
        this.lag = { leastMs: askedMs, mostMs: Infinity };
        return;
      }
      await sleep(Math.min(500, this.maker.settleMs / 20));
    }
  }

  tellLag(): void {
    if (this.findings.listLagMs !== undefined) return;
    const { lag } = this;
    if (lag === null) this.tell('listLagMs', { untold: 'Nothing could be made to look for.' });
    else if (lag.mostMs === Infinity)
      this.tell('listLagMs', {
        untold: `Lists did not show within ${Math.round(lag.leastMs / 1_000)} s what was written. Run it again.`,
      });
    else if (lag.mostMs === 0)
      this.tell('listLagMs', { value: 0, evidence: ['the first look showed a new user and a new key'] });
    else if (lag.leastMs === 0)
      this.tell('listLagMs', { untold: 'Kisi answered too slowly to tell. Run it again.' });
    else
      this.tell('listLagMs', {
        value: Math.round(lag.mostMs / 100) * 100,
        evidence: ['milliseconds until lists showed a new user and a new key'],
      });
  }
}

/** What was made. Throws the refusal where Kisi did not make it. */
export function madeOf(outcome: Outcome): Made {
  if (outcome.refusal !== null) throw outcome.refusal;
  return outcome;
}

/** An instant in a record as it came; null: it has none. */
export function instantIn(row: Row, field: string): number | null {
  const text = row[field];
  const at = typeof text === 'string' ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}
