import type { Socket } from 'node:net';
import fastify, {
  type ConnectionError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { answerGroups, isOfAcs, takeChange, type AcsRoute } from './acs.js';
import {
  bodyOf,
  headerOf,
  statusOf,
  type Answer,
  type Count,
  type Headers,
  type PushOutcome,
  type PushSource,
} from './answers.js';
import { callerOf, type Caller } from '../lib/callers.js';
import { connectionLimits, limitConnections, type ConnectionLimits } from '../lib/connections.js';
import type { Debouncer } from './debouncer.js';
import { mayBeOfKisi, type KisiRoute } from './kisi.js';
import { mayBeOfNexudus, nexudusEvents, takeWebhook } from './nexudus.js';
import { Refusals } from './refusals.js';

export interface ListenerOptions {
  /** 0: any free port. */
  port: number;
  /** All interfaces by default: Nexudus calls from outside. */
  host?: string;
  /** The shared secret of the Nexudus webhooks; null: none is set, and there is no such address. */
  nexudusSecret: string | null;
  /** Nexudus' Custom ACS; null: there are no such addresses. */
  acs: AcsRoute | null;
  /** Kisi's events; null: there is no such address. */
  kisi: Pick<KisiRoute, 'take' | 'drain'> | null;
  debouncer: Pick<Debouncer, 'tell' | 'tellSomething' | 'drain'>;
  /** Told of every call once. */
  count: Count;
  /** Told of each call of Nexudus' webhooks and of Kisi's events. It must neither throw nor hold anything up. */
  onCall?: (call: Call) => void;
  /** The address of a proxy that everybody's calls come through, and that tells whose they are; left out: there is none. */
  trustedProxy?: string | null;
  /** Left out: by how many files this process may have open. */
  connectionLimits?: ConnectionLimits;
  timeLimits?: TimeLimits;
}

/** A call at an address of ours. */
export interface Call {
  source: PushSource;
  /** Its address, such as `/nexudus/access`. */
  url: string;
  headers: Headers;
  /** Null: it was refused before its body was read. */
  body: Buffer | null;
  outcome: PushOutcome;
}

/** A running listener. */
export interface Listener {
  port: number;
  /** Takes nothing more in, and has every member woken that it was told of. */
  close(): Promise<void>;
}

/**
 * A coworker with all that Nexudus writes takes a few kilobytes, a team's ten thousand members a hundred, and Kisi's and
 * Custom ACS' calls less. A larger body is refused (413), though ten refusals switch a webhook off: its signature is over
 * all of it, so that whether it is from Nexudus could only be known by holding as much of it as whoever calls cares to send.
 */
export const bodyLimitBytes = 512 * 1024;
/** Headers of the APIs, and what a proxy adds, take one or two kilobytes. */
const headersLimitBytes = 8 * 1024;

/** A caller that sends more slowly holds a connection for nothing. */
export interface TimeLimits {
  headersMs: number;
  /** Of a whole call. */
  callMs: number;
  /** How often late callers are looked for. With Node's own 30 s the other limits would not hold. */
  checkMs: number;
  /** The longest silence amid an answer. */
  silenceMs: number;
  /** Longer than proxies keep a connection (a minute, mostly): if we close one as a proxy uses it again, a call is lost. */
  idleMs: number;
}
const timeLimits: TimeLimits = {
  headersMs: 5_000,
  callMs: 10_000,
  checkMs: 1_000,
  silenceMs: 30_000,
  idleMs: 72_000,
};

/**
 * Takes pushes in: hints that wake, never truth. Each is answered before anything is done about it, and whatever can be
 * known to be no good is refused before its body is read. Throws where the port is taken.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { debouncer, kisi, count, trustedProxy = null, timeLimits: times = timeLimits } = options;
  const refusals = new Refusals();
  const app = appOf(times, count);
  limitConnections(app.server, options.connectionLimits ?? connectionLimits(), {
    trustedProxy,
    onClosed: () => {
      count('elsewhere', 'replaced');
    },
  });

  const callerIn = ({ headers, socket }: FastifyRequest): Caller =>
    callerOf(socket.remoteAddress, headerOf(headers, 'x-forwarded-for'), trustedProxy);
  const told: Told = (request, outcome) => {
    count(sourceOf(request), outcome);
    refusals.note(callerIn(request), outcome);
  };
  const refuse: Refuse = (request, reply, outcome) => {
    told(request, outcome);
    if (!isShort(request)) reply.header('connection', 'close');
    void reply.code(statusOf[outcome]).send();
  };

  // Refused before a byte of a body is read, as is a call that says that its body is too long.
  app.addHook('onRequest', (request, reply, done) => {
    if (refusals.isSentAway(callerIn(request))) refuse(request, reply, 'tooMany');
    else if (request.is404) refuse(request, reply, 'unknownAddress');
    else done();
  });
  takeRawBodies(app);
  refuseTheRest(app, told);
  addRoutes(app, options, told, refuse);

  await app.listen({ port: options.port, host: options.host ?? '127.0.0.1' });
  return {
    port: portOf(app),
    async close() {
      // Nobody who sends slowly is waited for.
      setTimeout(() => {
        app.server.closeAllConnections();
      }, times.checkMs).unref();
      await app.close();
      await kisi?.drain();
      await debouncer.drain();
    },
  };
}

function portOf(app: FastifyInstance): number {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  return address.port;
}

/** The server, without addresses yet. */
function appOf(times: TimeLimits, count: Count): FastifyInstance {
  return fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: times.callMs,
    connectionTimeout: times.silenceMs,
    keepAliveTimeout: times.idleMs,
    http: {
      headersTimeout: times.headersMs,
      requestTimeout: times.callMs,
      connectionsCheckingInterval: times.checkMs,
      maxHeaderSize: headersLimitBytes,
    },
    clientErrorHandler: refuseUnread(count),
    exposeHeadRoutes: false,
    logger: false,
  });
}

type Told = (request: FastifyRequest, outcome: PushOutcome) => void;
type Refuse = (request: FastifyRequest, reply: FastifyReply, outcome: PushOutcome) => void;

/** Has calls taken at each address that there is. */
function addRoutes(app: FastifyInstance, options: ListenerOptions, told: Told, refuse: Refuse): void {
  const { onCall = (): undefined => undefined } = options;
  for (const { method, url, mayBeRight, take } of routesOf(options)) {
    const tell = (request: FastifyRequest, body: Buffer | null, outcome: PushOutcome): void => {
      onCall({ source: sourceOf(request), url, headers: request.headers, body, outcome });
    };
    app.route({
      method,
      url,
      onRequest(request, reply, done) {
        if (mayBeRight(request.headers)) {
          done();
          return;
        }
        refuse(request, reply, 'forged');
        tell(request, null, 'forged');
      },
      async handler(request, reply) {
        const { outcome, body } = await take(bodyOf(request), request.headers);
        told(request, outcome);
        tell(request, bodyOf(request), outcome);
        return reply.code(statusOf[outcome]).send(body);
      },
    });
  }
}

/** An address at which calls are taken. */
interface Route {
  method: 'GET' | 'POST';
  url: string;
  /** Whether the headers have what a right call has: else nothing more is read. */
  mayBeRight: (headers: Headers) => boolean;
  take: (body: Buffer, headers: Headers) => Answer | Promise<Answer>;
}

function routesOf({ nexudusSecret, acs, kisi, debouncer }: ListenerOptions): Route[] {
  const routes: Route[] = [];
  if (nexudusSecret !== null)
    for (const [name, event] of Object.entries(nexudusEvents))
      routes.push({
        ...{ method: 'POST', url: `/nexudus/${name}`, mayBeRight: mayBeOfNexudus },
        take: (body, headers) => takeWebhook(body, event, headers, nexudusSecret, debouncer),
      });
  if (acs !== null) {
    const mayBeRight = (headers: Headers): boolean => isOfAcs(headers, acs);
    routes.push(
      { method: 'GET', url: '/acs/groups', mayBeRight, take: (_, headers) => answerGroups(headers, acs) },
      {
        ...{ method: 'POST', url: '/acs/changes', mayBeRight },
        take: (body, headers) => takeChange(body, headers, acs, debouncer),
      },
    );
  }
  if (kisi !== null)
    routes.push({
      ...{ method: 'POST', url: '/kisi/events', mayBeRight: mayBeOfKisi },
      take: (body, headers) => kisi.take(body, headers),
    });
  return routes;
}

/** How long a call says that its body is; NaN: it does not. */
const lengthOf = ({ headers }: FastifyRequest): number => Number(headers['content-length']);

/** Whether what is left of a refused call is so little that its connection may be used again. */
function isShort(request: FastifyRequest): boolean {
  if (request.headers['transfer-encoding'] !== undefined) return false;
  return !(lengthOf(request) > bodyLimitBytes);
}

/** Signatures are over bytes, so no body is parsed before; and the content type that a call names makes no difference. */
function takeRawBodies(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.headers['content-type'] !== undefined)
      request.headers['content-type'] = 'application/octet-stream';
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}

function refuseTheRest(app: FastifyInstance, told: Told): void {
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    const outcome = status === 413 ? 'oversized' : status >= 400 && status < 500 ? 'malformed' : 'failed';
    // A call whose connection was cut has been counted already.
    if (!request.socket.destroyed) told(request, outcome);
    return reply.code(outcome === 'failed' ? 500 : status).send();
  });
}

/** Answers what is no call, or is not yet a whole one when its time is over. */
function refuseUnread(count: Count): (error: ConnectionError, socket: Socket) => void {
  return (error, socket) => {
    // Whoever called went away.
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const outcome = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'slow' : 'malformed';
    count('elsewhere', outcome);
    const line = outcome === 'slow' ? '408 Request Timeout' : '400 Bad Request';
    if (socket.writable) socket.write(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    socket.destroy(error);
  };
}

function sourceOf({ url }: FastifyRequest): PushSource {
  const first = /^\/(nexudus|acs|kisi)\//.exec(url)?.[1];
  return (first as PushSource | undefined) ?? 'elsewhere';
}
