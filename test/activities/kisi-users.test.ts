/** How many requests it takes to know that a member has no Kisi user yet. */
import assert from 'node:assert/strict';
import { createKeyActivities } from '../../activities/keys.js';
import { createRecorder } from '../../activities/recorder.js';
import { createAuditLog } from '../../database/audit-log.js';
import { openDatabase } from '../../database/database.js';
import { createKisiClient } from '../../kisi/client.js';
import { createDirectory } from '../../kisi/directory.js';
import { unknownKisi, type KnownKisi } from '../../kisi/known.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { memoryStores } from '../support/stores.js';
import { runAsMember } from './member.js';

const about = { locationId: null, planId: null };

describe('a member without a Kisi user', () => {
  let sim: KisiSimulator;
  before(async () => {
    sim = await startKisiSimulator({ switches: { rateLimit: null } });
  });
  after(() => sim.stop());

  /** What the filter, and then the search where it is needed, answer, and in how many requests. */
  async function look(known: KnownKisi): Promise<{ answers: unknown[]; requests: number }> {
    const kisi = createKisiClient({ baseUrl: sim.url, apiKey: 'kisi-test-key' });
    const { ownership } = await memoryStores();
    const recorder = createRecorder(createAuditLog(await openDatabase(':memory:')), Date.now, {
      countsFrom: () => Promise.resolve(0),
      tell: () => undefined,
    });
    const activities = createKeyActivities({
      ...{ kisi, ownership, recorder, isApiUserOurs: false, moves: { areHeeded: false } },
      known: () => known,
      directory: createDirectory({ kisi, now: Date.now, how: 'search', wantList: () => undefined }),
      people: {
        note: () => undefined,
        find: () => Promise.resolve({ email: 'ada@example.com', name: 'Ada' }),
      },
      gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
    });
    const before = sim.requests.count();
    const answers: unknown[] = [];
    for (const how of ['filter', 'search'] as const) {
      answers.push(await runAsMember(activities, 7, 'findKisiUser', [7, how, about]));
      if (answers.at(-1) !== null) break;
    }
    return { answers, requests: sim.requests.count() - before };
  }

  it('is looked for in both ways, 2 requests, where it is not known how the filter compares', async () => {
    assert.deepEqual(await look(unknownKisi), { answers: [null, null], requests: 2 });
    const minds = { ...unknownKisi, filterFindsEveryCase: false };
    assert.deepEqual(await look(minds), { answers: [null, null], requests: 2 });
  });

  it('is known by the filter alone, 1 request, where that is known to find an e-mail in every case', async () => {
    const finds = { ...unknownKisi, filterFindsEveryCase: true };
    assert.deepEqual(await look(finds), { answers: ['nobody'], requests: 1 });
  });
});
