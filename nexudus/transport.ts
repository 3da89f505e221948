import axios from 'axios';
import { parseHttpDate, type ServerClock } from './clock.js';
import { errorOfStatus, malformed, NexudusError } from './errors.js';
import { boundsSignal } from '../lib/within.js';
import type { Turns } from './pace.js';
import { tokenPath, type Session, type Token } from './session.js';
import type { Stalls } from './stalls.js';

/** An admin user's e-mail and password, which buy a bearer token, or such a token. */
export type NexudusAuth = { email: string; password: string } | { token: string };

type Method = 'GET' | 'POST' | 'PUT';

/** One request as it was sent, for logs and figures. The path has no ids, the query is left out. */
export interface RequestInfo {
  method: Method;
  path: string;
  /** Null: no answer. */
  status: number | null;
  durationMs: number;
}

export interface TransportOptions {
  /** Ends in '/api', without a slash after it. */
  baseUrl: string;
  auth: NexudusAuth;
  /** Of the user that `auth` names. */
  session: Session;
  /** How long one request may take from start to last byte, waiting for its turn not counted. */
  timeoutMs: number;
  /** How often a throttled request is sent again. */
  throttleRetries: number;
  pacer: Turns;
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

export interface Answer {
  status: number;
  /** The parsed JSON; undefined for an empty body. */
  body: unknown;
}

/** Asks and answers, login and pace included. Throws the reason too for which the running job is given up (lib/within.ts). */
export interface Transport {
  /**
   * One GET. Answers 200, and a 404 that says of the record that there is none; anything else is thrown as a NexudusError,
   * a throttle only after it was tried again so often.
   */
  get(ask: Ask): Promise<Answer>;
  /**
   * One POST or PUT. Answers 2xx, 400 and such a 404, else as `get`. Where no answer came, nobody knows whether it was
   * done, so it is not sent again.
   */
  write(method: 'POST' | 'PUT', path: string, record: object): Promise<Answer>;
}

interface Sending extends Ask {
  method: Method;
  form?: Record<string, string>;
  record?: object;
  bearer?: string;
  /** Told where its answer seems to be lost; it is given up then. */
  onStalled?: () => void;
}

interface RawAnswer {
  status: number;
  text: string;
  retryAfterMs: number | null;
  /** Where a redirect leads, as it came. */
  location: unknown;
}

/** After a throttle, whatever it says: who says zero would be asked without an end. Documented is `Retry-After: 1`. */
const shortestPauseMs = 1_000;
/**
 * All requests wait for so long at most, since what throttles one address may let others through. A longer wait is left to
 * the caller, who can wait without holding anything up.
 */
const longestPauseMs = 10_000;
/** What asks for more is taken to ask for so much. */
const longestRetryAfterMs = 24 * 3_600_000;
/** A thousand of the widest records are less. Bytes, once unpacked: a small gzip may hold any number. */
const mostBytes = 32 * 1024 * 1024;

/** Creates the transport. Nothing is sent before the first request. */
export function createTransport(options: TransportOptions): Transport {
  const { auth, session, pacer, clock, stalls } = options;
  const http = axios.create({
    baseURL: options.baseUrl,
    // A redirect would carry the login or the token to an address that nobody configured.
    maxRedirects: 0,
    maxContentLength: mostBytes,
    responseType: 'text',
    // The text is parsed here, where a broken one becomes an error of ours.
    transformResponse: [(data: unknown) => data],
    validateStatus: () => true,
    headers: { Accept: 'application/json' },
  });

  async function sendOnce(sending: Sending): Promise<RawAnswer> {
    const bounds = boundsSignal();
    bounds?.throwIfAborted();
    const startedMs = clock.steadyMs();
    let status: number | null = null;
    // Axios' own time limit counts idle time only: an answer that trickles in would never end.
    const limit = new AbortController();
    const stop = (): void => {
      limit.abort();
    };
    const timer = setTimeout(stop, options.timeoutMs);
    bounds?.addEventListener('abort', stop);
    const { onStalled } = sending;
    const stalled = (): void => {
      onStalled?.();
      stop();
    };
    const sent = stalls.sent(sending.template, onStalled === undefined ? () => undefined : stalled);
    try {
      const response = await http.request<unknown>({
        method: sending.method,
        url: sending.path,
        signal: limit.signal,
        ...(sending.query ? { params: new URLSearchParams(sending.query) } : {}),
        ...(sending.form ? { data: new URLSearchParams(sending.form) } : {}),
        ...(sending.record ? { data: sending.record } : {}),
        ...(sending.bearer ? { headers: { Authorization: `Bearer ${sending.bearer}` } } : {}),
      });
      status = response.status;
      const headers: Record<string, unknown> = response.headers;
      // An error may come from a gateway in between, whose clock is another one.
      if (status >= 200 && status < 300) clock.note(headers['date'], startedMs);
      const saidAt = parseHttpDate(headers['date']) ?? clock.now();
      return {
        status,
        text: typeof response.data === 'string' ? response.data : '',
        retryAfterMs: parseRetryAfter(headers['retry-after'], saidAt),
        location: headers['location'],
      };
    } catch (error) {
      bounds?.throwIfAborted();
      if (isTooLarge(error))
        throw malformed(sending.template, `it is larger than ${mostBytes / 1_048_576} MB`);
      // The original holds headers and bodies, so only its code is kept.
      const code = limit.signal.aborted ? 'ETIMEDOUT' : axios.isAxiosError(error) ? error.code : null;
      throw new NexudusError({
        kind: 'unavailable',
        path: sending.template,
        says: `no answer (${code ?? 'no code'}). If this lasts, check NEXUDUS_BASE_URL and the network.`,
      });
    } finally {
      clearTimeout(timer);
      bounds?.removeEventListener('abort', stop);
      sent.over(status !== null);
      const durationMs = clock.steadyMs() - startedMs;
      options.onRequest({ method: sending.method, path: sending.template, status, durationMs });
    }
  }

  /** Sends one that only reads; where its answer seems to be lost, once more. */
  async function sendReading(sending: Sending): Promise<RawAnswer> {
    const lost = new AbortController();
    const onStalled = (): void => {
      lost.abort();
    };
    try {
      return await sendOnce({ ...sending, onStalled });
    } catch (error) {
      if (!lost.signal.aborted) throw error;
    }
    await pacer.turn(boundsSignal());
    return sendOnce(sending);
  }

  /** Sends in turn; after a throttle everyone waits, and the same request is sent again. */
  async function send(sending: Sending): Promise<RawAnswer> {
    for (let retry = 0; ; retry++) {
      await pacer.turn(boundsSignal());
      const answer = await (sending.method === 'GET' ? sendReading(sending) : sendOnce(sending));
      const { status } = answer;
      if (status >= 300 && status < 400) throw redirected(answer, sending.template, options.baseUrl);
      if (status !== 409 && status !== 429) return answer;
      const waitMs = Math.max(answer.retryAfterMs ?? 0, shortestPauseMs);
      pacer.pause(Math.min(waitMs, longestPauseMs));
      if (retry === options.throttleRetries || waitMs > longestPauseMs) {
        throw new NexudusError({
          kind: 'throttled',
          path: sending.template,
          status,
          retryAfterMs: waitMs,
          says: `asks to slow down (HTTP ${status})${waitWords(waitMs)}. If this lasts, something else uses up the limits of the same login.`,
        });
      }
    }
  }

  async function logIn({ email: username, password }: { email: string; password: string }): Promise<Token> {
    const form = { grant_type: 'password', username, password };
    const sending = { method: 'POST', path: tokenPath, template: tokenPath, form } as const;
    const answer = await send(sending);
    if (answer.status === 400 || answer.status === 401) {
      throw new NexudusError({
        kind: 'refused',
        path: tokenPath,
        status: answer.status,
        says: 'the login was refused. Check NEXUDUS_EMAIL and NEXUDUS_PASSWORD, and that the user has API access and no second factor.',
      });
    }
    if (answer.status !== 200) throw errorOf(answer, tokenPath);
    return tokenOf(parseJson(answer.text, tokenPath));
  }

  async function sendAsUser(sending: Sending): Promise<RawAnswer> {
    if ('token' in auth) return send({ ...sending, bearer: auth.token });
    const first = await session.token(() => logIn(auth));
    const answer = await send({ ...sending, bearer: first });
    if (!isRefused(answer)) return answer;
    const second = await session.renewed(first, () => logIn(auth));
    if (second === null) return answer;
    const again = await send({ ...sending, bearer: second });
    if (isRefused(again)) session.noteFutile(second);
    return again;
  }

  function errorOf({ status, retryAfterMs }: RawAnswer, template: string, roles?: string): NexudusError {
    return errorOfStatus(status, template, { roles, retryAfterMs, byToken: 'token' in auth });
  }

  async function get(ask: Ask): Promise<Answer> {
    const answer = await sendAsUser({ ...ask, method: 'GET' });
    if (answer.status !== 200 && answer.status !== 404) throw errorOf(answer, ask.template);
    return answerOf(answer, ask.template);
  }

  async function write(method: 'POST' | 'PUT', path: string, record: object): Promise<Answer> {
    const answer = await sendAsUser({ method, path, template: path, record });
    const { status } = answer;
    const isDone = status >= 200 && status < 300;
    if (!isDone && status !== 400 && status !== 404) throw errorOf(answer, path, '-Create and -Edit');
    return answerOf(answer, path);
  }

  return { get, write };
}

const isRefused = ({ status }: RawAnswer): boolean => status === 401 || status === 403;

/** Axios has no code of its own for this. */
function isTooLarge(error: unknown): boolean {
  return axios.isAxiosError(error) && error.message.startsWith('maxContentLength');
}

function answerOf({ status, text }: RawAnswer, template: string): Answer {
  if (status === 404) throwUnlessOwn404(text, template);
  return { status, body: text === '' ? undefined : parseJson(text, template) };
}

/**
 * A 404 counts as 'no such record' only as Nexudus is known to say it: the JSON text "Not found". What answers otherwise is
 * a gateway or a proxy, or, in ASP.NET's own words, says that the address does not exist. Neither tells of a record.
 */
function throwUnlessOwn404(text: string, template: string): void {
  const body = jsonOr(text, null);
  if (typeof body === 'string' && body.trim().toLowerCase() === 'not found') return;
  const { Message: message } = Object(body) as Record<string, unknown>;
  if (typeof message === 'string' && /^No HTTP resource was found/i.test(message))
    throw errorOfStatus(404, template);
  throw new NexudusError({
    kind: 'malformed',
    path: template,
    status: 404,
    says: 'answered HTTP 404, but not as Nexudus does, so nothing is concluded from it. If this lasts, check NEXUDUS_BASE_URL.',
  });
}

function jsonOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

function parseJson(text: string, template: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NexudusError({
      kind: 'malformed',
      path: template,
      says: 'the answer is no JSON. If this lasts, check NEXUDUS_BASE_URL.',
    });
  }
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

/** Without a number, which counts down from answer to answer: what is logged once must read the same. */
function waitWords(waitMs: number): string {
  if (waitMs >= longestRetryAfterMs) return ' and to wait for a day or longer';
  if (waitMs >= 3_600_000) return ' and to wait for an hour or longer';
  return waitMs > 60_000 ? ' and to wait for more than a minute' : '';
}

function redirected({ status, location }: RawAnswer, template: string, baseUrl: string): NexudusError {
  return new NexudusError({
    kind: 'unavailable',
    path: template,
    status,
    says: `is redirected to ${originOf(location, baseUrl)} (HTTP ${status}), which is not followed, since it would carry the login there. Check NEXUDUS_BASE_URL.`,
  });
}

/** Scheme and host only: the rest may hold what was sent. */
function originOf(location: unknown, baseUrl: string): string {
  const elsewhere = 'an address that makes no sense';
  if (typeof location !== 'string' || !URL.canParse(location, baseUrl)) return elsewhere;
  const { protocol, origin } = new URL(location, baseUrl);
  return /^https?:$/.test(protocol) ? origin : elsewhere;
}

/** Renewed a little before it ends: an hour, or a tenth of a short life. */
function tokenOf(body: unknown): Token {
  const { access_token: value, expires_in: lifeS } = (body ?? {}) as Record<string, unknown>;
  if (typeof value !== 'string' || value === '') {
    throw new NexudusError({ kind: 'malformed', path: tokenPath, says: 'the answer holds no access token.' });
  }
  const lifeMs = Number(lifeS) > 0 ? Number(lifeS) * 1000 : Infinity;
  return { value, renewAtMs: performance.now() + lifeMs - Math.min(3_600_000, lifeMs / 10) };
}
