import assert from 'node:assert/strict';
import { join } from 'node:path';
import { credentialsOf } from '../../../simulators/two-cities.js';
import { fullWorld, startWorld, type World } from '../../verify/world.js';
import { latchkeyWith, scratch, type Ran } from '../cli.js';

describe('latchkey verify', function () {
  this.timeout(240_000);
  const folder = scratch();
  let world: World;

  before(async () => {
    world = await startWorld(fullWorld);
  });
  after(async () => {
    await world.stop();
    folder.remove();
  });
  afterEach(() => {
    world.nexudus.faults.clear();
    world.kisi.faults.clear();
    world.nexudus.requests.clear();
  });

  const settings = (database: string): Record<string, string> => ({
    ...credentialsOf(world),
    LATCHKEY_DATABASE_URL: `file:${join(folder.path, database)}`,
  });
  const run = (env: Record<string, string>, ...args: string[]): Promise<Ran> =>
    latchkeyWith({ ...settings('latchkey.db'), ...env }, 'verify', ...args);

  it('tells what holds, differs and could not be told, reads only, and keeps the answers', async () => {
    const ran = await run({});
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /^Nexudus: \d+ hold, 0 differ, \d+ could not be told\.$/m);
    assert.match(ran.stdout, /^ {2}holds {4}Time zones are named as Windows names them\.$/m);
    assert.match(ran.stdout, /^ {2}not told.*\n +Nexudus never asked to slow down, and is not provoked\./m);
    assert.doesNotMatch(ran.stdout, /ada\d|Ølsen|example\.com|password|kisi-test-key/i);

    const sent = [...world.nexudus.requests.list(), ...world.kisi.requests.list()];
    const writes = sent.filter(({ method, path }) => method !== 'GET' && path !== '/api/token');
    assert.deepEqual(writes, []);
    assert.deepEqual(world.kisi.mails, []);
    assert.ok(world.nexudus.requests.list().length < 120, `${world.nexudus.requests.list().length} requests`);
    console.log(
      `      ${world.nexudus.requests.list().length} requests to Nexudus, ${world.kisi.requests.list().length} to Kisi`,
    );
    assert.ok(world.kisi.requests.list().length < 60, `${world.kisi.requests.list().length} requests`);

    const asked = world.nexudus.requests.list().length;
    const shown = await run({}, '--show');
    assert.equal(shown.stdout, ran.stdout);
    assert.equal(world.nexudus.requests.list().length, asked);
    const json = JSON.parse((await run({}, '--show', '--json')).stdout) as Record<string, unknown>;
    assert.equal(json['version'], 1);
    assert.match(String(json['at']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('says that nothing was verified yet', async () => {
    const ran = await run({ LATCHKEY_DATABASE_URL: `file:${join(folder.path, 'other.db')}` }, '--show');
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /^latchkey: nothing was verified yet .*run `latchkey verify`$/m);
  });

  it('says which login is refused, and tries the other API all the same', async () => {
    const ran = await run({ NEXUDUS_PASSWORD: 'wrong' });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^latchkey: Nexudus \/token: the login was refused\./m);
    assert.match(ran.stdout, /^Kisi: \d\d hold, /m);
    const logins = world.nexudus.requests.count({ path: '/api/token' });
    assert.equal(logins, 1, 'a refused login is not sent again');
  });

  it('says which API is down, and tries the other one all the same', async () => {
    const ran = await run({ KISI_BASE_URL: 'http://127.0.0.1:9' });
    assert.equal(ran.code, 1);
    assert.equal(ran.stderr.match(/^latchkey: .*Kisi .*down or cannot be reached/gm)?.length, 1, ran.stderr);
    assert.match(ran.stdout, /^Kisi: 0 hold, 0 differ, /m);
    assert.match(ran.stdout, /^Nexudus: \d\d hold, /m);
  });

  it('says what the account may not read, and tries the rest', async () => {
    const refuse = { kind: 'status', status: 403, body: '{"Message":"no"}' } as const;
    world.nexudus.faults.add({ ...refuse, match: '/api/billing/coworkertimepasses' });
    world.kisi.faults.add({ ...refuse, match: '/role_assignments' });
    const ran = await run({});
    assert.equal(ran.code, 1);
    assert.equal(
      ran.stderr.match(/^latchkey: Nexudus \/billing\/coworkertimepasses: refused/gm)?.length,
      1,
      ran.stderr,
    );
    assert.equal(ran.stderr.match(/^latchkey: Kisi .*role_assignments/gm)?.length, 1, ran.stderr);
    assert.match(ran.stdout, /DIFFERS .*may read every list.*\n +Here: \/billing\/coworkertimepasses\./);
    assert.match(ran.stdout, /holds {4}Time zones are named/);
  });
});
