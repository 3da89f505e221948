// What a page tells once, after an act was done.
import assert from 'node:assert/strict';
import cookie from '@fastify/cookie';
import fastify, { type FastifyInstance } from 'fastify';
import { tellThere } from '../../desk/acts/told.js';
import { actWords } from '../../desk/acts/words.js';
import { answerPage, personHere } from '../../desk/frame.js';

describe('what was done', () => {
  let app: FastifyInstance;
  const cookieOf = (told: string): Record<string, string> => ({ cookie: `latchkey-told=${told}` });

  beforeEach(() => {
    app = fastify({ logger: false });
    void app.register(cookie);
    app.decorateRequest('health', null);
    app.addHook('onRequest', (request, _reply, done) => {
      request.viewer = personHere();
      request.csrf = '';
      done();
    });
    app.post('/', (_request, reply) => {
      tellThere(reply, { path: '/people/7', told: 'looked' }, true);
      return reply.redirect('/people/7', 303);
    });
    app.get('/people/:id', (request, reply) => answerPage(request, reply, 'Ada', 'Ada'));
  });
  afterEach(() => app.close());

  it('is told by the page that the person goes to, and by no other', async () => {
    const { cookies } = await app.inject({ method: 'POST', url: '/' });
    assert.deepEqual(
      cookies.map((one) => ({ ...one })),
      [
        {
          name: 'latchkey-told',
          value: 'looked',
          path: '/people/7',
          maxAge: 60,
          httpOnly: true,
          secure: true,
          sameSite: 'Lax',
        },
      ],
    );
  });

  it('is told once: the page has the browser forget it', async () => {
    const { body, cookies } = await app.inject({ url: '/people/7?at=now', headers: cookieOf('looked') });
    assert.ok(body.includes(actWords.told.looked));
    assert.deepEqual(
      cookies.map(({ name, value, path, maxAge }) => [name, value, path, maxAge]),
      [['latchkey-told', '', '/people/7', 0]],
    );
    assert.doesNotMatch((await app.inject({ url: '/people/7' })).body, /class="told"/);
  });

  it('is not told to a script that keeps another page up to date', async () => {
    const headers = { ...cookieOf('looked'), 'sec-fetch-mode': 'cors' };
    const { body, cookies } = await app.inject({ url: '/people/7', headers });
    assert.doesNotMatch(body, /class="told"/);
    assert.deepEqual(cookies, []);
  });

  for (const forged of ['<b>forged</b>', 'toString', '__proto__', 'looked%20', ''])
    it(`is told in the desk's own words only, so not as '${forged}'`, async () => {
      const { body } = await app.inject({ url: '/people/7', headers: cookieOf(forged) });
      assert.doesNotMatch(body, /class="told"|forged/);
    });

  it('is not told by an address', async () => {
    assert.doesNotMatch((await app.inject({ url: '/people/7?told=looked' })).body, /class="told"/);
  });
});
