/**
 * What Nexudus, or whatever answers in its place, may say: waits, redirects, 404s that are not its own, refusals, answers
 * without an end.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createServerClock } from '../../nexudus/clock.js';
import { NexudusError, type NexudusErrorKind } from '../../nexudus/errors.js';
import { createPacer } from '../../nexudus/pace.js';
import { settingRow, startStub, type Said, type Stub } from './stub.js';

const settings = 'businesssettings';
const login = { email: 'admin@example.com', password: 'p4ss word' };
const empty: Said = { body: { Records: [], TotalItems: 0, HasNextPage: false } };
const token: Said = { body: { access_token: 'bought-token', expires_in: 604_799 } };

async function failure(read: Promise<unknown>, kind: NexudusErrorKind): Promise<NexudusError> {
  const error: unknown = await read.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof NexudusError, `no NexudusError: ${String(error)}`);
  assert.equal(error.kind, kind, error.message);
  return error;
}

/** A pace whose sleeps only move its clock, and what it slept. */
function noSleep() {
  let now = 0;
  const slept: number[] = [];
  const pace = createPacer({
    minGapMs: 0,
    clockMs: () => now,
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  }).members;
  return { pace, slept };
}

describe('what Nexudus answers', () => {
  let stub: Stub;
  const start = async (...args: Parameters<typeof startStub>): Promise<void> => {
    stub = await startStub(...args);
  };
  afterEach(() => stub.stop());

  describe('a Retry-After', () => {
    const dayMs = 24 * 3_600_000;
    const inAnHour = {
      Date: 'Tue, 24 Nov 2026 08:00:00 GMT',
      'Retry-After': 'Tue, 24 Nov 2026 09:00:00 GMT',
    };
    const long: [header: string, retryAfterMs: number][] = [
      ['3600', 3_600_000],
      ['86400', dayMs],
      ['864000000', dayMs],
      ['9'.repeat(31), dayMs],
      ['Fri, 31 Dec 9999 23:59:59 GMT', dayMs],
    ];
    const short = ['', ' ', '0', '0.5', '-1', '-3600', '1e30', 'NaN', 'Infinity', 'soon', '5, 3600'];
    const past = ['Thu, 01 Jan 1970 00:00:00 GMT', 'Mon, 01 Jan 0001 00:00:00 GMT'];

    for (const status of [409, 429]) {
      for (const [header, retryAfterMs] of long) {
        it(`of ${header} on a ${status} is left to the caller at once, and holds the others up for 10 s`, async () => {
          const { pace, slept } = noSleep();
          const busy: Said = { status, headers: { 'Retry-After': header } };
          await start((_asked, n) => (n === 0 ? busy : empty), { pace });
          const error = await failure(stub.client.list(settings), 'throttled');
          assert.equal(error.retryAfterMs, retryAfterMs);
          assert.match(error.message, /to wait for (an hour|a day) or longer/);
          assert.ok(error.canRetryHelp);
          assert.deepEqual([stub.asked.length, slept], [1, []]);
          await stub.client.list(settings);
          assert.deepEqual(slept, [10_000]);
        });
      }
      for (const header of [...short, ...past]) {
        it(`of "${header}" on a ${status} is a second`, async () => {
          const { pace, slept } = noSleep();
          const busy: Said = { status, headers: { 'Retry-After': header } };
          await start((_asked, n) => (n === 0 ? busy : empty), { pace });
          await stub.client.list(settings);
          assert.deepEqual(slept, [1_000]);
        });
      }
    }

    it('as a date is counted from the clock of the server that sent it, not from ours', async () => {
      const { pace, slept } = noSleep();
      const headers = {
        Date: 'Tue, 24 Nov 2026 08:00:00 GMT',
        'Retry-After': 'Tue, 24 Nov 2026 08:00:05 GMT',
      };
      await start((_asked, n) => (n === 0 ? { status: 409, headers } : empty), { pace });
      await stub.client.list(settings);
      assert.deepEqual(slept, [5_000]);
    });

    it('is told in the same words while it counts down', async () => {
      const { pace } = noSleep();
      const headers = (n: number) => ({ 'Retry-After': String(3_000 - 30 * n) });
      await start((_asked, n) => ({ status: 409, headers: headers(n) }), { pace });
      const first = await failure(stub.client.list(settings), 'throttled');
      const second = await failure(stub.client.list(settings), 'throttled');
      assert.notEqual(first.retryAfterMs, second.retryAfterMs);
      assert.equal(first.message, second.message);
    });

    for (const headers of [{ 'Retry-After': '3600' }, inAnHour]) {
      it(`on a 503 (${headers['Retry-After']}) is told to the caller, and holds nobody else up`, async () => {
        const { pace, slept } = noSleep();
        await start(() => ({ status: 503, headers }), { pace });
        const error = await failure(stub.client.getOne(settings, 5), 'unavailable');
        assert.equal(error.retryAfterMs, 3_600_000);
        await failure(stub.client.list(settings), 'unavailable');
        assert.deepEqual(slept, []);
      });
    }

    for (const status of [409, 429, 503]) {
      it(`of a day on the ${status} of a login fails all who wait for it, and the next one logs in anew`, async () => {
        const { pace } = noSleep();
        const busy: Said = { status, headers: { 'Retry-After': '86400' } };
        await start(
          ({ path }, n) => {
            if (path !== '/token') return empty;
            return n === 0 ? busy : token;
          },
          { auth: login, pace },
        );
        const kind = status === 503 ? 'unavailable' : 'throttled';
        const both = [stub.client.list(settings), stub.client.list('teams')];
        for (const error of await Promise.all(both.map((read) => failure(read, kind)))) {
          assert.equal(error.path, '/token');
          assert.equal(error.retryAfterMs, dayMs);
        }
        assert.equal(stub.asked.length, 1);
        assert.deepEqual(await stub.client.list(settings), []);
      });
    }
  });

  describe('a 404', () => {
    const own = ['"Not found"', ' "not found" \n', '"NOT FOUND"', '" Not found "'];
    for (const body of own) {
      it(`is an absence as ${JSON.stringify(body)}`, async () => {
        await start(() => ({ status: 404, body }));
        assert.equal(await stub.client.getOne(settings, 5), null);
      });
    }

    const byHand: [what: string, body: string][] = [
      ['nothing at all', ''],
      ['only blanks', '  '],
      ['a page', '<html><body>404 Not found</body></html>'],
      ['a gateway’s object', '{"message":"Not found"}'],
      ['an empty object', '{}'],
      ['no JSON', 'Not found'],
      ['another text', '"Not found here"'],
      ['an empty text', '""'],
      ['a list', '["Not found"]'],
      ['null', 'null'],
      ['half of it', '"Not fou'],
    ];
    for (const [what, body] of byHand) {
      it(`that says ${what} is no absence, neither of a record nor of a list, and is tried again`, async () => {
        await start(() => ({ status: 404, body }));
        const reads = [
          () => stub.client.getOne(settings, 5),
          () => stub.client.list(settings),
          () => stub.client.batch(settings, [5]),
          () => stub.client.write('PUT', 'webhooks', { Id: 5 }),
        ];
        for (const read of reads) {
          const error = await failure(read(), 'malformed');
          assert.ok(error.canRetryHelp);
          assert.equal(error.status, 404);
          assert.match(error.message, /NEXUDUS_BASE_URL/);
        }
      });
    }

    it('that says in ASP.NET’s words that the address does not exist is no absence of a record', async () => {
      const Message = "No HTTP resource was found that matches the request URI 'https://x/api/y'.";
      await start(() => ({ status: 404, body: { Message } }));
      await failure(stub.client.getOne(settings, 5), 'notFound');
      await failure(stub.client.list(settings), 'notFound');
    });

    it('of whatever form has a batch try the address without its slash', async () => {
      await start(({ path }) =>
        path.endsWith('/') ? { status: 404, body: '<html>' } : { body: [settingRow(1)] },
      );
      assert.equal((await stub.client.batch(settings, [1])).size, 1);
    });
  });

  describe('a redirect', () => {
    const asked: string[] = [];
    let other: Server;
    let elsewhere: string;
    before(async () => {
      other = createServer((request, response) => {
        asked.push(`${request.method} ${request.headers.authorization ?? 'no login'}`);
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ ...Object(empty.body), access_token: 'stolen' }));
      });
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    });
    beforeEach(() => asked.splice(0));
    after(() => other.close());

    for (const status of [301, 302, 303, 307, 308]) {
      it(`by ${status} is not followed, by any method, and says where it leads and what to check`, async () => {
        await start(() => ({ status, headers: { Location: `${elsewhere}/api/x?secret=1` } }));
        const requests = [
          () => stub.client.getOne(settings, 5),
          () => stub.client.list(settings),
          () => stub.client.write('POST', 'webhooks', { Name: 'x' }),
          () => stub.client.write('PUT', 'webhooks', { Id: 5 }),
        ];
        for (const request of requests) {
          const error = await failure(request(), 'unavailable');
          assert.ok(error.message.includes(`redirected to ${elsewhere} `), error.message);
          assert.match(error.message, /Check NEXUDUS_BASE_URL/);
          assert.doesNotMatch(error.message, /secret/);
        }
        assert.deepEqual(asked, []);
      });

      it(`by ${status} of the login carries no password away`, async () => {
        const said = { status, headers: { Location: `${elsewhere}/api/token` } };
        await start(({ path }) => (path === '/token' ? said : empty), { auth: login });
        await failure(stub.client.list(settings), 'unavailable');
        assert.deepEqual(asked, []);
      });
    }

    const odd: [location: string | undefined, says: RegExp][] = [
      [undefined, /redirected to an address that makes no sense/],
      ['https://', /redirected to an address that makes no sense/],
      ['javascript:alert(1)', /redirected to an address that makes no sense/],
      ['https://user:pass@login.example.com:8443/x', /redirected to https:\/\/login\.example\.com:8443 /],
      ['/elsewhere', /redirected to http:\/\/127\.0\.0\.1:\d+ /],
    ];
    for (const [location, says] of odd) {
      it(`to ${location ?? 'nowhere'} is told without what it holds`, async () => {
        await start(() => ({ status: 302, headers: location === undefined ? {} : { Location: location } }));
        const error = await failure(stub.client.list(settings), 'unavailable');
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /pass@/);
      });
    }
  });

  describe('a refusal', () => {
    it('of NEXUDUS_TOKEN is told as that, with what to do', async () => {
      await start(() => ({ status: 401 }));
      const write = () => stub.client.write('PUT', 'webhooks', { Id: 5 });
      for (const request of [() => stub.client.list(settings), write]) {
        const error = await failure(request(), 'refused');
        assert.match(error.message, /NEXUDUS_TOKEN was refused .* lives seven days: get a new one/);
        assert.doesNotMatch(error.message, /roles/);
        assert.equal(error.canRetryHelp, false);
      }
    });

    it('by 403 of a ready token names roles first, and the token too', async () => {
      await start(() => ({ status: 403 }));
      assert.match((await failure(stub.client.list(settings), 'refused')).message, /roles.*NEXUDUS_TOKEN/);
    });

    it('after an own login never names NEXUDUS_TOKEN', async () => {
      await start(({ path }) => (path === '/token' ? token : { status: 401 }), { auth: login });
      const error = await failure(stub.client.list(settings), 'refused');
      assert.match(error.message, /-List and -Read roles/);
      assert.doesNotMatch(error.message, /NEXUDUS_TOKEN/);
    });
  });

  describe('an answer that never ends', () => {
    it('is given up at the time limit of its request', async () => {
      await start(() => ({ trickles: true }), { timeoutMs: 100 });
      assert.match((await failure(stub.client.list(settings), 'unavailable')).message, /ETIMEDOUT/);
    });

    it('of a login fails all who wait for it, and the next one logs in anew', async () => {
      await start(
        ({ path }, n) => {
          if (path !== '/token') return empty;
          return n === 0 ? { trickles: true } : token;
        },
        { timeoutMs: 600, auth: login },
      );
      const both = [stub.client.list(settings), stub.client.list('teams')];
      await Promise.all(both.map((read) => failure(read, 'unavailable')));
      assert.equal(stub.asked.length, 1);
      assert.deepEqual(await stub.client.list(settings), []);
    });
  });

  describe('an answer that is too large', () => {
    const packed = gzipSync(Buffer.alloc(40_000_000, ' '));
    it(`is not unpacked to its end: ${Math.ceil(packed.length / 1000)} kB would be 40 MB`, async () => {
      await start(() => ({ headers: { 'Content-Encoding': 'gzip' }, body: packed }));
      const error = await failure(stub.client.list(settings), 'malformed');
      assert.match(error.message, /larger than 32 MB/);
    });

    it('is one with more rows than were asked for, or that promises more than any space has', async () => {
      const Records = Array.from({ length: 1_001 }, (_, n) => settingRow(n + 1));
      const pages = [
        { Records, TotalItems: 1_001, HasNextPage: false },
        { Records: Records.slice(0, 1_000), TotalItems: 1e9, HasNextPage: true },
      ];
      for (const body of pages) {
        await start(() => ({ body }));
        await failure(stub.client.list(settings), 'malformed');
        assert.equal(stub.asked.length, 1);
        await stub.stop();
      }
    });
  });

  describe('a Date', () => {
    const inThreeHours = () => new Date(Date.now() + 3 * 3_600_000).toUTCString();
    const skewIsSo = (skewMs: number | null): boolean => Math.abs((skewMs ?? 0) - 3 * 3_600_000) < 60_000;

    it('tells all clients that share a clock how far it is ahead', async () => {
      const clock = createServerClock();
      await start(() => ({ ...empty, headers: { Date: inThreeHours() } }), { clock });
      assert.equal(clock.skewMs(), null);
      await stub.client.list(settings);
      assert.equal(stub.client.clock, clock);
      assert.ok(skewIsSo(clock.skewMs()), `${clock.skewMs()}`);
    });

    it('of an error is not believed: it may be a gateway’s', async () => {
      await start(() => ({ status: 503, headers: { Date: inThreeHours() } }));
      await failure(stub.client.list(settings), 'unavailable');
      assert.equal(stub.client.clock.skewMs(), null);
    });
  });
});
