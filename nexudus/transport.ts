import axios from 'axios';
import { errorOfStatus, NexudusError } from './errors.js';
import type { Turns } from './pace.js';

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
  /** How long one answer may take, waiting for its turn not counted. */
  timeoutMs: number;
  /** How often a throttled request is sent again. */
  throttleRetries: number;
  pacer: Turns;
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

/** Asks and answers, login and pace included. */
export interface Transport {
  /**
   * One GET. Answers 200 and 404; anything else is thrown as a NexudusError, a throttle only after it was tried
   * again so often.
   */
  get(ask: Ask): Promise<Answer>;
  /**
   * One POST or PUT. Answers 2xx, 400 and 404, else as `get`. Where no answer came, nobody knows whether it was done, so
   * it is not sent again.
   */
  write(method: 'POST' | 'PUT', path: string, record: object): Promise<Answer>;
}

interface Sending extends Ask {
  method: Method;
  form?: Record<string, string>;
  record?: object;
  bearer?: string;
}

interface RawAnswer {
  status: number;
  text: string;
  retryAfterMs: number | null;
}

interface Token {
  value: string;
  /** By `performance.now`. */
  renewAtMs: number;
}

const defaultPauseMs = 1_000;
/** A longer wait is left to the caller, who can wait without holding anything up. */
const longestPauseMs = 30_000;
const tokenPath = '/token';

/** Creates the transport. Nothing is sent before the first request. */
export function createTransport(options: TransportOptions): Transport {
  const { auth, pacer } = options;
  const http = axios.create({
    baseURL: options.baseUrl,
    timeout: options.timeoutMs,
    responseType: 'text',
    // The text is parsed here, where a broken one becomes an error of ours.
    transformResponse: [(data: unknown) => data],
    validateStatus: () => true,
    headers: { Accept: 'application/json' },
  });
  let token: Token | null = null;
  let login: Promise<Token> | null = null;

  async function sendOnce(sending: Sending): Promise<RawAnswer> {
    const startedMs = performance.now();
    let status: number | null = null;
    try {
      const response = await http.request<unknown>({
        method: sending.method,
        url: sending.path,
        ...(sending.query ? { params: new URLSearchParams(sending.query) } : {}),
        ...(sending.form ? { data: new URLSearchParams(sending.form) } : {}),
        ...(sending.record ? { data: sending.record } : {}),
        ...(sending.bearer ? { headers: { Authorization: `Bearer ${sending.bearer}` } } : {}),
      });
      status = response.status;
      const header: unknown = response.headers['retry-after'];
      const text = typeof response.data === 'string' ? response.data : '';
      return { status, text, retryAfterMs: parseRetryAfter(header) };
    } catch (error) {
      // The original holds headers and bodies, so only its code is kept.
      const code = axios.isAxiosError(error) ? (error.code ?? 'no code') : 'no code';
      throw new NexudusError({
        kind: 'unavailable',
        path: sending.template,
        says: `no answer (${code}). If this lasts, check NEXUDUS_BASE_URL and the network.`,
      });
    } finally {
      const durationMs = performance.now() - startedMs;
      options.onRequest({ method: sending.method, path: sending.template, status, durationMs });
    }
  }

  /** Sends in turn; after a throttle everyone waits, and the same request is sent again. */
  async function send(sending: Sending): Promise<RawAnswer> {
    for (let retry = 0; ; retry++) {
      await pacer.turn();
      const answer = await sendOnce(sending);
      if (answer.status !== 409 && answer.status !== 429) return answer;
      const waitMs = answer.retryAfterMs ?? defaultPauseMs;
      pacer.pause(Math.min(waitMs, longestPauseMs));
      if (retry === options.throttleRetries || waitMs > longestPauseMs) {
        throw new NexudusError({
          kind: 'throttled',
          path: sending.template,
          status: answer.status,
          retryAfterMs: waitMs,
          says: `asks to slow down (HTTP ${answer.status}). If this lasts, something else uses up the limits of the same login.`,
        });
      }
    }
  }

  async function logIn(username: string, password: string): Promise<Token> {
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
    if (answer.status !== 200) throw errorOfStatus(answer.status, tokenPath);
    return tokenOf(parseJson(answer.text, tokenPath));
  }

  /** The bearer token to use; `spent` is one that was just refused. */
  async function bearer(spent: string | null): Promise<string> {
    if ('token' in auth) return auth.token;
    if (token && token.value !== spent && performance.now() < token.renewAtMs) return token.value;
    login ??= logIn(auth.email, auth.password).finally(() => (login = null));
    token = await login;
    return token.value;
  }

  async function sendAsUser(sending: Sending): Promise<RawAnswer> {
    const first = await bearer(null);
    const answer = await send({ ...sending, bearer: first });
    if ((answer.status !== 401 && answer.status !== 403) || 'token' in auth) return answer;
    return send({ ...sending, bearer: await bearer(first) });
  }

  async function get(ask: Ask): Promise<Answer> {
    const answer = await sendAsUser({ ...ask, method: 'GET' });
    if (answer.status !== 200 && answer.status !== 404) throw errorOfStatus(answer.status, ask.template);
    return answerOf(answer, ask.template);
  }

  async function write(method: 'POST' | 'PUT', path: string, record: object): Promise<Answer> {
    const answer = await sendAsUser({ method, path, template: path, record });
    const { status } = answer;
    const isDone = status >= 200 && status < 300;
    if (!isDone && status !== 400 && status !== 404) throw errorOfStatus(status, path, '-Create and -Edit');
    return answerOf(answer, path);
  }

  return { get, write };
}

/** A 404 counts as 'no such record', so it must be one of Nexudus' own, not a proxy's HTML page. */
function answerOf({ status, text }: RawAnswer, template: string): Answer {
  return { status, body: text === '' ? undefined : parseJson(text, template) };
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

/** Seconds or an HTTP date, as milliseconds from now. */
function parseRetryAfter(header: unknown): number | null {
  if (typeof header !== 'string' || header.trim() === '') return null;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
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
