import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../lib/within.js';
import { NexudusError, type NexudusErrorKind } from '../../nexudus/errors.js';
import { equal, updatedSince } from '../../nexudus/filters.js';
import { createPacer } from '../../nexudus/pace.js';
import type { RequestInfo } from '../../nexudus/client.js';
import { eventually } from '../support/eventually.js';
import { pageOf, settingRow, startStub, type Asked, type Said, type Stub } from './stub.js';

const email = 'admin@example.com';
const password = 'p4ss word';
const settings = 'businesssettings';
const rowsUpTo = (last: number) => Array.from({ length: last }, (_, i) => settingRow(i + 1));
const notFound: Said = { status: 404, body: JSON.stringify('Not found') };
const envelope = (Records: unknown[], more: object = {}): Said => ({
  body: { Records, TotalItems: Records.length, HasNextPage: false, ...more },
});

/** A clock on which a second passes at each look. */
function ticking(): () => number {
  let now = 0;
  return () => (now += 1_000);
}

/** Fails unless `read` rejects with a NexudusError of this kind; answers it. */
async function failure(read: Promise<unknown>, kind: NexudusErrorKind): Promise<NexudusError> {
  const error: unknown = await read.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof NexudusError, 'no NexudusError');
  assert.equal(error.kind, kind);
  return error;
}

describe('the Nexudus client', () => {
  let stub: Stub;
  const start = async (...args: Parameters<typeof startStub>): Promise<void> => {
    stub = await startStub(...args);
  };
  afterEach(() => stub.stop());

  describe('a list', () => {
    it('asks for full pages by id and goes on as long as there is a next one', async () => {
      const rows = rowsUpTo(5);
      await start((asked) => pageOf(rows, asked, 2));
      const found = await stub.client.list(settings);
      assert.deepEqual(
        found.map(({ id }) => id),
        [1, 2, 3, 4, 5],
      );
      assert.deepEqual(
        stub.asked.map(({ query }) => query),
        ['1', '2', '3'].map((page) => ({ page, size: '1000', orderBy: 'Id' })),
      );
    });

    it('pages by TotalPages where nothing says whether there is a next page', async () => {
      const rows = rowsUpTo(3);
      await start(({ query }) => ({
        body: { Records: [rows[Number(query['page']) - 1]], TotalItems: 3, TotalPages: 3 },
      }));
      assert.equal((await stub.client.list(settings)).length, 3);
    });

    it('counts a row that two pages show only once', async () => {
      const pages = [
        [settingRow(1), settingRow(2)],
        [settingRow(2), settingRow(3)],
      ];
      await start(({ query }) => {
        const page = Number(query['page']);
        return { body: { Records: pages[page - 1], TotalItems: 3, HasNextPage: page < 2 } };
      });
      assert.deepEqual(
        (await stub.client.list(settings)).map(({ id }) => id),
        [1, 2, 3],
      );
    });

    it('is incomplete where a row is missing from its only page', async () => {
      await start(() => envelope([settingRow(1)], { TotalItems: 2 }));
      const error = await failure(stub.client.list(settings), 'incomplete');
      assert.ok(error.canRetryHelp);
      assert.match(error.message, /1 rows came, but the total says 2/);
    });

    it('begins again where the total changes between two pages, and then answers', async () => {
      const before = rowsUpTo(4);
      const after = before.slice(1);
      await start((asked, n) => pageOf(n === 0 ? before : after, asked, 2));
      assert.deepEqual(
        (await stub.client.list(settings)).map(({ id }) => id),
        [2, 3, 4],
      );
    });

    it('gives up where the rows never stand still', async () => {
      await start((_asked, n) => envelope([settingRow(n)], { TotalItems: 50 + n, HasNextPage: true }));
      await failure(stub.client.list(settings), 'incomplete');
      // Two pages, and the second once more, so that it begins where the first ends: three times.
      assert.equal(stub.asked.length, 9);
    });

    it('gives up where the last page is missing for good', async () => {
      await start(() => envelope([settingRow(1)], { TotalItems: 2, HasNextPage: true }));
      await failure(stub.client.list(settings), 'incomplete');
    });

    it('notices that a filter was ignored', async () => {
      await start(() => envelope([settingRow(1), settingRow(2, 'Another')]));
      const filter = equal(settings, 'Name', 'Another', (row) => row.name === 'Another');
      const error = await failure(stub.client.list(settings, [filter]), 'filterIgnored');
      assert.match(error.message, /BusinessSetting_Name/);
      assert.equal(stub.asked[0]?.query['BusinessSetting_Name'], 'Another');
    });

    it('filters by whole minutes, and notices rows from before', async () => {
      const since = Date.parse('2026-11-24T10:00:59.999Z');
      await start(() => envelope([settingRow(1)]));
      assert.equal((await stub.client.list(settings, [updatedSince(settings, since)])).length, 1);
      assert.equal(stub.asked[0]?.query['from_BusinessSetting_UpdatedOn'], '2026-11-24T10:00');
      const later = updatedSince(settings, since + 60_000);
      await failure(stub.client.list(settings, [later]), 'filterIgnored');
    });

    const broken: [what: string, said: Said][] = [
      ['half a body', { body: '{"Records": [' }],
      ['an HTML page', { body: '<html>hello</html>' }],
      ['no body', { body: '' }],
      ['no total', { body: { Records: [] } }],
      ['no rows', { body: { TotalItems: 0 } }],
      ['a bare array', { body: [] }],
      ['a row without an id', envelope([{ UpdatedOn: '2026-11-24T10:00:00Z' }])],
    ];
    for (const [what, said] of broken) {
      it(`with ${what} is malformed`, async () => {
        await start(() => said);
        await failure(stub.client.list(settings), 'malformed');
      });
    }

    it('tells which field of which record is wrong, and not what is in it', async () => {
      const row = {
        Id: 5,
        UpdatedOn: '',
        Email: 'ann@example.com',
        FullName: 'Ann Lee',
        Active: 'ann@example.com',
      };
      await start(() => envelope([row]));
      const error = await failure(stub.client.list('coworkers'), 'malformed');
      assert.match(error.message, /record 5: Active/);
      assert.doesNotMatch(`${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`, /ann|Lee/i);
    });
  });

  describe('a page', () => {
    const page = (number: number, size?: number) =>
      stub.client.page(settings, {
        filters: [equal(settings, 'Name', 'Another', (row) => row.name === 'Another')],
        orderBy: 'Value',
        page: number,
        ...(size === undefined ? {} : { size }),
      });
    const another = (id: number) => settingRow(id, 'Another');

    it('is asked for in an order, and tells how many rows there are on all', async () => {
      await start((asked) => pageOf([another(3), another(1), another(2)], asked, 2));
      const { rows, total } = await page(2);
      assert.deepEqual([rows.map(({ id }) => id), total], [[2], 3]);
      const asked = { page: '2', size: '1000', orderBy: 'Value', BusinessSetting_Name: 'Another' };
      assert.deepEqual(stub.asked[0]?.query, asked);
      await page(1, 1);
      assert.equal(stub.asked[1]?.query['size'], '1');
    });

    it('notices that a filter was ignored', async () => {
      await start(() => envelope([another(1), settingRow(2)]));
      await failure(page(1), 'filterIgnored');
    });

    it('is incomplete where it is the only one and a row is missing, or there twice', async () => {
      for (const rows of [[another(1)], [another(1), another(1)]]) {
        await start(() => envelope(rows, { TotalItems: 2 }));
        await failure(page(1), 'incomplete');
        await stub.stop();
      }
    });
  });

  describe('one record', () => {
    it('is null where Nexudus says "Not found"', async () => {
      await start(() => notFound);
      assert.equal(await stub.client.getOne(settings, 5), null);
    });

    it("is not taken for gone by a proxy's page", async () => {
      await start(() => ({ status: 404, body: '<html>no such host</html>' }));
      await failure(stub.client.getOne(settings, 5), 'malformed');
    });

    it('is malformed where another one is answered', async () => {
      await start(() => ({ body: settingRow(6) }));
      await failure(stub.client.getOne(settings, 5), 'malformed');
    });
  });

  describe('a batch', () => {
    it('reads a bare array, leaves out what is missing, and goes in hundreds', async () => {
      const idsOf = ({ query }: Asked): number[] => JSON.parse(query['id'] ?? '[]') as number[];
      await start((asked) => ({
        body: idsOf(asked)
          .filter((id) => id !== 3)
          .map((id) => settingRow(id)),
      }));
      const ids = Array.from({ length: 150 }, (_, i) => i + 1);
      const found = await stub.client.batch(settings, [...ids, 1, 2]);
      assert.deepEqual(
        [...found.keys()],
        ids.filter((id) => id !== 3),
      );
      assert.deepEqual(
        stub.asked.map((asked) => idsOf(asked).length),
        [100, 50],
      );
      assert.equal(stub.asked[0]?.path, '/sys/businesssettings/');
    });

    it('reads the older envelope too, but not a cut one', async () => {
      await start((_asked, n) => envelope([settingRow(1)], { TotalItems: n + 1 }));
      assert.deepEqual([...(await stub.client.batch(settings, [1])).keys()], [1]);
      await failure(stub.client.batch(settings, [1, 2]), 'incomplete');
    });

    it('notices that the ids were ignored', async () => {
      await start(() => ({ body: [settingRow(1), settingRow(2)] }));
      await failure(stub.client.batch(settings, [1]), 'filterIgnored');
    });

    it('leaves the slash out for a server that minds it, and remembers', async () => {
      await start(({ path }) => (path.endsWith('/') ? notFound : { body: [settingRow(1)] }));
      await stub.client.batch(settings, [1]);
      await stub.client.batch(settings, [1]);
      assert.deepEqual(
        stub.asked.map(({ path }) => path.endsWith('/')),
        [true, false, false],
      );
    });

    it('of no ids asks nothing', async () => {
      await start(() => ({ status: 500 }));
      assert.equal((await stub.client.batch(settings, [])).size, 0);
      assert.equal(stub.asked.length, 0);
    });
  });

  it('tells of each request that it has left, and then of its answer', async () => {
    const told: string[] = [];
    const options = { onSent: () => told.push('sent'), onRequest: () => told.push('answered') };
    await start(() => ({ ...envelope([settingRow(1)]), headers: { Connection: 'close' } }), options);
    await stub.client.count(settings);
    await stub.client.count(settings);
    assert.deepEqual(told, ['sent', 'answered', 'sent', 'answered']);
  });

  it('counts a collection with one small page', async () => {
    await start(() => envelope([settingRow(1)], { TotalItems: 812, HasNextPage: true }));
    assert.equal(await stub.client.count(settings), 812);
    assert.deepEqual(stub.asked[0]?.query, { page: '1', size: '1' });
  });

  it('counts the passes of a type, but not where the filter was ignored', async () => {
    const row = { ...settingRow(1), UniqueId: 'u', CoworkerId: 1, TimePassId: 8, Used: false };
    await start(() => envelope([row], { TotalItems: 3 }));
    assert.equal(await stub.client.countPassesOf(8), 3);
    await failure(stub.client.countPassesOf(9), 'filterIgnored');
  });

  it('knows the user that asks', async () => {
    await start(() => ({ body: { IsAdmin: true, APIAccess: true, DefaultBusinessId: 1, Email: email } }));
    const user = { isAdmin: true, hasApiAccess: true, defaultLocationId: 1, defaultTimeZone: null };
    assert.deepEqual(await stub.client.me(), user);
    assert.equal(stub.asked[0]?.path, '/auth/me');
  });

  describe('the login', () => {
    const auth = { email, password };
    const tokenSaid = (n: number, expires_in = 604_799): Said => ({
      body: { access_token: `token-${n}`, token_type: 'bearer', expires_in },
    });

    it('buys a token with a form, once for all requests', async () => {
      await start((asked, n) => (asked.path === '/token' ? tokenSaid(n) : envelope([])), { auth });
      await Promise.all([stub.client.list(settings), stub.client.list(settings), stub.client.list('teams')]);
      const logins = stub.asked.filter(({ path }) => path === '/token');
      assert.equal(logins.length, 1);
      assert.match(logins[0]?.contentType ?? '', /^application\/x-www-form-urlencoded/);
      assert.deepEqual(Object.fromEntries(new URLSearchParams(logins[0]?.body)), {
        grant_type: 'password',
        username: email,
        password,
      });
      assert.equal(stub.asked.at(-1)?.authorization, 'Bearer token-0');
    });

    it('is done again once where the token is refused', async () => {
      await start(
        (asked, n) => {
          if (asked.path === '/token') return tokenSaid(n);
          return asked.authorization === 'Bearer token-0' ? { status: 401 } : envelope([]);
        },
        { auth },
      );
      await Promise.all([stub.client.list(settings), stub.client.list('teams')]);
      assert.equal(stub.asked.filter(({ path }) => path === '/token').length, 2);
    });

    it('is not done for ever: a second refusal is thrown', async () => {
      await start((asked, n) => (asked.path === '/token' ? tokenSaid(n) : { status: 401 }), { auth });
      const error = await failure(stub.client.list(settings), 'refused');
      assert.equal(error.canRetryHelp, false);
      assert.equal(stub.asked.length, 4);
    });

    it('is renewed before the token ends', async () => {
      await start((asked, n) => (asked.path === '/token' ? tokenSaid(n, 0.001) : envelope([])), { auth });
      await stub.client.list(settings);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await stub.client.list(settings);
      assert.equal(stub.asked.filter(({ path }) => path === '/token').length, 2);
    });

    it('that is wrong is told without its e-mail and password', async () => {
      const said = { status: 400, body: { error: 'invalid_grant', error_description: email } };
      await start(() => said, { auth });
      const error = await failure(stub.client.list(settings), 'refused');
      assert.match(error.message, /NEXUDUS_EMAIL/);
      assert.doesNotMatch(`${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`, /admin@|p4ss/);
      assert.equal(error.cause, undefined);
    });

    it('with a ready token sends it as it is, and a refusal is final', async () => {
      await start(() => ({ status: 401 }));
      const error = await failure(stub.client.list(settings), 'refused');
      assert.equal(stub.asked[0]?.authorization, 'Bearer secret-token');
      assert.equal(stub.asked.length, 1);
      assert.doesNotMatch(`${error.message} ${error.stack ?? ''}`, /secret-token/);
    });
  });

  describe('when it is too fast', () => {
    const waits: number[] = [];
    const noSleep = () => {
      let now = 0;
      waits.length = 0;
      return createPacer({
        minGapMs: 0,
        clockMs: () => now,
        sleep: (ms) => {
          waits.push(ms);
          now += ms;
          return Promise.resolve();
        },
      }).members;
    };

    for (const status of [409, 429]) {
      it(`waits as long as a ${status} says and sends the same request again`, async () => {
        const busy = { status, headers: { 'Retry-After': '2' } };
        await start((_asked, n) => (n === 0 ? busy : envelope([])), { pace: noSleep() });
        assert.deepEqual(await stub.client.list(settings), []);
        assert.deepEqual(waits, [2_000]);
        assert.deepEqual(stub.asked[0], stub.asked[1]);
      });
    }

    it('waits a second where it is not told how long', async () => {
      await start((_asked, n) => (n === 0 ? { status: 409 } : envelope([])), { pace: noSleep() });
      await stub.client.list(settings);
      assert.deepEqual(waits, [1_000]);
    });

    it('gives up after five more tries', async () => {
      await start(() => ({ status: 409, headers: { 'Retry-After': '1' } }), { pace: noSleep() });
      const error = await failure(stub.client.list(settings), 'throttled');
      assert.equal(stub.asked.length, 6);
      assert.equal(error.retryAfterMs, 1_000);
      assert.equal(error.status, 409);
    });

    it('leaves a long wait to the caller', async () => {
      await start(() => ({ status: 429, headers: { 'Retry-After': '600' } }), { pace: noSleep() });
      const error = await failure(stub.client.list(settings), 'throttled');
      assert.equal(stub.asked.length, 1);
      assert.equal(error.retryAfterMs, 600_000);
      assert.match(error.message, /to wait for more than a minute/);
    });
  });

  describe('a write', () => {
    const result = (more: object = {}): Said => ({
      body: { Status: 200, Message: 'Done.', Value: { Id: 1 }, WasSuccessful: true, Errors: null, ...more },
    });
    const record = { Id: 5, Name: 'x' };
    const write = () => stub.client.write('PUT', 'webhooks', record);

    it('sends the record as JSON to the address of its collection', async () => {
      await start(() => result());
      await write();
      const [asked] = stub.asked;
      assert.deepEqual([asked?.method, asked?.path, asked?.query], ['PUT', '/sys/webhooks', {}]);
      assert.match(asked?.contentType ?? '', /^application\/json/);
      assert.deepEqual(JSON.parse(asked?.body ?? ''), record);
      assert.equal(asked?.authorization, 'Bearer secret-token');
    });

    const errors = [{ AttemptedValue: 'ann@example.com', Message: 'URL is wrong', PropertyName: 'URL' }];
    const refusals: [what: string, said: Said, says: RegExp][] = [
      ['a 400', { ...result({ WasSuccessful: false, Errors: errors }), status: 400 }, /URL is wrong/],
      ['a 400 that says nothing else', { ...result(), status: 400 }, /did not take the write: Done\./],
      ['a 200 that was no success', result({ WasSuccessful: false, Message: 'No.' }), /No\./],
      ['a 200 with errors', result({ Errors: errors }), /URL is wrong/],
      ['a missing permission', { status: 403 }, /-Create and -Edit roles/],
    ];
    for (const [what, said, says] of refusals) {
      it(`is refused by ${what}, and the reason told without the value`, async () => {
        await start(() => said);
        const error = await failure(write(), 'refused');
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /ann@/);
      });
    }

    it('of a record that is gone is not found, and no proof where the answer is none of Nexudus', async () => {
      await start((_asked, n) => (n === 0 ? notFound : { body: '<html>' }));
      await failure(write(), 'notFound');
      await failure(write(), 'malformed');
    });

    it('is sent once where no answer comes', async () => {
      await start(() => ({ silent: true }), { timeoutMs: 50 });
      await failure(write(), 'unavailable');
      assert.equal(stub.asked.length, 1);
    });

    it('is sent again after a throttle, as often as was asked for', async () => {
      const busy: Said = { status: 409, headers: { 'Retry-After': '0' } };
      const pace = createPacer({ minGapMs: 0, clockMs: ticking() }).members;
      await start((_asked, n) => (n < 8 ? busy : result()), { throttleRetries: 8, pace });
      await write();
      assert.equal(stub.asked.length, 9);
    });
  });

  describe('an error', () => {
    const cases: [status: number, kind: NexudusErrorKind, canRetryHelp: boolean][] = [
      [500, 'unavailable', true],
      [503, 'unavailable', true],
      [408, 'unavailable', true],
      [403, 'refused', false],
      [400, 'refused', false],
      [404, 'notFound', false],
    ];
    for (const [status, kind, canRetryHelp] of cases) {
      it(`from HTTP ${status} is ${kind}, and ${canRetryHelp ? 'is worth' : 'not worth'} another try`, async () => {
        await start(() => ({ status, body: JSON.stringify('Not found') }));
        const error = await failure(stub.client.list(settings), kind);
        assert.equal(error.canRetryHelp, canRetryHelp);
        assert.equal(error.status, status);
        assert.equal(error.path, '/sys/businesssettings');
      });
    }

    it('comes of an answer that does not come in time', async () => {
      await start(() => ({ silent: true }), { timeoutMs: 20 });
      const error = await failure(stub.client.list(settings), 'unavailable');
      assert.match(error.message, /ETIMEDOUT/);
      assert.equal(error.status, null);
    });

    it('comes of a server that is not there', async () => {
      await start(() => envelope([]));
      await stub.stop();
      const error = await failure(stub.client.list(settings), 'unavailable');
      assert.match(error.message, /ECONNREFUSED/);
      await start(() => envelope([]));
    });
  });

  it('tells of every request without ids, queries and secrets', async () => {
    const told: RequestInfo[] = [];
    await start((asked) => (asked.path === '/token' ? { body: { access_token: 't' } } : notFound), {
      auth: { email, password },
      onRequest: (info) => told.push(info),
    });
    await stub.client.getOne('coworkers', 1234);
    assert.deepEqual(
      told.map(({ method, path, status }) => ({ method, path, status })),
      [
        { method: 'POST', path: '/token', status: 200 },
        { method: 'GET', path: '/spaces/coworkers/{id}', status: 404 },
      ],
    );
    assert.ok(told.every(({ durationMs }) => durationMs > 0));
  });

  it('tells how long each request waited for its turn, and which was given up', async () => {
    const told: RequestInfo[] = [];
    const pace = { turn: () => sleep(30), pause: () => undefined };
    await start((asked) => (asked.path === '/auth/me' ? { silent: true } : notFound), {
      pace,
      onRequest: (info) => told.push(info),
    });
    await stub.client.getOne('coworkers', 1234);
    const stops = new AbortController();
    const given = within({ signal: stops.signal }, () => stub.client.me());
    await eventually('it is asked', () => stub.asked.some(({ path }) => path === '/auth/me'), 45_000, 5);
    stops.abort(new Error('the worker stops'));
    await assert.rejects(given, { message: 'the worker stops' });
    assert.deepEqual(
      told.map(({ status, isGivenUp }) => ({ status, isGivenUp })),
      [
        { status: 404, isGivenUp: false },
        { status: null, isGivenUp: true },
      ],
    );
    assert.ok(told.every(({ waitedMs }) => waitedMs >= 25));
  });
});
