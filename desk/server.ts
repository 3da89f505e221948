import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import cookie from '@fastify/cookie';
import formBody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import serveFiles from '@fastify/static';
import fastify, {
  type ConnectionError,
  type FastifyError,
  type FastifyInstance,
  type RouteOptions,
} from 'fastify';
import { ConfigError } from '../config/config-error.js';
import { hostProblems } from '../config/desk.js';
import { DatabaseError } from '../database/errors.js';
import { connectionLimits, limitConnections } from '../lib/connections.js';
import { listenProblem } from '../lib/ports.js';
import { addActs } from './acts/routes.js';
import type { Role } from '../lib/roles.js';
import type { Desk } from './desk.js';
import { Directory } from './directory.js';
import { DoorBook } from './doors.js';
import { addFind } from './find.js';
import { answerPage } from './frame.js';
import { InvitationWatch } from './invitation-facts.js';
import { addLive } from './live.js';
import { answerRefusal } from './outside.js';
import { Refused } from './pages/refused.js';
import { addPerson } from './person.js';
import { PersonReads } from './person-reads.js';
import { addSignIn } from './sign-in/add.js';
import { addSpace } from './space-pages.js';
import { words } from './words.js';

/** Where a desk is served. */
export interface DeskAddress {
  /** An address of this machine. */
  host: string;
  /** 0: any free port. */
  port: number;
}

/** A running desk. */
export interface DeskServer {
  /** Where browsers find it. */
  url: string;
  /** The port on which it is served. */
  port: number;
  /** Whether people have to sign in. */
  asksToSignIn: boolean;
  /** All routes that it answers, so that a test can try on each what strangers may do. */
  routes: readonly DeskRoute[];
  close(): Promise<void>;
}

/** An address of the desk, such as `/people/:id`. */
export interface DeskRoute {
  method: string;
  path: string;
  /** Null: whoever is not signed in may use it too. */
  least: Role | null;
}

/** No form of the desk is longer. */
const bodyLimitBytes = 64 * 1024;
const headersLimitBytes = 16 * 1024;
/** A client that sends more slowly holds a connection for nothing. */
const headersMs = 5_000;
const requestMs = 10_000;
const checkMs = 1_000;
/** The headers of answers to requests that cannot be read: no hook has seen those. */
const headersOfUnread = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';style-src 'self';img-src 'self';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
/** The longest silence amid an answer. Live changes are never silent for so long. */
const silenceMs = 120_000;

/**
 * Serves the desk's pages. Throws ConfigError where the port is taken, or where other machines would reach a desk that asks nobody
 * to sign in.
 */
export async function startDesk(desk: Desk, address: DeskAddress): Promise<DeskServer> {
  const { url, trustedProxy } = desk.config.desk;
  const problems = url === null ? hostProblems(address.host) : [];
  if (problems.length > 0) throw new ConfigError(problems);
  const routes: RouteOptions[] = [];
  const app = await appOf(desk, routes);
  limitConnections(app.server, connectionLimits(), { trustedProxy });
  try {
    await app.listen(address);
  } catch (error) {
    await app.close();
    const line = listenProblem(error, address, 'LATCHKEY_DESK');
    throw line === null ? error : new ConfigError([line]);
  }
  const port = portOf(app) ?? address.port;
  return {
    url: url ?? `http://${address.host === '::1' ? '[::1]' : '127.0.0.1'}:${port}`,
    port,
    asksToSignIn: url !== null,
    routes: routes.flatMap(routesOf),
    close: () => app.close(),
  };
}

function routesOf({ method, url: path, config = {} }: RouteOptions): DeskRoute[] {
  const least: Role | null = config.isPublic === true ? null : (config.least ?? 'viewer');
  return [method].flat().map((one) => ({ method: one, path, least }));
}

function portOf(app: FastifyInstance): number | null {
  const bound = app.server.address();
  return bound === null || typeof bound === 'string' ? null : bound.port;
}

async function appOf(desk: Desk, routes: RouteOptions[]): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestMs,
    connectionTimeout: silenceMs,
    http: {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: checkMs,
      maxHeaderSize: headersLimitBytes,
    },
    // Closing would wait for live changes.
    forceCloseConnections: true,
    clientErrorHandler: refuseUnread,
    frameworkErrors(_error, _request, reply) {
      const { badTitle, bad } = words.refused;
      void answerRefusal(reply.headers(headersOfUnread), 400, badTitle, bad);
    },
  });
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.removeAllContentTypeParsers();
  await app.register(formBody);
  await app.register(cookie);
  await addHeaders(app, desk);
  addErrorPages(app, desk);
  await addSignIn(app, desk);
  await app.register(addAssets);
  const people = new Directory(desk.nexudus, desk.now);
  const known: Desk = { ...desk, people };
  addFind(app, known, people);
  const invitations = new InvitationWatch(known);
  const reads = new PersonReads(known, doorsOf(app, known), invitations);
  addPerson(app, reads, people);
  addSpace(app, known, invitations);
  addActs(app, known);
  addLive(app, known, (memberId) => invitations.markOf(memberId) + reads.markOf(memberId));
  return app;
}

/** The groups, read before anybody asks, so that the first page need not wait for their names. */
function doorsOf(app: FastifyInstance, { kisi, now }: Desk): DoorBook {
  const doors = new DoorBook(kisi, now);
  app.addHook('onReady', (done) => {
    doors.read().catch(() => undefined);
    done();
  });
  return doors;
}

/** A browser runs, shows and sends to only what the desk itself serves, and keeps no page. */
async function addHeaders(app: FastifyInstance, { config }: Desk): Promise<void> {
  const isHttps = config.desk.url?.startsWith('https:') ?? false;
  const self = ["'self'"];
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        ...{ scriptSrc: self, styleSrc: self, imgSrc: self, connectSrc: self, formAction: self },
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    // Other sites learn nothing of a page. Without any referrer, browsers would not say that a form is of this site.
    referrerPolicy: { policy: 'same-origin' },
    hsts: isHttps,
  });
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store');
    done();
  });
}

/** Style and script tell nobody anything: whoever signs in sees them too. */
async function addAssets(assets: FastifyInstance): Promise<void> {
  assets.addHook('onRoute', (route) => {
    route.config = { ...route.config, isPublic: true };
  });
  await assets.register(serveFiles, {
    root: fileURLToPath(new URL('./assets/', import.meta.url)),
    prefix: '/assets/',
  });
}

function addErrorPages(app: FastifyInstance, { log }: Desk): void {
  app.setNotFoundHandler((request, reply) => {
    const { title, text } = words.notFound;
    // Nobody was asked who they are: the request was for a style or a script that does not exist.
    if (!Object.hasOwn(request, 'viewer')) return answerRefusal(reply, 404, title, text);
    return answerPage(request, reply.code(404), title, Refused({ text }));
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500)
      return answerRefusal(reply, status, words.refused.badTitle, words.refused.bad);
    // The route and not the address, which may hold names.
    const route = request.routeOptions.url ?? 'none';
    log.error({ err: error, method: request.method, route }, 'the desk could not answer');
    const isOfDatabase = error instanceof DatabaseError;
    const { title, text } = isOfDatabase ? words.noDatabase : words.failed;
    return answerRefusal(reply, isOfDatabase ? 503 : 500, title, text);
  });
}

/** Answers what is no request, or was not a whole request in time. */
function refuseUnread(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const line = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  const headers = Object.entries({ ...headersOfUnread, connection: 'close', 'content-length': '0' });
  const lines = [`HTTP/1.1 ${line}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (socket.writable) socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.destroy(error);
}
