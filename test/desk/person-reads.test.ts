import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import type { Desk } from '../../desk/desk.js';
import { DoorBook } from '../../desk/doors.js';
import { InvitationWatch } from '../../desk/invitation-facts.js';
import { PersonReads, type PersonFacts } from '../../desk/person-reads.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { loadConfig } from '../../config/config.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { startNexudusSimulator, type NexudusSimulator } from '../../simulators/nexudus.js';
import { buildTwoCities, environmentOf } from '../../simulators/two-cities.js';
import { nexudusOf } from '../../space/apis.js';
import { createKisiClient } from '../../kisi/client.js';
import { holdingsMemo } from '../../messages/to-member.js';
import { createLogger } from '../../worker/logging.js';

/** A Temporal that gives this answer to whatever it is asked. */
const temporal = (answer: () => Promise<unknown>): Client =>
  ({
    options: { namespace: 'default' },
    withDeadline: (_: number, job: () => Promise<unknown>) => job(),
    workflow: { getHandle: () => ({ describe: answer, query: answer }) },
  }) as unknown as Client;

/** A Temporal that shows this of whatever it is asked about. */
const answers = (state = 'access', siblingIds: number[] = []): Promise<unknown> =>
  Promise.resolve({
    ...{ status: { name: 'RUNNING' }, state, lastCheckedAt: '2026-11-29T10:00:00Z' },
    typedSearchAttributes: {
      get: ({ name }: { name: string }) => (name === 'AccessState' ? state : undefined),
    },
    memo: { [holdingsMemo]: { ledger: [], kisiUser: null, siblingIds } },
  });

const hasty = { isFresh: false, isHasty: true };
const patient = { isFresh: false, isHasty: false };
const readsOf = (desk: Desk): PersonReads =>
  new PersonReads(desk, new DoorBook(desk.kisi, desk.now), new InvitationWatch(desk));

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

  afterEach(() => {
    nexudus.faults.clear();
    kisi.faults.clear();
  });

  const readWith = (client: Client): Promise<PersonFacts> => {
    const whole: Desk = { ...desk, client };
    return readsOf(whole).read(memberId, patient);
  };

  for (const [how, answer] of [
    ['never answers', never],
    ['refuses', refused],
  ] as const) {
    it(`is the rest where Temporal ${how}, and tells since when that is so`, async () => {
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
    const reads = readsOf(whole);
    const [first, second] = [await reads.read(memberId, patient), await reads.read(memberId, patient)];
    assert.ok('since' in first.watched && 'since' in second.watched);
    assert.equal(second.watched.since, first.watched.since);
  });

  it('is, for a hasty page, at once what can be had, where the workflow says how things were', async () => {
    nexudus.faults.add({ match: '.*', kind: 'timeout' });
    kisi.faults.add({ match: '.*', kind: 'timeout' });
    const reads = readsOf({ ...desk, client: temporal(answers), now: () => 5_000 });
    const soon = await reads.read(memberId, hasty);
    for (const told of [soon.records, soon.inKisi])
      assert.deepEqual(told, { why: '', since: 5_000, isAwaited: true });
    const { records } = await reads.read(memberId, patient);
    assert.match('why' in records ? records.why : '', /no answer in time/);
  });

  it('is waited for by a hasty page where no workflow says anything', async () => {
    const { records } = await readsOf({ ...desk, client: temporal(refused) }).read(memberId, hasty);
    assert.ok('value' in records && records.asOf === undefined);
  });

  it('is what was read before, and when, until it is read anew, and only while the workflow shows the same', async () => {
    let now = 1_000_000;
    let state = 'access';
    const client = temporal(() => answers(state));
    const reads = readsOf({ ...desk, client, now: () => now });
    await reads.read(memberId, patient);
    const before = reads.markOf(memberId);
    nexudus.faults.add({ match: '.*', kind: 'timeout' });
    const kept = (await reads.read(memberId, hasty)).records;
    assert.ok('value' in kept && kept.asOf === undefined);
    now += 10_000;
    const old = (await reads.read(memberId, hasty)).records;
    assert.ok('value' in old && old.asOf === 1_000_000, JSON.stringify(old));
    assert.equal(reads.markOf(memberId), before);
    state = 'noAccess';
    const changed = (await reads.read(memberId, hasty)).records;
    assert.ok('isAwaited' in changed, JSON.stringify(changed));
  });

  it('tells open pages that it was read anew, also those of another profile of the person', async () => {
    const reads = readsOf({ ...desk, client: temporal(() => answers('access', [7])) });
    const before = reads.markOf(7);
    await reads.read(memberId, patient);
    assert.notEqual(reads.markOf(7), before);
    assert.equal(reads.markOf(8), readsOf({ ...desk, client: temporal(refused) }).markOf(8));
  });

  it('is the rest where the database fails', async () => {
    const broken = { ...desk, client: temporal(refused), auditLog: createAuditLog(await closed()) };
    const { kept, records } = await readsOf(broken).read(memberId, patient);
    assert.ok('why' in kept);
    assert.ok('value' in records);
  });
});

async function closed(): ReturnType<typeof openDatabase> {
  const db = await openDatabase(':memory:');
  await db.destroy();
  return db;
}
