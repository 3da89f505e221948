/** Answers that trickle, and askers that give up: every request to Nexudus ends, and harms nobody but who asked for it. */
import assert from 'node:assert/strict';
import { createNexudusClient, type NexudusClient, type NexudusClientOptions } from '../../nexudus/client.js';
import { isNexudusError } from '../../nexudus/errors.js';
import { createPacer } from '../../nexudus/pace.js';
import { readEverybody } from '../../nexudus/full-read.js';
import { createLookups } from '../../nexudus/lookups.js';
import { OutOfTimeError, within } from '../../lib/within.js';
import { eventually } from '../support/eventually.js';
import { startTrickle, trickles, type TrickleServer } from '../support/trickle.js';
import { noPace } from './stub.js';

const none = { Records: [], TotalItems: 0, HasNextPage: false };
const token = { access_token: 'bought-token', expires_in: 604_799 };
const login = { email: 'admin@example.com', password: 'password' };
const answer = (path: string): unknown => (path.endsWith('/token') ? token : none);
const given = new Error('the worker stops');

const failure = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
const soon = (what: string, is: () => boolean): Promise<void> => eventually(what, is, 45_000, 5);

describe('an answer of Nexudus that trickles', () => {
  let server: TrickleServer;
  afterEach(() => server.stop());

  function clientOf(options: Partial<NexudusClientOptions> = {}): NexudusClient {
    return createNexudusClient({
      ...{ baseUrl: `${server.url}/api`, auth: { token: 'a-token' }, pace: noPace() },
      ...options,
    });
  }

  const reads: Record<string, (client: NexudusClient) => Promise<unknown>> = {
    'a record': (client) => client.getOne('coworkers', 7),
    'a page': (client) => client.page('coworkertimepasses', { filters: [], page: 1 }),
    'a list': (client) => client.list('coworkers'),
    'a batch': (client) => client.batch('teams', [1, 2]),
    'the read of all': (client) => readEverybody(client, createLookups(client), 0),
    'who asks': (client) => client.me(),
    'a write': (client) => client.write('PUT', 'webhooks', { Id: 5 }),
  };

  for (const how of trickles) {
    for (const [what, read] of Object.entries(reads)) {
      it(`in its ${how} ends ${what} at the time limit of the one request`, async () => {
        server = await startTrickle(how, () => true);
        const error = await failure(read(clientOf({ timeoutMs: 60 })));
        assert.ok(isNexudusError(error, 'unavailable'), String(error));
        assert.match(error.message, /ETIMEDOUT/);
        await soon('the connections are closed', () => server.open() === 0);
      });
    }

    it(`in its ${how} ends the login for all who wait for it, and the next one logs in anew`, async () => {
      server = await startTrickle(how, (_path, before) => before === 0, answer);
      // Long enough for the next login and list on a busy machine.
      const client = clientOf({ timeoutMs: 600, auth: login });
      const errors = await Promise.all([client.list('teams'), client.list('coworkers')].map(failure));
      assert.ok(errors.every((error) => isNexudusError(error, 'unavailable')));
      assert.deepEqual(await client.list('teams'), []);
      assert.equal(server.asked.filter((path) => path === '/api/token').length, 2);
    });

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
        await soon('the connections are closed', () => server.open() === 0);
      }
    });
  }

  it('ends the login only for the first who asked, where that one gives up', async () => {
    let isSlow = true;
    server = await startTrickle('body', () => isSlow, answer);
    const client = clientOf({ timeoutMs: 1_000, auth: login });
    const first = new AbortController();
    const error = failure(within({ signal: first.signal }, () => client.list('teams')));
    const other = failure(client.list('coworkers'));
    await soon('it is asked', () => server.asked.length === 1);
    first.abort(given);
    assert.equal(await error, given);
    assert.equal(server.open(), 1, 'the other one still waits for it');
    isSlow = false;
    assert.ok(isNexudusError(await other, 'unavailable'));
    assert.deepEqual(await client.list('teams'), []);
  });

  it('ends the login where all who asked give up, and the next one logs in anew', async () => {
    server = await startTrickle('body', (_path, before) => before === 0, answer);
    const client = clientOf({ timeoutMs: 3_600_000, auth: login });
    const askers = Array.from({ length: 100 }, () => new AbortController());
    const errors = askers.map(({ signal }) => failure(within({ signal }, () => client.list('teams'))));
    await soon('it is asked', () => server.asked.length === 1);
    for (const asker of askers) asker.abort(given);
    assert.ok((await Promise.all(errors)).every((error) => error === given));
    assert.deepEqual(await client.list('teams'), []);
    await soon('the connection is closed', () => server.open() === 0);
  });
});

describe('what is asked of Nexudus in vain', () => {
  let server: TrickleServer;
  afterEach(() => server.stop());

  it('while it throttles again and again ends with the time of the whole, and says so', async () => {
    server = await startTrickle('body', () => false);
    const busy = createPacer({ minGapMs: 3_600_000 }).members;
    await busy.turn();
    const client = createNexudusClient({ baseUrl: `${server.url}/api`, auth: { token: 'x' }, pace: busy });
    const limit = { limitMs: 20, of: 'Nexudus' } as const;
    const error = await failure(within({ limit }, () => client.list('coworkers')));
    assert.ok(error instanceof OutOfTimeError, String(error));
    assert.deepEqual(server.asked, [], 'nothing is sent that nobody waits for');
  });
});
