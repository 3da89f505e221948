/** Credentials that are wrong at a start, and that change while a worker runs. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../client/cli.js';
import { killableSpace, type KillableSpace } from '../support/killable.js';
import { eventually } from '../support/eventually.js';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

describe('credentials in .env', function () {
  this.timeout(300_000);
  const folder = scratch();
  let space: KillableSpace;
  let env: Record<string, string>;
  let worker: WorkerProcess;
  const workers: WorkerProcess[] = [];

  before(async () => {
    // By name, so that both APIs are needed to know the rules.
    space = await killableSpace(
      '5s',
      `mapping: [{ passType: 'Day pass', groups: 'Trastevere, Rome – Day Pass' }]`,
    );
    space.nexudus.switches.rateLimits = null;
    env = { ...space.env, LATCHKEY_DATABASE_URL: `file:${folder.path}/data/latchkey.db` };
    for (const name of ['KISI_API_KEY', 'NEXUDUS_PASSWORD']) Reflect.deleteProperty(env, name);
  });
  after(async () => {
    for (const one of workers) await one.stop();
    await space.close();
    folder.remove();
  });

  function write(kisiKey: string, nexudusPassword: string): void {
    writeFileSync(
      join(folder.path, '.env'),
      `KISI_API_KEY=${kisiKey}\nNEXUDUS_PASSWORD=${nexudusPassword}\n`,
    );
  }

  function start(): WorkerProcess {
    worker = startWorkerProcess(folder.path, env);
    workers.push(worker);
    return worker;
  }

  function buys(name: string): void {
    const { nexudus, ids } = space;
    const { Id } = nexudus.space.addCoworker({ Email: `${name}@example.com`, InvoicingBusinessId: ids.rome });
    nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
  }

  const hasKey = (name: string) => () => space.kisi.org.keysOf(`${name}@example.com`).length === 1;
  const isReady = async (): Promise<boolean> => (await worker.readiness())?.status === 200;
  const refusalOf = (api: string) => async () => {
    const readiness = await worker.readiness();
    return readiness?.status === 503 && readiness.waitsFor.some((why) => why.startsWith(api));
  };
  const told = (level: string): string[] =>
    worker
      .log()
      .filter((line) => line.level === level)
      .map(({ msg }) => msg);

  it('end a first start with exit code 2 where they are refused, before anything is started', async () => {
    write('not-the-key', 'nexudus-password');
    assert.equal(await start().exited, 2);
    assert.match(worker.stderr(), /^latchkey: Kisi answered 401/m);
    write('kisi-test-key', 'not-the-password');
    assert.equal(await start().exited, 2);
    assert.match(worker.stderr(), /^latchkey: Nexudus \/token: the login was refused/m);
    assert.doesNotMatch(worker.stderr(), /not-the/);
    assert.equal(existsSync(join(folder.path, 'data')), false);
  });

  it('may be replaced in Kisi while the worker runs: it says so once, and goes on with the new ones', async () => {
    write('kisi-test-key', 'nexudus-password');
    start();
    buys('ann');
    await eventually('a key', hasKey('ann'));
    await eventually('it is ready', isReady);

    space.kisi.org.replaceApiKey('kisi-second-key');
    buys('bob');
    await eventually('readyz says it', refusalOf('Kisi'));
    buys('cleo');
    await eventually('the log says it', () => told('error').length > 0);
    assert.equal(told('error').length, 1, worker.stderr());
    assert.match(told('error')[0] ?? '', /^Kisi answered 401.*Put a new credential in `\.env`/);
    write('kisi-second-key', 'nexudus-password');
    await eventually('the keys of all who waited', () => hasKey('bob')() && hasKey('cleo')());
    await eventually('it is ready', isReady);
    assert.equal(told('error').length, 1, 'one line');
  });

  it('may be replaced in Nexudus too', async () => {
    space.nexudus.changePassword('nexudus-second');
    await eventually('readyz says it', refusalOf('Nexudus'));
    buys('dan');
    write('kisi-second-key', 'nexudus-second');
    await eventually('the key', hasKey('dan'));
    await eventually('it is ready', isReady);
    assert.equal(told('error').length, 2, 'one line for each');
    assert.equal(space.kisi.mails.length, 4, 'one mail for each');
  });

  it('end no later start where they are refused', async () => {
    assert.equal(await worker.stop(), 0);
    space.kisi.org.replaceApiKey('kisi-third-key');
    start();
    await eventually('it runs, and waits', refusalOf('Kisi'));
    await eventually('the log says it', () => told('error').length > 0);
    assert.equal(told('error').length, 1, worker.stderr());
    buys('eve');
    write('kisi-third-key', 'nexudus-second');
    await eventually('the key', hasKey('eve'));
    await eventually('it is ready', isReady);
  });

  it('let a start go on by how names were looked up last, where they cannot be looked up', async () => {
    assert.equal(await worker.stop(), 0);
    space.kisi.faults.add({ match: '^/groups', kind: 'status', status: 503 });
    start();
    buys('fay');
    await eventually('the key', hasKey('fay'));
    await eventually('it is not ready before it is checked', refusalOf('Kisi'));
    space.kisi.faults.clear();
    await eventually('it is ready', isReady);
    assert.equal(await worker.stop(), 0);
  });
});
