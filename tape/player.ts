import { AxiosError, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import type { Instant } from '../access/types.js';
import type { Wire } from '../lib/http.js';
import type { Content, Taped, Tape } from './format.js';
import { addressOf, tooLarge, type Api } from './recorder.js';

/** Stands in for the network: answers each request as it was answered when the tape was made, and nothing else. */
export class Player {
  private readonly answers = new Map<string, Taped[]>();
  private readonly lacking = new Set<string>();
  private readonly last = new Map<Api, Taped>();

  /** `question`: only what was asked for this question is answered. */
  constructor(
    { exchanges }: Pick<Tape, 'exchanges'>,
    private readonly question: Taped['by'],
  ) {
    for (const exchange of exchanges.filter(({ by }) => by === question)) {
      const key = keyOf(exchange.api, exchange);
      const same = this.answers.get(key);
      if (same === undefined) this.answers.set(key, [exchange]);
      else same.push(exchange);
    }
  }

  /** A wire that ends at the tape. */
  wireTo(api: Api): Wire {
    return (config) => {
      const asked = { method: (config.method ?? 'get').toUpperCase(), ...addressOf(config) };
      const exchange = this.next(keyOf(api, asked));
      if (exchange === null) {
        this.lacking.add(
          `${api === 'kisi' ? 'Kisi' : 'Nexudus'} ${asked.method} ${asked.path}${queryWords(asked.query)}`,
        );
        return Promise.reject(new AxiosError('the tape lacks it', lacksCode, config));
      }
      this.last.set(api, exchange);
      return replay(exchange, config);
    };
  }

  /** When the request that was last played to this API was asked and answered, at the time of the tape. */
  timesOf(api: Api): { askedAt: Instant; answeredAt: Instant } {
    const { at, durationMs } = this.last.get(api) ?? { at: 0, durationMs: 0 };
    return { askedAt: at, answeredAt: at + durationMs };
  }

  /** What was asked for and is not on the tape. */
  lacks(): string[] {
    return [...this.lacking];
  }

  /** The answers to one question come in their order; the last one stands, since the tape knows only one instant. */
  private next(key: string): Taped | null {
    const left = this.answers.get(key) ?? [];
    // A request that was sent again, since no answer came or it had to wait, gets the later answer. `verify` counts both.
    const isCounted = this.question === 'verify';
    while (!isCounted && left.length > 1 && left[0] !== undefined && isTriedAgain(left[0])) left.shift();
    const first = left[0] ?? null;
    if (left.length > 1) left.shift();
    return first !== null && 'leftOut' in first.answer ? null : first;
  }
}

/** Is in the message of an error that comes of what the tape lacks. */
export const lacksCode = 'NOT_ON_TAPE';

const isTriedAgain = ({ status, failure }: Taped): boolean =>
  failure === AxiosError.ETIMEDOUT || status === 429 || status === 409;

function keyOf(api: Api, { method, path, query }: Pick<Taped, 'method' | 'path' | 'query'> | Asked): string {
  const sorted = query.map(([name, value]) => JSON.stringify([name, value])).sort();
  return [api, method, path, ...sorted].join('\n');
}

interface Asked {
  method: string;
  path: string;
  query: [string, string][];
}

function queryWords(query: Asked['query']): string {
  return query.length === 0 ? '' : `?${query.map(([name, value]) => `${name}=${value}`).join('&')}`;
}

function replay(exchange: Taped, config: InternalAxiosRequestConfig): Promise<AxiosResponse> {
  const { status, failure, headers, answer } = exchange;
  if (status === null) {
    const message = failure === tooLarge ? 'maxContentLength exceeded' : 'no answer came then';
    return Promise.reject(new AxiosError(message, failure ?? undefined, config));
  }
  const response: AxiosResponse = {
    ...{ status, statusText: '', config, data: textOf(answer) },
    headers: new AxiosHeaders(headers),
  };
  return Promise.resolve(response);
}

function textOf(answer: Content): string {
  if ('text' in answer) return answer.text;
  return 'json' in answer ? JSON.stringify(answer.json) : '';
}
