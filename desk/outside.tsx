import type { FastifyReply } from 'fastify';
import type { Child } from 'hono/jsx';
import { outsidePage } from './pages/outside.js';
import { Refused } from './pages/refused.js';

/** Answers a page for whoever is not signed in, or may not see more. */
export function answerOutside(reply: FastifyReply, status: number, title: string, body: Child): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(outsidePage(title, body));
}

/** Answers why something was not done. `link`: where to go on; left out: to the first page. */
export function answerRefusal(
  reply: FastifyReply,
  status: number,
  title: string,
  text: string,
  link: { href?: string; to?: string } = {},
): FastifyReply {
  return answerOutside(reply, status, title, <Refused text={text} {...link} />);
}
