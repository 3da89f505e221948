/** What strangers can do to the listener: they are refused cheaply, hold nothing for long, and keep nobody else out. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionLimits } from '../../lib/connections.js';
import { bodyLimitBytes, startListener, type Listener, type ListenerOptions } from '../../push/listener.js';
import { eventually } from '../support/eventually.js';

const secret = 'a shared secret of Nexudus';
const sign = (body: string | Buffer): string => createHmac('sha256', secret).update(body).digest('hex');
const wrong = 'A'.repeat(64);

describe('the listener, to strangers', () => {
  const running: Listener[] = [];
  const sockets: Socket[] = [];
  let told: number[] = [];
  let counted: string[] = [];

  beforeEach(() => {
    [told, counted] = [[], []];
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(running.splice(0).map((one) => one.close()));
  });

  async function listen(over: Partial<ListenerOptions> = {}): Promise<number> {
    const listener = await startListener({
      port: 0,
      nexudusSecret: secret,
      acs: {
        token: 'a bearer token of Nexudus',
        groups: () => Promise.resolve([]),
        isKnown: () => Promise.resolve(true),
        onOpinion: () => undefined,
      },
      kisi: { take: () => ({ outcome: 'taken' }), drain: () => Promise.resolve() },
      count: (source, outcome) => void counted.push(`${source} ${outcome}`),
      debouncer: {
        tell: (id) => void told.push(id),
        tellSomething: () => undefined,
        drain: () => Promise.resolve(),
      },
      ...over,
    });
    running.push(listener);
    return listener.port;
  }
  function open(port: number): Socket {
    const socket = connect(port, '127.0.0.1');
    // The other side may close at any time.
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }
  const gone = (socket: Socket): Promise<unknown> =>
    socket.resume().closed ? Promise.resolve() : once(socket, 'close');
  /** All that comes until the other side closes. */
  async function said(socket: Socket): Promise<string> {
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    await once(socket, 'close');
    return text;
  }
  async function firstLine(socket: Socket): Promise<string> {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString().split('\r\n')[0] ?? '';
  }
  const head = (path: string, ...headers: string[]): string =>
    [`POST ${path} HTTP/1.1`, 'Host: push', ...headers, '', ''].join('\r\n');
  const signedCall = (body: string): string =>
    head('/nexudus/access', `X-Nexudus-Hook-Signature: ${sign(body)}`, `Content-Length: ${body.length}`) +
    body;
  async function push(
    port: number,
    body: string | Buffer,
    signature = sign(body),
    from?: string,
  ): Promise<number> {
    const headers = {
      'X-Nexudus-Hook-Signature': signature,
      ...(from === undefined ? {} : { 'X-Forwarded-For': from }),
    };
    const url = `http://127.0.0.1:${port}/nexudus/access`;
    return (await fetch(url, { method: 'POST', body, headers })).status;
  }

  it('refuses what can be known to be no good before a byte of its body is there', async () => {
    const port = await listen();
    const heads: [head: string, answer: string, counts: string][] = [
      [head('/nexudus/access', 'Content-Length: 200000'), '401', 'nexudus forged'],
      [
        head('/nexudus/access', 'Content-Length: 200000', 'X-Nexudus-Hook-Signature: no hex'),
        '401',
        'nexudus forged',
      ],
      [
        head(
          '/nexudus/access',
          `Content-Length: ${bodyLimitBytes + 1}`,
          `X-Nexudus-Hook-Signature: ${wrong}`,
        ),
        '413',
        'nexudus oversized',
      ],
      [
        head('/nexudus/tariff', 'Content-Length: 200000', `X-Nexudus-Hook-Signature: ${wrong}`),
        '404',
        'nexudus unknownAddress',
      ],
      [head('/kisi/events', 'Content-Length: 200000', 'X-Signature: x'), '401', 'kisi forged'],
      [head('/acs/changes', 'Content-Length: 200000', 'Authorization: Bearer x'), '401', 'acs forged'],
      [head('/', 'Transfer-Encoding: chunked'), '404', 'elsewhere unknownAddress'],
    ];
    for (const [start, status, counts] of heads) {
      counted = [];
      const socket = open(port);
      socket.write(start);
      assert.match(await firstLine(socket), new RegExp(` ${status} `), start);
      assert.deepEqual(counted, [counts]);
    }
  });

  it('refuses a body that grows beyond the limit without having said so', async () => {
    const port = await listen();
    const socket = open(port);
    const answer = said(socket);
    socket.write(head('/nexudus/access', 'Transfer-Encoding: chunked', `X-Nexudus-Hook-Signature: ${wrong}`));
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    for (let i = 0; i < 100 && !socket.closed; i++) {
      socket.write(chunk);
      await sleep(1);
    }
    assert.match(await answer, /^HTTP\/1.1 413 /);
    assert.deepEqual([told, counted], [[], ['nexudus oversized']]);
  });

  /** Long enough for a good call on a busy machine. */
  const timeLimits = { headersMs: 500, callMs: 900, checkMs: 30, silenceMs: 30_000, idleMs: 700 };

  it('gives up callers that say nothing, that write headers or a body a byte at a time, or that are idle', async () => {
    const port = await listen({ timeLimits });
    const silent = open(port);
    const slowHead = open(port);
    const slowBody = open(port);
    const stopped = open(port);
    const idle = open(port);
    slowHead.write('POST /nexudus/access HTTP/1.1\r\nX-Note: ');
    slowBody.write(head('/nexudus/access', 'Content-Length: 5000', `X-Nexudus-Hook-Signature: ${wrong}`));
    stopped.write(`${head('/nexudus/access', 'Content-Length: 5000')}half`);
    idle.write(signedCall('[{"Id":7}]'));
    const drip = setInterval(() => {
      for (const socket of [slowHead, slowBody]) if (socket.writable) socket.write('x');
    }, 20);
    try {
      const answers = await Promise.all([
        said(slowHead),
        said(slowBody),
        gone(silent),
        gone(stopped),
        gone(idle),
      ]);
      for (const answer of answers.slice(0, 2)) assert.match(String(answer), /^HTTP\/1.1 408 /);
    } finally {
      clearInterval(drip);
    }
    assert.deepEqual(told, [7]);
    assert.ok(counted.filter((one) => one === 'elsewhere slow').length >= 3, counted.join());
    assert.equal(await push(port, '[{"Id":8}]'), 200);
  });

  it('gives headers less time than a whole call', async () => {
    const port = await listen({ timeLimits: { ...timeLimits, callMs: 600_000 } });
    const [silent, slowHead] = [open(port), open(port)];
    slowHead.write('POST /nexudus/access HTTP/1.1\r\n');
    assert.match(await said(slowHead), /^HTTP\/1.1 408 /);
    await gone(silent);
  });

  it('takes every good call beside connections that are held for nothing, and holds a bounded number of them', async () => {
    const port = await listen({ connectionLimits: { most: 10, mostOfOne: 4 } });
    for (let i = 0; i < 100; i++) {
      const socket = open(port);
      if (i % 2 === 0)
        socket.write(
          `${head('/nexudus/access', 'Content-Length: 50', `X-Nexudus-Hook-Signature: ${wrong}`)}half`,
        );
    }
    for (let id = 1; id <= 20; id++) assert.equal(await push(port, `[{"Id":${id}}]`), 200);
    assert.equal(told.length, 20);
    const open10 = (): number => sockets.filter((socket) => !socket.resume().closed).length;
    while (open10() > 10) await sleep(5);
    assert.ok(counted.filter((one) => one === 'elsewhere replaced').length >= 90);
  });

  it('closes the one that waited longest, never one whose call is being served', async () => {
    let serve = (): void => undefined;
    const served = new Promise<[]>((resolve) => {
      serve = () => {
        resolve([]);
      };
    });
    let isServed = false;
    const acs = {
      token: 'a bearer token of Nexudus',
      groups: () => {
        isServed = true;
        return served;
      },
      isKnown: () => Promise.resolve(true),
      onOpinion: () => undefined,
    };
    const port = await listen({ acs, connectionLimits: { most: 3, mostOfOne: 3 } });
    const url = `http://127.0.0.1:${port}/acs/groups`;
    const answer = fetch(url, { headers: { Authorization: 'Bearer a bearer token of Nexudus' } });
    await eventually('it is served', () => isServed, 45_000, 5);
    const [first, second, third] = [open(port), open(port), open(port)];
    await gone(first);
    assert.ok(!second.closed && !third.closed);
    serve();
    assert.equal((await answer).status, 200);
  });

  it('lives on with a low limit of open files, under more idle connections than that', async function () {
    if (process.platform !== 'linux') this.skip();
    this.timeout(60_000);
    const child = spawn(
      'bash',
      ['-c', 'ulimit -n 128; exec "$0" --import=tsx test/push/listening.ts', process.execPath],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, SECRET: secret } },
    );
    try {
      const [first] = (await once(child.stdout, 'data')) as [Buffer];
      const port = Number(first.toString());
      for (let i = 0; i < 400; i++) await once(open(port), 'connect');
      for (let id = 1; id <= 5; id++) assert.equal(await push(port, `[{"Id":${id}}]`), 200);
      // So the process has files left for all else that it does.
      child.stdin.write('\n');
      assert.equal(String(await once(child.stdout, 'data')), '40 files\n');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('takes good calls amid a flood of large forged ones, each of them', async () => {
    const port = await listen();
    const bodies = [
      Buffer.alloc(255_000, 0xfe),
      Buffer.from('é'.repeat(127_500)),
      Buffer.alloc(255_000, 'x'),
    ];
    const forged = Promise.all(Array.from({ length: 60 }, (_, i) => push(port, bodies[i % 3] ?? '', wrong)));
    for (let id = 1; id <= 20; id++) assert.equal(await push(port, `[{"Id":${id}}]`), 200);
    assert.deepEqual(new Set(await forged), new Set([401]));
    assert.equal(told.length, 20);
  });

  it('answers calls that come in one go in their order, and one whose sender has closed his side', async () => {
    const port = await listen();
    const socket = open(port);
    const bad = `${head('/nexudus/access', `X-Nexudus-Hook-Signature: ${wrong}`, 'Content-Length: 2')}[]`;
    const answer = said(socket);
    socket.end(bad.repeat(100) + signedCall('[{"Id":7}]'));
    const statuses = [...(await answer).matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status);
    assert.deepEqual(statuses, [...Array<string>(100).fill('401'), '200']);
    assert.deepEqual(told, [7]);
  });

  it('counts what is no call at all, and what is cut amid its body, once each', async () => {
    const port = await listen();
    const noCall = open(port);
    noCall.end('\x16\x03\x01\x02\x00 a greeting of TLS\r\n\r\n');
    assert.match(await said(noCall), /^HTTP\/1.1 400 /);
    const cut = open(port);
    cut.end(
      `${head('/nexudus/access', `X-Nexudus-Hook-Signature: ${sign('[{"Id":7}]')}`, 'Content-Length: 10')}[{"Id"`,
    );
    await gone(cut);
    const long = open(port);
    long.write(head('/nexudus/access', `X-Note: ${'x'.repeat(20_000)}`));
    await gone(long);
    assert.deepEqual(told, []);
    assert.equal(counted.length, 3, counted.join());
    assert.equal(await push(port, '[{"Id":8}]'), 200);
  });

  it('sends an address away that was only ever refused, and no other one that the proxy tells of', async () => {
    const port = await listen({ trustedProxy: '127.0.0.1' });
    const forge = (from: string): Promise<number> => push(port, '[]', wrong, from);
    const many = async (from: string): Promise<void> => {
      for (let i = 0; i < 60; i++) assert.equal(await forge(from), 401);
    };
    await many('203.0.113.7');
    assert.equal(await forge('203.0.113.7'), 429);
    // An address that the caller writes there itself stands before the one that the proxy saw.
    assert.equal(await forge('198.51.100.1, 203.0.113.7'), 429);
    assert.equal(await push(port, '[{"Id":7}]', undefined, '198.51.100.1'), 200);
    // A right call came from this address once.
    await many('198.51.100.1');
    assert.equal(await push(port, '[{"Id":8}]', undefined, '198.51.100.1'), 200);
    assert.equal(counted.filter((one) => one === 'nexudus tooMany').length, 2);
  });

  it('sends nobody away by an address that everybody may come from', async () => {
    const port = await listen();
    for (let i = 0; i < 100; i++) assert.equal(await push(port, '[]', wrong, '203.0.113.7'), 401);
    assert.equal(await push(port, '[{"Id":7}]', undefined, '203.0.113.7'), 200);
  });
});

describe('the limits of connections', () => {
  it('are a part of what a process may have open, whatever that is', () => {
    assert.deepEqual(connectionLimits(1_024), { most: 256, mostOfOne: 32 });
    assert.deepEqual(connectionLimits(256), { most: 64, mostOfOne: 8 });
    assert.deepEqual(connectionLimits(20), { most: 16, mostOfOne: 2 });
    for (const files of [1_000_000, Infinity]) assert.equal(connectionLimits(files).most, 256);
    assert.ok(connectionLimits().most >= 16);
  });
});
