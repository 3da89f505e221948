/**
 * One request to Kisi, and the reading of its answer. Whatever does not end in a complete, documented
 * answer is a KisiError.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AxiosInstance } from 'axios';
import type { z } from 'zod';
import {
  KisiError,
  errorOfReply,
  isKisiError,
  longestRetryAfterMs,
  malformed,
  type KisiCall,
} from './errors.js';
import { createOutageWatch, type OutageWatch } from './outage.js';
import type { KisiTurns } from './pace.js';
import {
  createHttp,
  failureCode,
  isTooLarge,
  requestLimit,
  type RequestInfo,
  type Wire,
} from '../lib/http.js';
import { boundsSignal, finishFromHere, unlessAborted } from '../lib/within.js';

/** How to reach Kisi. */
export interface KisiClientOptions {
  /** `https://api.kisi.io`; there is no version in the path. */
  baseUrl: string;
  /** Secret of an API login, which acts as the person who made it, in one organization. */
  apiKey: string;
  /** Time limit of one request from start to last byte, waiting for its turn not counted; 5_000 by default, as in Kisi's own client. */
  timeoutMs?: number;
  /** Sent as X-Kisi-Integration-Identifier, which Kisi asks of partners; 'latchkey' by default. */
  integrationName?: string;
  /** Shared by all clients of one API key in this process; without it nobody waits for a turn. */
  pace?: KisiTurns;
  /**
   * How often a request is sent again after Kisi asked to wait (429: it did nothing), with waits of less than
   * `longestRetryAfterMs` in all. Default 0: the caller decides.
   */
  throttleRetries?: number;
  /**
   * Called at the last instant before each request that changes something; where it throws, that is thrown and nothing is sent.
   * Not called before the second of two requests that belong together (`replaceKey`).
   */
  beforeWrite?: () => Promise<void>;
  /** Told after each request. */
  onRequest?: (info: RequestInfo) => void;
  /** Told what each good answer says of Kisi's clock, and when its request began by `performance.now`. */
  noteDate?: (date: string | null, startedMs: number) => void;
  /** What carries the requests. Default: the network. */
  wire?: Wire | undefined;
}

const longestPauseMs = 5_000;
/** A page of 250 role assignments is less. Bytes, once unpacked: a small gzip may hold any number. */
const mostBytes = 8 * 1024 * 1024;
const stillDown =
  'it has not answered for a while, so that only one request in two seconds tries whether it is back';

/** The error of a write that is given up before it was sent. */
export function givenUp({ method, path }: KisiCall): KisiError {
  const detail = 'it was given up while it waited for its turn, and was not sent; it is tried again';
  return new KisiError({ method, path }, { kind: 'unavailable', detail, isUnsent: true });
}

export type Query = Record<string, string | number>;

export interface KisiRequest extends KisiCall {
  /** Fills `{id}` in the path. */
  id?: number;
  query?: Query;
  body?: object;
  /** How many turns to take before it is sent: 2 where another follows at once, 0 for that one. Default 1. */
  turns?: number;
}

export interface KisiAnswer {
  body: string;
  collectionRange: string | null;
}

/**
 * Sends one request and returns the answer when its status is 200-299. Throws a KisiError otherwise, or, where it reads, the
 * reason of `signal` or of the running job's bounds (lib/within.ts) once that is aborted.
 */
export type Send = (request: KisiRequest, signal: AbortSignal | undefined) => Promise<KisiAnswer>;

/** Makes the function that sends. Throws a TypeError when the base URL or the API key cannot be right. */
export function createSend(options: KisiClientOptions): Send {
  const sender = new Sender(options);
  return (request, signal) => sender.send(request, signal);
}

/** An answer of any status. */
interface Reply extends KisiAnswer {
  status: number;
  retryAfter: string | null;
  date: string | null;
}

class Sender {
  private readonly http: AxiosInstance;
  /** Reads may be down alone, and must not keep a write from being tried. */
  private readonly outages = { read: createOutageWatch(), write: createOutageWatch() };

  constructor(private readonly options: KisiClientOptions) {
    this.http = httpOf(options);
  }

  /** Sends a request; again where Kisi asked to wait with it, as often as the options say. */
  async send(request: KisiRequest, signal: AbortSignal | undefined): Promise<KisiAnswer> {
    let waitedMs = 0;
    for (let left = this.options.throttleRetries ?? 0; ; left--) {
      try {
        return await this.sendOnce(request, signal);
      } catch (error) {
        if (left === 0 || !isKisiError(error, 'throttled')) throw error;
        const waitMs = error.retryAfterMs ?? 1_000;
        waitedMs += waitMs;
        if (waitedMs >= longestRetryAfterMs) throw error;
        await unlessAborted(sleep(waitMs), signal ?? boundsSignal());
      }
    }
  }

  private async sendOnce(request: KisiRequest, signal: AbortSignal | undefined): Promise<KisiAnswer> {
    const call: KisiCall = { method: request.method, path: request.path };
    const outage = this.outages[request.method === 'GET' ? 'read' : 'write'];
    const waitedMs = await this.waitForTurn(request, signal ?? boundsSignal());
    if (!outage.admits())
      throw new KisiError(call, { kind: 'unavailable', detail: stillDown, isUnsent: true });
    // A write is not given up any more: whether it was done would not be known.
    if (request.method !== 'GET') finishFromHere();
    const startedMs = performance.now();
    const reply = await this.replyTo(request, outage, waitedMs, signal ?? boundsSignal());
    if (reply.status >= 200 && reply.status <= 299) {
      // An error may come from a gateway in between, whose clock is another one.
      this.options.noteDate?.(reply.date, startedMs);
      return reply;
    }
    const error = errorOfReply(call, reply, Date.now());
    // All who use the key wait, not only this caller; a long wait is left to the caller, where it holds nothing up.
    if (error.kind === 'throttled')
      this.options.pace?.pause(Math.min(error.retryAfterMs ?? 1_000, longestPauseMs));
    throw error;
  }

  /**
   * Waits, and answers for how long, in ms. A write that is given up before it was sent is surely not done, and its error says
   * so.
   */
  private async waitForTurn(request: KisiRequest, signal: AbortSignal | undefined): Promise<number> {
    const { method, turns = 1 } = request;
    if (turns === 0) return 0;
    const askedMs = performance.now();
    try {
      await this.options.pace?.turn(turns, signal);
      const waitedMs = performance.now() - askedMs;
      signal?.throwIfAborted();
      if (method !== 'GET') await this.options.beforeWrite?.();
      signal?.throwIfAborted();
      return waitedMs;
    } catch (error) {
      if (method === 'GET' || signal?.aborted !== true || error !== signal.reason) throw error;
      throw givenUp(request);
    }
  }

  /** The reply of any status, within the time limit; the outage watch and `onRequest` are told how it ended. */
  private async replyTo(
    request: KisiRequest,
    outage: OutageWatch,
    waitedMs: number,
    given: AbortSignal | undefined,
  ): Promise<Reply> {
    const call: KisiCall = { method: request.method, path: request.path };
    const startedMs = performance.now();
    const limit = requestLimit(this.options.timeoutMs ?? 5_000, given);
    let status: number | null = null;
    try {
      const reply = await this.exchange(request, limit.signal);
      ({ status } = reply);
      outage.note(status < 500);
      return reply;
    } catch (error) {
      given?.throwIfAborted();
      outage.note(isTooLarge(error));
      if (isTooLarge(error)) throw malformed(call, `it is larger than ${mostBytes / 1_048_576} MB`, null);
      throw new KisiError(call, { kind: 'unavailable', code: failureCode(error, limit) });
    } finally {
      limit.clear();
      const isGivenUp = status === null && given?.aborted === true;
      const durationMs = Math.round(performance.now() - startedMs);
      this.options.onRequest?.({ ...call, status, isGivenUp, waitedMs, durationMs });
    }
  }

  private async exchange({ method, path, id, query, body }: KisiRequest, limit: AbortSignal): Promise<Reply> {
    const url = id === undefined ? path : path.replace('{id}', String(id));
    const sent = { method, url, params: query, data: body, signal: limit };
    const response = await this.http.request<unknown>(sent);
    const header = (name: string): string | null => {
      const value: unknown = response.headers[name];
      return typeof value === 'string' ? value : null;
    };
    return {
      status: response.status,
      body: typeof response.data === 'string' ? response.data : '',
      retryAfter: header('retry-after'),
      collectionRange: header('x-collection-range'),
      date: header('date'),
    };
  }
}

function httpOf({ baseUrl, apiKey, integrationName = 'latchkey', wire }: KisiClientOptions): AxiosInstance {
  if (!/^https?:\/\/\S+$/.test(baseUrl))
    throw new TypeError('The base URL of Kisi must be a full address, such as https://api.kisi.io');
  if (!/^[\x21-\x7e]+$/.test(apiKey))
    throw new TypeError('The API key of Kisi must be one word, without spaces or line ends');
  return createHttp({
    baseURL: baseUrl.replace(/\/+$/, ''),
    headers: {
      Accept: 'application/json',
      Authorization: `KISI-LOGIN ${apiKey}`,
      'X-Kisi-Integration-Identifier': integrationName,
    },
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true }),
    maxContentLength: mostBytes,
    wire,
  });
}

/** Sends a request and reads the record in its answer; `malformed` when that is not as documented. */
export async function read<T>(
  send: Send,
  request: KisiRequest,
  record: z.ZodType<T>,
  signal?: AbortSignal,
): Promise<T> {
  return parse(request, record, (await send(request, signal)).body);
}

/** The answer, or null when Kisi says that there is no such record. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isKisiError(error, 'notFound')) return null;
    throw error;
  }
}

/** A body as a record; `malformed` when it is not as documented. */
export function parse<T>(call: KisiCall, record: z.ZodType<T>, body: string): T {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw malformed(call, 'the body is not JSON');
  }
  const parsed = record.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  throw malformed(call, `the body is not as documented${where ? ` at ${where}` : ''}`);
}
