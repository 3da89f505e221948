/** What the log says of keys: one line each, however often a write is tried, and none of what was not done. */
import assert from 'node:assert/strict';
import { DefaultLogger } from '@temporalio/worker';
import type { KeyWish } from '../../access/ledger.js';
import type { KeyActivities } from '../../messages/to-activities.js';
import { createKeyActivities } from '../../activities/keys.js';
import { createRecorder } from '../../activities/recorder.js';
import { createKisiClient } from '../../kisi/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { openDatabase } from '../../database/database.js';
import { createAuditLog, type AuditLog } from '../../database/audit-log.js';
import type { Ownership } from '../../database/ownership.js';
import { scratch } from '../client/cli.js';
import { keyWish, memoryStores } from '../support/stores.js';
import { directoryOf, noteOf as note, runAsMember } from './member.js';

const [june = 0, july = 0] = ['06', '07'].map((month) => Date.parse(`2126-${month}-01T00:00:00Z`));

describe('the log of writes to Kisi', () => {
  const folder = scratch();
  let kisi: KisiSimulator;
  let auditLog: AuditLog;
  let auditLogs = 0;
  let ownership: Ownership;
  let activities: KeyActivities;
  let groupId: number;
  let userId: number;
  let lines: [string, Record<string, unknown>][];

  after(() => {
    folder.remove();
  });
  beforeEach(async () => {
    lines = [];
    // Each Kisi here numbers its keys from the same number on.
    auditLog = createAuditLog(await openDatabase(`file:${folder.path}/${++auditLogs}.db`));
    ({ ownership } = await memoryStores());
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    groupId = kisi.org.addGroup({ name: 'Day pass' }).id;
    userId = kisi.org.addUser({ email: 'someone@example.com' }).id;
    const client = createKisiClient({ baseUrl: kisi.url, apiKey: 'kisi-test-key' });
    activities = createKeyActivities({
      kisi: client,
      directory: directoryOf(client),
      moves: { areHeeded: false },
      people: {
        note: () => undefined,
        find: () => Promise.resolve({ email: 'ada@example.com', name: 'Ada' }),
      },
      gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
      recorder: createRecorder(auditLog, Date.now, {
        countsFrom: () => Promise.resolve(0),
        tell: () => undefined,
      }),
      ownership,
      isApiUserOurs: false,
    });
  });
  afterEach(async () => {
    await kisi.stop();
    await auditLog.close();
  });

  let writes = 0;
  /** The note of a write of its own; a second try of a write is given the same note. */
  const fresh = (): ReturnType<typeof note> => note(`line ${++writes}`);

  function run<K extends keyof KeyActivities>(name: K, args: Parameters<KeyActivities[K]>) {
    const logger = new DefaultLogger('INFO', ({ message, meta = {} }) => {
      const { memberId, groupId: group, until, why, by } = meta;
      lines.push([message, { memberId, group, until, why, by }]);
    });
    return runAsMember(activities, 7, name, args, 1, logger);
  }

  const told = (): string[] => lines.map(([message]) => message);
  const wish = (validUntil: number): KeyWish => keyWish({ userId, groupId, validUntil });

  async function given(): Promise<number> {
    const result = await run('createKey', [wish(june), null, fresh()]);
    assert.ok('keyId' in result);
    return result.keyId;
  }

  it('has a line for a key given, one for its end moved, and one for its end', async () => {
    const keyId = await given();
    await run('moveKey', [keyId, wish(july), june, fresh()]);
    await run('removeKey', [{ ...wish(july), keyId }, fresh()]);
    const about = { memberId: 7, group: groupId, why: 'a test', by: 'rules' };
    assert.deepEqual(lines, [
      ['gave a key', { ...about, until: '2126-06-01T00:00:00Z' }],
      ['moved the end of a key', { ...about, until: '2126-07-01T00:00:00Z' }],
      ['took a key away', { ...about, until: undefined }],
    ]);
  });

  it('says of a key that was there, and ended too early, that its end was moved', async () => {
    kisi.org.grantByHand({ userId, groupId, validUntil: june });
    await run('createKey', [wish(july), null, fresh()]);
    assert.deepEqual(told(), ['moved the end of a key']);
  });

  it('has one for a user made, without a name or an e-mail', async () => {
    await run('createKisiUser', [7, fresh()]);
    assert.deepEqual(told(), ['made a Kisi user, and Kisi mails the invitation']);
    assert.doesNotMatch(JSON.stringify(lines), /ada/i);
  });

  it('has one where the answer was lost and the same is tried again', async () => {
    const same = fresh();
    kisi.faults.add({ match: '/', method: 'POST', kind: 'afterWrite', times: 1 });
    await assert.rejects(run('createKey', [wish(june), null, same]));
    assert.deepEqual(told(), []);
    await run('createKey', [wish(june), june, same]);
    assert.deepEqual(told(), ['gave a key']);
  });

  it('has one where it shows at the next write what became of a lost one', async () => {
    kisi.faults.add({ match: '/', method: 'POST', kind: 'afterWrite', times: 1 });
    await assert.rejects(run('createKey', [wish(june), null, fresh()]));
    await run('moveKey', [kisi.org.assignments()[0]?.id ?? 0, wish(july), june, fresh()]);
    assert.deepEqual(told(), ['gave a key', 'moved the end of a key']);
  });

  it('has none where nothing was done: refused, adopted, gone already', async () => {
    kisi.org.grantByHand({ userId, groupId, validUntil: june });
    await run('createKey', [wish(june), null, fresh()]);
    kisi.faults.add({ match: '/', method: 'DELETE', kind: 'status', status: 403 });
    const [key] = kisi.org.assignments();
    await assert.rejects(run('removeKey', [{ ...wish(june), keyId: key?.id ?? 0 }, fresh()]));
    assert.deepEqual(told(), []);
    kisi.faults.clear();
    kisi.org.removeAssignment(key?.id ?? 0);
    await run('removeKey', [{ ...wish(june), keyId: key?.id ?? 0 }, fresh()]);
    assert.deepEqual(told(), []);
  });
});
