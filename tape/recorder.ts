import axios, { AxiosError, isAxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import { network, type Wire } from '../lib/http.js';
import type { Instant } from '../access/types.js';

export type Api = 'nexudus' | 'kisi';

/** Who asked: the command that answers a question, or a worker that went about its work meanwhile. */
export type Asker = 'explain' | 'plan' | 'verify' | 'worker';

/** One request and what came of it, as it was: it may hold secrets and personal data, and is kept in memory only. */
export interface Exchange {
  api: Api;
  by: Asker;
  at: Instant;
  durationMs: number;
  method: string;
  /** Below the address of the API. */
  path: string;
  query: [name: string, value: string][];
  /** The body that was sent; '': none. */
  sent: string;
  /** Null: no answer came. */
  status: number | null;
  /** Why none came, as the network calls it; null: one came. */
  failure: string | null;
  /** Those that matter, in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** The headers of an answer that are read. None of them carries a login. */
const readHeaders = ['date', 'retry-after', 'x-collection-range', 'content-type'];

/** More than this is not kept in memory: what comes later is left out, and counted. */
const mostBytes = 512 * 1024 * 1024;

/** Listens in on what goes to both APIs, and keeps it in the order in which it was asked. */
export class Recorder {
  private readonly kept: { exchange: Exchange; isOver: boolean }[] = [];
  private bytes = 0;
  private left = 0;

  /** A wire to this API that is listened in on. */
  wireTo(api: Api, by: Asker): Wire {
    return (config) => {
      const entry = { exchange: begun(api, by, config), isOver: false };
      if (this.bytes > mostBytes) this.left++;
      else this.kept.push(entry);
      return carried(entry.exchange, network, config).finally(() => {
        entry.isOver = true;
        this.bytes += entry.exchange.body.length;
      });
    };
  }

  /** Takes what another process listened in on. */
  take(exchange: Exchange): void {
    this.bytes += exchange.body.length;
    if (this.bytes > mostBytes) this.left++;
    else this.kept.push({ exchange, isOver: true });
  }

  /** Notes that one more exchange was left out elsewhere. */
  noteLeftOut(): void {
    this.left++;
  }

  /** All exchanges that are over by now. */
  exchanges(): Exchange[] {
    return this.kept.filter(({ isOver }) => isOver).map(({ exchange }) => exchange);
  }

  /** How many were left out, since there were too many of them. */
  leftOut(): number {
    return this.left;
  }
}

/** An exchange before its request goes out. */
export function begun(api: Api, by: Asker, config: InternalAxiosRequestConfig): Exchange {
  const { path, query } = addressOf(config);
  return {
    ...{
      api,
      by,
      at: Date.now(),
      durationMs: 0,
      method: (config.method ?? 'get').toUpperCase(),
      path,
      query,
    },
    sent: typeof config.data === 'string' ? config.data : '',
    ...{ status: null, failure: null, headers: {}, body: '' },
  };
}

/** Sends a request on, and notes what came of it. Throws as the wire does. */
export async function carried(
  exchange: Exchange,
  wire: Wire,
  config: InternalAxiosRequestConfig,
): Promise<AxiosResponse> {
  const startedMs = performance.now();
  try {
    const answer = await wire(config);
    exchange.status = answer.status;
    exchange.headers = headersOf(answer.headers);
    exchange.body = typeof answer.data === 'string' ? answer.data : '';
    return answer;
  } catch (error) {
    exchange.failure = failureOf(error, config);
    throw error;
  } finally {
    exchange.durationMs = Math.round(performance.now() - startedMs);
  }
}

/** Where a request goes: the path below the address of the API, and the query. */
export function addressOf(config: InternalAxiosRequestConfig): Pick<Exchange, 'path' | 'query'> {
  const url = new URL(axios.getUri(config));
  const { pathname: base } = new URL(config.baseURL ?? url.origin);
  const prefix = base.replace(/\/+$/, '');
  const path = url.pathname.startsWith(`${prefix}/`) ? url.pathname.slice(prefix.length) : url.pathname;
  return { path, query: [...url.searchParams] };
}

function headersOf(headers: object): Record<string, string> {
  const all = Object.entries(headers).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]);
  const read = all.filter(([name, value]) => readHeaders.includes(name) && typeof value === 'string');
  return Object.fromEntries(read.map(([name, value]) => [name, String(value)]));
}

/** The code of an answer that is too large, which has none of its own (lib/http.ts). */
export const tooLarge = 'TOO_LARGE';

function failureOf(error: unknown, { signal }: InternalAxiosRequestConfig): string {
  if (signal?.aborted === true) return AxiosError.ETIMEDOUT;
  if (isAxiosError(error) && error.message.startsWith('maxContentLength')) return tooLarge;
  return isAxiosError(error) && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}
