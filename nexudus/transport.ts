import { errorOfStatus, NexudusError } from './errors.js';
import { Exchange, longestRetryAfterMs, type Ask, type RawAnswer, type Sending } from './exchange.js';
import type { NexudusClientOptions } from './options.js';
import { tokenPath, type Token } from './session.js';
import { boundsSignal } from '../lib/within.js';

export interface Answer {
  status: number;
  /** The parsed JSON; undefined for an empty body. */
  body: unknown;
}

/**
 * The least pause after a throttle, whatever the answer says: a server that says zero would be asked without an end. Documented
 * is `Retry-After: 1`.
 */
const shortestPauseMs = 1_000;
/**
 * All requests wait for this long at most, since what throttles one address may let others through. A longer wait is left to
 * the caller, who can wait without holding anything up.
 */
const longestPauseMs = 10_000;

/** Asks and answers, login and pace included. Also throws the reason why the running job is given up (lib/within.ts). */
export class Transport {
  private readonly exchange: Exchange;

  /** Nothing is sent before the first request. */
  constructor(private readonly options: Required<NexudusClientOptions>) {
    this.exchange = new Exchange(options);
  }

  /**
   * One GET. Answers 200, and a 404 that says that there is no such record; anything else is thrown as a NexudusError, a
   * throttle only after `throttleRetries` further tries.
   */
  async get(ask: Ask): Promise<Answer> {
    const answer = await this.sendAsUser({ ...ask, method: 'GET' });
    if (answer.status !== 200 && answer.status !== 404) throw this.errorOf(answer, ask.template);
    return answerOf(answer, ask.template);
  }

  /** The body of an address that is always there: throws `notFound` where it is not. */
  async getBody(path: string, query: Record<string, string>): Promise<unknown> {
    const { status, body } = await this.get({ path, template: path, query });
    if (status === 404) throw errorOfStatus(404, path);
    return body;
  }

  /**
   * One POST or PUT. Answers 2xx, 400 and such a 404, else as `get`. Where no answer came, nobody knows whether it was
   * done, so it is not sent again.
   */
  async write(method: 'POST' | 'PUT', path: string, record: object): Promise<Answer> {
    const answer = await this.sendAsUser({ method, path, template: path, record });
    const { status } = answer;
    const isDone = status >= 200 && status < 300;
    if (!isDone && status !== 400 && status !== 404) throw this.errorOf(answer, path, '-Create and -Edit');
    return answerOf(answer, path);
  }

  private async sendAsUser(sending: Sending): Promise<RawAnswer> {
    const { auth, session } = this.options;
    if ('token' in auth) return this.send({ ...sending, bearer: auth.token });
    const first = await session.token(() => this.logIn(auth));
    const answer = await this.send({ ...sending, bearer: first });
    if (!isRefused(answer)) return answer;
    const second = await session.renewed(first, () => this.logIn(auth));
    if (second === null) return answer;
    const again = await this.send({ ...sending, bearer: second });
    if (isRefused(again)) session.noteFutile(second);
    return again;
  }

  private async logIn({ email, password }: { email: string; password: string }): Promise<Token> {
    const form = { grant_type: 'password', username: email, password };
    const answer = await this.send({ method: 'POST', path: tokenPath, template: tokenPath, form });
    const { status } = answer;
    if (status === 200) return tokenOf(parseJson(answer.text, tokenPath));
    if (status !== 400 && status !== 401) throw this.errorOf(answer, tokenPath);
    throw new NexudusError({
      kind: 'refused',
      path: tokenPath,
      status,
      says: 'the login was refused. Check NEXUDUS_EMAIL and NEXUDUS_PASSWORD, and that the user has API access and no second factor.',
    });
  }

  /** Sends; after a throttle everyone waits, and the same request is sent again. */
  private async send(sending: Sending): Promise<RawAnswer> {
    const { pace, baseUrl, throttleRetries } = this.options;
    for (let retry = 0; ; retry++) {
      const answer = await (sending.method === 'GET' ? this.sendReading(sending) : this.sendInTurn(sending));
      const { status } = answer;
      if (status >= 300 && status < 400) throw redirected(answer, sending.template, baseUrl);
      if (status !== 409 && status !== 429) return answer;
      const waitMs = Math.max(answer.retryAfterMs ?? 0, shortestPauseMs);
      pace.pause(Math.min(waitMs, longestPauseMs));
      if (retry === throttleRetries || waitMs > longestPauseMs)
        throw throttled(status, sending.template, waitMs);
    }
  }

  /** Sends a request that only reads; once more where its answer seems to be lost. */
  private async sendReading(sending: Sending): Promise<RawAnswer> {
    const lost = new AbortController();
    const onStalled = (): void => {
      lost.abort();
    };
    try {
      return await this.sendInTurn({ ...sending, onStalled });
    } catch (error) {
      if (!lost.signal.aborted) throw error;
    }
    return this.sendInTurn(sending);
  }

  private async sendInTurn(sending: Sending): Promise<RawAnswer> {
    const askedMs = performance.now();
    await this.options.pace.turn(boundsSignal());
    return this.exchange.send(sending, performance.now() - askedMs);
  }

  private errorOf({ status, retryAfterMs }: RawAnswer, template: string, roles?: string): NexudusError {
    return errorOfStatus(status, template, { roles, retryAfterMs, byToken: 'token' in this.options.auth });
  }
}

const isRefused = ({ status }: RawAnswer): boolean => status === 401 || status === 403;

function answerOf({ status, text }: RawAnswer, template: string): Answer {
  if (status === 404) throwUnlessOwn404(text, template);
  return { status, body: text === '' ? undefined : parseJson(text, template) };
}

/**
 * A 404 counts as 'no such record' only as Nexudus is known to say it: the JSON text "Not found". Any other 404 comes from a
 * gateway or a proxy, or says, in ASP.NET's own words, that the address does not exist. Neither tells of a record.
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

function throttled(status: number, path: string, waitMs: number): NexudusError {
  return new NexudusError({
    ...{ kind: 'throttled', path, status },
    retryAfterMs: waitMs,
    says: `asks to slow down (HTTP ${status})${waitWords(waitMs)}. If this lasts, something else uses up the limits of the same login.`,
  });
}

/** The wait without its number, which counts down from answer to answer: a line that is logged once must stay the same. */
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
