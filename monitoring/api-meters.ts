/** Measures each request to both APIs, and how long requests wait for their turns. */
import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter } from '@temporalio/common';
import type { ApiName } from './api-watch.js';

/** One request as it was sent. The path has no ids. */
export interface SentRequest {
  method: string;
  path: string;
  /** Null: no answer. */
  status: number | null;
  durationMs: number;
}

/** Lets requests start one by one. */
export interface Turns<A extends unknown[]> {
  turn(...args: A): Promise<void>;
  pause(ms: number): void;
}

interface Instruments {
  requests: MetricCounter;
  durations: MetricHistogram;
  waiting: MetricGauge;
  waits: MetricHistogram;
}

const histograms = {
  durations: 'latchkey_api_request_seconds',
  waits: 'latchkey_api_wait_seconds',
} as const;

/** From a hundredth of a second to ten, which is how long a request may take. */
const durationBucketsS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Some requests wait for the rest of a busy minute. */
const waitBucketsS = [...durationBucketsS, 20, 30, 60, 120];

/** The buckets of these histograms, by name. */
export const apiBucketsS: Readonly<Record<string, number[]>> = {
  [histograms.durations]: durationBucketsS,
  [histograms.waits]: waitBucketsS,
};

/** The most measurements that are kept until there is a meter: a start makes fewer requests before. */
const mostEarly = 1_000;

/** Meters of both APIs. They exist before the SDK's meter does, since a start asks both APIs first. */
export class ApiMeters {
  private instruments: Instruments | null = null;
  private early: ((to: Instruments) => void)[] = [];

  /** Measures on `meter` from now on, beginning with what was told before. */
  measureOn(meter: MetricMeter): void {
    const instruments = instrumentsOn(meter);
    this.instruments = instruments;
    for (const record of this.early) record(instruments);
    this.early = [];
  }

  /** Counts a request, and how long it took. */
  request(api: ApiName, { method, path, status, durationMs }: SentRequest): void {
    const tags = { api, method, route: path, outcome: outcomeOf(status) };
    this.record(({ requests, durations }) => {
      requests.add(1, tags);
      durations.record(durationMs / 1000, tags);
    });
  }

  /** The same turns of one line, whose waits are measured. */
  turns<A extends unknown[]>(api: ApiName, line: string, turns: Turns<A>): Turns<A> {
    const tags = { api, line };
    let length = 0;
    const step = (by: number): void => {
      length += by;
      const now = length;
      this.record(({ waiting }) => {
        waiting.set(now, tags);
      });
    };
    return {
      turn: async (...args) => {
        const since = performance.now();
        step(1);
        try {
          await turns.turn(...args);
        } finally {
          step(-1);
          const waitedS = (performance.now() - since) / 1000;
          this.record(({ waits }) => {
            waits.record(waitedS, tags);
          });
        }
      },
      pause: (ms) => {
        turns.pause(ms);
      },
    };
  }

  private record(how: (to: Instruments) => void): void {
    if (this.instruments !== null) how(this.instruments);
    else if (this.early.length < mostEarly) this.early.push(how);
  }
}

function instrumentsOn(meter: MetricMeter): Instruments {
  const histogram = (name: string, words: string) => meter.createHistogram(name, 'float', 's', words);
  return {
    requests: meter.createCounter('latchkey_api_requests', undefined, 'Requests to both APIs'),
    durations: histogram(histograms.durations, 'From the start of a request to the end of its answer'),
    waiting: meter.createGauge(
      'latchkey_api_waiting',
      'int',
      undefined,
      'Requests that wait for their turn, by line',
    ),
    waits: histogram(histograms.waits, 'How long a request waited for its turn'),
  };
}

/** Few words, since each makes a series of its own. Nexudus asks to slow down by a 409, too. */
function outcomeOf(status: number | null): string {
  if (status === null) return 'unanswered';
  if (status >= 200 && status < 300) return 'done';
  if (status === 401 || status === 403) return 'refused';
  if (status === 404) return 'notFound';
  if (status === 409 || status === 429) return 'throttled';
  return status >= 400 && status < 500 ? 'invalid' : 'failed';
}
