/** What the clients of both APIs have in common when they send a request. */
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import axios, { isAxiosError, type AxiosAdapter, type AxiosInstance, type CreateAxiosDefaults } from 'axios';

/** One request as it was sent, for logs and figures. */
export interface RequestInfo {
  method: string;
  /** A template without ids; the query is left out. */
  path: string;
  /** Null: no answer. */
  status: number | null;
  /** It was given up by whoever asked, so that no answer tells nothing of the API. */
  isGivenUp: boolean;
  /** How long it waited for its turn. */
  waitedMs: number;
  /** From its start to the last byte. */
  durationMs: number;
}

/** What carries a request to an API and brings its answer back: the network, or what listens in or stands in for it. */
export type Wire = AxiosAdapter;

/** The wire that everything takes unless said otherwise. */
export const network: Wire = axios.getAdapter('http');

/** What the client of an API makes its requests with. */
export interface HttpOptions extends CreateAxiosDefaults {
  maxContentLength: number;
  wire?: Wire | undefined;
  /** Called as each request has left this process: whole, on a connection that is open. Not by every wire. */
  onSent?: (() => void) | undefined;
}

/** Sends requests, and answers any status with the text that came: a broken one becomes an error of ours where it is parsed. */
export function createHttp({ wire = network, onSent, ...options }: HttpOptions): AxiosInstance {
  return axios.create({
    ...options,
    ...(onSent === undefined ? {} : { transport: telling(onSent) }),
    adapter: wire,
    // A redirect would carry the credentials to an address that nobody configured.
    maxRedirects: 0,
    responseType: 'text',
    transformResponse: (body: unknown) => body,
    validateStatus: () => true,
  });
}

/** Node's own transport, which tells when a request has left. */
function telling(onSent: () => void) {
  return {
    request(options: RequestOptions, onAnswer: (answer: IncomingMessage) => void): ClientRequest {
      const transport = options.protocol === 'https:' ? https : http;
      return transport.request(options, onAnswer).once('finish', onSent);
    },
  };
}

/** Ends a request at its time limit, with `given`, or by `end`. */
export interface RequestLimit {
  signal: AbortSignal;
  end: () => void;
  /** To be called once the request is over. */
  clear: () => void;
}

/** Axios' own time limit counts idle time only: an answer that trickles in would never end. */
export function requestLimit(timeoutMs: number, given: AbortSignal | undefined): RequestLimit {
  const limit = new AbortController();
  const end = (): void => {
    limit.abort();
  };
  const timer = setTimeout(end, timeoutMs);
  given?.addEventListener('abort', end);
  const clear = (): void => {
    clearTimeout(timer);
    given?.removeEventListener('abort', end);
  };
  return { signal: limit.signal, end, clear };
}

/** Whether an answer was larger than `maxContentLength`, for which axios has no code of its own. */
export function isTooLarge(error: unknown): boolean {
  return isAxiosError(error) && error.message.startsWith('maxContentLength');
}

/** Why no answer came; null: not known. The error itself holds headers and bodies, so nothing else of it is kept. */
export function failureCode(error: unknown, { signal }: RequestLimit): string | null {
  if (signal.aborted) return 'ETIMEDOUT';
  return isAxiosError(error) && typeof error.code === 'string' ? error.code : null;
}

/** The instant of an HTTP date, which begins with the day's name; null: it is none. */
export function parseHttpDate(text: unknown): number | null {
  if (typeof text !== 'string' || !/^[a-z]{3,9},? /i.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

/**
 * Milliseconds that a Retry-After header asks to wait, which is either seconds or an HTTP date (RFC 9110, 10.2.3), without
 * any bound; null: it says neither. `saidAt`: when the answer was given, by the clock of whoever gave it.
 */
export function readRetryAfter(header: unknown, saidAt: number): number | null {
  if (typeof header !== 'string') return null;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const at = parseHttpDate(text);
  return at === null ? null : Math.max(0, at - saidAt);
}
