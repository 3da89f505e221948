import assert from 'node:assert/strict';
import { Kisi } from './kisi-ask.js';

describe('Kisi simulator: logins', () => {
  const kisi = new Kisi();
  let adaId: number;
  beforeEach(async () => {
    await kisi.start();
    adaId = kisi.org.addUser({ email: 'ada@example.com', name: 'Ada' }).id;
    kisi.org.signIn(adaId);
  });
  afterEach(() => kisi.stop());

  type Row = { user_id: number; type: string; last_used_at: string | null };
  const listed = async (query = ''): Promise<Row[]> => {
    const { status, body } = await kisi.ask('GET', `/logins${query}`);
    assert.equal(status, 200);
    return body as Row[];
  };

  it('shows those of the caller unless another person is asked for', async () => {
    for (const query of ['', '?user_id=me', `?user_id=${kisi.org.ownerId}`]) {
      const [own, ...others] = await listed(query);
      assert.deepEqual([own?.user_id, own?.type, others.length], [kisi.org.ownerId, 'api', 0]);
    }
    assert.deepEqual(
      (await listed(`?user_id=${adaId}`)).map(({ type }) => type),
      ['device'],
    );
  });

  it('shows when the key was last used', async () => {
    kisi.pass(3_600_000);
    const [own] = await listed();
    assert.equal(own?.last_used_at, kisi.org.timestamp());
  });

  it('answers otherwise for another person, as the switch says', async () => {
    const { switches } = kisi.simulator;
    switches.loginsOfOthers = 'empty';
    assert.deepEqual(await listed(`?user_id=${adaId}`), []);
    switches.loginsOfOthers = 'own';
    assert.deepEqual(
      (await listed(`?user_id=${adaId}`)).map(({ user_id }) => user_id),
      [kisi.org.ownerId],
    );
    switches.loginsOfOthers = 'refused';
    assert.equal((await kisi.ask('GET', `/logins?user_id=${adaId}`)).status, 403);
    assert.equal((await listed()).length, 1);
  });

  it('lets an owner who lost the role see the own logins, and nobody else’s', async () => {
    kisi.org.demoteKeyOwner();
    assert.equal((await listed()).length, 1);
    assert.equal((await kisi.ask('GET', `/logins?user_id=${adaId}`)).status, 403);
  });

  it('mails of a changed key unless the switch says otherwise', async () => {
    const groupId = kisi.org.addGroup({ name: 'Office' }).id;
    const { id } = kisi.org.grantByHand({ userId: adaId, groupId });
    const nudge = (): ReturnType<Kisi['ask']> =>
      kisi.ask('PATCH', `/role_assignments/${id}`, { role_assignment: { notify: true } });
    assert.equal((await nudge()).status, 204);
    assert.deepEqual(kisi.mails, ['grant ada@example.com']);
    kisi.simulator.switches.notifyOnUpdate = false;
    await nudge();
    assert.equal(kisi.mails.length, 1);
  });
});
