/** Whose key it is decides what becomes of it: two members may come to have the same Kisi user, one after the other. */
import assert from 'node:assert/strict';
import type { GrantResult, KeyActivities } from '../../messages/to-activities.js';
import { createKeyActivities } from '../../activities/keys.js';
import { createRecorder } from '../../activities/recorder.js';
import { createKisiClient } from '../../kisi/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';
import type { Ownership } from '../../database/ownership.js';
import { keyWish, memoryStores } from '../support/stores.js';
import { onEachEngine } from '../database/engines.js';
import { directoryOf, noteOf, runAsMember } from './member.js';

const [old, heir] = [100, 200];
const [june, july] = ['06', '07'].map((month) => Date.parse(`2126-${month}-01T00:00:00Z`)) as [
  number,
  number,
];

onEachEngine('a key that two members may take for their own', (bench) => {
  let kisi: KisiSimulator;
  let ownership: Ownership;
  let groupId: number;
  let userId: number;
  let notes = 0;
  let activities: KeyActivities;

  async function activitiesFor(isApiUserOurs = false): Promise<KeyActivities> {
    const client = createKisiClient({ baseUrl: kisi.url, apiKey: 'kisi-test-key' });
    return createKeyActivities({
      kisi: client,
      directory: directoryOf(client),
      moves: { areHeeded: true },
      people: {
        note: () => undefined,
        find: () => Promise.resolve({ email: 'ada@example.com', name: 'Ada' }),
      },
      gate: { admit: () => Promise.resolve(), admitWrite: () => Promise.resolve() },
      recorder: createRecorder(await bench.open(), Date.now, {
        countsFrom: () => Promise.resolve(0),
        tell: () => undefined,
      }),
      ownership,
      isApiUserOurs,
    });
  }

  beforeEach(async () => {
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    groupId = kisi.org.addGroup({ name: 'Day pass' }).id;
    userId = kisi.org.addUser({ email: 'ada@example.com' }).id;
    ({ ownership } = await memoryStores());
    activities = await activitiesFor();
  });
  afterEach(() => kisi.stop());

  const grant = (memberId: number, validUntil = june): Promise<GrantResult> =>
    runAsMember(activities, memberId, 'createKey', [
      keyWish({ userId, groupId, validUntil }),
      null,
      noteOf(`${++notes}`),
    ]);
  const remove = (memberId: number, keyId: number, validUntil = june): Promise<void> =>
    runAsMember(activities, memberId, 'removeKey', [
      { keyId, userId, groupId, validUntil },
      noteOf(`${++notes}`),
    ]);
  const keys = (): (string | null)[] => kisi.org.assignments().map(({ valid_until }) => valid_until);
  async function given(memberId: number, validUntil = june): Promise<number> {
    const answer = await grant(memberId, validUntil);
    assert.ok(answer.outcome !== 'userGone');
    return answer.keyId;
  }

  it('goes to the one who asks for it now, with the end that this one needs, and is not taken away by the other', async () => {
    const keyId = await given(old, july);
    assert.equal((await grant(heir, june)).outcome, 'moved', 'it is Latchkey’s own, and not a person’s');
    await remove(old, keyId, july);
    assert.deepEqual(keys(), ['2126-06-01T00:00:00.000Z']);
    await remove(heir, keyId);
    assert.deepEqual(keys(), []);
  });

  for (const first of ['the end', 'the beginning'] as const)
    it(`is there in the end where both happen at once, ${first} first`, async () => {
      const keyId = await given(old);
      const jobs = [() => remove(old, keyId), () => grant(heir)];
      if (first === 'the beginning') jobs.reverse();
      await Promise.all(jobs.map((job) => job()));
      assert.deepEqual(keys(), ['2126-06-01T00:00:00.000Z']);
      assert.equal((await ownership.at({ userId, groupId }))?.memberId, heir);
    });

  it('is a person’s where it is on nobody’s record, and is then never Latchkey’s to take away', async () => {
    kisi.org.grantByHand({ userId, groupId, validUntil: july });
    assert.equal((await grant(heir)).outcome, 'byHand');
    assert.equal((await ownership.at({ userId, groupId }))?.key?.byHand, true);
  });

  describe('that is Latchkey’s by a claim of a workflow only,', () => {
    const stays = /stays: it is not on record as Latchkey's own/;
    const giveBack = (memberId: number, keyId: number): Promise<void> =>
      runAsMember(activities, memberId, 'giveBackKey', [
        keyId,
        { userId, groupId, validUntil: june },
        july,
        noteOf(`${++notes}`),
      ]);

    it('stays where it is on nobody’s record', async () => {
      const { id } = kisi.org.grantByHand({ userId, groupId, validUntil: july });
      await assert.rejects(remove(heir, id, july), stays);
      await assert.rejects(giveBack(heir, id), stays);
      assert.deepEqual(keys(), ['2126-07-01T00:00:00.000Z']);
      assert.deepEqual(await ownership.all(), []);
    });

    it('stays where it is on record as a person’s', async () => {
      const { id } = kisi.org.grantByHand({ userId, groupId, validUntil: july });
      await grant(heir);
      await assert.rejects(remove(heir, id, july), stays);
      assert.deepEqual(keys(), ['2126-07-01T00:00:00.000Z']);
    });

    it('stays where a person gave it after Latchkey’s own was taken away', async () => {
      await remove(heir, await given(heir));
      const { id } = kisi.org.grantByHand({ userId, groupId, validUntil: july });
      await remove(heir, id, july);
      await giveBack(heir, id);
      assert.deepEqual(keys(), ['2126-07-01T00:00:00.000Z']);
    });
  });

  for (const [what, make] of [
    ['a permanent right of a higher role', () => ({ role_id: 'group_manager' })],
    ['an administrator’s', () => ({ role_id: 'group_basic' })],
  ] as const)
    it(`is told to be ${what}, so that no policy takes it over`, async () => {
      const { org } = kisi;
      const { id } = org.grantByHand({ userId, groupId });
      org.changeAssignment({ ...(org.roles.get(id) ?? assert.fail()), ...make() });
      if (what === 'an administrator’s')
        org.addRole({
          ...{ role_id: 'organization_administrator', applies_to_type: 'Organization' },
          ...{ applies_to_id: org.id, user_id: userId },
        });
      const answer = await grant(heir);
      assert.ok(answer.outcome === 'byHand');
      assert.match(answer.higherRole ?? '', /^(group_manager|organization_administrator)$/);
      assert.equal((await ownership.at({ userId, groupId }))?.key?.higherRole, answer.higherRole);
      if (what === 'an administrator’s') return;
      // Whatever a ledger may say of it.
      await assert.rejects(remove(heir, id), { nonRetryable: true, message: /stays: it is not on record/ });
      assert.ok(org.roles.get(id));
    });

  it('is Latchkey’s by who made it, where all else is lost and nobody else acts as that Kisi user', async () => {
    await given(old, july);
    ({ ownership } = await memoryStores());
    activities = await activitiesFor(true);
    assert.equal((await grant(heir)).outcome, 'moved');
    assert.deepEqual(keys(), ['2126-06-01T00:00:00.000Z']);
  });

  it('is on record before it is made, so that it is known whose it is after an answer that never came', async () => {
    kisi.faults.add({ match: '/role_assignments', method: 'POST', kind: 'afterWrite', times: 1 });
    await assert.rejects(grant(old));
    const [lost] = await ownership.all();
    assert.deepEqual([lost?.memberId, lost?.key?.keyId, lost?.key?.uncertain], [old, null, true]);
    const again = await grant(old, july);
    assert.ok(again.outcome === 'extended' && again.was === null, 'the end before was no person’s');
  });
});
