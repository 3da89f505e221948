/**
 * What both simulators share: a book of faults that can be put in their way, a log of what was asked of them,
 * and the `/_admin` addresses that show and change both over HTTP.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Waits for this many milliseconds, or until the wait is given up. Resolves in either case. */
export type Wait = (ms: number, givenUp: AbortSignal) => Promise<void>;

/** By the clock of this machine. */
export const realWait: Wait = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

/**
 * What can go wrong.
 * - `status`: answers `status` (500) with `body` (empty), `location` and `retryAfter` as headers where given
 * - `timeout`: takes the request and never answers
 * - `reset`: cuts the connection before anything is done
 * - `afterWrite`: does what a write asks, then cuts the connection (reads are left alone)
 * - `held`: cuts the connection at once, and does what a write asks later all the same, `delayMs` after it came or, without
 *   that, when `release` is called, as a network does that held it (reads are left alone)
 * - `slow`: answers as usual after `delayMs` or, without that, once `release` is called
 * - `malformed`: the JSON stops in the middle
 * - `empty`: a well-formed empty list
 * - `truncated`: fewer rows on the page than the total says
 * - `dropLastPage`: the last page is missing though the total still counts it
 * - `lossy`: a list as if three of five records did not exist; by its id each is found as ever
 * - `ignoreFilters`: a list as if no filter had been sent
 * - `absent`: as if the records `ids` (all of them, where none are named) did not exist, totals too; Nexudus only
 */
export const faultKinds = [
  'status',
  'timeout',
  'reset',
  'afterWrite',
  'held',
  'slow',
  'malformed',
  'empty',
  'truncated',
  'dropLastPage',
  'lossy',
  'ignoreFilters',
  'absent',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One fault: which requests it hits and what then happens. */
export interface Fault {
  /** Start of the path, or the source of a regular expression; seen with and without the query string. */
  match: string;
  /** Only this HTTP method; all by default. */
  method?: string;
  kind: FaultKind;
  /** HTTP status of kind `status`. */
  status?: number;
  /** `Retry-After` of kind `status`: seconds, or whatever text is to go out. */
  retryAfter?: number | string;
  /** `Location` of kind `status`. */
  location?: string;
  /** Body of kind `status`, as it goes out. */
  body?: string;
  /** How many requests it hits before it is spent; without it, until cleared. */
  times?: number;
  /** How many requests that match it lets by before it hits. */
  skip?: number;
  /** Delay of kinds `slow` and `held`. */
  delayMs?: number;
  /** The records that kind `absent` hides. */
  ids?: number[];
}

/** The faults that are set. The first one that matches a request hits it. */
export class FaultBook {
  #faults: { fault: Fault; pattern: RegExp; left: number; toSkip: number }[] = [];
  readonly #hits = new WeakMap<IncomingMessage, Fault>();
  #held: (() => void)[] = [];

  /** Sets a fault. Throws a SyntaxError when `match` is not a regular expression. */
  add(fault: Fault): void {
    const { times = Infinity, skip = 0 } = fault;
    this.#faults.push({ fault, pattern: new RegExp(fault.match), left: times, toSkip: skip });
  }

  /** Removes all faults. */
  clear(): void {
    this.#faults = [];
  }

  /** Resolves when a request that is held is to be carried out. */
  async hold({ delayMs }: Fault): Promise<void> {
    await new Promise<void>((go) => {
      if (delayMs === undefined) this.#held.push(go);
      else setTimeout(go, delayMs);
    });
  }

  /** Has all requests carried out that are held without a time. Resolves once that is done. */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    for (const go of held) {
      go();
      await new Promise((done) => setImmediate(done));
    }
  }

  /** The faults that are still set, `times` being what is left. */
  list(): Fault[] {
    return this.#faults.map(({ fault, left }) => (left === Infinity ? fault : { ...fault, times: left }));
  }

  /** Uses up one turn of the first fault that matches the request, and remembers it for `of`. */
  take(request: FastifyRequest): Fault | undefined {
    const found = this.#faults.find(({ fault, pattern }) => hits(fault, pattern, request));
    if (!found) return undefined;
    if (found.toSkip > 0) {
      found.toSkip -= 1;
      return undefined;
    }
    found.left -= 1;
    if (found.left <= 0) this.#faults = this.#faults.filter((other) => other !== found);
    this.#hits.set(request.raw, found.fault);
    return found.fault;
  }

  /** The kind of the fault that hit this request; list handlers ask, to shape their page. */
  of(request: FastifyRequest): FaultKind | undefined {
    return this.#hits.get(request.raw)?.kind;
  }

  /** Whether the fault that hit this request hides the record. */
  hides(request: FastifyRequest, id: number): boolean {
    const fault = this.#hits.get(request.raw);
    return fault?.kind === 'absent' && (fault.ids ?? [id]).includes(id);
  }
}

/**
 * The rows of one page as a fault shows them: none when `empty`, or on the last page when `dropLastPage`,
 * one fewer when `truncated`, else all. Totals are the caller's: only `empty` makes them 0.
 */
export function faultyRows<T>(rows: T[], kind: FaultKind | undefined, isLastPage: boolean): T[] {
  if (kind === 'empty') return [];
  if (kind === 'dropLastPage' && isLastPage) return [];
  if (kind === 'truncated') return rows.slice(0, -1);
  return rows;
}

/** One request that was received. `status` is null while it is unanswered, and for ever when it was cut off. */
export interface LoggedRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  status: number | null;
  /** Milliseconds since the epoch, by the simulator's clock. */
  at: number;
}

/** The requests that were received, oldest first; the `/_admin` ones are left out. */
export class RequestLog {
  readonly #entries: LoggedRequest[] = [];

  /** Adds a request. The entry returned is the one kept, so that its status can be filled in later. */
  add(entry: LoggedRequest): LoggedRequest {
    this.#entries.push(entry);
    return entry;
  }

  /** All entries. */
  list(): readonly LoggedRequest[] {
    return this.#entries;
  }

  /** How many requests there were, or how many of a method and with a text in their path. */
  count(which: { method?: string; path?: string } = {}): number {
    const { method, path } = which;
    return this.#entries.filter((e) => (!method || e.method === method) && (!path || e.path.includes(path)))
      .length;
  }

  /** Forgets all entries. */
  clear(): void {
    this.#entries.length = 0;
  }
}

/**
 * Puts faults and log in the way of every request of a server, and adds `GET|POST|DELETE /_admin/faults`,
 * `POST /_admin/release` and `GET|DELETE /_admin/requests`. Faults strike after authentication and rate limits, just before the
 * handler; the list kinds are left to the handler, which asks `faults.of(request)`.
 */
export function registerAdmin(
  app: FastifyInstance,
  faults: FaultBook,
  log: RequestLog,
  now: () => number = Date.now,
): void {
  const logged = new WeakMap<IncomingMessage, LoggedRequest>();
  app.addHook('onRequest', (request, _reply, done) => {
    const { path, query } = parts(request.url);
    const entry = { method: request.method, path, query, status: null, at: now() };
    if (!isAdmin(request)) logged.set(request.raw, log.add(entry));
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const entry = logged.get(request.raw);
    if (entry && !isUnanswered(faults.of(request))) entry.status = reply.statusCode;
    done();
  });
  app.addHook('preHandler', async (request, reply) => {
    if (isAdmin(request)) return;
    const fault = faults.take(request);
    await strike(fault, request, reply, faults);
    if (fault?.kind !== 'held') return;
    request.raw.socket.destroy();
    await faults.hold(fault);
  });
  app.addHook('onSend', async (request, _reply, payload) => {
    const kind = faults.of(request);
    if (kind === 'afterWrite') request.raw.socket.destroy();
    return kind === 'malformed' && typeof payload === 'string'
      ? payload.slice(0, payload.length / 2)
      : payload;
  });

  app.get('/_admin/faults', () => faults.list());
  app.post('/_admin/faults', (request, reply) => {
    const fault = parseFault(request.body);
    if (typeof fault === 'string') return reply.code(400).send({ error: fault });
    faults.add(fault);
    return reply.code(201).send(fault);
  });
  app.delete('/_admin/faults', (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });
  app.post('/_admin/release', async (_request, reply) => {
    await faults.release();
    return reply.code(204).send();
  });
  app.get('/_admin/requests', () => log.list());
  app.delete('/_admin/requests', (_request, reply) => {
    log.clear();
    return reply.code(204).send();
  });
}

/** True for the addresses that steer the simulator itself: no fault, limit or password applies to them. */
export function isAdmin(request: FastifyRequest): boolean {
  return request.url.startsWith('/_admin/');
}

/** Whether a fault of this kind does what a write asks, and never says so. */
const isUnanswered = (kind: FaultKind | undefined): boolean => kind === 'afterWrite' || kind === 'held';

function hits(fault: Fault, pattern: RegExp, request: FastifyRequest): boolean {
  if (fault.method && fault.method.toUpperCase() !== request.method) return false;
  if (isUnanswered(fault.kind) && request.method === 'GET') return false;
  return (
    request.url.startsWith(fault.match) || pattern.test(request.url) || pattern.test(parts(request.url).path)
  );
}

function parts(url: string): { path: string; query: Record<string, string> } {
  const { pathname, searchParams } = new URL(url, 'http://simulator');
  return { path: pathname, query: Object.fromEntries(searchParams) };
}

async function strike(
  fault: Fault | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
  faults: FaultBook,
): Promise<void> {
  if (fault?.kind === 'slow') await faults.hold(fault);
  if (fault?.kind === 'timeout') reply.hijack();
  if (fault?.kind === 'reset') {
    reply.hijack();
    request.raw.socket.destroy();
  }
  if (fault?.kind !== 'status') return;
  if (fault.retryAfter !== undefined) reply.header('Retry-After', fault.retryAfter);
  if (fault.location !== undefined) reply.header('Location', fault.location);
  await reply.code(fault.status ?? 500).send(fault.body);
}

/** Reads a fault that came over HTTP. Returns what is wrong with it as a text. */
function parseFault(body: unknown): Fault | string {
  if (typeof body !== 'object' || body === null) return 'Send a fault as a JSON object.';
  const given = body as Partial<Record<keyof Fault, unknown>>;
  const kind = faultKinds.find((known) => known === given.kind);
  if (!kind) return `kind must be one of ${faultKinds.join(', ')}.`;
  if (typeof given.match !== 'string') return 'match must be the start of a path, or a regular expression.';
  const fault: Fault = { match: given.match, kind };
  try {
    new RegExp(given.match);
  } catch {
    return 'match is not a regular expression.';
  }
  for (const name of ['method', 'location', 'body'] as const) {
    const value = given[name];
    if (typeof value === 'string') fault[name] = value;
  }
  if (Array.isArray(given.ids)) fault.ids = given.ids.map(Number);
  const { retryAfter } = given;
  if (typeof retryAfter === 'number' || typeof retryAfter === 'string') fault.retryAfter = retryAfter;
  for (const name of ['status', 'times', 'skip', 'delayMs'] as const) {
    const value = given[name];
    if (value !== undefined && typeof value !== 'number') return `${name} must be a number.`;
    if (value !== undefined) fault[name] = value;
  }
  return fault;
}
