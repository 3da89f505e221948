// The three pages a probe or Prometheus asks for, also when what stands behind them fails.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionLimits } from '../../lib/connections.js';
import { startHealth, type Health, type HealthOptions } from '../../monitoring/health.js';
import { Visitor } from '../support/visitor.js';

describe('health', () => {
  let health: Health | null = null;
  afterEach(async () => {
    await health?.close();
    health = null;
  });

  async function get(path: string, options: Partial<HealthOptions> = {}, method = 'GET') {
    health = await startHealth({
      port: 0,
      host: '127.0.0.1',
      checks: () => Promise.resolve({ ready: true, detail: { temporal: 'connected' } }),
      metrics: () => Promise.resolve('latchkey_members 3\n'),
      ...options,
    });
    const response = await fetch(`http://127.0.0.1:${health.port}${path}`, { method });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    };
  }

  it('lives', async () => {
    const never = () => new Promise<never>(() => undefined);
    const { status, body } = await get('/healthz', { checks: never, metrics: never });
    assert.deepEqual([status, body], [200, 'ok\n']);
  });

  it('is ready', async () => {
    const { status, body } = await get('/readyz?verbose');
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), { ready: true, temporal: 'connected' });
  });

  it('is not ready, and says what is missing', async () => {
    const checks = () => Promise.resolve({ ready: false, detail: { poll: 'stale' } });
    const { status, body } = await get('/readyz', { checks });
    assert.equal(status, 503);
    assert.deepEqual(JSON.parse(body), { ready: false, poll: 'stale' });
  });

  it('is not ready when the checks throw, and keeps the error to itself', async () => {
    const { status, body } = await get('/readyz', { checks: () => Promise.reject(new Error('token abc')) });
    assert.equal(status, 503);
    assert.ok(!body.includes('abc'), body);
  });

  it('is not ready when the checks hang or fail before they begin', async () => {
    const hang = await get('/readyz', {
      checks: () => new Promise<never>(() => undefined),
      checkTimeoutMs: 10,
    });
    assert.equal(hang.status, 503);
    await health?.close();
    const thrown = await get('/readyz', {
      checks: () => {
        throw new Error('no');
      },
    });
    assert.equal(thrown.status, 503);
  });

  it('shows metrics in the text format, or says that there are none', async () => {
    const shown = await get('/metrics');
    assert.deepEqual([shown.status, shown.body], [200, 'latchkey_members 3\n']);
    assert.match(shown.type ?? '', /^text\/plain; version=0\.0\.4/);
    await health?.close();
    assert.equal((await get('/metrics', { metrics: () => Promise.reject(new Error('no')) })).status, 503);
  });

  it('answers nothing else', async () => {
    assert.equal((await get('/')).status, 404);
    await health?.close();
    assert.equal((await get('/healthz', {}, 'POST')).status, 405);
  });

  it('answers beside connections that are held for nothing, and keeps a bounded number of them', async () => {
    const { most } = connectionLimits();
    await get('/healthz');
    const held = Array.from({ length: most + 50 }, () => connect(health?.port ?? 0, '127.0.0.1'));
    const left = (): number => held.filter((socket) => !socket.resume().closed).length;
    for (const socket of held) socket.on('error', () => undefined);
    await once(held.at(-1) ?? assert.fail(), 'connect');
    // Not by `fetch`, which may take the connection of before: that one is closed first.
    const visitor = new Visitor(`http://127.0.0.1:${health?.port ?? 0}`);
    assert.equal((await visitor.get('/healthz')).status, 200);
    while (left() > most) await sleep(5);
    assert.ok(left() > 0, 'not only given up, as all are in the end that say nothing');
    for (const socket of held) socket.destroy();
  });

  it('fails to start on a port that is taken', async () => {
    await get('/healthz');
    const port = health?.port ?? 0;
    const second = startHealth({
      port,
      host: '127.0.0.1',
      checks: () => Promise.reject(new Error()),
      metrics: () => Promise.resolve(''),
    });
    await assert.rejects(second, /port \d+ is taken: set LATCHKEY_HEALTH_PORT/);
  });

  it('fails to start at an address that is not this machine’s', async () => {
    const elsewhere = startHealth({
      port: 0,
      host: '192.0.2.1',
      checks: () => Promise.reject(new Error()),
      metrics: () => Promise.resolve(''),
    });
    await assert.rejects(elsewhere, /192\.0\.2\.1 is no address of this machine: set LATCHKEY_HEALTH_HOST/);
  });
});
