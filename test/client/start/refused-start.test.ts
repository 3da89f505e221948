// A first start where `latchkey verify` found that the lists of an API cannot be trusted: a real process, which starts nothing.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../../database/database.js';
import { createKept } from '../../../database/kept.js';
import { startKisiSimulator, type KisiSimulator } from '../../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../../simulators/nexudus.js';
import { buildTwoCities, environmentOf } from '../../../simulators/two-cities.js';
import { startWorkerProcess } from '../../support/worker-process.js';
import { assumptions, type AssumptionName } from '../../../verify/assumptions.js';
import { keepProfile } from '../../../verify/keep-profile.js';
import { noteOfWays } from '../../../verify/profile.js';
import { latchkey, scratch } from '../cli.js';

describe('the first start of a worker, after verify found what it cannot work with', function () {
  this.timeout(240_000);
  const folder = scratch();
  const databaseUrl = `file:${join(folder.path, 'data', 'latchkey.db')}`;
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;

  before(async () => {
    nexudus = await startNexudusSimulator();
    kisi = await startKisiSimulator();
    buildTwoCities(nexudus, kisi);
  });
  after(async () => {
    await nexudus.stop();
    await kisi.stop();
    folder.remove();
  });

  async function found(name: AssumptionName, value: false | string[]): Promise<void> {
    const db = await openDatabase(databaseUrl);
    await keepProfile(createKept(db), {
      ...{ version: 1, latchkey: '0.1.0', at: Date.now() },
      account: { nexudusLocationId: 1, kisiOrganizationId: 2, kisiUserId: 3 },
      reached: noteOfWays({
        nexudus: {
          baseUrl: nexudus.url,
          auth: { email: 'admin@example.com', password: 'nexudus-password' },
        },
        kisi: { baseUrl: kisi.url, apiKey: 'kisi-test-key' },
      }),
      answers: { [name]: { result: 'differs', value, evidence: [], copes: false } },
    });
    await db.destroy();
  }

  const all: [AssumptionName, false | string[]][] = [
    ['nexudusPaging', false],
    ['orderByObeyed', false],
    ['kisiFilters', ['user_id']],
  ];
  for (const [name, value] of all)
    it(`is refused where ${name} is false: it says why and what to do, asks nothing and leaves nothing`, async () => {
      await found(name, value);
      const env = { ...environmentOf(nexudus, kisi), LATCHKEY_DATABASE_URL: databaseUrl };
      const worker = startWorkerProcess(folder.path, env);
      assert.equal(await worker.exited, 2, worker.stderr());
      const says = assumptions.find((one) => one.name === name)?.says ?? '';
      assert.ok(worker.stderr().includes(`not so here: “${says}”`), worker.stderr());
      assert.match(worker.stderr(), /Run `latchkey verify` again, and report what it says\.$/m);
      assert.deepEqual([...nexudus.requests.list(), ...kisi.requests.list()], []);
      assert.ok(!existsSync(join(folder.path, '.latchkey')), 'something was started');
    });

  it('is no surprise: explain says the same of the lists, and answers', async () => {
    await found('kisiPaging', false);
    const { Id } = nexudus.space.addCoworker({ FullName: 'Ada', Email: 'ada@example.com' });
    const env = { ...environmentOf(nexudus, kisi), LATCHKEY_DATABASE_URL: databaseUrl };
    const { code, stdout, stderr } = await latchkey(['explain', String(Id)], folder.path, env);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /Taking keys away by the rules is stopped.*“The pages of a list add up to its total\.”/,
    );
    assert.notEqual(stdout, '');
  });
});
