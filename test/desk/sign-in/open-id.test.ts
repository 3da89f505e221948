/** Signing in to the desk by OpenID Connect, with a real service over HTTP. */
import assert from 'node:assert/strict';
import { createAuditLog } from '../../../database/audit-log.js';
import { openDatabase } from '../../../database/database.js';
import type { DeskServer } from '../../../desk/server.js';
import { createLogger } from '../../../worker/logging.js';
import { startTestDesk } from '../../support/desk.js';
import { signInAt, startProvider, type ProviderOptions } from '../../support/open-id.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { Visitor, type Answer } from '../../support/visitor.js';
import { newPort } from '../../support/ports.js';

const minuteMs = 60_000;
const clientSecret = 'a secret of the desk: /?&=%+';
const accounts = {
  'f3a1-77': { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true },
  'gina@example.com': {
    name: 'Gina',
    email: 'gina@example.com',
    email_verified: true,
    roles: ['desk', 'other'],
  },
  eve: { name: 'Eve', email: 'ada@example.com', email_verified: false },
  'nameless-1': { preferred_username: 'x@example.com', roles: 'viewer' },
};

describe('signing in by OpenID Connect', () => {
  let space: RunningSpace;
  let desk: DeskServer;
  let issuer = '';
  let logged = '';
  let options: ProviderOptions;
  /** What the service that runs has otherwise than `options`; null: none runs. */
  let running: string | null = null;
  let stop: () => Promise<void> = () => Promise.resolve();

  before(async () => {
    space = await startSpace();
    const port = await newPort();
    const deskPort = await newPort();
    const url = `http://127.0.0.1:${deskPort}`;
    issuer = `http://127.0.0.1:${port}`;
    const clientId = 'latchkey';
    options = { port, clientId, clientSecret, redirectUri: `${url}/sign-in/callback`, accounts };
    desk = await startTestDesk(space, {
      desk: {
        url,
        openId: { issuer, clientId, clientSecret, roleClaim: 'roles' },
        people: { 'ada@example.com': 'operator' },
      },
      port: deskPort,
      log: createLogger({ level: 'debug', pretty: false, to: { write: (line) => void (logged += line) } }),
    });
  });
  beforeEach(() => {
    logged = '';
  });
  after(async () => {
    await stopProvider();
    await desk.close();
    await space.stop();
  });

  /** Starts such a service. One that runs already is kept, since a start takes a second. */
  async function start(over: Partial<ProviderOptions> = {}): Promise<void> {
    const wanted = JSON.stringify(over);
    if (running === wanted) return;
    await stopProvider();
    stop = await startProvider({ ...options, ...over });
    running = wanted;
  }
  async function stopProvider(): Promise<void> {
    running = null;
    await stop();
    stop = () => Promise.resolve();
  }
  const visitorHere = (): Visitor => new Visitor(desk.url);
  const startOf = async (visitor: Visitor, to = '/'): Promise<string> => {
    const { status, headers, text } = await visitor.get(`/sign-in/start?to=${encodeURIComponent(to)}`);
    assert.equal(status, 303, text);
    return headers.location ?? '';
  };
  /** Signs in, and answers what the desk says when the service has sent the browser back. */
  async function signIn(account: string, visitor = visitorHere(), to = '/'): Promise<Answer> {
    const back = await signInAt(await startOf(visitor, to), account);
    assert.equal(back.origin + back.pathname, options.redirectUri);
    return visitor.get(back.pathname + back.search);
  }

  it('gives a person of the list that role, and goes on to the page that was asked for', async () => {
    await start();
    const visitor = visitorHere();
    assert.match((await visitor.get('/sign-in?to=%2Fsessions')).text, /Sign in with 127\.0\.0\.1/);
    const back = await signIn('f3a1-77', visitor, '/sessions?x=1');
    assert.deepEqual([back.status, back.headers.location], [303, '/sessions?x=1']);
    assert.match((await visitor.get('/')).text, /Ada Lovelace, operator/);
  });

  it('gives the role of the claim', async () => {
    await start();
    const visitor = visitorHere();
    assert.equal((await signIn('gina@example.com', visitor)).status, 303);
    assert.match((await visitor.get('/')).text, /Gina, desk/);
  });

  it('is in the audit log by name, subject and service, and without an e-mail', async () => {
    await start();
    for (const account of ['f3a1-77', 'gina@example.com', 'nameless-1']) await signIn(account);
    const auditLog = createAuditLog(await openDatabase(space.config.databaseUrl));
    const all = [];
    for await (const { what, by } of auditLog.all({})) if (what.startsWith('sign in')) all.push(by ?? '');
    await auditLog.close();
    const service = new URL(issuer).host.replace(':', '_');
    assert.ok(all.includes(`Ada Lovelace (f3a1-77@${service})`), all.join());
    assert.ok(
      all.some((by) => new RegExp(`^Gina \\([0-9a-f]{32}@${service}\\)$`).test(by)),
      all.join(),
    );
    assert.ok(all.includes(`nameless-1 of ${service} (nameless-1@${service})`), all.join());
    assert.doesNotMatch(all.join() + logged, /example\.com/);
  });

  it('gives nobody a role by an e-mail that is not verified, and says what an operator can do', async () => {
    await start();
    const visitor = visitorHere();
    const { status, text } = await signIn('eve', visitor);
    assert.equal(status, 403);
    assert.match(text, /nobody has given you a role/);
    assert.match(text, /&quot;eve&quot;: desk/);
    assert.equal((await visitor.get('/')).status, 303);
  });

  it('works with a service that wants the secret in the body', async () => {
    await start({ authMethod: 'client_secret_post' });
    assert.equal((await signIn('f3a1-77')).status, 303);
  });

  it('goes on when the service has another key, at once', async () => {
    await start();
    assert.equal((await signIn('f3a1-77')).status, 303);
    await stopProvider();
    await start();
    assert.equal((await signIn('f3a1-77')).status, 303);
  });

  for (const minutes of [-8, 8])
    it(`works though the clock of the service is off by ${minutes} minutes`, async () => {
      await start({ clockOffMs: minutes * minuteMs, idTokenSeconds: 300 });
      assert.equal((await signIn('f3a1-77')).status, 303);
    });

  it('takes no answer that ended an hour ago', async () => {
    await start({ clockOffMs: -65 * minuteMs, idTokenSeconds: 300 });
    assert.equal((await signIn('f3a1-77')).status, 403);
    assert.match(logged, /OAUTH_JWT_TIMESTAMP_CHECK_FAILED/);
  });

  it('says plainly that the service is down, and links go on', async () => {
    await stopProvider();
    const { status, text } = await visitorHere().get('/sign-in/start');
    assert.equal(status, 503);
    assert.match(text, /The sign-in service does not answer/);
    assert.match(text, /links work without it/);
    assert.match(logged, /cannot be reached/);
    await start();
    assert.equal((await signIn('f3a1-77')).status, 303);
  });

  it('says so too when the service goes down while somebody signs in', async () => {
    await start();
    const visitor = visitorHere();
    const back = await signInAt(await startOf(visitor), 'f3a1-77');
    await stopProvider();
    assert.equal((await visitor.get(back.pathname + back.search)).status, 503);
    assert.equal((await visitor.get('/')).status, 303);
  });

  describe('lets nobody in by an answer', () => {
    const refusedAt = async (visitor: Visitor, path: string): Promise<void> => {
      const { status, text } = await visitor.get(path);
      assert.equal(status, 403, text);
      assert.match(text, /You are not signed in/);
      assert.equal((await visitor.get('/')).status, 303);
    };

    it('that another browser asked for', async () => {
      await start();
      const back = await signInAt(await startOf(visitorHere()), 'f3a1-77');
      await refusedAt(visitorHere(), back.pathname + back.search);
      const other = visitorHere();
      await startOf(other);
      await refusedAt(other, back.pathname + back.search);
    });

    it('that was used already', async () => {
      await start();
      const visitor = visitorHere();
      const back = await signInAt(await startOf(visitor), 'f3a1-77');
      const cookies = new Map(visitor.cookies);
      assert.equal((await visitor.get(back.pathname + back.search)).status, 303);
      const replay = visitorHere();
      for (const [name, value] of cookies) replay.cookies.set(name, value);
      await refusedAt(replay, back.pathname + back.search);
    });

    it('that was changed on the way', async () => {
      await start();
      const changes: ((query: URLSearchParams) => void)[] = [
        (query) => {
          query.delete('state');
        },
        (query) => {
          query.set('state', 'x');
        },
        (query) => {
          query.set('code', 'x');
        },
        (query) => {
          query.delete('code');
        },
        (query) => {
          query.append('state', 'x');
        },
        (query) => {
          query.set('iss', 'https://evil.example');
        },
      ];
      for (const change of changes) {
        const visitor = visitorHere();
        const back = await signInAt(await startOf(visitor), 'f3a1-77');
        change(back.searchParams);
        await refusedAt(visitor, back.pathname + back.search);
      }
      await refusedAt(visitorHere(), '/sign-in/callback');
      const visitor = visitorHere();
      await startOf(visitor);
      await refusedAt(visitor, '/sign-in/callback?error=access_denied&error_description=%3Cscript%3E');
    });
  });
});
