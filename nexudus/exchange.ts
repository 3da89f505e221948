import axios, { type AxiosInstance } from 'axios';
import { parseHttpDate, type ServerClock } from './clock.js';
import { malformed, NexudusError } from './errors.js';
import type { Stalls } from './stalls.js';
import { boundsSignal } from '../lib/within.js';

type Method = 'GET' | 'POST' | 'PUT';

/** One request as it was sent, for logs and figures. The path has no ids, the query is left out. */
export interface RequestInfo {
  method: Method;
  path: string;
  /** Null: no answer. */
  status: number | null;
  durationMs: number;
}

export interface ExchangeOptions {
  /** Ends in '/api', without a slash after it. */
  baseUrl: string;
  /** How long one request may take from start to last byte, waiting for its turn not counted. */
  timeoutMs: number;
  /** Told what each answer says of Nexudus' clock. */
  clock: ServerClock;
  stalls: Stalls;
  onRequest: (info: RequestInfo) => void;
}

export interface Ask {
  path: string;
  /** The path for messages, ids left out. */
  template: string;
  query?: Record<string, string>;
}

export interface Sending extends Ask {
  method: Method;
  form?: Record<string, string>;
  record?: object;
  bearer?: string;
  /** Told where its answer seems to be lost; it is given up then. */
  onStalled?: () => void;
}

export interface RawAnswer {
  status: number;
  text: string;
  retryAfterMs: number | null;
  /** Where a redirect leads, as it came. */
  location: unknown;
}

/** What asks for more is taken to ask for so much. */
export const longestRetryAfterMs = 24 * 3_600_000;
/** A thousand of the widest records are less. Bytes, once unpacked: a small gzip may hold any number. */
const mostBytes = 32 * 1024 * 1024;

/** Sends one request, and waits for its answer of any status. */
export class Exchange {
  private readonly http: AxiosInstance;

  constructor(private readonly options: ExchangeOptions) {
    this.http = axios.create({
      baseURL: options.baseUrl,
      // A redirect would carry the login or the token to an address that nobody configured.
      maxRedirects: 0,
      maxContentLength: mostBytes,
      responseType: 'text',
      // The text is parsed later, where a broken one becomes an error of ours.
      transformResponse: [(data: unknown) => data],
      validateStatus: () => true,
      headers: { Accept: 'application/json' },
    });
  }

  /** Throws the reason for which the running job is given up, and a NexudusError where no answer came. */
  async send(sending: Sending): Promise<RawAnswer> {
    const { clock, stalls, timeoutMs, onRequest } = this.options;
    const { method, template, onStalled } = sending;
    const bounds = boundsSignal();
    bounds?.throwIfAborted();
    const startedMs = clock.steadyMs();
    let status: number | null = null;
    // Axios' own time limit counts idle time only: an answer that trickles in would never end.
    const limit = new AbortController();
    const stop = (): void => {
      limit.abort();
    };
    const timer = setTimeout(stop, timeoutMs);
    bounds?.addEventListener('abort', stop);
    const stalled = (): void => {
      onStalled?.();
      stop();
    };
    const sent = stalls.sent(template, onStalled === undefined ? () => undefined : stalled);
    try {
      const answer = await this.exchange(sending, limit.signal, startedMs);
      ({ status } = answer);
      return answer;
    } catch (error) {
      bounds?.throwIfAborted();
      throw failureOf(error, template, limit.signal.aborted);
    } finally {
      clearTimeout(timer);
      bounds?.removeEventListener('abort', stop);
      sent.over(status !== null);
      onRequest({ method, path: template, status, durationMs: clock.steadyMs() - startedMs });
    }
  }

  private async exchange(sending: Sending, signal: AbortSignal, startedMs: number): Promise<RawAnswer> {
    const { clock } = this.options;
    const { status, data, ...response } = await this.http.request<unknown>({
      method: sending.method,
      url: sending.path,
      signal,
      ...(sending.query ? { params: new URLSearchParams(sending.query) } : {}),
      ...(sending.form ? { data: new URLSearchParams(sending.form) } : {}),
      ...(sending.record ? { data: sending.record } : {}),
      ...(sending.bearer ? { headers: { Authorization: `Bearer ${sending.bearer}` } } : {}),
    });
    const headers: Record<string, unknown> = response.headers;
    // An error may come from a gateway in between, whose clock is another one.
    if (status >= 200 && status < 300) clock.note(headers['date'], startedMs);
    const saidAt = parseHttpDate(headers['date']) ?? clock.now();
    return {
      status,
      text: typeof data === 'string' ? data : '',
      retryAfterMs: parseRetryAfter(headers['retry-after'], saidAt),
      location: headers['location'],
    };
  }
}

/** The original holds headers and bodies, so only its code is kept. */
function failureOf(error: unknown, template: string, isTooLate: boolean): NexudusError {
  if (isTooLarge(error)) return malformed(template, `it is larger than ${mostBytes / 1_048_576} MB`);
  const code = isTooLate ? 'ETIMEDOUT' : axios.isAxiosError(error) ? error.code : null;
  return new NexudusError({
    kind: 'unavailable',
    path: template,
    says: `no answer (${code ?? 'no code'}). If this lasts, check NEXUDUS_BASE_URL and the network.`,
  });
}

/** Axios has no code of its own for this. */
function isTooLarge(error: unknown): boolean {
  return axios.isAxiosError(error) && error.message.startsWith('maxContentLength');
}

/**
 * Seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from `saidAt`, which is when the answer was given by the clock
 * of who gave it; null: neither.
 */
function parseRetryAfter(header: unknown, saidAt: number): number | null {
  if (typeof header !== 'string') return null;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), longestRetryAfterMs);
  const at = parseHttpDate(text);
  return at === null ? null : Math.min(Math.max(0, at - saidAt), longestRetryAfterMs);
}
