/** Who may use the desk, over HTTP: by links, by roles, and what strangers try. */
import assert from 'node:assert/strict';
import { createAuditLog } from '../../../database/audit-log.js';
import { openDatabase } from '../../../database/database.js';
import { mayAs } from '../../../desk/desk.js';
import type { DeskRoute, DeskServer } from '../../../desk/server.js';
import { Sessions } from '../../../desk/sign-in/sessions.js';
import { digestOf, newToken } from '../../../desk/sign-in/tokens.js';
import type { Role } from '../../../lib/roles.js';
import { loginName } from '../../../space/order.js';
import { createLogger } from '../../../worker/logging.js';
import { startTestDesk, type TestDeskOptions } from '../../support/desk.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { fieldIn, Visitor, type Answer } from '../../support/visitor.js';

const url = 'https://desk.example.com';
const hourMs = 3_600_000;
const sessionCookie = '__Host-latchkey-desk';

let space: RunningSpace;
let lateMs = 0;
let logged = '';
const servers: DeskServer[] = [];
const now = (): number => Date.now() + lateMs;

async function serve(options: TestDeskOptions = {}): Promise<DeskServer> {
  const log = createLogger({ level: 'debug', pretty: false, to: { write: (line) => void (logged += line) } });
  const server = await startTestDesk(space, { now, log, ...options });
  servers.push(server);
  return server;
}

const visitorOf = ({ port }: DeskServer): Visitor => new Visitor(`http://127.0.0.1:${port}`);

async function withSessions<T>(job: (sessions: Sessions) => Promise<T>): Promise<T> {
  const db = await openDatabase(space.config.databaseUrl);
  try {
    return await job(new Sessions(db, space.config.desk, now));
  } finally {
    await db.destroy();
  }
}

interface SignedIn {
  visitor: Visitor;
  /** The id of the session. */
  id: string;
  csrf: string;
}

async function signIn(server: DeskServer, role: Role, visitor = visitorOf(server)): Promise<SignedIn> {
  const { link, token } = await withSessions((sessions) => sessions.invite({ name: 'Mia', role }));
  const page = await visitor.get(`/link/${token}`);
  const done = await visitor.post('/link', { token, _csrf: fieldIn(page.text, '_csrf') });
  assert.equal(done.status, 303, done.text);
  assert.equal(done.headers.location, '/');
  return { visitor, id: link.id, csrf: fieldIn((await visitor.get('/')).text, '_csrf') };
}

function isOut({ status, headers: { location = '' } }: Answer): boolean {
  return status === 401 || (status === 303 && /^\/sign-in(\?|$)/.test(location));
}

describe('who may use the desk', () => {
  let desk: DeskServer;
  before(async () => {
    space = await startSpace();
    desk = await serve({ desk: { url } });
  });
  afterEach(() => {
    lateMs = 0;
  });
  after(async () => {
    for (const one of servers) await one.close();
    await space.stop();
  });

  describe('where LATCHKEY_DESK_URL is not set', () => {
    let here: DeskServer;
    before(async () => {
      here = await serve();
    });

    it('is whoever uses this machine, as an operator, and the page says so', async () => {
      const { status, text } = await visitorOf(here).get('/');
      assert.equal(status, 200);
      assert.match(text, /operator, without sign-in, for this machine only/);
      assert.ok(text.includes(loginName()));
      assert.equal((await visitorOf(here).get('/sessions')).status, 200);
    });

    it('is nobody on another machine: such a host is refused', async () => {
      const lines = (error: unknown): boolean => /nobody would have to sign in/.test(String(error));
      await assert.rejects(() => startTestDesk(space, { host: '0.0.0.0' }), lines);
    });

    for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via'])
      it(`is nobody who comes through a proxy (${name})`, async () => {
        const { status, text } = await visitorOf(here).get('/', { [name]: '203.0.113.7' });
        assert.equal(status, 403);
        assert.match(text, /set LATCHKEY_DESK_URL/);
      });

    it('is also the person that a link names, until the session is ended', async () => {
      const { visitor, id } = await signIn(here, 'viewer');
      assert.match((await visitor.get('/')).text, /Mia, viewer/);
      assert.equal((await visitor.get('/sessions')).status, 403);
      await withSessions((sessions) => sessions.end(id));
      assert.ok(isOut(await visitor.get('/', { 'sec-fetch-mode': 'navigate' })));
    });
  });

  describe('by a link', () => {
    it('has a person asked before the link is used up, so that programs that look at links use none up', async () => {
      const { token } = await withSessions((sessions) => sessions.invite({ name: 'Mia', role: 'desk' }));
      for (let looks = 0; looks < 3; looks++) {
        const { status, text } = await visitorOf(desk).get(`/link/${token}`);
        assert.equal(status, 200);
        assert.match(text, /Sign in as Mia/);
        assert.match(text, /with the role desk/);
      }
      assert.equal((await visitorOf(desk).ask('HEAD', `/link/${token}`)).status, 200);
      const visitors = [1, 2, 3, 4].map(() => visitorOf(desk));
      const statuses = await Promise.all(
        visitors.map(async (visitor) => {
          const _csrf = fieldIn((await visitor.get(`/link/${token}`)).text, '_csrf');
          return (await visitor.post('/link', { token, _csrf })).status;
        }),
      );
      assert.deepEqual(statuses.sort(), [303, 410, 410, 410]);
      assert.equal((await visitorOf(desk).get(`/link/${token}`)).status, 410);
    });

    it('does not work after 15 minutes', async () => {
      const { token } = await withSessions((sessions) => sessions.invite({ name: 'Mia', role: 'desk' }));
      const visitor = visitorOf(desk);
      const _csrf = fieldIn((await visitor.get(`/link/${token}`)).text, '_csrf');
      lateMs = 15 * 60_000;
      assert.equal((await visitor.post('/link', { token, _csrf })).status, 410);
    });

    it('does not work without the page that it leads to', async () => {
      const { token } = await withSessions((sessions) => sessions.invite({ name: 'Mia', role: 'desk' }));
      const other = visitorOf(desk);
      const _csrf = fieldIn((await other.get(`/link/${token}`)).text, '_csrf');
      const visitor = visitorOf(desk);
      for (const form of [{ token }, { token, _csrf: '' }, { token, _csrf }])
        assert.equal((await visitor.post('/link', form)).status, 403);
      assert.equal((await other.post('/link', { token, _csrf })).status, 303);
    });

    it('gives the browser a cookie that no script reads, and that no other site has it send', async () => {
      const { visitor } = await signIn(desk, 'desk');
      const cookie = visitor.setCookies.get(sessionCookie) ?? '';
      assert.match(
        cookie,
        /^__Host-latchkey-desk=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      const here = await signIn(await serve(), 'desk');
      assert.match(here.visitor.setCookies.get('latchkey-desk') ?? '', /; HttpOnly; SameSite=Lax$/);
    });

    it('gives it another session than before, which does not work any more', async () => {
      const { visitor, id } = await signIn(desk, 'viewer');
      const before = visitor.cookies.get(sessionCookie);
      const again = await signIn(desk, 'operator', visitor);
      assert.notEqual(visitor.cookies.get(sessionCookie), before);
      assert.match((await visitor.get('/')).text, /Mia, operator/);
      const ids = await withSessions(async (sessions) => (await sessions.list()).map((one) => one.id));
      assert.deepEqual([ids.includes(id), ids.includes(again.id)], [false, true]);
    });

    it('is in the audit log, under the name and the link', async () => {
      const { id } = await signIn(desk, 'desk');
      const auditLog = createAuditLog(await openDatabase(space.config.databaseUrl));
      const found = [];
      for await (const { what, by } of auditLog.all({})) if (what.includes(id)) found.push([what, by]);
      await auditLog.close();
      assert.deepEqual(found, [[`sign in to the desk as desk, session ${id}`, `Mia (link-${id}@desk)`]]);
    });
  });

  describe('ends', () => {
    it('by signing out', async () => {
      const { visitor, csrf } = await signIn(desk, 'desk');
      const stolen = visitor.cookies.get(sessionCookie) ?? '';
      assert.equal((await visitor.post('/sign-out', { _csrf: csrf })).headers.location, '/sign-in');
      assert.equal(visitor.cookies.has(sessionCookie), false);
      visitor.cookies.set(sessionCookie, stolen);
      assert.ok(isOut(await visitor.get('/')));
    });

    it('by an operator, who sees who is signed in', async () => {
      const mia = await signIn(desk, 'desk');
      const operator = await signIn(desk, 'operator');
      const { text } = await operator.visitor.get('/sessions');
      assert.match(text, new RegExp(`link-${mia.id}@desk`));
      assert.match(text, /\(this is you\)/);
      const ended = await operator.visitor.post(`/sessions/${mia.id}/end`, { _csrf: operator.csrf });
      assert.equal(ended.status, 303);
      assert.ok(isOut(await mia.visitor.get('/')));
      assert.equal((await operator.visitor.get('/')).status, 200);
    });

    it('where nobody opened a page for LATCHKEY_DESK_IDLE_LIMIT, and after LATCHKEY_DESK_SESSION_LIMIT', async () => {
      const { visitor } = await signIn(desk, 'desk');
      for (lateMs = 0; lateMs < 168 * hourMs; lateMs += 11 * hourMs)
        assert.equal((await visitor.get('/')).status, 200, `${lateMs / hourMs} hours`);
      lateMs = 168 * hourMs;
      assert.ok(isOut(await visitor.get('/')));
      lateMs = 0;
      const idle = await signIn(desk, 'desk');
      lateMs = 12 * hourMs;
      assert.ok(isOut(await idle.visitor.get('/')));
    });

    it('and a new sign-in leads back to the page that was asked for', async () => {
      const { headers } = await visitorOf(desk).get('/people/7?at=2026-12-01');
      assert.equal(headers.location, '/sign-in?to=%2Fpeople%2F7%3Fat%3D2026-12-01');
    });
  });

  describe('a stranger', () => {
    const doors = [
      ...['/', '/sessions', '/sessions/', '//sessions', '/./sessions', '/x/../sessions', '/%73essions'],
      ...[
        '/sessions?x=/assets/',
        '/SESSIONS',
        '/sessions%2f',
        '/assets/../sessions',
        '/assets/%2e%2e/sessions',
      ],
      ...[
        '/link/../sessions',
        '/sign-in/../sessions',
        '/sessions;/assets/',
        '/assets/desk.css/../../sessions',
      ],
      ...['/nowhere', '/people/1', '/live?topic=space', 'http://127.0.0.1/sessions', '/\\sessions', '/%00'],
    ];
    for (const path of doors)
      it(`sees nothing at ${path}`, async () => {
        const answer = await visitorOf(desk).get(path);
        assert.ok(isOut(answer) || [400, 403, 404].includes(answer.status), `${answer.status}`);
        assert.doesNotMatch(answer.text, /Who is signed in|Mia/);
      });

    for (const path of [
      '/assets/../server.ts',
      '/assets/..%2fserver.ts',
      '/assets/%2e%2e%2fwords.ts',
      '/assets/',
      '/assets',
    ])
      it(`reads no file at ${path}`, async () => {
        const { status, text } = await visitorOf(desk).get(path);
        assert.ok([303, 400, 403, 404].includes(status), `${status}`);
        assert.doesNotMatch(text, /import|words/);
      });

    it('sees the style, and is sent to sign in', async () => {
      assert.equal((await visitorOf(desk).get('/assets/desk.css')).status, 200);
      const { status, text } = await visitorOf(desk).get('/sign-in');
      assert.equal(status, 200);
      assert.match(text, /latchkey desk invite/);
    });

    it('cannot have somebody sent elsewhere after signing in', async () => {
      for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example']) {
        const { text, headers } = await visitorOf(desk).get(`/sign-in?to=${encodeURIComponent(to)}`);
        assert.doesNotMatch(text + JSON.stringify(headers), /evil/);
      }
    });

    it('gets no further by a text that is no secret of a session', async () => {
      const { visitor, id } = await signIn(desk, 'operator');
      const token = visitor.cookies.get(sessionCookie) ?? '';
      for (const made of [
        digestOf(token),
        id,
        newToken(),
        '',
        'x',
        `${token}x`,
        token.toLowerCase(),
        'a'.repeat(9_000),
      ]) {
        const stranger = visitorOf(desk);
        stranger.cookies.set(sessionCookie, made);
        assert.ok(isOut(await stranger.get('/sessions')), made.slice(0, 50));
        const { status } = await stranger.get(`/link/${encodeURIComponent(made)}`);
        assert.ok([400, 404, 410].includes(status) || made === '', `${status} ${made.slice(0, 50)}`);
      }
      assert.equal((await visitor.get('/')).status, 200);
    });

    it('by another name of this machine is refused (DNS rebinding)', async () => {
      const { visitor } = await signIn(desk, 'operator');
      for (const host of [
        'evil.example',
        'evil.example:8089',
        'localhost.evil.example',
        'desk.example.com:1',
      ])
        for (const path of ['/', '/sign-in', '/assets/desk.css'])
          assert.equal((await visitor.get(path, { host })).status, 421, `${host} ${path}`);
      assert.equal((await visitor.get('/', { host: 'desk.example.com' })).status, 200);
    });
  });

  describe('a form', () => {
    const forgeries: [
      what: string,
      form: (csrf: string) => Record<string, string>,
      headers?: Record<string, string>,
    ][] = [
      ['without its secret', () => ({})],
      ['with an empty secret', () => ({ _csrf: '' })],
      ['with another secret', () => ({ _csrf: newToken() })],
      [
        'of another site',
        (_csrf) => ({ _csrf }),
        { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      ],
      ['of another host of the domain', (_csrf) => ({ _csrf }), { 'sec-fetch-site': 'same-site' }],
      ['of a frame without a site', (_csrf) => ({ _csrf }), { origin: 'null' }],
      ['of a mail', (_csrf) => ({ _csrf }), { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ];
    for (const [what, form, headers = {}] of forgeries)
      it(`${what} does nothing`, async () => {
        const { visitor, csrf } = await signIn(desk, 'operator');
        for (const path of ['/sign-out', '/sessions/00000000/end', '/link', '/nowhere']) {
          const { status } = await visitor.post(path, form(csrf), headers);
          assert.equal(status, 403, path);
        }
        assert.equal((await visitor.get('/sessions')).status, 200);
      });

    it('drawn for another person does nothing', async () => {
      const mia = await signIn(desk, 'operator');
      const eve = await signIn(desk, 'operator');
      assert.equal((await mia.visitor.post('/sign-out', { _csrf: eve.csrf })).status, 403);
      assert.equal((await mia.visitor.get('/')).status, 200);
    });

    it('sent twice by a browser that says where it is from is fine', async () => {
      const { visitor, csrf } = await signIn(desk, 'operator');
      const headers = { host: 'desk.example.com', origin: url, 'sec-fetch-site': 'same-origin' };
      for (let times = 0; times < 2; times++)
        assert.equal((await visitor.post('/sessions/00000000/end', { _csrf: csrf }, headers)).status, 303);
    });

    it('of another kind, or too long, is not read', async () => {
      const { visitor, csrf } = await signIn(desk, 'operator');
      const json = JSON.stringify({ _csrf: csrf });
      const send = async (type: string, body: string): Promise<number> =>
        (await visitor.ask('POST', '/sign-out', { 'content-type': type }, body)).status;
      assert.equal(await send('application/json', json), 415);
      assert.equal(await send('text/plain', `_csrf=${csrf}`), 415);
      assert.equal(await send('multipart/form-data; boundary=x', 'x'), 415);
      assert.equal(await send('application/x-www-form-urlencoded', `_csrf=${csrf}&_csrf=${csrf}`), 403);
      assert.equal(await send('application/x-www-form-urlencoded', `x=${'x'.repeat(70_000)}`), 413);
      assert.equal((await visitor.get('/')).status, 200);
    });
  });

  describe('a role', () => {
    it('does not get through by a hand-made request', async () => {
      const operator = await signIn(desk, 'operator');
      for (const role of ['viewer', 'desk'] as const) {
        const { visitor, csrf } = await signIn(desk, role);
        const tries = [
          await visitor.get('/sessions'),
          await visitor.ask('HEAD', '/sessions'),
          await visitor.post(`/sessions/${operator.id}/end`, { _csrf: csrf }),
          await visitor.post(`/sessions/${operator.id}/end?role=operator`, { _csrf: csrf, role: 'operator' }),
        ];
        assert.deepEqual(
          tries.map(({ status }) => status),
          [403, 403, 403, 403],
          role,
        );
        assert.match(
          tries[0]?.text ?? '',
          new RegExp(`Your role is ${role}, and this needs the role operator`),
        );
        assert.doesNotMatch((await visitor.get('/')).text, /href="\/sessions"/);
      }
      assert.equal((await operator.visitor.get('/sessions')).status, 200);
    });

    it('finds a page that says so where there is no page', async () => {
      const { visitor, csrf } = await signIn(desk, 'viewer');
      for (const answer of [await visitor.get('/nowhere'), await visitor.post('/nowhere', { _csrf: csrf })]) {
        assert.equal(answer.status, 404);
        assert.match(answer.text, /There is no such page/);
      }
      for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
        assert.ok([403, 404].includes((await visitor.ask(method, '/sessions')).status), method);
    });
  });

  describe('every route', () => {
    /** With something in each place of the address. */
    const places = ({ path }: DeskRoute): string => path.replace(/:\w+|\*/g, '7');
    const routes = (): readonly DeskRoute[] => {
      const all = desk.routes.filter(({ method }) => method !== 'HEAD');
      assert.ok(all.length >= 8, JSON.stringify(all));
      return all;
    };
    const closed = (): DeskRoute[] => routes().filter(({ least }) => least !== null);
    const named = ({ method, path }: DeskRoute): string => `${method} ${path}`;

    it('that is open to people who are not signed in is one to sign in by, or a style', () => {
      const open = routes().filter(({ least }) => least === null);
      const known = ['GET /sign-in', 'GET /link/:token', 'POST /link', 'GET /assets/*'];
      assert.deepEqual(open.map(named).sort(), known.sort());
    });

    it('sends strangers away', async () => {
      for (const route of closed()) {
        const { method } = route;
        const plain = await visitorOf(desk).ask(method, places(route));
        assert.ok(isOut(plain), `${named(route)}: ${plain.status}`);
        const stranger = visitorOf(desk);
        stranger.cookies.set(sessionCookie, newToken());
        assert.ok(isOut(await stranger.ask(method, places(route))), named(route));
      }
    });

    it('is refused to a lower role', async () => {
      for (const role of ['viewer', 'desk'] as const) {
        const { visitor, csrf } = await signIn(desk, role);
        const above = closed().filter(({ least }) => least !== null && !mayAs({ role }, least));
        assert.ok(above.length > 0);
        for (const route of above) {
          const answer = await (route.method === 'GET'
            ? visitor.get(places(route))
            : visitor.post(places(route), { _csrf: csrf }));
          assert.equal(answer.status, 403, `${role} ${named(route)}`);
        }
      }
    });

    it('does nothing by a forged form, nor under another name', async () => {
      const { visitor, csrf } = await signIn(desk, 'operator');
      const site = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      for (const route of routes()) {
        const rebound = await visitor.ask(route.method, places(route), { host: 'evil.example' });
        assert.equal(rebound.status, 421, named(route));
        if (route.method === 'GET') continue;
        assert.equal((await visitor.post(places(route), {})).status, 403, named(route));
        assert.equal((await visitor.post(places(route), { _csrf: csrf }, site)).status, 403, named(route));
      }
      assert.equal((await visitor.get('/sessions')).status, 200);
    });
  });

  describe('tries', () => {
    it('of links are limited for each caller, and others are not kept out', async () => {
      const server = await serve({ desk: { url, trustedProxy: '127.0.0.1' } });
      const from = (address: string) => ({ 'x-forwarded-for': `198.51.100.1, ${address}` });
      const tries = async (address: string): Promise<number> =>
        (await visitorOf(server).get(`/link/${newToken()}`, from(address))).status;
      for (let times = 0; times < 20; times++) assert.equal(await tries('203.0.113.7'), 410);
      for (let times = 0; times < 5; times++) assert.equal(await tries('203.0.113.7'), 429);
      assert.equal(await tries('203.0.113.8'), 410);
      const { token } = await withSessions((sessions) => sessions.invite({ name: 'Mia', role: 'desk' }));
      assert.equal((await visitorOf(server).get(`/link/${token}`, from('203.0.113.7'))).status, 429);
      assert.equal((await visitorOf(server).get(`/link/${token}`, from('203.0.113.8'))).status, 200);
    });

    it('of sessions are limited likewise, and whoever is signed in goes on', async () => {
      const server = await serve({ desk: { url, trustedProxy: '127.0.0.1' } });
      const from = { 'x-forwarded-for': '203.0.113.7' };
      const { visitor } = await signIn(server, 'desk');
      const tries = async (): Promise<Answer> => {
        const stranger = visitorOf(server);
        stranger.cookies.set(sessionCookie, newToken());
        return stranger.get('/', from);
      };
      for (let times = 0; times < 20; times++) assert.ok(isOut(await tries()));
      assert.equal((await tries()).status, 429);
      assert.equal((await visitor.get('/', from)).status, 200);
    });
  });

  describe('every page', () => {
    it('runs nothing but the desk’s own script, is framed by nobody, and is kept by nobody', async () => {
      const { visitor } = await signIn(desk, 'operator');
      const answers = await Promise.all([
        ...['/', '/sessions', '/nowhere'].map((path) => visitor.get(path)),
        ...['/sign-in', '/link/x', '/'].map((path) => visitorOf(desk).get(path)),
      ]);
      for (const { headers, text } of answers) {
        assert.equal(
          headers['content-security-policy'],
          "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
        );
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['x-frame-options'], 'DENY');
        assert.equal(headers['referrer-policy'], 'same-origin');
        assert.equal(headers['cache-control'], 'no-store');
        assert.match(headers['strict-transport-security'] ?? '', /max-age/);
        assert.doesNotMatch(text, /<style|style=|<script(?! src="\/)|\son\w+="|https?:\/\//);
      }
    });

    it('that fails in a way that nobody foresaw says so, without a stack', async () => {
      let isBroken = false;
      const clock = (): number => {
        if (isBroken) throw new Error('the clock is broken');
        return now();
      };
      const here = await serve({ now: clock });
      isBroken = true;
      const { status, text } = await visitorOf(here).get('/search?q=Lovelace');
      isBroken = false;
      assert.equal(status, 500);
      assert.match(text, /That did not work/);
      assert.doesNotMatch(text, /at .*\.[jt]s|Error|clock/);
    });

    it('that cannot be drawn without the database says so, and the log has no address, no query and no secret', async () => {
      logged = '';
      const token = newToken();
      const server = await serve({ desk: { url }, isDatabaseLost: true });
      const { status, text } = await visitorOf(server).get(`/link/${token}?q=Lovelace`);
      assert.equal(status, 503);
      assert.match(text, /The desk cannot use its database/);
      assert.doesNotMatch(text, /at .*\.[jt]s|Error/);
      assert.match(logged, /the desk could not answer/);
      assert.match(logged, /\/link\/:token/);
      assert.ok(!logged.includes(token) && !logged.includes('Lovelace'));
      const bad = await visitorOf(server).get('/%zz');
      assert.equal(bad.status, 400);
      assert.doesNotMatch(bad.text, /FST_|zz/);
    });
  });
});
