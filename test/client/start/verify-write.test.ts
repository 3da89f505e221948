import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcher } from '../../support/launcher.js';
import { fullWorld, startWorld, type World } from '../../verify/world.js';
import { credentialsOf } from '../../../simulators/two-cities.js';
import { allIn, testEmail } from '../../verify/writing.js';
import { latchkeyWith, scratch, withTerminal, type Ran } from '../cli.js';

describe('latchkey verify --write', function () {
  this.timeout(240_000);
  const folder = scratch();
  let world: World;
  let group: { id: number; name: string };

  before(async () => {
    world = await startWorld(fullWorld);
    const [first] = world.kisi.org.groups.all();
    assert.ok(first !== undefined);
    group = first;
  });
  after(async () => {
    await world.stop();
    folder.remove();
  });
  afterEach(() => {
    world.kisi.faults.clear();
    world.kisi.requests.clear();
  });

  const settings = (): Record<string, string> => ({
    ...credentialsOf(world),
    LATCHKEY_DATABASE_URL: `file:${join(folder.path, 'latchkey.db')}`,
  });
  const run = (...args: string[]): Promise<Ran> => latchkeyWith(settings(), 'verify', ...args);
  const named = (): string[] => ['--group', group.name, '--email', testEmail];
  const writes = (): number => world.kisi.requests.list().filter(({ method }) => method !== 'GET').length;

  it('does not write without a group and an e-mail, nor without a yes', async () => {
    for (const args of [
      ['--write'],
      ['--write', '--group', '1'],
      ['--write', '--email', testEmail],
      ['--email', testEmail],
    ]) {
      const ran = await run(...args);
      assert.equal(ran.code, 2, args.join(' '));
      assert.match(ran.stderr, /--write/);
    }
    const silent = await run('--write', ...named());
    assert.equal(silent.code, 2);
    assert.match(silent.stderr, /makes a user and keys in Kisi: give --yes, or run it at a terminal/);
    const asked = await withTerminal('n', () => run('--write', ...named()));
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, new RegExp(`keys to the group "${group.name}" \\(${group.id}\\)`));
    assert.match(asked.stderr, /Kisi sends up to 5 mails to kisi-test@space\.example/);
    assert.match(asked.stderr, /nothing was done/);
    assert.equal(writes(), 0);
  });

  it('tells what only writing tells, keeps it when only reading is tried again, and leaves nothing in Kisi', async () => {
    const before = allIn(world);
    const ran = await run('--write', ...named(), '--yes');
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(allIn(world), before);
    assert.match(ran.stderr, /all that was made in Kisi is taken away again/);
    const line = /holds {4}A second key of the same person to the same group is refused with HTTP 409\./;
    assert.match(ran.stdout, line);
    assert.match(ran.stdout, /Nobody could be asked which mails came, so none was sent\./);
    assert.doesNotMatch(ran.stdout, /@/);
    assert.match((await run()).stdout, line);
  });

  it('refuses an e-mail that somebody has', async () => {
    const ran = await run('--write', '--group', group.name, '--email', 'ada1@example.com', '--yes');
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^latchkey: User \d+ in Kisi has this e-mail\. Nothing was made/m);
    assert.doesNotMatch(ran.stderr, /ada1/);
  });

  for (const atWrite of [1, 5]) {
    it(`is killed with kill -9 at its write ${atWrite}, and --clean leaves nothing behind`, async () => {
      const before = allIn(world);
      world.kisi.faults.add({ match: '/', method: 'POST', kind: 'slow', delayMs: 300 });
      const child = spawn(process.execPath, [launcher, 'verify', '--write', ...named(), '--yes'], {
        cwd: folder.path,
        env: { PATH: process.env['PATH'], HOME: folder.path, ...settings() },
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.once('close', resolve));
      while (writes() < atWrite) {
        assert.equal(child.exitCode, null, 'it ended by itself');
        await sleep(20);
      }
      child.kill('SIGKILL');
      await ended;
      await sleep(400);
      world.kisi.faults.clear();
      const ran = await run('--clean');
      assert.equal(ran.code, 0, ran.stderr);
      assert.match(ran.stderr, /nothing of verify --write is left in Kisi/);
      assert.equal(allIn(world), before);
    });
  }
});
