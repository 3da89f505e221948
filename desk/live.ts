import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Desk, Viewer } from './desk.js';
import type { Watcher } from './watcher.js';
import { Watched } from './watched.js';

/**
 * Tells open pages that something that they show has changed, by server-sent events. It never says what: the page is
 * fetched again, by whoever may see it.
 */

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the person's session still holds. Left out: nobody signs in here. */
    staysSignedIn?: () => Promise<boolean>;
  }
}

/** How often a page hears that the connection stands. The script gives it up after twice as long. */
const beatEveryMs = 5_000;
/** How soon a browser connects again. */
const reconnectMs = 1_000;
/** The most open pages of one person: nobody has more windows open. Pages in the background hold no connection. */
const mostOfOne = 12;
const mostInAll = 200;
/** The most that may be on its way to one page: a browser that does not read is left. */
const mostUnreadBytes = 16_384;

/**
 * Adds `GET /live?topic=member-123`. `noted`: what is known of a member besides what Temporal shows, as a text that changes
 * whenever that does.
 */
export function addLive(
  app: FastifyInstance,
  { client }: Pick<Desk, 'client'>,
  noted: (memberId: number) => string,
): void {
  const watched = new Watched(client, noted);
  const open = new Set<OpenPage>();
  app.get<{ Querystring: { topic?: unknown } }>('/live', { exposeHeadRoute: false }, (request, reply) => {
    const { topic } = request.query;
    const watchers = typeof topic === 'string' ? watched.of(topic) : null;
    if (watchers === null) return refuse(reply, 400, 'There is no such topic.');
    if (open.size >= mostInAll || openOf(open, request.viewer) >= mostOfOne)
      return refuse(reply.header('retry-after', '30'), 503, 'Too many pages are open: close some.');
    const page = new OpenPage(stream(reply), watchers, request);
    open.add(page);
    reply.raw.once('close', () => {
      page.end();
      open.delete(page);
    });
    return reply;
  });
  app.addHook('preClose', (done) => {
    for (const page of open) page.end();
    done();
  });
}

function refuse(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text);
}

function openOf(open: ReadonlySet<OpenPage>, { name, account }: Viewer): number {
  return [...open].filter(({ viewer }) => viewer.account === account && viewer.name === name).length;
}

/** Begins the answer, with the headers that hooks have set. */
function stream(reply: FastifyReply): ServerResponse {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  reply.raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Some proxies would keep events until there are many.
    'x-accel-buffering': 'no',
  });
  reply.raw.write(`retry: ${reconnectMs}\n\n`);
  return reply.raw;
}

/** One page that is told, until it is closed, the session ends or the desk stops. */
class OpenPage {
  readonly viewer: Viewer;
  private readonly stops: (() => void)[];
  private told: string | null;

  constructor(
    private readonly response: ServerResponse,
    private readonly watchers: readonly Watcher[],
    private readonly request: Pick<FastifyRequest, 'viewer' | 'headers' | 'staysSignedIn'>,
  ) {
    this.viewer = request.viewer;
    // A browser that comes back says what it was told last.
    const last = request.headers['last-event-id'];
    this.told = typeof last === 'string' ? last : null;
    this.stops = watchers.map((watcher) =>
      watcher.watch(() => {
        this.tell();
      }),
    );
    const beats = setInterval(() => void this.beat(), beatEveryMs);
    this.stops.push(() => {
      clearInterval(beats);
    });
    this.tell();
  }

  end(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.response.end();
  }

  /** Tells the page that something has changed, where what is seen now is not what the page was told of. */
  private tell(): void {
    const seen = this.watchers.map((watcher) => watcher.seen);
    if (seen.includes(null)) return;
    const mark = createHash('sha256').update(JSON.stringify(seen)).digest('base64url').slice(0, 22);
    if (mark === this.told) return;
    this.told = mark;
    this.write(`id: ${mark}\ndata: changed\n\n`);
  }

  private async beat(): Promise<void> {
    if (await this.staysSignedIn()) this.write('event: beat\ndata:\n\n');
    else this.end();
  }

  /**
   * Where nobody can know that now, the page is told of changes all the same: it learns nothing that it would not have to ask
   * for.
   */
  private async staysSignedIn(): Promise<boolean> {
    try {
      return (await this.request.staysSignedIn?.()) ?? true;
    } catch {
      return true;
    }
  }

  private write(event: string): void {
    if (this.response.writableLength > mostUnreadBytes) this.response.destroy();
    else if (!this.response.writableEnded) this.response.write(event);
  }
}
