import assert from 'node:assert/strict';
import { createKisiClient, type KisiClient } from '../../kisi/client.js';
import {
  startKisiSimulator,
  type KisiAssignment,
  type KisiSimulator,
  type KisiSwitches,
} from '../../simulators/kisi.js';
import { assignmentRow, startStub } from './stub.js';

const apiKey = 'kisi-test-key';
const now = Date.parse('2026-11-25T12:00:00Z');
const end = Date.parse('2026-12-01T00:00:00Z');

describe('the Kisi client', () => {
  let sim: KisiSimulator | undefined;
  afterEach(async () => {
    await sim?.stop();
    sim = undefined;
  });

  async function start(
    switches: Partial<KisiSwitches> = {},
  ): Promise<{ sim: KisiSimulator; client: KisiClient }> {
    sim = await startKisiSimulator({ now: () => now, apiKey, switches: { rateLimit: null, ...switches } });
    return { sim, client: createKisiClient({ baseUrl: sim.url, apiKey }) };
  }

  it('sends the new form of a key, and asks for no mail', async () => {
    const stub = await startStub(({ method }, reply) =>
      method === 'GET' ? assignmentRow({ id: 1, userId: 2, groupId: 3 }) : reply.code(500).send(),
    );
    const client = createKisiClient({ baseUrl: stub.url, apiKey });
    const unavailable = { name: 'KisiError', kind: 'unavailable' };
    await assert.rejects(client.createKey({ userId: 2, groupId: 3, validUntil: end }), unavailable);
    await assert.rejects(
      client.createKey({ userId: 2, groupId: 3, validFrom: now, validUntil: null }),
      unavailable,
    );
    await assert.rejects(client.patchKey({ id: 1, userId: 2, groupId: 3 }, { validUntil: end }), unavailable);
    await stub.stop();
    const shape = {
      applies_to_type: 'Group',
      applies_to_id: 3,
      assignee_type: 'User',
      assignee_id: 2,
      role_id: 'group_basic',
      notify: false,
    };
    assert.deepEqual(
      stub.requests.filter(({ method }) => method !== 'GET').map(({ body }) => body),
      [
        { role_assignment: { ...shape, valid_until: '2026-12-01T00:00:00.000Z' } },
        { role_assignment: { ...shape, valid_from: '2026-11-25T12:00:00.000Z', valid_until: null } },
        { role_assignment: { valid_until: '2026-12-01T00:00:00.000Z', notify: false } },
      ],
    );
  });

  it('lists the doors of a group, and of no other where Kisi heeds no filter', async () => {
    const { sim, client } = await start();
    const studio = sim.org.addGroup({ name: 'Studio', locks_count: 2 });
    sim.org.addGroup({ name: 'Lobby' });
    const doors = await client.listDoorsOfGroup({ groupId: studio.id });
    assert.deepEqual(
      doors.map(({ id }) => id),
      studio.lock_ids,
    );
    sim.faults.add({ match: '^/group_locks', kind: 'ignoreFilters' });
    assert.deepEqual(await client.listDoorsOfGroup({ groupId: studio.id }), doors);
  });

  it('makes a regular user, who is mailed once and need not click a link first', async () => {
    const { sim, client } = await start({ sendEmailsDefault: false });
    const made = await client.createUser({ email: ' Ada@Example.com', name: 'Ada' });
    assert.deepEqual(
      { ...made, id: 0 },
      { id: 0, email: 'ada@example.com', name: 'Ada', accessEnabled: true },
    );
    const { send_emails, confirmed, access_enabled } = sim.org.users()[0]!;
    assert.deepEqual(
      { send_emails, confirmed, access_enabled },
      { send_emails: true, confirmed: true, access_enabled: true },
    );
    const group = sim.org.addGroup({ name: 'Doors' });
    await client.createKey({ userId: made.id, groupId: group.id, validUntil: end });
    assert.deepEqual(
      sim.mails.map(({ kind }) => kind),
      ['invitation'],
    );
  });

  it('reads, moves and takes away a key', async () => {
    const { sim, client } = await start();
    const group = sim.org.addGroup({ name: 'Doors' });
    const { id: userId } = sim.org.addUser({ email: 'ada@example.com' });
    const key = await client.createKey({ userId, groupId: group.id, validFrom: now, validUntil: end });
    const { id, createdById } = key;
    const given = { userId, groupId: group.id, roleId: 'group_basic', validFrom: now, validUntil: end };
    assert.deepEqual(key, { ...given, createdAt: now, id, createdById });
    assert.equal(createdById, sim.org.ownerId);
    assert.deepEqual(await client.getKey(key.id), key);
    await client.patchKey(key, { validUntil: null });
    assert.equal((await client.getKey(key.id))?.validUntil, null);
    assert.equal(await client.deleteKey(key), 'deleted');
    assert.equal(await client.deleteKey(key), 'alreadyGone');
    assert.equal(await client.getKey(key.id), null);
    await assert.rejects(client.patchKey(key, { validUntil: end }), { kind: 'notFound' });
  });

  it('takes nobody for a person whose e-mail only folds to the same', async () => {
    const { sim, client } = await start();
    sim.org.addUser({ email: '\u{212a}im@example.com' });
    for (const how of ['filter', 'search'] as const)
      assert.equal(await client.findUserByEmail('kim@example.com', how), null);
  });

  it('tells the role of a person in the organization as a whole, if there is one', async () => {
    const { sim, client } = await start();
    const group = sim.org.addGroup({ name: 'Doors' });
    const { id: userId } = sim.org.addUser({ email: 'ada@example.com' });
    sim.org.grantByHand({ userId, groupId: group.id });
    assert.equal(await client.organizationRole({ userId }), null);
    assert.equal(await client.organizationRole({ userId: sim.org.ownerId }), 'organization_owner');
  });

  it('tells absence of a user from absence of a group', async () => {
    const { client } = await start();
    assert.equal(await client.getUser(1), null);
    await assert.rejects(client.getGroup(1), { kind: 'notFound' });
    await assert.rejects(client.createKey({ userId: 1, groupId: 1, validUntil: end }), { kind: 'notFound' });
  });

  it('lists all groups, whatever their number', async () => {
    const { sim, client } = await start();
    const ids = Array.from({ length: 260 }, (_, index) => sim.org.addGroup({ name: `Group ${index}` }).id);
    assert.deepEqual(
      (await client.listGroups()).map(({ id }) => id).sort((a, b) => a - b),
      ids,
    );
    assert.equal(sim.requests.count(), 2);
    assert.equal((await client.getGroup(ids[0]!)).name, 'Group 0');
  });

  it('asks for lists in the order of names, in which rows keep their places', async () => {
    const { sim, client } = await start();
    await client.listGroups();
    await client.listUsers();
    await client.listAllKeys();
    await client.findUserByEmail('ada@example.com', 'filter');
    assert.deepEqual(
      sim.requests.list().map(({ query }) => query['sort']),
      ['name', 'name', 'user.name', 'name'],
    );
  });

  it('lists keys of a person and of a group, roles elsewhere left out', async () => {
    const { sim, client } = await start();
    const [one, two] = [sim.org.addGroup({ name: 'One' }), sim.org.addGroup({ name: 'Two' })];
    const [ada, bob] = [
      sim.org.addUser({ email: 'ada@example.com' }),
      sim.org.addUser({ email: 'bob@example.com' }),
    ];
    const adaOne = sim.org.grantByHand({ userId: ada.id, groupId: one.id });
    const adaTwo = sim.org.grantByHand({ userId: ada.id, groupId: two.id });
    const bobOne = sim.org.grantByHand({ userId: bob.id, groupId: one.id });
    const place = sim.org.addPlace({ name: 'House' });
    sim.org.addRole({
      role_id: 'place_owner',
      applies_to_type: 'Place',
      applies_to_id: place.id,
      user_id: ada.id,
    });
    const idsOf = (keys: { id: number }[]) => keys.map(({ id }) => id);
    assert.deepEqual(idsOf(await client.listKeysOf({ userId: ada.id })), [adaOne.id, adaTwo.id]);
    assert.deepEqual(idsOf(await client.listKeysOfGroup({ groupId: one.id })), [adaOne.id, bobOne.id]);
    assert.equal((await client.findKey({ userId: ada.id, groupId: two.id }))?.id, adaTwo.id);
    assert.equal(await client.findKey({ userId: bob.id, groupId: two.id }), null);
  });

  it('lists all keys group by group where they are more than one list gives', async () => {
    const { sim, client } = await start();
    const groups = ['One', 'Two'].map((name) => sim.org.addGroup({ name }).id);
    for (let i = 0; i < 10_126; i++) {
      const { id: userId } = sim.org.addUser({ email: `member${i}@example.com` });
      for (const groupId of groups) sim.org.grantByHand({ userId, groupId });
    }
    const keys = await client.listAllKeys();
    assert.deepEqual(
      [keys.length, new Set(keys.map(({ id }) => id)).size, sim.requests.count()],
      [20_252, 20_252, 2 + 2 * 41],
    );
  });

  it('finds no key in a higher role', async () => {
    const { sim, client } = await start();
    const { id: groupId } = sim.org.addGroup({ name: 'One' });
    const { id: userId } = sim.org.addUser({ email: 'ada@example.com' });
    sim.org.addRole({
      role_id: 'group_manager',
      applies_to_type: 'Group',
      applies_to_id: groupId,
      user_id: userId,
    });
    assert.equal(await client.findKey({ userId, groupId }), null);
    assert.equal((await client.listKeysOf({ userId })).length, 1);
  });

  for (const kind of ['ignoreFilters', 'truncated', 'dropLastPage', 'malformed'] as const) {
    it(`fails, and does not come back short, when a list of keys is ${kind}`, async () => {
      const { sim, client } = await start();
      const { id: groupId } = sim.org.addGroup({ name: 'One' });
      const { id: userId } = sim.org.addUser({ email: 'ada@example.com' });
      sim.org.grantByHand({ userId, groupId });
      sim.faults.add({ match: '/role_assignments', kind });
      await assert.rejects(client.listKeysOf({ userId }), { kind: 'malformed', path: '/role_assignments' });
      await assert.rejects(client.listKeysOfGroup({ groupId }), { kind: 'malformed' });
    });
  }

  describe('looking for an e-mail', () => {
    it('never takes a person whose e-mail only contains it', async () => {
      const { sim, client } = await start({ emailFilterExact: false });
      for (let n = 0; n < 120; n++) sim.org.addUser({ email: `x${n}da@example.com` });
      assert.equal(await client.findUserByEmail('da@example.com', 'filter'), null);
      const { id } = sim.org.addUser({ email: 'da@example.com' });
      assert.equal((await client.findUserByEmail('da@example.com', 'filter'))?.id, id);
      assert.ok(sim.requests.list().every(({ query }) => !('query' in query)));
    });

    it('finds another spelling where Kisi minds the case', async () => {
      const { sim, client } = await start({ userEmailCaseSensitive: true });
      const { id } = sim.org.addUser({ email: 'Ada@Example.com' });
      sim.org.addUser({ email: 'bob@example.com', notes: 'friend of ada@example.com' });
      assert.equal((await client.findUserByEmail('ADA@example.com ', 'search'))?.id, id);
    });

    it('does not take the person who is mentioned in a note', async () => {
      const { sim, client } = await start();
      sim.org.addUser({ email: 'bob@example.com', notes: 'friend of ada@example.com' });
      assert.equal(await client.findUserByEmail('ada@example.com', 'search'), null);
      assert.equal(sim.requests.count(), 1);
    });

    it('asks nothing about an empty e-mail, which others might share', async () => {
      const { sim, client } = await start();
      sim.org.addUser({ email: '' });
      assert.equal(await client.findUserByEmail('  ', 'search'), null);
      assert.equal(sim.requests.count(), 0);
    });
  });

  describe('being refused', () => {
    it('says that it asks too much, and how long to wait', async () => {
      const { client } = await start({ rateLimit: { perSecond: 1 }, retryAfterHeader: true });
      assert.equal((await client.currentUser()).organizationName, 'Example Coworking');
      await assert.rejects(client.currentUser(), {
        kind: 'throttled',
        retryAfterMs: 1000,
        canRetryHelp: true,
      });
    });

    it('says that the key is wrong', async () => {
      const { sim } = await start();
      const client = createKisiClient({ baseUrl: sim.url, apiKey: 'wrong' });
      await assert.rejects(client.currentUser(), { kind: 'refused', status: 401, canRetryHelp: false });
    });

    it('says that the role of the key is too low', async () => {
      const { sim, client } = await start();
      sim.org.demoteKeyOwner();
      await assert.rejects(client.listGroups(), { kind: 'refused', status: 403, code: 'fcd8ef' });
    });

    it('says that the base URL is wrong', async () => {
      const { sim } = await start();
      const client = createKisiClient({ baseUrl: `${sim.url}/v1`, apiKey });
      await assert.rejects(client.getUser(1), { kind: 'invalid', status: 404 });
      await assert.rejects(client.deleteKey({ id: 1, userId: 2, groupId: 3 }), {
        kind: 'invalid',
        status: 404,
      });
    });
  });

  describe('changes no right that is not the key it is believed to be', () => {
    type Right = Partial<KisiAssignment>;
    const others: [string, (of: { other: number; otherGroup: number; organization: number }) => Right][] = [
      ['a higher role by now', () => ({ role_id: 'group_manager' })],
      ['another person’s by now', ({ other }) => ({ user_id: other })],
      ['to another group by now', ({ otherGroup }) => ({ applies_to_id: otherGroup })],
      [
        'of the whole organization',
        ({ organization }) => ({
          role_id: 'organization_administrator',
          applies_to_type: 'Organization',
          applies_to_id: organization,
          valid_until: null,
        }),
      ],
    ];
    for (const [what, of] of others)
      it(what, async () => {
        const { sim, client } = await start();
        const [groupId, otherGroup] = ['Doors', 'Others'].map((name) => sim.org.addGroup({ name }).id);
        const [userId, other] = ['ada', 'bob'].map((name) => sim.org.addUser({ email: `${name}@x.com` }).id);
        assert.ok(userId && other && groupId && otherGroup);
        const key = await client.createKey({ userId, groupId, validUntil: end });
        const role = sim.org.roles.get(key.id);
        assert.ok(role);
        sim.org.changeAssignment({ ...role, ...of({ other, otherGroup, organization: sim.org.id }) });
        const before = sim.org.roles.get(key.id);
        const asked = [
          () => client.patchKey(key, { validUntil: now }),
          () => client.deleteKey(key),
          () => client.deleteKey({ ...key, evenUnseen: true }),
          () => client.replaceKey(key.id, { userId, groupId, validUntil: now }),
        ];
        for (const ask of asked)
          await assert.rejects(ask(), {
            kind: 'blocked',
            canRetryHelp: false,
            isUnsent: true,
            message: new RegExp(
              `right ${key.id} was the key of user ${userId} to group ${groupId}, .*resync`,
            ),
          });
        assert.deepEqual(sim.org.roles.get(key.id), before);
        assert.deepEqual(
          sim.requests.list().filter(({ method }) => method === 'DELETE' || method === 'PATCH'),
          [],
        );
      });

    it('and takes one away unseen only where a person ordered it and Kisi’s reads are down', async () => {
      const { sim, client } = await start();
      const { id: groupId } = sim.org.addGroup({ name: 'Doors' });
      const { id: userId } = sim.org.addUser({ email: 'ada@example.com' });
      const key = await client.createKey({ userId, groupId, validUntil: end });
      sim.faults.add({ match: '/role_assignments', method: 'GET', kind: 'status', status: 503 });
      await assert.rejects(client.deleteKey(key), { kind: 'unavailable' });
      assert.equal(sim.org.assignments().length, 1);
      assert.equal(await client.deleteKey({ ...key, evenUnseen: true }), 'deleted');
    });

    it('and repeats none of Kisi’s own texts in its error', async () => {
      const stub = await startStub(() => ({
        ...assignmentRow({ id: 1, userId: 2, groupId: 3 }),
        role_id: 'a\nforged line',
        assignee_type: 'User\u202e',
      }));
      const client = createKisiClient({ baseUrl: stub.url, apiKey });
      await assert.rejects(client.deleteKey({ id: 1, userId: 2, groupId: 3 }), ({ message }: Error) => {
        assert.match(message, /is a role without a plain name of something 2 in group 3 now/);
        return true;
      });
      await stub.stop();
    });
  });

  for (const at of [Date.UTC(10_000, 0), Date.UTC(-1, 0), 8.64e15, Infinity, NaN]) {
    it(`never sends a time that Kisi cannot take (${at}), and takes no key away for it`, async () => {
      const { sim, client } = await start();
      const { id: groupId } = sim.org.addGroup({ name: 'Doors' });
      const { id: userId } = sim.org.addUser({ email: 'ada@example.com' });
      const { id } = sim.org.grantByHand({ userId, groupId });
      const wish = { userId, groupId, validUntil: at };
      const asked = [
        () => client.createKey(wish),
        () => client.createKey({ ...wish, validUntil: null, validFrom: at }),
        () => client.patchKey({ ...wish, id }, wish),
        () => client.replaceKey(id, wish),
      ];
      for (const ask of asked)
        await assert.rejects(ask(), {
          kind: 'invalid',
          canRetryHelp: false,
          isUnsent: true,
          message: /it was not sent, since its time .* a defect of Latchkey/,
        });
      assert.deepEqual([sim.requests.count(), sim.org.assignments().length], [0, 1]);
    });
  }
});
