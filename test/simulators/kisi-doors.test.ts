import assert from 'node:assert/strict';
import type { KisiGroup, KisiUser } from '../../simulators/kisi.js';
import { hoursOn, Kisi } from './kisi-ask.js';

const hourMs = 3_600_000;

describe('Kisi simulator: doors', () => {
  const kisi = new Kisi();
  let ada: KisiUser;
  let secret: string;
  let studio: KisiGroup;
  beforeEach(async () => {
    await kisi.start();
    ada = kisi.org.addUser({ email: 'ada@example.com' });
    secret = kisi.org.signIn(ada.id);
    studio = kisi.org.addGroup({ name: 'Studio' });
  });
  afterEach(() => kisi.stop());

  /** What a person gets at the studio's door: `open`, or status and code. */
  const knock = async (as = secret) => {
    const { status, body } = await kisi.ask('POST', `/locks/${studio.lock_ids[0]}/unlock`, undefined, as);
    return status === 200 ? 'open' : `${status} ${(body as { code: string }).code}`;
  };

  it('are listed, also for someone without a role', async () => {
    assert.deepEqual(await kisi.ids('/locks'), studio.lock_ids);
    assert.equal((await kisi.ask('GET', '/locks?query=studio', undefined, secret)).status, 200);
  });

  it('are told group by group', async () => {
    const lobby = kisi.org.addGroup({ name: 'Lobby', locks_count: 2 });
    const { body } = await kisi.ask('GET', `/group_locks?group_id=${lobby.id}`);
    const rows = body as { group_id: number; lock_id: number; lock: { name: string } }[];
    assert.deepEqual(
      rows.map(({ group_id, lock_id }) => [group_id, lock_id]),
      lobby.lock_ids.map((id) => [lobby.id, id]),
    );
    assert.equal(rows[0]?.lock.name, kisi.org.locks.get(lobby.lock_ids[0] ?? 0)?.name);
  });

  it('stay shut without a role, and open to an administrator', async () => {
    assert.equal(await knock(), '403 fcd8ef');
    assert.equal(await knock('kisi-test-key'), 'open');
  });

  it('open while the role is valid, and say whether it is too early or too late', async () => {
    const role = { user_id: ada.id, group_id: studio.id, role_id: 'group_basic' };
    const role_assignment = { ...role, valid_from: hoursOn(1), valid_until: hoursOn(2) };
    assert.equal((await kisi.ask('POST', '/role_assignments', { role_assignment })).status, 200);
    assert.equal(await knock(), '403 f358de');
    kisi.pass(hourMs);
    assert.equal(await knock(), 'open');
    assert.equal(kisi.org.people.get(ada.id)?.last_accessed_at, hoursOn(1));
    kisi.pass(hourMs);
    assert.equal(await knock(), '403 f35ade');
  });

  it('shut when the role is removed', async () => {
    const { id } = kisi.org.grantByHand({ userId: ada.id, groupId: studio.id });
    assert.equal(await knock(), 'open');
    kisi.org.removeAssignment(id);
    assert.equal(await knock(), '403 fcd8ef');
  });

  it('stay shut to the app when the group has no app access, unless another group opens them', async () => {
    kisi.org.groups.put({ ...studio, login_enabled: false });
    kisi.org.grantByHand({ userId: ada.id, groupId: studio.id });
    assert.equal(await knock(), '403 f01337');
    const other = kisi.org.addGroup({ name: 'All doors', lock_ids: studio.lock_ids });
    kisi.org.grantByHand({ userId: ada.id, groupId: other.id });
    assert.equal(await knock(), 'open');
  });

  it('stay shut to someone who is suspended, though the keys remain', async () => {
    kisi.org.grantByHand({ userId: ada.id, groupId: studio.id });
    kisi.org.setAccessEnabled(ada.id, false);
    assert.equal(await knock(), '403 fcd8ff');
    assert.deepEqual(kisi.org.keysOf('ada@example.com'), [studio.id]);
    kisi.org.setAccessEnabled(ada.id, true);
    assert.equal(await knock(), 'open');
  });

  it('do not know someone who was deleted, nor a door that is not there', async () => {
    assert.equal((await kisi.ask('POST', '/locks/1/unlock', undefined, secret)).status, 404);
    kisi.org.deleteUser(ada.id);
    assert.equal(await knock(), '401 000401');
  });
});
