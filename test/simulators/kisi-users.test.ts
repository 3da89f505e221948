import assert from 'node:assert/strict';
import { Kisi } from './kisi-ask.js';

describe('Kisi simulator: users', () => {
  const kisi = new Kisi();
  beforeEach(() => kisi.start());
  afterEach(() => kisi.stop());

  const create = (user: object) => kisi.ask('POST', '/users', { user });

  it('are created with 200 and the whole user, send_emails apart', async () => {
    const { status, body } = await create({
      email: 'Ada@example.com',
      name: 'Ada',
      send_emails: false,
      confirm: true,
      notes: 'from Latchkey',
      metadata: { memberId: 7 },
    });
    assert.equal(status, 200);
    const { email, name, confirmed, notes, metadata, access_enabled } = body as Record<string, unknown>;
    assert.deepEqual(
      { email, name, confirmed, notes, metadata, access_enabled },
      {
        email: 'Ada@example.com',
        name: 'Ada',
        confirmed: true,
        notes: 'from Latchkey',
        metadata: { memberId: 7 },
        access_enabled: true,
      },
    );
    assert.equal('send_emails' in (body as object), false);
    assert.equal(kisi.org.users()[0]?.send_emails, false);
  });

  it('need an e-mail and fields of the right type', async () => {
    assert.deepEqual((await create({ name: 'Ada' })).body, {
      errors: { email: ["can't be blank or invalid"] },
    });
    assert.equal((await create({ email: 'ada' })).status, 422);
    assert.equal((await create({ email: 'ada@example.com', send_emails: 'no' })).status, 422);
    assert.equal((await create({ email: 'ada@example.com', metadata: { a: { b: 1 } } })).status, 422);
    assert.deepEqual(kisi.org.users(), []);
  });

  it('are refused a second time with a 422 for the e-mail, in any case', async () => {
    await create({ email: 'ada@example.com' });
    const { status, body } = await create({ email: 'ADA@example.com' });
    assert.equal(status, 422);
    assert.deepEqual(body, { errors: { email: ['has already been taken'] } });
  });

  it('can be two with e-mails that differ in case, or with the same one, by switch', async () => {
    await create({ email: 'ada@example.com' });
    kisi.simulator.switches.userEmailCaseSensitive = true;
    assert.equal((await create({ email: 'ADA@example.com' })).status, 200);
    assert.equal((await create({ email: 'ada@example.com' })).status, 422);
    kisi.simulator.switches.duplicateUserEmail = 'allow';
    assert.equal((await create({ email: 'ada@example.com' })).status, 200);
    assert.equal(kisi.org.users().length, 3);
  });

  it('are invited by mail at creation when send_emails says so, and by default', async () => {
    await create({ email: 'ada@example.com', send_emails: true });
    await create({ email: 'ben@example.com', send_emails: false });
    await create({ email: 'cay@example.com' });
    kisi.simulator.switches.sendEmailsDefault = false;
    await create({ email: 'dot@example.com' });
    assert.deepEqual(kisi.mails, ['invitation ada@example.com', 'invitation cay@example.com']);
  });

  it('are searched loosely by query: e-mail, name and notes, any case, any part', async () => {
    const byEmail = kisi.org.addUser({ email: 'ada@example.com' });
    const byName = kisi.org.addUser({ email: 'b@example.com', name: 'Adam' });
    const byNotes = kisi.org.addUser({ email: 'c@example.com', notes: 'knows Ada' });
    kisi.org.addUser({ email: 'd@example.com', name: 'Dot' });
    assert.deepEqual(await kisi.ids('/users?query=ADA'), [byEmail.id, byName.id, byNotes.id]);
  });

  it('are found by exact e-mail, or by a part of it when switched', async () => {
    const ada = kisi.org.addUser({ email: 'ada@example.com' });
    const nada = kisi.org.addUser({ email: 'nada@example.com' });
    assert.deepEqual(await kisi.ids('/users?email=Ada@example.com'), [ada.id]);
    kisi.simulator.switches.userEmailCaseSensitive = true;
    assert.deepEqual(await kisi.ids('/users?email=Ada@example.com'), []);
    kisi.simulator.switches.emailFilterExact = false;
    assert.deepEqual(await kisi.ids('/users?email=ada@example.com'), [ada.id, nada.id]);
  });

  it('are found by id, as me, and by their groups and places', async () => {
    const place = kisi.org.addPlace({ name: 'Loft' });
    const group = kisi.org.addGroup({ name: 'Studio', place_id: place.id });
    const ada = kisi.org.addUser({ email: 'ada@example.com' });
    kisi.org.addUser({ email: 'ben@example.com' });
    kisi.org.grantByHand({ userId: ada.id, groupId: group.id });
    assert.deepEqual(await kisi.ids(`/users?ids=${ada.id}`), [ada.id]);
    assert.deepEqual(await kisi.ids(`/users?group_id=${group.id}`), [ada.id]);
    assert.deepEqual(await kisi.ids(`/users?place_id=${place.id}`), [ada.id]);
    assert.deepEqual(await kisi.ids('/users?user_id=me'), [kisi.org.ownerId]);
  });

  it('are changed with 204, but never their e-mail', async () => {
    const { id } = kisi.org.addUser({ email: 'ada@example.com', name: 'Ada', send_emails: true });
    const user = { name: 'Ada L.', access_enabled: false, email: 'other@example.com', send_emails: false };
    assert.equal((await kisi.ask('PATCH', `/users/${id}`, { user })).status, 204);
    const { name, access_enabled, email, send_emails } = kisi.org.people.get(id)!;
    assert.deepEqual(
      { name, access_enabled, email, send_emails },
      { name: 'Ada L.', access_enabled: false, email: 'ada@example.com', send_emails: true },
    );
  });

  it('are refused for their names, or for an e-mail of nobody who is shown, by switch', async () => {
    const { switches } = kisi.simulator;
    const fieldsOf = async (user: object) => {
      const { status, body } = await create(user);
      return status === 200 ? [] : Object.keys((body as { errors: object }).errors);
    };
    const email = 'ada@example.com';
    switches.longestName = 3;
    assert.deepEqual(await fieldsOf({ email, name: 'Adam' }), ['name']);
    switches.longestName = null;
    switches.plainNames = true;
    assert.deepEqual(await fieldsOf({ email, name: 'Ada (she)' }), ['name']);
    switches.takenEmails = ['ADA@example.com'];
    assert.deepEqual(await fieldsOf({ email, name: 'Ada' }), ['email']);
    assert.deepEqual(await kisi.ids('/users?email=ada@example.com'), []);
    switches.takenEmails = [];
    assert.deepEqual(await fieldsOf({ email, name: "Ada O'Neil-Łuk Jr." }), []);
  });

  it('are deleted with 204 and with their roles, once', async () => {
    const group = kisi.org.addGroup({ name: 'Studio' });
    const ada = kisi.org.addUser({ email: 'ada@example.com' });
    kisi.org.grantByHand({ userId: ada.id, groupId: group.id });
    assert.equal((await kisi.ask('DELETE', `/users/${ada.id}`)).status, 204);
    assert.deepEqual(kisi.org.assignments(), []);
    assert.equal((await kisi.ask('DELETE', `/users/${ada.id}`)).status, 404);
  });

  it('cannot delete themselves', async () => {
    assert.equal((await kisi.ask('DELETE', `/users/${kisi.org.ownerId}`)).status, 422);
    assert.equal((await kisi.ask('GET', '/user')).status, 200);
  });
});
