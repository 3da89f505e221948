import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { startKisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator } from '../../simulators/nexudus.js';
import { buildTwoCities, environmentOf } from '../../simulators/two-cities.js';
import { openDatabase } from '../../trail/database.js';
import { createTrail } from '../../trail/trail.js';
import { scratch } from '../client/cli.js';
import { devServer, eventually, newNamespace } from '../support/space.js';

/** KILLED_MEMBERS=50 for the long version. */
const members = Number(process.env['KILLED_MEMBERS'] ?? 10);

describe('a worker process that is killed', () => {
  it(`amid ${members} grants leaves, after a restart, just those keys and one mail each`, async function () {
    this.timeout(60_000 + members * 4_000);
    const temporal = await devServer();
    const nexudus = await startNexudusSimulator();
    const kisi = await startKisiSimulator();
    const ids = buildTwoCities(nexudus, kisi);
    for (let i = 0; i < members; i++) {
      const { Id } = nexudus.space.addCoworker({ Email: `m${i}@example.com`, InvoicingBusinessId: ids.rome });
      nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    }
    const folder = scratch();
    const trailUrl = `file:${folder.path}/trail.db`;
    const env = {
      ...process.env,
      ...environmentOf(nexudus, kisi),
      LATCHKEY_POLL_INTERVAL: '10s',
      TEMPORAL_NAMESPACE: await newNamespace(temporal),
      TEMPORAL_ADDRESS: temporal.address,
      LATCHKEY_DATABASE_URL: trailUrl,
    };
    const start = (): ChildProcess =>
      spawn(process.execPath, ['client/latchkey.js', 'worker'], {
        env,
        stdio: 'ignore',
      });
    const keys = (): number => kisi.org.assignments().length;

    let worker = start();
    await eventually('a third of the keys', () => keys() >= members / 3, 60_000);
    worker.kill('SIGKILL');
    worker = start();
    await eventually('all keys', () => keys() >= members, 60_000 + members * 2_000);
    await eventually('a mail for each', () => kisi.mails.length >= members);

    assert.equal(keys(), members);
    const holders = new Set(kisi.org.assignments().map((assignment) => assignment.user_id));
    assert.equal(holders.size, members, 'one key for each');
    assert.equal(new Set(kisi.mails.map((mail) => mail.to)).size, members);
    assert.equal(kisi.mails.length, members);
    const left = new Promise((resolve) => worker.once('exit', resolve));
    worker.kill('SIGTERM');
    assert.equal(await left, 0, 'SIGTERM drains and ends well');
    for (const what of ['createUser', 'grant']) {
      const kept = await doneOnce(trailUrl, what);
      assert.equal(kept.length, members, `${what}: once for each in the trail`);
      assert.equal(new Set(kept).size, members);
    }
    folder.remove();
    await nexudus.stop();
    await kisi.stop();
  });
});

/** The members of whom the trail keeps that this was done, once for each time that it does. */
async function doneOnce(url: string, what: string): Promise<(number | null)[]> {
  const trail = createTrail(await openDatabase(url));
  const members: (number | null)[] = [];
  for await (const record of trail.all({ kinds: ['write'] }))
    if (record.what === what && record.state === 'done') members.push(record.memberId);
  await trail.close();
  return members;
}
