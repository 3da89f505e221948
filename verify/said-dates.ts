import type { Instant } from '../access/types.js';
import { parseHttpDate } from '../lib/http.js';
import type { Finding } from './finding.js';

/** What an answer said of its server's clock, and between which instants of this machine's clock it came. */
interface SaidDate {
  text: unknown;
  askedAt: number;
  answeredAt: number;
}

/** When a request was asked and answered, by this machine's clock. `startedMs`: when it began, by `performance.now`. */
export type TimesOf = (startedMs: number) => { askedAt: Instant; answeredAt: Instant };

const timesNow: TimesOf = (startedMs) => {
  const answeredAt = Date.now();
  return { askedAt: answeredAt - (performance.now() - startedMs), answeredAt };
};

const secondMs = 1_000;

/** The `Date` headers of all answers of one API. */
export class SaidDates {
  private readonly said: SaidDate[] = [];

  /** `timesOf`: default as this machine's clock says. */
  constructor(private readonly timesOf: TimesOf = timesNow) {}

  /** `startedMs`: when its request began, by `performance.now`. */
  note(text: unknown, startedMs: number): void {
    this.said.push({ text, ...this.timesOf(startedMs) });
  }

  /** Whether the API's clock agrees with this machine's within a second. */
  finding(): Finding {
    const { said } = this;
    const evidence = [`${said.length} answers looked at`];
    if (said.length === 0) return { untold: 'No answer came. Run it again once the API answers.' };
    if (said.every(({ text }) => typeof text !== 'string')) return { value: 'none', evidence };
    const offMs = said.flatMap((one) => offOf(one) ?? []);
    if (offMs.length === 0) return { value: 'unusable', evidence };
    const worst = offMs.reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most), 0);
    const side = worst < 0 ? 'behind' : 'ahead';
    const words =
      worst === 0 ? 'none differs' : `the most is ${Math.round(Math.abs(worst) / 100) / 10} s ${side}`;
    return {
      value: Math.abs(worst) <= secondMs ? 'clock' : 'otherClock',
      evidence: [...evidence, words],
    };
  }
}

/** How far the clock was off at least: 0 where it may have been right. Null: it said no time. The header has whole seconds. */
function offOf({ text, askedAt, answeredAt }: SaidDate): number | null {
  const at = parseHttpDate(text);
  if (at === null) return null;
  if (at > answeredAt) return at - answeredAt;
  return at + secondMs < askedAt ? at + secondMs - askedAt : 0;
}
