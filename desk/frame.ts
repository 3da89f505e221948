import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Child } from 'hono/jsx';
import { accountHere, loginName } from '../space/order.js';
import { takeTold } from './acts/told.js';
import type { Role, Viewer } from './desk.js';
import { page, type Frame } from './pages/layout.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. */
    viewer: Viewer;
    /** The token that this person's forms send back. */
    csrf: string;
  }
  interface FastifyContextConfig {
    /** The least role that may use a route; left out: viewer. */
    least?: Role;
    /** Whoever is not signed in may use it too. */
    isPublic?: true;
  }
}

/** The person at this machine, who may do everything: whoever may run commands here may as well. */
export function personHere(): Viewer {
  return { name: loginName(), role: 'operator', account: accountHere() };
}

/** What a page is drawn with, for the person who asks. */
async function frameOf(request: FastifyRequest, reply: FastifyReply): Promise<Frame> {
  const path = request.url.split('?')[0] ?? '/';
  const { viewer, csrf } = request;
  return { viewer, csrf, path, health: await request.health, told: takeTold(request, reply) };
}

/**
 * Answers a page. `live`: what the page is about, as desk/live names it: `member-123` or `space`. The page is drawn anew when
 * that changes. Left out: it stays as it is.
 */
export async function answerPage(
  request: FastifyRequest,
  reply: FastifyReply,
  title: string,
  body: Child,
  live?: string,
): Promise<FastifyReply> {
  const frame = await frameOf(request, reply);
  return reply
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(page(frame, title, body, live));
}
