/** What the client reads of logins over HTTP, whatever Kisi shows of other people, and how it has Kisi mail again. */
import assert from 'node:assert/strict';
import { createKisiClient, type KisiClient } from '../../kisi/client.js';
import { KisiError } from '../../kisi/errors.js';
import { startKisiSimulator, type KisiSimulator } from '../../simulators/kisi.js';

describe('logins, and mails about a key', () => {
  let kisi: KisiSimulator;
  let client: KisiClient;
  let idle: number;
  let signedIn: number;
  beforeEach(async () => {
    kisi = await startKisiSimulator({ switches: { rateLimit: null } });
    client = createKisiClient({ baseUrl: kisi.url, apiKey: 'kisi-test-key' });
    idle = kisi.org.addUser({ email: 'idle@example.com' }).id;
    signedIn = kisi.org.addUser({ email: 'signed@example.com' }).id;
    kisi.org.signIn(signedIn);
  });
  afterEach(() => kisi.stop());

  it('reads a login without its name, and whose it is', async () => {
    const [own] = (await client.loginsOf({ userId: 'me' })) ?? [];
    assert.equal(own?.type, 'api');
    assert.equal(own.userId, kisi.org.ownerId);
    assert.equal(own.expires, false);
    assert.ok(typeof own.lastUsedAt === 'number');
    assert.ok(!('name' in own));
    assert.deepEqual(await client.loginsOf({ userId: idle }), []);
  });

  it('takes a refusal, another person’s logins and rubbish for what tells nothing', async () => {
    for (const loginsOfOthers of ['refused', 'own'] as const) {
      kisi.switches.loginsOfOthers = loginsOfOthers;
      assert.equal(await client.loginsOf({ userId: signedIn }), null, loginsOfOthers);
    }
    kisi.switches.loginsOfOthers = 'shown';
    kisi.faults.add({ match: '/logins', kind: 'malformed', times: 1 });
    assert.equal(await client.loginsOf({ userId: signedIn }), null);
    // A key that is refused as a whole is a matter of its own.
    const dead = createKisiClient({ baseUrl: kisi.url, apiKey: 'dead' });
    await assert.rejects(dead.loginsOf({ userId: 'me' }), KisiError);
  });

  it('has Kisi mail only about a key that is the one it is believed to be, and changes nothing of it', async () => {
    const groupId = kisi.org.addGroup({ name: 'Office' }).id;
    const { id } = kisi.org.grantByHand({ userId: idle, groupId, validUntil: Date.UTC(2027, 0) });
    await client.notifyOfKey({ id, userId: idle, groupId });
    assert.deepEqual(
      kisi.mails.map(({ to, kind }) => `${kind} ${to}`),
      ['grant idle@example.com'],
    );
    assert.equal(kisi.org.roles.get(id)?.valid_until, '2027-01-01T00:00:00.000Z');
    await assert.rejects(client.notifyOfKey({ id, userId: signedIn, groupId }), /was not touched/);
    assert.equal(kisi.mails.length, 1);
  });
});
