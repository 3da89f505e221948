import type { AxiosInstance } from 'axios';
import { malformed, NexudusError } from './errors.js';
import type { NexudusClientOptions } from './options.js';
import {
  createHttp,
  failureCode,
  isTooLarge,
  parseHttpDate,
  readRetryAfter,
  requestLimit,
} from '../lib/http.js';
import { boundsSignal } from '../lib/within.js';

type Method = 'GET' | 'POST' | 'PUT';

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
  /** Called where the answer seems to be lost; the request is given up then. */
  onStalled?: () => void;
}

export interface RawAnswer {
  status: number;
  text: string;
  retryAfterMs: number | null;
  /** Where a redirect leads, as it came. */
  location: unknown;
}

/** A longer Retry-After counts as this long. */
export const longestRetryAfterMs = 24 * 3_600_000;
/** A thousand of the widest records are less. Bytes, once unpacked: a small gzip may hold any number. */
const mostBytes = 32 * 1024 * 1024;

/** Sends one request, and waits for its answer of any status. */
export class Exchange {
  private readonly http: AxiosInstance;

  constructor(private readonly options: Required<NexudusClientOptions>) {
    const headers = { Accept: 'application/json' };
    const { baseUrl: baseURL, wire, onSent } = options;
    this.http = createHttp({ baseURL, headers, maxContentLength: mostBytes, wire, onSent });
  }

  /**
   * `waitedMs`: how long the request waited for its turn. Throws the reason why the running job is given up, and a NexudusError
   * where no answer came.
   */
  async send(sending: Sending, waitedMs: number): Promise<RawAnswer> {
    const { clock, stalls, timeoutMs, onRequest } = this.options;
    const { method, template: path, onStalled } = sending;
    const bounds = boundsSignal();
    bounds?.throwIfAborted();
    const startedMs = clock.steadyMs();
    let status: number | null = null;
    const limit = requestLimit(timeoutMs, bounds);
    const stalled = (): void => {
      onStalled?.();
      limit.end();
    };
    const sent = stalls.sent(path, onStalled === undefined ? () => undefined : stalled);
    try {
      const answer = await this.exchange(sending, limit.signal, startedMs);
      ({ status } = answer);
      return answer;
    } catch (error) {
      bounds?.throwIfAborted();
      if (isTooLarge(error)) throw malformed(path, `it is larger than ${mostBytes / 1_048_576} MB`);
      const code = failureCode(error, limit) ?? 'no code';
      const says = `no answer (${code}). If this lasts, check NEXUDUS_BASE_URL and the network.`;
      throw new NexudusError({ kind: 'unavailable', path, says });
    } finally {
      limit.clear();
      sent.over(status !== null);
      const isGivenUp = status === null && bounds?.aborted === true;
      onRequest({ method, path, status, isGivenUp, waitedMs, durationMs: clock.steadyMs() - startedMs });
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
    const askedMs = readRetryAfter(headers['retry-after'], saidAt);
    return {
      status,
      text: typeof data === 'string' ? data : '',
      retryAfterMs: askedMs === null ? null : Math.min(askedMs, longestRetryAfterMs),
      location: headers['location'],
    };
  }
}
