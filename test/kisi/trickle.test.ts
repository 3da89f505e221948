/** Answers of Kisi that trickle, and askers that give up. */
import assert from 'node:assert/strict';
import { createKisiClient, type KisiClient } from '../../kisi/client.js';
import { createDirectory } from '../../kisi/directory.js';
import { isKisiError, KisiError } from '../../kisi/errors.js';
import type { KisiClientOptions } from '../../kisi/http.js';
import { createKisiPacer } from '../../kisi/pace.js';
import { OutOfTimeError, within } from '../../lib/within.js';
import { eventually } from '../support/eventually.js';
import { startTrickle, trickles, type TrickleServer } from '../support/trickle.js';

const given = new Error('the worker stops');
const failure = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
const soon = (what: string, is: () => boolean): Promise<void> => eventually(what, is, 45_000, 5);

describe('an answer of Kisi that trickles', () => {
  let server: TrickleServer;
  afterEach(() => server.stop());

  const clientOf = (options: Partial<KisiClientOptions> = {}): KisiClient =>
    createKisiClient({ baseUrl: server.url, apiKey: 'a-key', ...options });

  const reads: Record<string, (client: KisiClient) => Promise<unknown>> = {
    'a user': (client) => client.getUser(7),
    'a key': (client) => client.getKey(7),
    'the list of users': (client) => client.listUsers(),
    'the list of groups': (client) => client.listGroups(),
    'the list of keys': (client) => client.listAllKeys(),
    'the keys of one': (client) => client.listKeysOf({ userId: 7 }),
    'a search': (client) => client.findUserByEmail('ada@example.com', 'search'),
  };

  for (const how of trickles) {
    for (const [what, read] of Object.entries(reads)) {
      it(`in its ${how} ends the read of ${what} at the time limit of the one request`, async () => {
        server = await startTrickle(how, () => true);
        const error = await failure(read(clientOf({ timeoutMs: 60 })));
        assert.ok(isKisiError(error, 'unavailable'), String(error));
        await soon('the connection is closed', () => server.open() === 0);
      });
    }

    it(`in its ${how} is given up, and its connection closed, with the activity that asked`, async () => {
      server = await startTrickle(how, () => true);
      const client = clientOf({ timeoutMs: 3_600_000 });
      for (const read of Object.values(reads)) {
        const activity = new AbortController();
        const before = server.asked.length;
        const error = failure(within({ signal: activity.signal }, () => read(client)));
        await soon('it is asked', () => server.asked.length > before);
        activity.abort(given);
        assert.equal(await error, given);
        await soon('the connection is closed', () => server.open() === 0);
      }
    });

    it(`in its ${how} keeps no member waiting for the directory: they are searched for`, async () => {
      server = await startTrickle(how, () => true);
      const kisi = clientOf({ timeoutMs: 60 });
      const directory = createDirectory({ kisi, now: Date.now, how: 'directory', wantList: () => undefined });
      const found = ['a@example.com', 'b@example.com'].map((email) => directory.find(email));
      assert.deepEqual(await Promise.all(found), [null, null]);
    });
  }

  it('of the directory ends it only for the first who asked, where that one gives up', async () => {
    server = await startTrickle('body', () => true);
    const kisi = clientOf({ timeoutMs: 1_000 });
    const directory = createDirectory({ kisi, now: Date.now, how: 'directory', wantList: () => undefined });
    const first = new AbortController();
    const error = failure(within({ signal: first.signal }, () => directory.find('a@example.com')));
    const other = directory.find('b@example.com');
    await soon('it is asked', () => server.open() === 1);
    first.abort(given);
    assert.equal(await error, given);
    assert.equal(server.open(), 1, 'the other one still waits for it');
    assert.equal(await other, null);
  });

  it('of the directory is given up with the last who asked, and the next one asks anew', async () => {
    let isSlow = true;
    const user = { id: 7, email: 'a@example.com', name: 'A' };
    server = await startTrickle(
      'body',
      () => isSlow,
      () => [user],
    );
    const kisi = clientOf({ timeoutMs: 3_600_000 });
    const directory = createDirectory({ kisi, now: Date.now, how: 'directory', wantList: () => undefined });
    const askers = Array.from({ length: 100 }, () => new AbortController());
    const errors = askers.map(({ signal }) =>
      failure(within({ signal }, () => directory.find('a@example.com'))),
    );
    await soon('it is asked', () => server.open() === 1);
    for (const asker of askers) asker.abort(given);
    assert.ok((await Promise.all(errors)).every((error) => error === given));
    await soon('the connection is closed', () => server.open() === 0);
    isSlow = false;
    assert.equal(await directory.find('a@example.com'), 7);
  });
});

describe('a write to Kisi', () => {
  let server: TrickleServer;
  afterEach(() => server.stop());

  const key = { userId: 7, groupId: 3, validUntil: null };
  const known = { id: 5, userId: 7, groupId: 3 };
  const row = { id: 5, role_id: 'group_basic', user_id: 7, group_id: 3, valid_until: null };

  it('that is given up in line is not sent, and says that it was not', async () => {
    server = await startTrickle('body', () => false);
    const pace = createKisiPacer({ most: 1, windowMs: 3_600_000 }).urgent;
    await pace.turn();
    const client = createKisiClient({ baseUrl: server.url, apiKey: 'a-key', pace });
    const limit = { limitMs: 20, of: 'Kisi' } as const;
    const asker = new AbortController();
    const errors = [
      failure(within({ signal: asker.signal }, () => client.createKey(key))),
      failure(within({ limit }, () => client.deleteKey(known))),
    ];
    asker.abort(given);
    for (const error of await Promise.all(errors)) {
      assert.ok(error instanceof KisiError && error.isUnsent, String(error));
      assert.ok(error.canRetryHelp);
    }
    assert.deepEqual(server.asked, []);
    assert.ok((await failure(within({ limit }, () => client.getKey(5)))) instanceof OutOfTimeError);
  });

  it('that was sent is finished, with what belongs to it, whoever gives it up', async () => {
    const asker = new AbortController();
    let answers = 0;
    server = await startTrickle(
      'body',
      () => false,
      () => {
        // The first is the look before the write.
        if (++answers === 2) asker.abort(given);
        return row;
      },
    );
    const client = createKisiClient({ baseUrl: server.url, apiKey: 'a-key', pace: createKisiPacer().urgent });
    await within({ signal: asker.signal }, async () => {
      await client.patchKey(known, { validUntil: null });
      assert.ok(asker.signal.aborted);
      await failure(client.getKey(5));
      await failure(client.deleteKey(known));
    });
    assert.deepEqual(server.asked, Array(5).fill('/role_assignments/5'));
  });
});
