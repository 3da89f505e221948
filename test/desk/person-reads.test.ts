import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import type { Desk } from '../../desk/desk.js';
import { DoorBook } from '../../desk/doors.js';
import { PersonReads, type PersonFacts } from '../../desk/person-reads.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { loadConfig } from '../../config/config.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { buildTwoCities, environmentOf } from '../../simulators/two-cities.js';
import { nexudusOf } from '../../space/apis.js';
import { createKisiClient } from '../../kisi/client.js';
import { createLogger } from '../../worker/logging.js';

/** A Temporal that answers so to whatever it is asked. */
const temporal = (answer: () => Promise<never>): Client =>
  ({
    options: { namespace: 'default' },
    withDeadline: (_: number, job: () => Promise<unknown>) => job(),
    workflow: { getHandle: () => ({ describe: answer, query: answer }) },
  }) as unknown as Client;

const never = (): Promise<never> => new Promise(() => undefined);
const refused = (): Promise<never> => Promise.reject(new Error('connection refused'));

describe('what is read of a person', () => {
  let nexudus: NexudusSimulator;
  let kisi: KisiSimulator;
  let auditLog: AuditLog;
  let desk: Omit<Desk, 'client'>;
  let memberId = 0;
  before(async () => {
    nexudus = await startNexudusSimulator();
    kisi = await startKisiSimulator();
    nexudus.switches.rateLimits = null;
    kisi.switches.rateLimit = null;
    buildTwoCities(nexudus, kisi);
    memberId = nexudus.space.addCoworker({ FullName: 'Ada', Email: 'ada@example.com' }).Id;
    kisi.org.addUser({ email: 'ada@example.com', name: 'Ada' });
    const config = loadConfig(
      { ...environmentOf(nexudus, kisi), LATCHKEY_DATABASE_URL: 'file::memory:' },
      () => '',
    );
    const db = await openDatabase(':memory:');
    auditLog = createAuditLog(db);
    const { baseUrl, apiKey } = config.kisi;
    desk = {
      // Without turns: these tests are not about the limits of Kisi.
      kisi: createKisiClient({ baseUrl, apiKey }),
      ...{ config, taskQueue: 'latchkey', db, auditLog, now: Date.now },
      ...{ nexudus: nexudusOf(config), log: createLogger({ level: 'silent' }) },
    };
  });
  after(async () => {
    await auditLog.close();
    await nexudus.stop();
    await kisi.stop();
  });

  const readWith = (client: Client): Promise<PersonFacts> => {
    const whole: Desk = { ...desk, client };
    return new PersonReads(whole, new DoorBook(whole.kisi, whole.now)).read(memberId, false);
  };

  for (const [how, answer] of [
    ['never answers', never],
    ['refuses', refused],
  ] as const) {
    it(`is the rest where Temporal ${how}, and since when that is so`, async () => {
      const { watched, governed, records, inKisi, kept } = await readWith(temporal(answer));
      assert.ok('why' in watched && watched.since <= Date.now(), JSON.stringify(watched));
      assert.ok('why' in governed);
      assert.ok('value' in records && records.value.snapshot?.profiles[0]?.member.fullName === 'Ada');
      assert.ok('value' in inKisi && inKisi.value.userId !== null, JSON.stringify(inKisi));
      assert.ok('value' in kept);
    });
  }

  it('says since when something is silent, and not only since the last try', async () => {
    const whole: Desk = { ...desk, client: temporal(refused) };
    const reads = new PersonReads(whole, new DoorBook(whole.kisi, whole.now));
    const [first, second] = [await reads.read(memberId, false), await reads.read(memberId, false)];
    assert.ok('since' in first.watched && 'since' in second.watched);
    assert.equal(second.watched.since, first.watched.since);
  });

  it('is the rest where the database fails', async () => {
    const broken = { ...desk, client: temporal(refused), auditLog: createAuditLog(await closed()) };
    const reads = new PersonReads(broken, new DoorBook(broken.kisi, broken.now));
    const { kept, records } = await reads.read(memberId, false);
    assert.ok('why' in kept);
    assert.ok('value' in records);
  });
});

async function closed(): ReturnType<typeof openDatabase> {
  const db = await openDatabase(':memory:');
  await db.destroy();
  return db;
}
