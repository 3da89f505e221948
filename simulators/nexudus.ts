/**
 * Nexudus as a server on this machine, for the demo and the tests: the REST API's collections with its headers,
 * limits and quirks, written from the published reference. Where that is silent or contradicts itself, a switch
 * chooses (`nexudus-switches.ts`).
 */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NexudusAuth } from './nexudus-auth.js';
import { collectionNames, collections } from './nexudus-collections.js';
import { enumValues } from './nexudus-enums.js';
import { sendHooks } from './nexudus-hooks.js';
import { RateCounter } from './nexudus-limits.js';
import { list } from './nexudus-lists.js';
import type { CollectionName, Row } from './nexudus-records.js';
import { NexudusSpace } from './nexudus-space.js';
import { defaultSwitches, type NexudusSwitches } from './nexudus-switches.js';
import { createView } from './nexudus-views.js';
import { create, destroy, notFound, replace, type Answer } from './nexudus-writes.js';
import { FaultBook, RequestLog, isAdmin, realWait, registerAdmin, type Wait } from './server.js';

export type { NexudusSwitches } from './nexudus-switches.js';
export { NexudusSpace, passRenewalTimes } from './nexudus-space.js';

/** How to start the simulator. */
export interface NexudusSimulatorOptions {
  /** 0, the default, takes any free port. */
  port?: number;
  /** 127.0.0.1 by default. */
  host?: string;
  /** The simulator's clock, in milliseconds since the epoch. Limits and token lives follow it too. */
  now?: () => number;
  /** How a webhook waits until it is due; by the clock of this machine by default. */
  wait?: Wait;
  /** The one user's login; `admin@example.com` and `nexudus-password` by default. */
  email?: string;
  password?: string;
  switches?: Partial<NexudusSwitches>;
}

/** A running simulator. */
export interface NexudusSimulator {
  /** Base of the API, `/api` included. */
  url: string;
  /** The account's records. */
  space: NexudusSpace;
  /** May be changed while it runs. */
  switches: NexudusSwitches;
  faults: FaultBook;
  requests: RequestLog;
  /** Resolves when every webhook that is due was sent. */
  hooksSent(): Promise<void>;
  /** Ends all tokens given out, as a changed password would. */
  revokeTokens(): void;
  /** Takes another password from now on, and ends all tokens. */
  changePassword(password: string): void;
  /** Cuts all connections, webhooks under way too, and ends. */
  stop(): Promise<void>;
}

/** Starts a simulated Nexudus with an empty account. Throws when the port is taken. */
export async function startNexudusSimulator(
  options: NexudusSimulatorOptions = {},
): Promise<NexudusSimulator> {
  const now = options.now ?? Date.now;
  const switches = { ...defaultSwitches, ...options.switches };
  const email = options.email ?? 'admin@example.com';
  const auth = new NexudusAuth({ email, password: options.password ?? 'nexudus-password' }, now);
  const space = new NexudusSpace(now, switches, email);
  const hooks = sendHooks(space, options.wait ?? realWait);
  const faults = new FaultBook();
  const requests = new RequestLog();

  const app = fastify({
    forceCloseConnections: true,
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true },
  });
  tellTime(app, space);
  registerAdmin(app, faults, requests, now);
  readBodies(app);
  guard(app, auth, space);
  app.setNotFoundHandler((_request, reply) => send(reply, notFound));
  app.setErrorHandler((_error, _request, reply) =>
    send(reply, { status: 500, body: { Message: 'An error has occurred.' } }),
  );
  serveUser(app, auth, space);
  for (const name of collectionNames) serve(app, name, space, faults);

  const host = options.host ?? '127.0.0.1';
  await app.listen({ port: options.port ?? 0, host });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}/api`,
    space,
    switches,
    faults,
    requests,
    hooksSent: hooks.settled,
    revokeTokens: () => {
      auth.revokeTokens();
    },
    changePassword: (password) => {
      auth.changePassword(password);
    },
    async stop() {
      await hooks.stop();
      await app.close();
    },
  };
}

/** Every answer says what time it is, by the clock that stamps the records. */
function tellTime(app: FastifyInstance, space: NexudusSpace): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const { dateHeader } = space.switches;
    reply.raw.sendDate = false;
    const date = dateHeader === 'clock' ? new Date(space.now()).toUTCString() : dateHeader;
    if (date !== null) reply.header('Date', date);
    done();
  });
}

/** JSON bodies may be empty; form bodies become URLSearchParams, which is how `/token` tells them apart. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, new URLSearchParams(String(body)));
    },
  );
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, parsedOr(String(body), null));
  });
}

function parsedOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Limits first, then the login: a throttled request is not looked at any further. */
function guard(app: FastifyInstance, auth: NexudusAuth, space: NexudusSpace): void {
  const counter = new RateCounter();
  app.addHook('onRequest', async (request, reply) => {
    if (isAdmin(request)) return;
    const { authorization } = request.headers;
    const { rateLimits, throttleStatus, authFailureStatus } = space.switches;
    if (rateLimits && !counter.admits(authorization ?? request.ip, space.now(), rateLimits)) {
      await reply.code(throttleStatus).header('Retry-After', '1').send();
      return;
    }
    if (/^\/api\/token\/?$/i.test(pathOf(request)) || auth.accepts(authorization)) return;
    const body = { Message: 'Authorization has been denied for this request.' };
    await send(reply, { status: authFailureStatus, body });
  });
}

function serveUser(app: FastifyInstance, auth: NexudusAuth, space: NexudusSpace): void {
  app.post('/api/token', (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : null;
    const clientId = request.headers['client_id'];
    return send(reply, auth.grant(form, typeof clientId === 'string' ? clientId : undefined));
  });
  app.get('/api/auth/me', (_request, reply) => {
    const businesses = space.list('businesses');
    const home = businesses[0];
    const body = {
      Email: space.userEmail,
      FullName: 'API user',
      Active: true,
      IsAdmin: true,
      APIAccess: true,
      DefaultBusinessId: home?.Id ?? null,
      DefaultSimpleTimeZoneNameIana: home ? space.zoneOf(home.Id) : null,
      Businesses: businesses.map((business) => business.Id),
    };
    return send(reply, { status: 200, body });
  });
  app.get('/api/utils/enums', (request, reply) =>
    send(reply, { status: 200, body: enumValues(queryOf(request)['name'] ?? '') }),
  );
}

function serve(app: FastifyInstance, name: CollectionName, space: NexudusSpace, faults: FaultBook): void {
  const { path, creatable } = collections[name];
  const address = `/api${path}`;
  app.get(address, (request, reply) => {
    const hides = (id: number): boolean => faults.hides(request, id);
    const body = list(space, name, queryOf(request), faults.of(request), hides);
    return send(reply, { status: 200, body });
  });
  app.get<{ Params: { id: string } }>(`${address}/:id`, (request, reply) => {
    const id = Number(request.params.id);
    const record = faults.hides(request, id) ? undefined : space.get(name, id);
    return send(reply, record ? { status: 200, body: createView(space).full(name, record) } : notFound);
  });
  app.put(address, (request, reply) => send(reply, replace(space, name, bodyOf(request))));
  if (!creatable) {
    app.post(address, (request, reply) => send(reply, refusedVerb(request)));
    app.delete(`${address}/:id`, (request, reply) => send(reply, refusedVerb(request)));
    return;
  }
  app.post(address, (request, reply) => send(reply, create(space, name, bodyOf(request))));
  app.delete<{ Params: { id: string } }>(`${address}/:id`, (request, reply) =>
    send(reply, destroy(space, name, Number(request.params.id))),
  );
}

function refusedVerb(request: FastifyRequest): Answer {
  const Message = `The requested resource does not support http method '${request.method}'.`;
  return { status: 405, body: { Message } };
}

/** JSON whatever the value is: a bare string ("Not found") goes out in quotes. */
function send(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function bodyOf(request: FastifyRequest): Row {
  const { body } = request;
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function queryOf(request: FastifyRequest): Record<string, string> {
  return Object.fromEntries(new URL(request.url, 'http://simulator').searchParams);
}

function pathOf(request: FastifyRequest): string {
  return new URL(request.url, 'http://simulator').pathname;
}
