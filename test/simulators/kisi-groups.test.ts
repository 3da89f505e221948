import assert from 'node:assert/strict';
import { Kisi } from './kisi-ask.js';

describe('Kisi simulator: groups and places', () => {
  const kisi = new Kisi();
  beforeEach(() => kisi.start());
  afterEach(() => kisi.stop());

  const create = (group: object) => kisi.ask('POST', '/groups', { group });

  it('are created with 200, without doors, for the organization or one place', async () => {
    const place = kisi.org.addPlace({ name: 'Loft' });
    const wide = await create({ name: 'Everywhere' });
    assert.equal(wide.status, 200);
    const { place_id, locks_count, login_enabled } = wide.body as Record<string, unknown>;
    assert.deepEqual(
      { place_id, locks_count, login_enabled },
      { place_id: null, locks_count: 0, login_enabled: true },
    );
    assert.equal('place' in (wide.body as object), false);
    const narrow = await create({ name: 'Loft', place_id: place.id });
    assert.deepEqual((narrow.body as { place: unknown }).place, {
      id: place.id,
      resource_type: 'Place',
      name: 'Loft',
    });
    assert.equal((await create({})).status, 422);
    assert.equal((await create({ name: 'Nowhere', place_id: 1 })).status, 422);
  });

  it('count their users and doors', async () => {
    const group = kisi.org.addGroup({ name: 'Studio', locks_count: 2, login_enabled: false });
    const user = kisi.org.addUser({ email: 'ada@example.com' });
    kisi.org.grantByHand({ userId: user.id, groupId: group.id });
    const { body } = await kisi.ask('GET', `/groups/${group.id}`);
    const { users_count, locks_count, login_enabled } = body as Record<string, unknown>;
    assert.deepEqual(
      { users_count, locks_count, login_enabled },
      { users_count: 1, locks_count: 2, login_enabled: false },
    );
  });

  it('are changed with 204, but never their place', async () => {
    const place = kisi.org.addPlace({ name: 'Loft' });
    const { id } = kisi.org.addGroup({ name: 'Studio' });
    const group = { name: 'Atelier', login_enabled: false, place_id: place.id };
    assert.equal((await kisi.ask('PATCH', `/groups/${id}`, { group })).status, 204);
    const { name, login_enabled, place_id } = kisi.org.groups.get(id)!;
    assert.deepEqual(
      { name, login_enabled, place_id },
      { name: 'Atelier', login_enabled: false, place_id: null },
    );
  });

  it('are deleted with the roles in them, once', async () => {
    const user = kisi.org.addUser({ email: 'ada@example.com' });
    const group = kisi.org.addGroup({ name: 'Studio' });
    const other = kisi.org.addGroup({ name: 'Loft' });
    kisi.org.grantByHand({ userId: user.id, groupId: group.id });
    kisi.org.grantByHand({ userId: user.id, groupId: other.id });
    assert.equal((await kisi.ask('DELETE', `/groups/${group.id}`)).status, 204);
    assert.deepEqual(kisi.org.keysOf('ada@example.com'), [other.id]);
    assert.equal((await kisi.ask('DELETE', `/groups/${group.id}`)).status, 404);
  });

  it('are filtered by name, scope, place and door, and sorted by name', async () => {
    const place = kisi.org.addPlace({ name: 'House' });
    const wide = kisi.org.addGroup({ name: 'Wide' });
    const loft = kisi.org.addGroup({ name: 'Loft', place_id: place.id });
    assert.deepEqual(await kisi.ids('/groups?query=LOF'), [loft.id]);
    assert.deepEqual(await kisi.ids('/groups?scope=organization'), [wide.id]);
    assert.deepEqual(await kisi.ids('/groups?scope=place'), [loft.id]);
    assert.deepEqual(await kisi.ids(`/groups?place_id=${place.id}`), [loft.id]);
    assert.deepEqual(await kisi.ids(`/groups?lock_id=${wide.lock_ids[0]}`), [wide.id]);
    assert.deepEqual(await kisi.ids('/groups?sort=name'), [loft.id, wide.id]);
    kisi.org.renameGroup(wide.id, 'Attic');
    assert.deepEqual(await kisi.ids('/groups?sort=name'), [wide.id, loft.id]);
  });

  it('have places, which are listed', async () => {
    const loft = kisi.org.addPlace({ name: 'Loft', time_zone: 'America/Toronto' });
    kisi.org.addPlace({ name: 'House' });
    const { body } = await kisi.ask('GET', '/places?query=loft');
    assert.deepEqual(
      (body as { id: number; time_zone: string }[]).map(({ id, time_zone }) => [id, time_zone]),
      [[loft.id, 'America/Toronto']],
    );
  });
});
