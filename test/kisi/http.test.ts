import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { createKisiClient, type KisiClientOptions } from '../../kisi/client.js';
import { KisiError } from '../../kisi/errors.js';
import { createSend } from '../../kisi/http.js';
import { assignmentRow, startStub, type StubAnswer, type StubRequest } from './stub.js';

type RequestInfo = Parameters<NonNullable<KisiClientOptions['onRequest']>>[0];

const apiKey = 'secret-of-the-login';
const email = 'ada+desk@example.com';
const name = 'Ada Lovelace';
const key = { id: 7, userId: 5, groupId: 3 };

async function failureOf(promise: Promise<unknown>): Promise<KisiError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof KisiError, inspect(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

describe('a request to Kisi', () => {
  let stub: Awaited<ReturnType<typeof startStub>> | undefined;
  afterEach(async () => {
    await stub?.stop();
    stub = undefined;
  });

  async function clientOf(answer: StubAnswer, more: Partial<KisiClientOptions> = {}) {
    stub = await startStub(answer);
    const seen: object[] = [];
    const onRequest = (info: RequestInfo) => {
      const { method, path, status } = info;
      seen.push({ method, path, status });
    };
    const client = createKisiClient({ baseUrl: `${stub.url}/`, apiKey, onRequest, ...more });
    return { client, requests: stub.requests, seen };
  }

  it('tells how long a request waited for its turn', async () => {
    const waits: number[] = [];
    const { client } = await clientOf((_request, reply) => reply.code(404).send({}), {
      pace: { turn: () => new Promise((resolve) => setTimeout(resolve, 30)), pause: () => undefined },
      onRequest: ({ waitedMs }) => waits.push(waitedMs),
    });
    await assert.rejects(client.getGroup(3));
    assert.equal(waits.length, 1);
    assert.ok(waits.every((waitedMs) => waitedMs >= 25));
  });

  it('carries the headers that Kisi documents', async () => {
    const { client, requests } = await clientOf(() => ({ id: 5, email, name }));
    await client.getUser(5);
    await client.createUser({ email, name });
    const [get, post] = requests;
    assert.equal(get?.headers.authorization, `KISI-LOGIN ${apiKey}`);
    assert.equal(get.headers.accept, 'application/json');
    assert.equal(get.headers['x-kisi-integration-identifier'], 'latchkey');
    assert.equal(post?.headers['content-type'], 'application/json');
  });

  it('tells what Kisi’s clock says, but not what a gateway’s says in an error', async () => {
    const dates: (string | null)[] = [];
    const noteDate = (date: string | null): void => void dates.push(date);
    const headers = [200, 503].map((status) => ({ status, date: new Date(status * 1e9).toUTCString() }));
    const { client } = await clientOf(
      (_request, reply) => {
        const { status = 500, date = '' } = headers.shift() ?? {};
        return reply.code(status).header('date', date).send({ id: 5, email, name });
      },
      { noteDate },
    );
    await client.getUser(5);
    await failureOf(client.getUser(5));
    assert.deepEqual(dates, ['Mon, 03 May 1976 19:33:20 GMT']);
  });

  it('is not unpacked to its end where its answer is too large', async () => {
    const packed = gzipSync(Buffer.alloc(20_000_000, ' '));
    const { client } = await clientOf((_request, reply) =>
      reply.header('content-encoding', 'gzip').header('content-type', 'application/json').send(packed),
    );
    const error = await failureOf(client.getUser(5));
    assert.equal(error.kind, 'malformed');
    assert.match(error.message, /larger than 8 MB/);
  });

  it('is sent again after a 429 as often as it may be', async () => {
    const answers = [429, 429, 200];
    const { client, seen } = await clientOf(
      (_request, reply) =>
        reply
          .code(answers.shift() ?? 500)
          .header('retry-after', '0')
          .send({ id: 5, email, name }),
      { throttleRetries: 2 },
    );
    assert.equal((await client.getUser(5))?.id, 5);
    assert.equal(seen.length, 3);
    answers.push(429, 429, 429);
    assert.equal((await failureOf(client.getUser(5))).kind, 'throttled');
    assert.equal(seen.length, 6);
  });

  for (const asked of ['3600', '86400', '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT', '60']) {
    it(`is not sent again where Kisi asks for long (${asked.slice(0, 29)}): that is told at once`, async () => {
      const { client, seen } = await clientOf(
        (_request, reply) => reply.code(429).header('retry-after', asked).send(),
        { throttleRetries: 10 },
      );
      const { kind, retryAfterMs, message } = await failureOf(client.getUser(5));
      assert.deepEqual([kind, retryAfterMs, seen.length], ['throttled', 60_000, 1]);
      assert.match(message, /too many requests; wait 60 s/);
    });
  }

  it('asks before it changes something, and is not sent where the answer is no', async () => {
    const asked: string[] = [];
    const no = new Error('stopped');
    let mayWrite = true;
    const { client, requests } = await clientOf(
      ({ path }) => (path.startsWith('/role') ? assignmentRow(key) : { id: 5, email, name }),
      {
        beforeWrite: () => {
          asked.push('asked');
          return mayWrite ? Promise.resolve() : Promise.reject(no);
        },
      },
    );
    await client.getUser(5);
    assert.deepEqual(asked, []);
    await client.createUser({ email, name });
    mayWrite = false;
    await assert.rejects(client.deleteKey(key), no);
    assert.equal(asked.length, 2);
    assert.deepEqual(
      requests.map(({ method }) => method),
      ['GET', 'POST', 'GET'],
    );
  });

  it('waits for its turn, and has all wait when Kisi asks to slow down', async () => {
    const pace: string[] = [];
    const { client } = await clientOf(
      (_request, reply) => reply.code(429).header('retry-after', '2').send(),
      {
        pace: {
          turn: () => Promise.resolve(void pace.push('turn')),
          pause: (ms) => void pace.push(`pause ${ms}`),
        },
      },
    );
    const error = await failureOf(client.getUser(5));
    assert.deepEqual([error.kind, error.retryAfterMs], ['throttled', 2_000]);
    assert.deepEqual(pace, ['turn', 'pause 2000']);
  });

  it('has others wait for a few seconds only, whatever Kisi asks for', async () => {
    const pauses: number[] = [];
    const { client } = await clientOf(
      ({ path }, reply) =>
        reply
          .code(path === '/user' ? 503 : 429)
          .header('retry-after', '86400')
          .send(),
      { pace: { turn: () => Promise.resolve(), pause: (ms) => void pauses.push(ms) } },
    );
    for (const ask of [() => client.deleteKey(key), () => client.currentUser()]) {
      const { retryAfterMs, message } = await failureOf(ask());
      assert.equal(retryAfterMs, 60_000);
      assert.match(message, /it asked for 86400 s, which is not waited for/);
    }
    assert.deepEqual(pauses, [5_000]);
  });

  it('has a body only where one is meant', async () => {
    const { client, requests } = await clientOf(({ method }, reply) =>
      method === 'GET' ? assignmentRow(key) : reply.code(204).send(),
    );
    await client.deleteKey(key);
    assert.equal(requests[1]?.headers['content-type'], undefined);
    assert.equal(requests[1]?.path, '/role_assignments/7');
  });

  it('keeps the plus sign of an e-mail in the query', async () => {
    const { client, requests } = await clientOf((_request, reply) =>
      reply.header('X-Collection-Range', '0-99/1').send([{ id: 5, email: ' Ada+Desk@Example.com', name }]),
    );
    assert.equal((await client.findUserByEmail(`${email} `, 'filter'))?.id, 5);
    assert.equal(requests[0]?.query['email'], email);
  });

  it('reports templates only, and the status', async () => {
    const { client, seen } = await clientOf((request, reply) =>
      request.path === '/users'
        ? reply.header('X-Collection-Range', '*/0').send([])
        : reply.code(404).send({ error: 'Not found', code: '000404' }),
    );
    await client.findUserByEmail(email, 'filter');
    await client.getKey(4242);
    assert.deepEqual(seen, [
      { method: 'GET', path: '/users', status: 200 },
      { method: 'GET', path: '/role_assignments/{id}', status: 404 },
    ]);
  });

  it('is not sent on to where a redirect points', async () => {
    const { client, requests } = await clientOf((_request, reply) => reply.redirect('/elsewhere'));
    const { kind, message } = await failureOf(client.currentUser());
    assert.equal(kind, 'unavailable');
    assert.match(message, /redirects to another address, which is not followed/);
    assert.equal(requests.length, 1);
  });

  const late = { kind: 'unavailable', status: null, code: 'ETIMEDOUT' };
  const broken: [string, StubAnswer, object][] = [
    ['JSON that stops', () => '{"id": 5, "na', { kind: 'malformed', status: 200, code: null }],
    ['an empty body', () => '', { kind: 'malformed', status: 200, code: null }],
    ['a body of another shape', () => ({ id: 'five' }), { kind: 'malformed', status: 200, code: null }],
    ['a page from in between', () => '<html></html>', { kind: 'malformed', status: 200, code: null }],
    [
      'a cut connection',
      (_request, reply) => reply.hijack().raw.destroy(),
      { kind: 'unavailable', status: null, code: 'ECONNRESET' },
    ],
    ['no answer', (_request, reply) => reply.hijack(), late],
    ['an answer that trickles', trickle, late],
  ];
  for (const [what, answer, expected] of broken) {
    it(`fails in a way that a retry can help after ${what}`, async () => {
      const { client } = await clientOf(answer, expected === late ? { timeoutMs: 300 } : {});
      const { kind, status, code, canRetryHelp } = await failureOf(client.createUser({ email, name }));
      assert.deepEqual({ kind, status, code, canRetryHelp }, { ...expected, canRetryHelp: true });
    });
  }

  it('fails as unavailable when nobody listens', async () => {
    const { client } = await clientOf(() => ({}));
    await stub?.stop();
    const { kind, code } = await failureOf(client.currentUser());
    assert.deepEqual({ kind, code }, { kind: 'unavailable', code: 'ECONNREFUSED' });
  });

  it('throws the reason of the signal when the caller stops it', async () => {
    const stopping = new AbortController();
    const reason = new Error('the worker is draining');
    const { client, requests } = await clientOf((_request, reply) => {
      reply.hijack();
      stopping.abort(reason);
    });
    await assert.rejects(client.currentUser(stopping.signal), reason);
    await assert.rejects(client.currentUser(stopping.signal), reason);
    assert.equal(requests.length, 1);
  });

  it('never shows the API key, an e-mail or a name in an error', async () => {
    const quoting: StubAnswer = (_request, reply) =>
      reply.code(422).send({ errors: { email: [`${email} (${name}) is bad`] } });
    for (const answer of [quoting, ...broken.map(([, how]) => how)]) {
      const { client } = await clientOf(answer, { timeoutMs: 300 });
      const created = await failureOf(client.createUser({ email, name }));
      const found = await failureOf(client.findUserByEmail(email, 'filter'));
      for (const error of [created, found]) {
        const all = inspect(error, { depth: Infinity, showHidden: true });
        assert.doesNotMatch(all, /secret-of-the-login|ada|lovelace|authorization/i);
      }
      await stub?.stop();
    }
  });

  it('refuses a key or an address that cannot be right, without repeating the key', () => {
    const refusal = /^TypeError: The API key of Kisi must be one word, without spaces or line ends$/;
    assert.throws(() => createSend({ baseUrl: 'https://api.kisi.io', apiKey: 'two words\n' }), refusal);
    assert.throws(() => createSend({ baseUrl: 'https://api.kisi.io', apiKey: '' }), refusal);
    assert.throws(() => createSend({ baseUrl: 'api.kisi.io', apiKey }), TypeError);
  });
});

/** Sends a space now and then, for as long as the connection lasts. */
function trickle(_request: StubRequest, reply: FastifyReply): void {
  const { raw } = reply.hijack();
  raw.writeHead(200, { 'Content-Type': 'application/json' });
  const timer = setInterval(() => raw.write(' '), 50);
  raw.on('close', () => {
    clearInterval(timer);
  });
}
