/** How many requests each thing takes that is asked of Kisi, and that saving some makes no second user and no second mail. */
import assert from 'node:assert/strict';
import type { GrantResult, KeyActivities } from '../../messages/to-activities.js';
import { createKeyActivities } from '../../activities/keys.js';
import { createRecorder } from '../../activities/recorder.js';
import { createKisiClient } from '../../kisi/client.js';
import type { Directory } from '../../kisi/directory.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import { keyWish, memoryStores } from '../support/stores.js';
import { onEachEngine } from '../database/engines.js';
import { directoryOf, noteOf, runAsMember } from './member.js';

const memberId = 7;
const email = 'ada@example.com';
const [june, july, august] = ['06', '07', '08'].map((month) => Date.parse(`2126-${month}-01T00:00:00Z`));
assert.ok(june && july && august);

onEachEngine('requests to Kisi', (bench) => {
  let kisi: KisiSimulator;
  let directory: Directory;
  let activities: KeyActivities;
  let groupId: number;
  let notes = 0;

  beforeEach(async () => {
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    groupId = kisi.org.addGroup({ name: 'Day pass' }).id;
    const client = createKisiClient({ baseUrl: kisi.url, apiKey: 'kisi-test-key' });
    directory = directoryOf(client);
    const { ownership } = await memoryStores();
    activities = createKeyActivities({
      kisi: client,
      directory,
      moves: { areHeeded: false },
      people: { note: () => undefined, find: () => Promise.resolve({ email, name: 'Ada' }) },
      gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
      recorder: createRecorder(await bench.open(), Date.now, {
        countsFrom: () => Promise.resolve(0),
        tell: () => undefined,
      }),
      ownership,
      isApiUserOurs: false,
    });
  });
  afterEach(() => kisi.stop());

  function run<K extends keyof KeyActivities>(
    name: K,
    args: Parameters<KeyActivities[K]>,
  ): Promise<Awaited<ReturnType<KeyActivities[K]>>> {
    return runAsMember(activities, memberId, name, args);
  }

  /** Finds or makes the user, as the member's workflow has it done. */
  async function userOf(): Promise<number> {
    const about = { locationId: null, planId: null };
    const found =
      (await run('findKisiUser', [memberId, 'filter', about])) ??
      (await run('findKisiUser', [memberId, 'search', about]));
    return typeof found === 'number' ? found : run('createKisiUser', [memberId, noteOf(`${++notes}`)]);
  }

  const grant = (userId: number, toGroup = groupId): Promise<GrantResult> =>
    run('createKey', [keyWish({ userId, groupId: toGroup, validUntil: june }), null, noteOf(`${++notes}`)]);

  /** The first key of a member. */
  async function firstKey(): Promise<{ userId: number; keyId: number }> {
    const userId = await userOf();
    const answer = await grant(userId);
    assert.ok(answer.outcome === 'created');
    return { userId, keyId: answer.keyId };
  }

  async function requestsOf(job: () => Promise<unknown>): Promise<string[]> {
    const before = kisi.requests.count();
    await job();
    return kisi.requests
      .list()
      .slice(before)
      .map(({ method, path }) => `${method} ${path.replace(/[?].*/, '').replace(/\d+$/, '{id}')}`);
  }

  const mails = (): string[] => kisi.mails.map(({ to }) => to.toLowerCase());
  const users = (): string[] => kisi.org.users().map((user) => user.email.toLowerCase());
  /** One user, one key; and one mail, unless a person made the user. */
  function assertOnce(mailed: string[] = [email]): void {
    assert.deepEqual([users(), mails(), kisi.org.keysOf(email)], [[email], mailed, [groupId]]);
  }

  it('are two for the first key, one for a further one and to compare, and two for a move and a revoke', async () => {
    await directory.read();
    const given = { userId: 0, keyId: 0 };
    assert.deepEqual(await requestsOf(async () => Object.assign(given, await firstKey())), [
      'POST /users',
      'POST /role_assignments',
    ]);
    assertOnce();
    const { userId, keyId } = given;
    const other = kisi.org.addGroup({ name: 'Office' }).id;
    assert.deepEqual(await requestsOf(() => grant(userId, other)), ['POST /role_assignments']);
    const move = (was: number, validUntil: number) => (): Promise<GrantResult> =>
      run('moveKey', [keyId, keyWish({ userId, groupId, validUntil }), was, noteOf(`${++notes}`)]);
    await move(june, july)();
    const look = 'GET /role_assignments/{id}';
    assert.deepEqual(await requestsOf(move(july, august)), [look, 'PATCH /role_assignments/{id}']);
    assert.deepEqual(await requestsOf(() => run('inspectKeys', [userId])), ['GET /role_assignments']);
    const remove = (): Promise<void> =>
      run('removeKey', [{ keyId, userId, groupId, validUntil: august }, noteOf(`${++notes}`)]);
    assert.deepEqual(await requestsOf(remove), [look, 'DELETE /role_assignments/{id}']);
    assert.deepEqual(kisi.org.keysOf(email), [other]);
  });

  it('are one for the first key of somebody who is in Kisi already', async () => {
    kisi.org.addUser({ email: 'Ada@Example.com' });
    await directory.read();
    assert.deepEqual(await requestsOf(firstKey), ['POST /role_assignments']);
    assertOnce([]);
  });

  for (const byHand of [email, 'Ada@Example.COM']) {
    it(`make no second user where a person made one since the list was read (${byHand})`, async () => {
      await directory.read();
      kisi.org.addUser({ email: byHand });
      await firstKey();
      assertOnce([]);
    });
  }

  it('make a user anew that a person deleted since the list was read, and mend what was known of that user', async () => {
    const { id } = kisi.org.addUser({ email });
    await directory.read();
    kisi.org.deleteUser(id);
    assert.deepEqual(await grant(await userOf()), { outcome: 'userGone' });
    await firstKey();
    assertOnce();
    assert.deepEqual(directory.known(60_000)?.length, 2);
  });

  it('make a user anew who is seen to be gone when keys are compared', async () => {
    const { userId } = await firstKey();
    kisi.org.deleteUser(userId);
    assert.equal(await run('inspectKeys', [userId]), null);
    await firstKey();
    assert.deepEqual([users(), mails()], [[email], [email, email]]);
  });

  const notFound = JSON.stringify({ error: 'The requested record could not be found.', code: '000404' });
  for (const body of ['', '{"message":"no Route matched with those values"}', notFound]) {
    it(`make no user anew, and forget no key, for one 404 about a user who is there (${body})`, async () => {
      const { userId } = await firstKey();
      const other = kisi.org.addGroup({ name: 'Office' }).id;
      const lie = (match: string): void => {
        kisi.faults.add({ match, kind: 'status', status: 404, body, times: 1 });
      };
      lie('^/role_assignments$');
      await assert.rejects(grant(userId, other), { nonRetryable: false });
      kisi.faults.add({ match: '^/role_assignments[?]', kind: 'empty', times: 1 });
      lie('^/users/\\d+$');
      await assert.rejects(run('inspectKeys', [userId]), { nonRetryable: false });
      assert.equal((await grant(userId, other)).outcome, 'created');
      assert.equal((await run('inspectKeys', [userId]))?.length, 2);
      assert.deepEqual([users(), mails()], [[email], [email]]);
    });
  }

  it('look by its id for a key that the list of the person lacks, and for no other', async () => {
    const { userId, keyId } = await firstKey();
    kisi.switches.listsExpired = false;
    const role = kisi.org.roles.get(keyId);
    assert.ok(role);
    kisi.org.changeAssignment({ ...role, valid_until: '2026-01-01T00:00:00Z' });
    const ended = [{ keyId, groupId, validUntil: Date.parse('2026-01-01T00:00:00Z') }];
    assert.deepEqual(await run('inspectKeys', [userId, [keyId]]), ended);
    kisi.org.changeAssignment({ ...role, valid_until: null });
    const asked = await requestsOf(() => run('inspectKeys', [userId, [keyId]]));
    assert.deepEqual(asked, ['GET /role_assignments']);
    kisi.org.removeAssignment(keyId);
    assert.deepEqual(await run('inspectKeys', [userId, [keyId]]), []);
  });

  it('tell a group that is gone from a grant that met a wrong 404', async () => {
    const { userId } = await firstKey();
    await assert.rejects(grant(userId, 999), { type: 'Configuration', nonRetryable: true });
  });

  it('make one user and one mail where the answer was lost, even where Kisi takes an e-mail twice', async () => {
    kisi.switches.duplicateUserEmail = 'allow';
    await directory.read();
    kisi.faults.add({ match: '/users', method: 'POST', kind: 'afterWrite', times: 1 });
    await assert.rejects(firstKey());
    // Another wish came meanwhile, so that the member begins anew.
    await firstKey();
    assertOnce();
  });

  it('search for the user where the list cannot be read', async () => {
    kisi.org.addUser({ email });
    kisi.faults.add({ match: '/users[?]limit', kind: 'status' });
    assert.deepEqual(await requestsOf(firstKey), ['GET /users', 'GET /users', 'POST /role_assignments']);
    assertOnce([]);
  });
});
