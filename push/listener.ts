import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Herald } from './herald.js';
import { isSignedByNexudus } from './signatures.js';

/** What pushes are told apart by, and how many there were of each: never whose, nor what was in them. */
export type PushCounts = Record<'taken' | 'forged' | 'oversized' | 'malformed', number>;

export interface ListenerOptions {
  /** 0: any free port. */
  port: number;
  /** All interfaces by default: Nexudus calls from outside. */
  host?: string;
  /** The shared secret of the Nexudus webhooks; null: none is set, and no webhook is taken. */
  nexudusSecret: string | null;
  herald: Herald;
}

/** A running listener. */
export interface Listener {
  port: number;
  counts(): Readonly<PushCounts>;
  /** Takes nothing more in, and has everybody woken who was told of. */
  close(): Promise<void>;
}

/** A coworker with all that Nexudus writes takes a few kilobytes. */
const bodyLimitBytes = 256 * 1024;

/**
 * Takes pushes in: hints that wake, never truth. Each is answered before anything is done about it. Throws where the
 * port is taken.
 */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { herald, nexudusSecret } = options;
  const counts: PushCounts = { taken: 0, forged: 0, oversized: 0, malformed: 0 };
  const app = fastify({ bodyLimit: bodyLimitBytes, logger: false });
  takeRawBodies(app, counts);

  app.post('/nexudus/:event', (request, reply) => {
    const signature = request.headers['x-nexudus-hook-signature'];
    const body = bodyOf(request);
    const isOurs =
      nexudusSecret !== null &&
      typeof signature === 'string' &&
      isSignedByNexudus(body, signature, nexudusSecret);
    if (!isOurs) return refuse(reply, counts, 'forged', 401);
    const { event } = request.params as { event: string };
    const concerned = membersIn(body, event);
    if (concerned === null) return refuse(reply, counts, 'malformed', 400);
    counts.taken++;
    for (const id of concerned) herald.tell(id, event !== 'coworker');
    if (concerned.length === 0) herald.tellSomething();
    return reply.code(200).send();
  });

  await app.listen({ port: options.port, host: options.host ?? '0.0.0.0' });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  return {
    port: address.port,
    counts: () => counts,
    async close() {
      await app.close();
      await herald.drain();
    },
  };
}

/** Signatures are over bytes, so none is parsed before. */
function takeRawBodies(app: FastifyInstance, counts: PushCounts): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.setErrorHandler((error: { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 413) return refuse(reply, counts, 'oversized', 413);
    return refuse(reply, counts, 'malformed', status >= 400 && status < 500 ? status : 500);
  });
}

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function refuse(
  reply: FastifyReply,
  counts: PushCounts,
  why: keyof PushCounts,
  status: number,
): FastifyReply {
  counts[why]++;
  return reply.code(status).send();
}

const id = z.int().positive();
const member = z.looseObject({ Id: id.optional(), CoworkerId: id.nullish() });
const records = z
  .array(member.extend({ TeamMembers: z.array(z.union([id, member])).nullish() }))
  .min(1)
  .max(1000);

/** Events whose record is the coworker itself; others name one as `CoworkerId`. */
const ofCoworkers = ['access', 'coworker'];

/** Whom a webhook is about; empty: it does not say. Null: it is no webhook of Nexudus. */
export function membersIn(body: Buffer, event: string): number[] | null {
  const parsed = records.safeParse(parse(body));
  if (!parsed.success) return null;
  const ids = parsed.data.flatMap((record) => {
    if (ofCoworkers.includes(event)) return [record.Id];
    const team = (record.TeamMembers ?? []).map((one) => (typeof one === 'number' ? one : idOf(one)));
    return [record.CoworkerId, ...team];
  });
  return [...new Set(ids.filter((one) => typeof one === 'number'))];
}

/** Of a team's member: a coworker, or a record that names one. */
function idOf({ CoworkerId, Id }: z.infer<typeof member>): number | undefined {
  return CoworkerId ?? Id;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
