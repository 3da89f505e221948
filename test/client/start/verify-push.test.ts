// `latchkey verify --push` as it is typed, with webhooks that come over real HTTP.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { launcher } from '../../support/launcher.js';
import { newPort } from '../../support/ports.js';
import { credentialsOf } from '../../../simulators/two-cities.js';
import { eventKey, hookSecret, startPushWorld, type PushWorld } from '../../verify/pushing.js';
import { allIn, testEmail } from '../../verify/writing.js';
import { latchkeyWith, scratch, type Ran } from '../cli.js';

describe('latchkey verify --push', function () {
  this.timeout(240_000);
  const folder = scratch();
  const database = join(folder.path, 'latchkey.db');
  let pushes: PushWorld;

  before(async () => {
    pushes = await startPushWorld({}, { database });
  });
  after(async () => {
    await pushes.stop();
    folder.remove();
  });

  const settings = (port: number): Record<string, string> => ({
    ...credentialsOf(pushes.world),
    LATCHKEY_DATABASE_URL: `file:${database}`,
    LATCHKEY_PUSH_HOST: '127.0.0.1',
    LATCHKEY_PUSH_PORT: String(port),
    NEXUDUS_WEBHOOK_SECRET: hookSecret,
  });
  const ownPort = (): number => Number(new URL(pushes.url).port);
  const verify = (env: Record<string, string>, ...args: string[]): Promise<Ran> =>
    latchkeyWith(env, 'verify', ...args);

  /** Runs it as a process of its own, which may be stopped. */
  function start(env: Record<string, string>, ...args: string[]) {
    const child = spawn(process.execPath, [launcher, 'verify', '--push', ...args], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], HOME: folder.path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    return { said, child, ended: new Promise((resolve) => child.once('close', resolve)) };
  }

  function aimHooksAt(port: number): void {
    const { space } = pushes.world.nexudus;
    for (const { Id, URL: url } of space.list('webhooks'))
      space.update('webhooks', Id, { URL: url.replace(/:\d+\//, `:${port}/`) });
  }

  it('says what it needs where nothing says what to take in, or for how long', async () => {
    const without = settings(ownPort());
    Reflect.deleteProperty(without, 'LATCHKEY_PUSH_PORT');
    for (const [env, args, says] of [
      [without, ['--push'], /--push needs LATCHKEY_PUSH_PORT/],
      [settings(ownPort()), ['--for', '5m'], /--for goes with --push/],
      [settings(ownPort()), ['--push', '--for', 'long'], /--for takes how long to wait for webhooks/],
    ] as const) {
      const ran = await verify(env, ...args);
      assert.equal(ran.code, 2, ran.stderr);
      assert.match(ran.stderr, says);
    }
  });

  it('listens by itself where nobody does, says what is waited for and what causes it, and keeps the answers', async () => {
    const port = await newPort();
    aimHooksAt(port);
    const running = verify(settings(port), '--push', '--for', '60s');
    await eventually('it listens', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/nexudus/access`, { method: 'POST' }).catch(
        () => null,
      );
      return answer?.status === 401;
    });
    await pushes.causeAll();
    const ran = await running;
    aimHooksAt(ownPort());
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /nobody listens at port \d+, so this command does while it runs/);
    assert.match(ran.stderr, /no more kinds of webhooks are waited for/);
    assert.match(ran.stdout, /^ {2}holds {4}Webhooks are signed with the secret that Latchkey was told\.$/m);
    assert.match(ran.stdout, /^ {2}holds {4}A webhook about a check-in names the member who came\.$/m);
    assert.match(ran.stdout, /not told .*Events are signed.*\n +KISI_WEBHOOK_KEY is not set here/);
    const shown = await verify(settings(port), '--show');
    assert.equal(shown.stdout, ran.stdout);
    const all = JSON.stringify([ran, await verify(settings(port), '--show', '--json')]);
    for (const secret of [hookSecret, eventKey, 'Àda Ø', 'Bob B'])
      assert.ok(!all.includes(secret), `${secret} is in the answer`);
  });

  it('takes nothing away from a process that listens, and reads what that took in', async () => {
    await pushes.seen.prune(Infinity);
    await pushes.causeAll();
    const env = { ...settings(ownPort()), KISI_WEBHOOK_KEY: eventKey };
    const ran = await verify(env, '--push', '--for', '60s');
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /another process listens at port \d+.*is read from the database/);
    assert.match(ran.stdout, /^ {2}holds {4}An event about a key has the id of the key\.$/m);
    assert.equal(await pushes.signed('access', '[{"Id":1}]'), 200, 'it does not listen any more');
  });

  it('has the events of Kisi come by what --write tries, looks up what they name while it is there, and leaves nothing', async () => {
    await pushes.seen.prune(Infinity);
    const port = await newPort();
    await pushes.addIntegration(`http://127.0.0.1:${port}`);
    const before = allIn(pushes.world);
    const env: Record<string, string> = {
      ...{ ...settings(port), KISI_WEBHOOK_KEY: eventKey },
      // What the other listener notes does not count.
      LATCHKEY_DATABASE_URL: `file:${join(folder.path, 'own.db')}`,
    };
    Reflect.deleteProperty(env, 'NEXUDUS_WEBHOOK_SECRET');
    const group = pushes.world.kisi.org.groups.all()[0]?.name ?? '';
    const write = ['--write', '--group', group, '--email', testEmail, '--yes'];
    const ran = await verify(env, '--push', '--for', '30s', ...write);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /nobody listens at port \d+, so this command does while it runs/);
    assert.match(ran.stderr, /all that was made in Kisi is taken away again/);
    assert.match(ran.stdout, /^ {2}holds {4}A second key of the same person to the same group is refused/m);
    assert.match(ran.stdout, /^ {2}holds {4}An event about a key has the id of the key\.$/m);
    assert.match(ran.stdout, /^ {2}holds {4}An event about a user has the id of the user\.$/m);
    assert.match(ran.stdout, /not told .*Webhooks are signed.*\n +NEXUDUS_WEBHOOK_SECRET is not set here/);
    assert.equal(allIn(pushes.world), before);
    assert.ok(!JSON.stringify(ran).includes(testEmail), 'the e-mail is in the answer');
  });

  it('waits for no webhook after Ctrl-C while it still tries by writing, and leaves nothing', async () => {
    const { kisi } = pushes.world;
    const before = allIn(pushes.world);
    kisi.requests.clear();
    kisi.faults.add({ match: '/', method: 'POST', kind: 'slow', delayMs: 300 });
    const group = kisi.org.groups.all()[0]?.name ?? '';
    const write = ['--write', '--group', group, '--email', testEmail, '--yes'];
    const { said, child, ended } = start(settings(ownPort()), '--for', '10m', ...write);
    const writes = (): number => kisi.requests.list().filter(({ method }) => method === 'POST').length;
    await eventually('it writes', () => writes() > 1);
    child.kill('SIGINT');
    assert.equal(await ended, 0, said.stderr);
    kisi.faults.clear();
    assert.match(said.stderr, /stopping: what was made in Kisi is taken away first/);
    assert.doesNotMatch(said.stderr, /waiting until/);
    assert.match(said.stdout, /^ {2}holds {4}A list comes in the order of Id when asked for it\.$/m);
    assert.equal(allIn(pushes.world), before);
  });

  it('keeps what came at Ctrl-C, says what did not come, and ends well', async () => {
    await pushes.seen.prune(Infinity);
    pushes.world.nexudus.space.checkIn(pushes.bob, pushes.rome);
    await eventually('it is kept', async () => {
      const kept = JSON.stringify(await pushes.seen.since(0));
      return kept.includes('"kind":"checkin"');
    });
    const { said, child, ended } = start(settings(ownPort()), '--for', '10m');
    await eventually('it waits', () => said.stderr.includes('Ctrl-C ends it, and keeps what came'));
    assert.match(
      said.stderr,
      /waiting until .* for webhooks about .*a contract of Nexudus \(add a plan to a member/,
    );
    assert.doesNotMatch(said.stderr, /webhooks about a check-in/);
    child.kill('SIGINT');
    assert.equal(await ended, 0, said.stderr);
    assert.match(said.stdout, /^ {2}holds {4}A webhook about a check-in names the member who came\.$/m);
    const untold = /not told A webhook about a team names.*\n +None about a team came\. Run/;
    const kept = (await verify(settings(ownPort()), '--show')).stdout;
    // What an earlier wait told stays.
    assert.doesNotMatch(kept, untold);
    assert.match(said.stdout, /A webhook about a team names the members in it/);
  });
});
