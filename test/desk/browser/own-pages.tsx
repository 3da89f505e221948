import { fileURLToPath } from 'node:url';
import cookie from '@fastify/cookie';
import serveFiles from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Desk } from '../../../desk/desk.js';
import { answerPage } from '../../../desk/frame.js';
import { addLive } from '../../../desk/live.js';
import type { MemberView } from '../../../messages/to-member.js';

/** What a test says and counts of its pages. */
export interface OwnPages {
  /** False: whoever looks is signed out from then on. */
  isSignedIn: boolean;
  /** The path of each fetch. */
  fetched: string[];
  /** The search for a single letter answers once this resolves. */
  late: Promise<void>;
  /** The people that are found besides those who always are. */
  newcomers: string[];
}

export const ownPages = (): OwnPages => ({
  isSignedIn: true,
  fetched: [],
  late: Promise.resolve(),
  newcomers: [],
});

const strict =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";

/** A few small pages, served as the desk serves its own: their script and their live connection are the desk's. */
export async function serveOwnPages(
  { client, view }: Pick<Desk, 'client'> & { view: (memberId: number) => Promise<MemberView | null> },
  pages: OwnPages,
  port = 0,
): Promise<{ url: string; port: number; close: () => Promise<void> }> {
  const app = fastify({ logger: false });
  const assets = fileURLToPath(new URL('../../../desk/assets/', import.meta.url));
  void app.register(serveFiles, { root: assets, prefix: '/assets/' });
  void app.register(cookie);
  app.decorateRequest('csrf', '');
  app.addHook('onRequest', async (request, reply) => {
    pages.fetched.push(request.url);
    request.viewer = { name: 'Mia', role: 'desk', account: 'mia@desk-1' };
    request.staysSignedIn = () => Promise.resolve(pages.isSignedIn);
    void reply.header('content-security-policy', strict);
    if (!pages.isSignedIn && !request.url.startsWith('/sign-in')) return reply.redirect('/sign-in');
  });
  addLive(app, { client }, () => '');
  addMember(app, view);
  addSearch(app, pages);
  const url = await app.listen({ host: '127.0.0.1', port });
  return { url, port: Number(new URL(url).port), close: () => app.close() };
}

function addMember(app: FastifyInstance, view: (memberId: number) => Promise<MemberView | null>): void {
  app.get('/sign-in', (request, reply) => answerPage(request, reply, 'Sign in', <p>Sign in.</p>));
  app.get<{ Params: { id: string } }>('/people/:id', async (request, reply) => {
    const id = Number(request.params.id);
    const body = <Member view={await view(id)} />;
    return answerPage(request, reply, `Member ${id}`, body, `member-${id}`);
  });
  app.get('/people/:id/text', (_, reply) =>
    reply.type('text/plain; charset=utf-8').send('Ada can get in – “yes”.'),
  );
}

function addSearch(app: FastifyInstance, pages: OwnPages): void {
  app.get('/find', (request, reply) => answerPage(request, reply, 'Who?', <Search />));
  app.get<{ Querystring: { q: string } }>('/search', async ({ query }, reply) => {
    if (query.q.length === 1) await pages.late;
    const found = <Found typed={query.q} among={[...names, ...pages.newcomers]} />;
    return reply.type('text/html; charset=utf-8').send(`<!doctype html>${found as string}`);
  });
}

function Member({ view }: { view: MemberView | null }): JSX.Element {
  const outcome = view?.state === 'access' ? 'can' : 'cannot';
  return (
    <>
      <div class={`verdict ${outcome}`} role="status">
        <p>
          <strong class={`state ${outcome}`}>{view?.state ?? 'unknown'}</strong>{' '}
          <span id="verdict">{outcome === 'can' ? 'Can get in.' : 'Cannot get in.'}</span>
        </p>
        <p class="note">That is all.</p>
      </div>
      <p class="attention">Nexudus does not answer.</p>
      <p class="bad">Nobody knows.</p>
      <p class="good">All is well.</p>
      <ul>
        <li class="bad">A bad line</li>
      </ul>
      <ul class="acts" aria-label="Acts">
        <li>
          <a href="/acts/block">Block</a>
        </li>
      </ul>
      <p>
        <a href={`/people/${view?.memberId ?? 0}/text`} data-copy>
          Copy as text
        </a>
      </p>
      <form>
        <label for="why">Why</label>
        <input id="why" name="why" />
        <label for="at">At</label>
        <input id="at" name="at" type="datetime-local" />
        <fieldset>
          <legend>How long</legend>
          <label>
            <input type="radio" name="long" value="hour" /> an hour
          </label>
          <label>
            <input type="radio" name="long" value="day" /> a day
          </label>
        </fieldset>
      </form>
      <details>
        <summary>Keys</summary>
        <Keys view={view} />
      </details>
      <ol>
        {Array.from({ length: 100 }, (_, index) => (
          <li>Line {index + 1}</li>
        ))}
      </ol>
      <p>
        <a href="/people/2">The next member</a>
      </p>
    </>
  );
}

function Keys({ view }: { view: MemberView | null }): JSX.Element {
  return (
    <div class="table" role="region" aria-label="Keys held" tabindex={0}>
      <table>
        <caption>Keys held</caption>
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col">Because</th>
          </tr>
        </thead>
        <tbody>
          {(view?.keys ?? []).map(({ groupId, because }) => (
            <tr>
              <th scope="row">{groupId}</th>
              <td>{because}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Search(): JSX.Element {
  return (
    <>
      <form role="search" method="get" action="/find">
        <label for="find">Name</label>
        <input id="find" name="q" type="search" autofocus />
        <button type="submit">Find</button>
      </form>
      <div id="results" />
    </>
  );
}

const names = ['Ada', 'Adam', 'Bob', '<img src=x onerror="window.ran = true">'];

function Found({ typed, among }: { typed: string; among: readonly string[] }): JSX.Element {
  const found = among.filter((name) => typed !== '' && name.toLowerCase().includes(typed.toLowerCase()));
  return (
    <div id="results" data-count={found.length}>
      <ul>
        {found.map((name, index) => (
          <li>
            <a href={`/people/${index + 1}`}>{name}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}
