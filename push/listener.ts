import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { answerGroups, takeChange, type AcsDoor } from './acs.js';
import { bodyOf, statusOf, type Answer, type Count, type PushSource } from './answers.js';
import type { Herald } from './herald.js';
import type { KisiDoor } from './kisi.js';
import { takeWebhook } from './nexudus.js';

export interface ListenerOptions {
  /** 0: any free port. */
  port: number;
  /** All interfaces by default: Nexudus calls from outside. */
  host?: string;
  /** The shared secret of the Nexudus webhooks; null: none is set, and there is no such address. */
  nexudusSecret: string | null;
  /** Nexudus' Custom ACS; null: there are no such addresses. */
  acs: AcsDoor | null;
  /** Kisi's events; null: there is no such address. */
  kisi: KisiDoor | null;
  herald: Herald;
  /** Told of every call once. */
  count: Count;
}

/** A running listener. */
export interface Listener {
  port: number;
  /** Takes nothing more in, and has everybody woken who was told of. */
  close(): Promise<void>;
}

/**
 * A coworker with all that Nexudus writes takes a few kilobytes, a team with hundreds of members some hundred. A larger
 * body is refused (413), though ten refusals switch a webhook off: its signature is over all of it, so that whether it is
 * from Nexudus could only be known by holding as much of it in memory as whoever calls cares to send.
 */
const bodyLimitBytes = 1024 * 1024;
/** Who sends so slowly holds a connection for nothing. */
const requestTimeoutMs = 10_000;

/**
 * Takes pushes in: hints that wake, never truth. Each is answered before anything is done about it. Throws where the
 * port is taken.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { herald, nexudusSecret, acs, kisi, count } = options;
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    exposeHeadRoutes: false,
    logger: false,
  });
  takeRawBodies(app);
  refuseTheRest(app, count);

  type Take = (request: FastifyRequest) => Answer | Promise<Answer>;
  const route = (method: 'GET' | 'POST', url: string, take: Take): void => {
    app.route({
      method,
      url,
      async handler(request, reply) {
        const { outcome, body } = await take(request);
        count(sourceOf(request), outcome);
        return reply.code(statusOf[outcome]).send(body);
      },
    });
  };
  if (nexudusSecret !== null)
    route('POST', '/nexudus/:event', (request) => {
      const { event } = request.params as { event: string };
      return takeWebhook(bodyOf(request), event, request.headers, nexudusSecret, herald);
    });
  if (acs !== null) {
    route('GET', '/acs/groups', ({ headers }) => answerGroups(headers, acs));
    route('POST', '/acs/changes', (request) => takeChange(bodyOf(request), request.headers, acs, herald));
  }
  if (kisi !== null) route('POST', '/kisi/events', (request) => kisi.take(bodyOf(request), request.headers));

  await app.listen({ port: options.port, host: options.host ?? '127.0.0.1' });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  return {
    port: address.port,
    async close() {
      await app.close();
      await kisi?.drain();
      await herald.drain();
    },
  };
}

/** Signatures are over bytes, so none is parsed before; and what kind of text a call says it is makes no difference. */
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

function refuseTheRest(app: FastifyInstance, count: Count): void {
  app.setNotFoundHandler((request, reply) => {
    count(sourceOf(request), 'unknownAddress');
    return reply.code(statusOf.unknownAddress).send();
  });
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    const outcome = status === 413 ? 'oversized' : status >= 400 && status < 500 ? 'malformed' : 'failed';
    count(sourceOf(request), outcome);
    return reply.code(outcome === 'failed' ? 500 : status).send();
  });
}

function sourceOf({ url }: FastifyRequest): PushSource {
  const first = /^\/(nexudus|acs|kisi)\//.exec(url)?.[1];
  return (first as PushSource | undefined) ?? 'elsewhere';
}
