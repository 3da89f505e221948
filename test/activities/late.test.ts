/** Writes to Kisi that a network held and that are carried out once Latchkey has long gone on. */
import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { KeyInKisi } from '../../access/ledger.js';
import type { KeyActivities } from '../../messages/to-activities.js';
import { createKeyActivities } from '../../activities/keys.js';
import { takeBack } from '../../activities/late.js';
import { createRecorder } from '../../activities/recorder.js';
import { looksFor } from '../../access/ownership.js';
import { createKisiClient } from '../../kisi/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import type { AuditLog } from '../../database/audit-log.js';
import type { Ownership } from '../../database/ownership.js';
import { keyWish, ledgerKey, memoryStores } from '../support/stores.js';
import { onEachEngine } from '../database/engines.js';
import { directoryOf, noteOf, runAsMember } from './member.js';

const memberId = 7;
const email = 'ada@example.com';
const [june, july, august] = ['06', '07', '08'].map((month) => Date.parse(`2126-${month}-01T00:00:00Z`)) as [
  number,
  number,
  number,
];

onEachEngine('a write that Kisi gets late', (bench) => {
  let kisi: KisiSimulator;
  let auditLog: AuditLog;
  let ownership: Ownership;
  let activities: KeyActivities;
  let groupId: number;
  let userId: number;
  let notes = 0;

  beforeEach(async () => {
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    groupId = kisi.org.addGroup({ name: 'Day pass' }).id;
    userId = kisi.org.addUser({ email }).id;
    auditLog = await bench.open();
    ({ ownership } = await memoryStores());
    activities = activitiesOver();
  });
  afterEach(() => kisi.stop());

  /** The activities of a process that begins now. */
  function activitiesOver(): KeyActivities {
    const client = createKisiClient({ baseUrl: kisi.url, apiKey: 'kisi-test-key' });
    return createKeyActivities({
      kisi: client,
      directory: directoryOf(client),
      moves: { areHeeded: true },
      people: { note: () => undefined, find: () => Promise.resolve({ email, name: 'Ada' }) },
      gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
      recorder: createRecorder(auditLog, Date.now, {
        countsFrom: () => Promise.resolve(0),
        tell: () => undefined,
      }),
      ownership,
      isApiUserOurs: false,
    });
  }

  function run<K extends keyof KeyActivities>(
    name: K,
    args: Parameters<KeyActivities[K]>,
    of = memberId,
  ): Promise<Awaited<ReturnType<KeyActivities[K]>>> {
    return runAsMember(activities, of, name, args);
  }

  const hold = (method: string, path = '/role_assignments'): void => {
    kisi.faults.add({ match: path, method, kind: 'held', times: 1 });
  };
  const wish = (validUntil: number) => keyWish({ userId, groupId, validUntil });
  const grant = (validUntil: number, of = memberId) =>
    run('createKey', [wish(validUntil), null, noteOf(`${++notes}`)], of);
  const move = (keyId: number, was: number, validUntil: number) =>
    run('moveKey', [keyId, { ...wish(validUntil), keyId }, was, noteOf(`${++notes}`)]);
  const remove = (keyId: number | null, validUntil: number) =>
    run('removeKey', [{ keyId, userId, groupId, validUntil }, noteOf(`${++notes}`)]);
  const look = async (): Promise<KeyInKisi[]> => (await run('inspectKeys', [userId])) ?? [];
  const ends = (): (string | undefined)[] =>
    kisi.org.assignments().map(({ valid_until }) => valid_until?.slice(0, 10));
  async function given(validUntil: number): Promise<number> {
    const answer = await grant(validUntil);
    assert.ok(answer.outcome !== 'userGone');
    return answer.keyId;
  }
  const looks = async (): Promise<number> => {
    const ledger = (await ownership.read(memberId, [])).flatMap(({ key }) => key ?? []);
    return looksFor(await ownership.unanswered({ memberId }), ledger).length;
  };

  it('is its member’s where it gives a key that was given up, so that it is taken away', async () => {
    hold('POST');
    await assert.rejects(grant(june));
    // The member is suspended, and there is nothing to take away yet.
    await remove(null, june);
    assert.deepEqual([(await look()).length, (await ownership.at({ userId, groupId }))?.key], [0, null]);
    await kisi.faults.release();
    assert.deepEqual(ends(), ['2126-06-01']);
    const [late] = await look();
    assert.ok(late?.isLate);
    const owned = await ownership.at({ userId, groupId });
    assert.deepEqual(
      [owned?.memberId, owned?.key?.keyId, owned?.key?.byHand, owned?.key?.handUntil],
      [memberId, late.keyId, false, null],
    );
    await remove(late.keyId, june);
    assert.deepEqual([ends(), await look(), await looks()], [[], [], 0]);
  });

  it('is its member’s although a second try was answered, and the process is another one', async () => {
    hold('POST');
    await assert.rejects(grant(june));
    const keyId = await given(june);
    assert.equal(await looks(), 0, 'Kisi takes no second key beside the one that is there');
    activities = activitiesOver();
    await remove(keyId, june);
    assert.equal(await looks(), 4);
    await kisi.faults.release();
    const [late] = await look();
    assert.ok(late?.isLate);
    await remove(late.keyId, june);
    assert.deepEqual(ends(), []);
  });

  it('makes no second key where the key was given by a second try', async () => {
    hold('POST');
    await assert.rejects(grant(june));
    const keyId = await given(july);
    await kisi.faults.release();
    assert.deepEqual(ends(), ['2126-07-01']);
    assert.deepEqual(await look(), [{ keyId, groupId, validUntil: july }]);
  });

  it('is found in the way of the next grant as Latchkey’s own, and not as a person’s', async () => {
    hold('POST');
    await assert.rejects(grant(july));
    await remove(null, july);
    await kisi.faults.release();
    for (const end of [august, june]) {
      const answer = await grant(end);
      assert.ok(answer.outcome !== 'userGone' && answer.outcome !== 'byHand' && answer.was === null);
      assert.deepEqual(ends(), [new Date(end).toISOString().slice(0, 10)]);
    }
  });

  it('moves a key of the member for no longer than until the next look', async () => {
    const keyId = await given(june);
    hold('PATCH');
    await assert.rejects(move(keyId, june, august));
    await move(keyId, june, july);
    assert.equal(await looks(), 4, 'it may come to have another end yet');
    await kisi.faults.release();
    assert.deepEqual(await look(), [{ keyId, groupId, validUntil: august }]);
    await move(keyId, august, july);
    assert.deepEqual(ends(), ['2126-07-01']);
  });

  it('moves a person’s key that was given back, which gets its own end once more', async () => {
    const keyId = kisi.org.grantByHand({ userId, groupId, validUntil: june }).id;
    const answer = await grant(july);
    assert.ok(answer.outcome === 'extended' && answer.was === june);
    hold('PATCH');
    const held = { ...wish(august), keyId, handUntil: june };
    await assert.rejects(run('moveKey', [keyId, held, july, noteOf(`${++notes}`)]));
    const back = { userId, groupId, validUntil: june };
    await run('giveBackKey', [keyId, back, july, noteOf(`${++notes}`)]);
    await kisi.faults.release();
    assert.deepEqual(ends(), ['2126-08-01']);
    const [late] = await look();
    const owned = await ownership.at({ userId, groupId });
    assert.deepEqual([late?.isLate, owned?.key?.handUntil], [true, june]);
    await run('giveBackKey', [keyId, back, august, noteOf(`${++notes}`)]);
    assert.deepEqual([ends(), (await look())[0]?.isLate], [['2126-06-01'], undefined]);
  });

  for (const validUntil of [june, july])
    it(`takes no key away that was kept after all (${validUntil === june ? 'as it was' : 'with another end'})`, async () => {
      const keyId = await given(june);
      hold('DELETE');
      await assert.rejects(remove(keyId, june));
      // The member is back: the key that the removal names is taken away for certain, and another is given.
      const note = { ...noteOf(`${++notes}`), unsure: true };
      const answer = await run('moveKey', [keyId, { ...wish(validUntil), keyId }, june, note]);
      assert.ok(answer.outcome === 'moved' && answer.keyId !== keyId);
      await kisi.faults.release();
      assert.deepEqual(
        kisi.org.assignments().map(({ id, valid_until }) => [id, valid_until]),
        [[answer.keyId, new Date(validUntil).toISOString()]],
      );
      assert.deepEqual(kisi.mails, []);
    });

  it('takes no key away that was found again without its record', async () => {
    const keyId = await given(june);
    hold('DELETE');
    await assert.rejects(remove(keyId, june));
    const answer = await grant(june);
    assert.ok(answer.outcome !== 'userGone' && answer.keyId !== keyId);
    await kisi.faults.release();
    assert.deepEqual(ends(), ['2126-06-01']);
  });

  it('harms nobody who has the place by then', async () => {
    hold('POST');
    await assert.rejects(grant(june));
    await remove(null, june);
    await grant(july, 8);
    await kisi.faults.release();
    await look();
    assert.deepEqual([ends(), (await ownership.at({ userId, groupId }))?.memberId], [['2126-07-01'], 8]);
  });

  it('is not looked for where each write was answered, even with a no', async () => {
    const keyId = await given(june);
    await move(keyId, june, july);
    for (const status of [409, 422, 403, 429])
      for (const method of ['POST', 'PATCH']) {
        const body = JSON.stringify({ error: 'No.', code: `000${status}` });
        kisi.faults.add({ match: '^/role_assignments', method, kind: 'status', status, body, times: 1 });
        await (method === 'POST' ? grant(august) : move(keyId, july, august)).catch(() => undefined);
        kisi.faults.clear();
      }
    await remove(keyId, july);
    assert.deepEqual(await ownership.unanswered('all'), []);
  });

  it('makes one user and gives one key where the making of the user was held', async () => {
    for (const duplicateUserEmail of ['reject', 'allow'] as const) {
      kisi.switches.duplicateUserEmail = duplicateUserEmail;
      kisi.org.deleteUser(userId);
      activities = activitiesOver();
      hold('POST', '/users');
      await assert.rejects(run('createKisiUser', [memberId, noteOf(`${++notes}`)]));
      userId = await run('createKisiUser', [memberId, noteOf(`${++notes}`)]);
      await given(june);
      await kisi.faults.release();
      assert.deepEqual([ends(), (await look()).length], [['2126-06-01'], 1], duplicateUserEmail);
    }
  });

  it('is found each time where a hundred come late at once', async () => {
    for (let i = 0; i < 100; i++) {
      // One that has had no answer three times in a row is not asked so often any more.
      activities = activitiesOver();
      const place = { userId, groupId: kisi.org.addGroup({ name: `Group ${i}` }).id, validUntil: june };
      hold('POST');
      await assert.rejects(run('createKey', [keyWish(place), null, noteOf(`${++notes}`)]));
      await run('removeKey', [{ ...place, keyId: null }, noteOf(`${++notes}`)]);
    }
    await kisi.faults.release();
    const late = await look();
    assert.deepEqual([late.length, late.filter(({ isLate }) => isLate).length], [100, 100]);
  });

  describe('which a key in Kisi resembles', () => {
    const key = ledgerKey({ userId: 5, groupId: 12, keyId: null, validUntil: june });
    const there = {
      ...{ id: 77, userId: 5, groupId: 12, roleId: 'group_basic', validFrom: null, validUntil: june },
      ...{ createdAt: null, createdById: 1 },
    };
    const taken = async (over: Partial<typeof there>, ownUserId = 1): Promise<number> => {
      await ownership.sending({ userId: 5, groupId: 12, memberId, does: 'put', key });
      const writes = await ownership.unanswered('all');
      const environment = new MockActivityEnvironment(
        { startToCloseTimeoutMs: 60_000 },
        { logger: new DefaultLogger('ERROR') },
      );
      const ownUser = (): Promise<number> => Promise.resolve(ownUserId);
      return environment.run(
        async () => (await takeBack(ownership, [{ ...there, ...over }], writes, ownUser)).length,
      );
    };
    it('is Latchkey’s where user, group, end, role and maker match, and not where one differs', async () => {
      assert.equal(await taken({ roleId: 'group_manager' }), 0);
      assert.equal(await taken({ validUntil: july }), 0);
      assert.equal(await taken({ userId: 6 }), 0);
      assert.equal(await taken({ groupId: 13 }), 0);
      assert.equal(await taken({}, 2), 0);
      assert.equal(await taken({}), 1);
    });
  });
});
