import assert from 'node:assert/strict';
import { killableSpace } from '../support/killable.js';
import { eventually, patienceMs } from '../support/eventually.js';

/** KILLED_MEMBERS=50 for the long version. */
const members = Number(process.env['KILLED_MEMBERS'] ?? 6);

describe('a worker process that is killed', () => {
  it(`amid ${members} grants leaves, after a restart, just those keys and one mail each`, async function () {
    this.timeout(300_000 + members * 4_000);
    const space = await killableSpace('2s');
    const { nexudus, kisi, ids } = space;
    // Two workers spend what one may, and none knows of the other's requests.
    nexudus.switches.rateLimits = null;
    kisi.switches.rateLimit = null;
    for (let i = 0; i < members; i++) {
      const { Id } = nexudus.space.addCoworker({ Email: `m${i}@example.com`, InvoicingBusinessId: ids.rome });
      nexudus.space.addPass({ CoworkerId: Id, TimePassId: ids.passTypes.romeDay, BusinessId: ids.rome });
    }
    const keys = (): number => kisi.org.assignments().length;

    space.start();
    await eventually('a third of the keys', () => keys() >= members / 3);
    await space.kill();
    space.start();
    await eventually('all keys', () => keys() >= members, patienceMs + members * 2_000);
    await eventually('a mail for each', () => kisi.mails.length >= members);

    assert.equal(keys(), members);
    const holders = new Set(kisi.org.assignments().map((assignment) => assignment.user_id));
    assert.equal(holders.size, members, 'one key for each');
    assert.equal(new Set(kisi.mails.map((mail) => mail.to)).size, members);
    assert.equal(kisi.mails.length, members);
    assert.deepEqual(await space.stopWorkers(), [0], 'SIGTERM drains and ends well');
    const writes = await space.writes();
    for (const what of ['createUser', 'grant']) {
      const kept = writes.filter((write) => write.what === what && write.state === 'done');
      assert.equal(kept.length, members, `${what}: once for each in the audit log`);
      assert.equal(new Set(kept.map(({ memberId }) => memberId)).size, members);
    }
    await space.close();
  });
});
