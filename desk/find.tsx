import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Desk } from './desk.js';
import type { Directory, Found } from './directory.js';
import { answerPage } from './frame.js';
import { Find, Results } from './pages/find.js';
import { words } from './words.js';

/** What was typed; empty where the query string holds no such text. */
const query = z.object({ q: z.string().max(1_000).catch('') }).catch({ q: '' });

/** Adds the page to find somebody on, and the list of results alone for the script that asks as one types. */
export function addFind(app: FastifyInstance, desk: Desk, directory: Directory): void {
  const find = async (typed: string): Promise<Found> => {
    await directory.ready();
    return directory.find(typed);
  };

  app.addHook('onReady', (done) => {
    // So that names are there when somebody looks, and the first search need not wait.
    void directory.ready();
    done();
  });

  app.get('/', async (request, reply) => {
    const { q } = query.parse(request.query);
    const found = await find(q);
    const [first] = found.people;
    if (first !== undefined && found.exact === 1) return reply.redirect(`/people/${first.id}`, 303);
    const results = <Results typed={q} found={found} state={directory.state()} now={desk.now()} />;
    return answerPage(request, reply, words.find.title, <Find typed={q} results={results} />);
  });

  app.get('/search', async (request, reply) => {
    const { q } = query.parse(request.query);
    const found = await find(q);
    const html = <Results typed={q} found={found} state={directory.state()} now={desk.now()} />;
    return reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(`${html as string}\n`);
  });
}
