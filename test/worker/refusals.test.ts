/** A login that is refused is sent a handful of times, whatever the callers, the lanes and the process manager do. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '../../config/config.js';
import { noRefusals, openRefusals, type RefusalBook } from '../../worker/refusals.js';
import { createApis, type Apis } from '../../worker/apis.js';
import { scratch } from '../client/cli.js';
import { hurried } from '../support/space.js';

const failure = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

describe('refused logins', () => {
  const folder = scratch();
  const file = join(folder.path, 'deep', 'refused-login.json');
  let server: Server;
  let baseUrl: string;
  let paths: string[];
  let said: { login: number; read: number; isSlow: boolean };
  const started: Apis[] = [];

  before(async () => {
    writeFileSync(join(folder.path, 'latchkey.yaml'), '{}');
    server = createServer((request, response) => {
      const path = request.url?.split('?')[0] ?? '';
      paths.push(path);
      const isLogin = path.endsWith('/token');
      const answer = (): void => {
        response.writeHead(isLogin ? said.login : said.read, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ access_token: `token-${paths.length}`, expires_in: 604_799 }));
      };
      if (isLogin && said.isSlow) setTimeout(answer, 100);
      else answer();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  });
  beforeEach(() => {
    paths = [];
    said = { login: 400, read: 200, isSlow: false };
  });
  afterEach(() => {
    for (const apis of started.splice(0)) for (const login of apis.logins) login.stop();
  });
  after(() => {
    server.close();
    folder.remove();
  });

  function start(refusals: RefusalBook = noRefusals, auth: Record<string, string> = {}): Apis {
    const user = { NEXUDUS_EMAIL: 'admin@example.com', NEXUDUS_PASSWORD: 'wrong' };
    const config = loadConfig({
      ...{ NEXUDUS_BASE_URL: baseUrl, KISI_BASE_URL: baseUrl, KISI_API_KEY: 'a-key' },
      ...{ LATCHKEY_CONFIG: join(folder.path, 'latchkey.yaml') },
      ...(Object.keys(auth).length === 0 ? user : auth),
    });
    const apis = createApis(config, hurried(), () => null, refusals);
    started.push(apis);
    return apis;
  }

  const clientsOf = (apis: Apis) => [
    apis.nexudus,
    apis.nexudusForGroups,
    apis.nexudusForBatches,
    apis.nexudusForPolls,
    apis.nexudusForReconciliations,
  ];
  const logins = (): number => paths.filter((path) => path.endsWith('/token')).length;
  const openBook = (): RefusalBook => openRefusals(file, (error) => assert.fail(String(error)));

  /** Reads by every lane, many at once, again and again. */
  async function hammer(apis: Apis): Promise<void> {
    for (let round = 0; round < 20; round++) {
      const reads = clientsOf(apis).flatMap((client) =>
        Array.from({ length: 20 }, () => client.list('teams')),
      );
      const errors = await Promise.all(reads.map(failure));
      assert.ok(errors.every((error) => error !== 'it did not fail'));
    }
  }

  for (const isSlow of [false, true]) {
    it(`are a handful for 2,000 reads, ${isSlow ? 'a slow' : 'a quick'} refusal each`, async () => {
      said.isSlow = isSlow;
      await hammer(start());
      assert.equal(logins(), 1);
      assert.equal(paths.length, 1, 'and nothing else is sent');
    });
  }

  it('are a handful too where the login is answered by a 403', async () => {
    said.login = 403;
    await hammer(start());
    assert.ok(logins() <= 1, `${logins()} logins`);
  });

  for (const status of [401, 403]) {
    it(`are two at most where the login is right, and every read is refused by ${status}`, async () => {
      said = { login: 200, read: status, isSlow: false };
      await hammer(start());
      assert.ok(logins() <= 2, `${logins()} logins`);
    });

    it(`of a token by ${status} are a handful of requests, and no login`, async () => {
      said = { login: 200, read: status, isSlow: false };
      await hammer(start(noRefusals, { NEXUDUS_TOKEN: 'a-token' }));
      assert.equal(logins(), 0);
      assert.ok(paths.length <= 110, `${paths.length} requests`);
    });
  }

  it('are one where a process manager starts the worker again and again', async () => {
    for (let starts = 0; starts < 10; starts++) await failure(start(openBook()).nexudus.me());
    assert.equal(logins(), 1);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /admin|example|wrong/);
    await failure(
      start(openBook(), { NEXUDUS_EMAIL: 'admin@example.com', NEXUDUS_PASSWORD: 'new' }).nexudus.me(),
    );
    assert.equal(logins(), 2, 'another password is tried at once');
  });

  it('are forgotten once one is taken', async () => {
    await failure(start(openBook()).nexudus.me());
    const kept = JSON.parse(readFileSync(file, 'utf8')) as { at: number };
    writeFileSync(file, JSON.stringify({ ...kept, at: kept.at - 3_600_000 }));
    said.login = 200;
    await failure(start(openBook()).nexudus.me());
    assert.equal(logins(), 2);
    assert.equal(existsSync(file), false);
  });

  for (const rubbish of ['', '{"salt": "!"', '{"salt":"","digest":"","times":1,"at":1,"says":""}']) {
    it(`that cannot be read (${rubbish}) cost one login more`, async () => {
      writeFileSync(file, rubbish);
      await failure(start(openBook()).nexudus.me());
      await failure(start(openBook()).nexudus.me());
      assert.equal(logins(), 1);
    });
  }
});
