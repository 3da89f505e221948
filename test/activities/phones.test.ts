/** Who never opened a door and has no phone, as far as Kisi shows it. */
import assert from 'node:assert/strict';
import { firstIdle, Phones } from '../../activities/phones.js';
import { createKisiClient, type KisiClient } from '../../kisi/client.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';

describe('phones and first doors', () => {
  let kisi: KisiSimulator;
  let client: KisiClient;
  let idle: number;
  let signedIn: number;
  let opened: number;
  beforeEach(async () => {
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    client = createKisiClient({ baseUrl: kisi.url, apiKey: 'kisi-test-key' });
    idle = kisi.org.addUser({ email: 'idle@example.com' }).id;
    signedIn = kisi.org.addUser({ email: 'signed@example.com' }).id;
    kisi.org.signIn(signedIn);
    opened = userWhoOpened('opened@example.com');
  });
  afterEach(() => kisi.stop());

  function userWhoOpened(email: string): number {
    const { id } = kisi.org.addUser({ email, last_accessed_at: '2026-11-20T10:00:00Z' });
    return id;
  }

  it('finds who never opened a door by the first page', async () => {
    for (let i = 0; i < 250; i++) userWhoOpened(`busy${i}@example.com`);
    kisi.requests.clear();
    const found = (await firstIdle(client)).map(({ id }) => id);
    assert.deepEqual(found.toSorted(), [kisi.org.ownerId, idle, signedIn].toSorted());
    assert.equal(kisi.requests.list().length, 1);
  });

  it('asks at the other end of the list where nobody idle comes first, and once only', async () => {
    for (const user of kisi.org.people.all())
      kisi.org.people.put({ ...user, last_accessed_at: '2026-11-21T10:00:00Z' });
    kisi.requests.clear();
    assert.deepEqual(await firstIdle(client), []);
    assert.equal(kisi.requests.list().length, 2);
    // As a Kisi whose list has idle users last.
    const turned = {
      inviteesByUnlock: () => client.inviteesByLastUnlock(),
      inviteesByLastUnlock: () => client.inviteesByUnlock(),
    };
    kisi.org.addUser({ email: 'new@example.com' });
    assert.equal((await firstIdle(turned)).length, 1);
  });

  it('tells of a phone where Kisi shows those of others', async () => {
    kisi.org.signIn(opened);
    const phones = new Phones(client);
    assert.equal(typeof (await phones.of(signedIn)), 'number');
    assert.equal(await phones.of(idle), 'none');
  });

  it('believes no empty list where nobody who opened a door is shown with a phone either', async () => {
    kisi.org.signIn(opened);
    assert.equal(await new Phones(client).of(idle), 'none');
    kisi.switches.loginsOfOthers = 'empty';
    assert.equal(await new Phones(client).of(idle), 'unknown');
    assert.equal(await new Phones(client).of(signedIn), 'unknown');
  });

  it('believes an empty list where nobody has opened a door yet', async () => {
    kisi.org.deleteUser(opened);
    assert.equal(await new Phones(client).of(idle), 'none');
  });

  it('asks no more of a Kisi that refuses', async () => {
    kisi.switches.loginsOfOthers = 'refused';
    const phones = new Phones(client);
    kisi.requests.clear();
    assert.deepEqual([await phones.of(idle), await phones.of(signedIn)], ['unknown', 'unknown']);
    assert.equal(kisi.requests.list().length, 1);
  });
});
