import type { FastifyInstance } from 'fastify';
import type { Desk } from './desk.js';
import { answerPage } from './frame.js';
import { Find } from './pages/find.js';
import { words } from './words.js';

/** Adds the page to find somebody on. */
export function addFind(app: FastifyInstance, desk: Desk): void {
  desk.log.debug('the desk finds people');
  app.get<{ Querystring: { q?: string } }>('/', (request, reply) =>
    answerPage(request, reply, words.find.title, <Find typed={request.query.q ?? ''} />),
  );
}
