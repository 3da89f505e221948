// `latchkey verify --push` beside a worker that takes pushes in, and a listener that is started while it runs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { eventually } from '../../support/eventually.js';
import { launcher } from '../../support/launcher.js';
import { newPort } from '../../support/ports.js';
import { startSpace, type RunningSpace } from '../../support/space.js';
import { startWorkerProcess } from '../../support/worker-process.js';
import { testEmail } from '../../verify/writing.js';
import { latchkeyDone, latchkeyWith, scratch } from '../cli.js';

const hookSecret = 'a shared secret of Nexudus';
const signatureKey = 'a signature key of Kisi';

describe('latchkey verify --push, beside another listener', function () {
  this.timeout(480_000);
  const folder = scratch();
  let space: RunningSpace;
  let port: number;

  before(async () => {
    port = await newPort();
    space = await startSpace(
      ({ nexudus, ids }) => {
        const RootLocationId = nexudus.space.addBusiness({ Name: 'Both cities' }).Id;
        for (const id of [ids.rome, ids.newYork]) nexudus.space.update('businesses', id, { RootLocationId });
        nexudus.switches.hookSecret = hookSecret;
      },
      { LATCHKEY_POLL_INTERVAL: '7d', ...pushing(port) },
    );
    await latchkeyDone({ ...space.env, LATCHKEY_PUSH_URL: `http://127.0.0.1:${port}` }, 'hooks', 'install');
    const url = `http://127.0.0.1:${port}/kisi/events`;
    const integration = { name: 'Latchkey', type: 'event_webhook', url, signature_key: signatureKey };
    await fetch(`${space.kisi.url}/integrations`, {
      method: 'POST',
      headers: {
        Authorization: `KISI-LOGIN ${space.config.kisi.apiKey}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ integration }),
    });
  });
  /** The variables of a process that takes pushes in at this port. */
  function pushing(at: number): Record<string, string> {
    const secrets = { NEXUDUS_WEBHOOK_SECRET: hookSecret, KISI_WEBHOOK_KEY: signatureKey };
    return { LATCHKEY_PUSH_HOST: '127.0.0.1', LATCHKEY_PUSH_PORT: String(at), ...secrets };
  }
  after(async () => {
    await space.stop();
    folder.remove();
  });

  /** Somebody buys a day in Rome; answers the keys of that person. */
  function join(Email: string): () => number {
    const { nexudus, kisi, ids } = space;
    const { Id } = nexudus.space.addCoworker({ Email, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    return () => kisi.org.keysOf(Email).length;
  }

  it('reads what a worker takes in, which goes on giving keys, and with --write touches nobody but the e-mail', async () => {
    const { kisi, nexudus, ids } = space;
    const keysOfAda = join('ada@example.com');
    await eventually('her key', () => keysOfAda() === 1, 150_000);
    const ada = nexudus.space.list('coworkers').find(({ Email }) => Email === 'ada@example.com')?.Id ?? 0;
    // A day that she uses ends at midnight.
    const cid = nexudus.space.addCoworker({ Email: 'cid@example.com', InvoicingBusinessId: ids.rome });
    nexudus.space.checkIn(cid.Id, ids.rome);
    nexudus.space.update('coworkers', ada, { FullName: 'Àda' });
    nexudus.space.addTeam({ TeamMembers: [ada], PayingMemberId: ada, BusinessId: ids.rome });
    nexudus.space.addContract({ CoworkerId: ada, TariffId: ids.plans.romeUnlimited, IssuedById: ids.rome });
    await nexudus.hooksSent();
    const mails = kisi.mails.length;
    const write = ['--write', '--group', String(ids.groups.romeOffice), '--email', testEmail, '--yes'];
    const ran = await latchkeyWith(
      { ...space.env, ...pushing(port) },
      'verify',
      '--push',
      '--for',
      '60s',
      ...write,
    );
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /another process listens at port \d+.*is read from the database/);
    assert.match(ran.stderr, /all that was made in Kisi is taken away again/);
    assert.match(ran.stdout, /^ {2}holds {4}Webhooks are signed with the secret that Latchkey was told\.$/m);
    assert.match(ran.stdout, /^ {2}holds {4}A webhook about access names a member that there is\.$/m);
    assert.match(ran.stdout, /^ {2}holds {4}An event about a user has the id of the user\.$/m);
    assert.equal(kisi.mails.length, mails, 'somebody was mailed');
    assert.deepEqual(
      kisi.org.users().filter(({ email }) => email.includes('kisi-test')),
      [],
    );
    assert.equal(keysOfAda(), 1);
    const keysOfBob = join('bob@example.com');
    await eventually('his key', () => keysOfBob() === 1, 150_000);
  });

  it('has the port while it listens by itself: a worker or `latchkey listen` that is started then says so, and starts after it', async () => {
    // In the space's database all kinds may have come already.
    const database = { LATCHKEY_DATABASE_URL: `file:${folder.path}/own.db` };
    const own = { ...space.env, ...pushing(await newPort()), ...database, LATCHKEY_HEALTH_PORT: '0' };
    const verify = spawn(process.execPath, [launcher, 'verify', '--push', '--for', '10m'], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], HOME: folder.path, ...own },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    verify.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise((resolve) => verify.once('close', resolve));
    try {
      await eventually('it listens', () => said.includes('so this command does while it runs'), 150_000);
      assert.match(said, /A worker that is to listen there starts once this command has ended/);
      for (const command of ['listen', 'worker'] as const) {
        const refused = startWorkerProcess(folder.path, own, command);
        assert.equal(await refused.exited, 2, refused.stderr());
        assert.match(
          refused.stderr(),
          /port \d+ is taken\. Does `latchkey verify --push` run\? Wait until it ends, or end it with Ctrl-C/,
        );
      }
      await eventually(
        'it waits',
        () => said.includes('waiting until'),
        150_000,
        100,
        () => Promise.resolve(said),
      );
    } finally {
      verify.kill('SIGINT');
    }
    assert.equal(await ended, 0, said);
    const listener = startWorkerProcess(folder.path, own, 'listen');
    await eventually(
      'it listens',
      () => listener.log().some(({ msg }) => msg === 'latchkey listens'),
      150_000,
    );
    assert.equal(await listener.stop(), 0);
  });
});
