import assert from 'node:assert/strict';
import { ask, getList, startBench, write, type Bench, type WireRow } from './nexudus-support.js';
import type { Fault } from '../../simulators/server.js';

describe('Nexudus simulator: faults and the request log', () => {
  let bench: Bench;
  const coworkers = '/spaces/coworkers';
  beforeEach(async () => {
    bench = await startBench();
    for (let i = 0; i < 30; i += 1) bench.simulator.space.addCoworker();
  });
  afterEach(() => bench.stop());

  function set(fault: Omit<Fault, 'match'> & { match?: string }): void {
    bench.simulator.faults.add({ match: '/spaces/coworkers', ...fault });
  }

  it('answers with a status, as many times as it is told', async () => {
    set({ kind: 'status', status: 503, retryAfter: 7, times: 1 });
    const response = await ask(bench, coworkers);
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '7']);
    assert.equal(await response.text(), '');
    assert.equal((await ask(bench, coworkers)).status, 200);
    assert.deepEqual(bench.simulator.faults.list(), []);
  });

  it('hits only the method and the addresses it names', async () => {
    set({ kind: 'status', method: 'post', match: '^/api/spaces/(coworkers|teams)$' });
    assert.equal((await ask(bench, coworkers)).status, 200);
    assert.equal((await ask(bench, coworkers, { method: 'POST' })).status, 500);
    assert.equal((await ask(bench, '/sys/webhooks', { method: 'POST' })).status, 400);
  });

  it('cuts the connection', async () => {
    set({ kind: 'reset', times: 1 });
    await assert.rejects(ask(bench, coworkers), TypeError);
  });

  it('never answers', async () => {
    set({ kind: 'timeout' });
    const giveUp = new AbortController();
    const answer = ask(bench, coworkers, { signal: giveUp.signal });
    while (bench.simulator.requests.count() === 0) await new Promise(setImmediate);
    giveUp.abort();
    await assert.rejects(answer, { name: 'AbortError' });
    assert.equal(bench.simulator.requests.list()[0]?.status, null);
  });

  it('answers late, by a time', async () => {
    const from = performance.now();
    set({ kind: 'slow', delayMs: 100 });
    assert.equal((await getList(bench, coworkers)).TotalItems, 30);
    // A timer may fire a millisecond early.
    assert.ok(performance.now() - from >= 98);
  });

  it('answers late, once it is let go on, and holds nobody else up', async () => {
    set({ kind: 'slow' });
    const late = getList(bench, coworkers);
    while (bench.simulator.requests.count({ path: coworkers }) === 0) await new Promise(setImmediate);
    await getList(bench, '/spaces/teams');
    const statuses = bench.simulator.requests.list().map(({ path, status }) => [path, status]);
    assert.deepEqual(statuses, [
      ['/api/spaces/coworkers', null],
      ['/api/spaces/teams', 200],
    ]);
    await bench.simulator.faults.release();
    assert.equal((await late).TotalItems, 30);
  });

  it('stops in the middle of the JSON', async () => {
    set({ kind: 'malformed' });
    await assert.rejects((await ask(bench, coworkers)).json(), SyntaxError);
  });

  it('shows an empty list', async () => {
    set({ kind: 'empty' });
    const { Records, TotalItems, TotalPages } = await getList(bench, coworkers);
    assert.deepEqual([Records, TotalItems, TotalPages], [[], 0, 0]);
  });

  it('hides records by their ids, totals and all, wherever they are asked for', async () => {
    const [hidden = 0, other = 0] = bench.simulator.space.list('coworkers').map(({ Id }) => Id);
    set({ kind: 'absent', ids: [hidden] });
    const { Records, TotalItems } = await getList(bench, `${coworkers}?size=100`);
    assert.deepEqual([Records.length, TotalItems], [29, 29]);
    const [gone, there] = [
      await ask(bench, `${coworkers}/${hidden}`),
      await ask(bench, `${coworkers}/${other}`),
    ];
    assert.deepEqual([gone.status, await gone.json(), there.status], [404, 'Not found', 200]);
    const batch = (await (await ask(bench, `${coworkers}/?id=[${hidden},${other}]`)).json()) as WireRow[];
    assert.deepEqual(
      batch.map(({ Id }) => Id),
      [other],
    );
  });

  it('hides all records from the one request that it is to hit', async () => {
    set({ kind: 'absent', skip: 1, times: 1 });
    const totals: unknown[] = [];
    for (let i = 0; i < 3; i++) totals.push((await getList(bench, coworkers)).TotalItems);
    assert.deepEqual(totals, [30, 0, 30]);
  });

  it('shows fewer rows than it says', async () => {
    set({ kind: 'truncated' });
    const { Records, TotalItems } = await getList(bench, `${coworkers}?size=100`);
    assert.deepEqual([Records.length, TotalItems], [29, 30]);
  });

  it('loses the last page and still counts it', async () => {
    set({ kind: 'dropLastPage' });
    const first = await getList(bench, coworkers);
    assert.deepEqual([first.Records.length, first.HasNextPage, first.TotalItems], [25, false, 30]);
    const second = await getList(bench, `${coworkers}?page=2`);
    assert.deepEqual([second.Records.length, second.TotalItems], [0, 30]);
  });

  it('ignores filters', async () => {
    set({ kind: 'ignoreFilters' });
    assert.equal(
      (await getList(bench, `${coworkers}?from_Coworker_UpdatedOn=2030-01-01T00:00`)).TotalItems,
      30,
    );
  });

  it('does the write and then cuts the connection', async () => {
    set({ kind: 'afterWrite' });
    assert.equal((await ask(bench, coworkers)).status, 200);
    const zone = bench.simulator.space.list('simpletimezones')[0]?.Id;
    const body = { FullName: 'Mo', Email: 'mo@example.com', CountryId: 1, SimpleTimeZoneId: zone };
    await assert.rejects(write(bench, 'POST', coworkers, body), TypeError);
    assert.equal(bench.simulator.space.list('coworkers').at(-1)?.FullName, 'Mo');
  });

  it('is steered and read over HTTP, without a login', async () => {
    const admin = bench.simulator.url.replace(/api$/, '_admin');
    const post = (fault: unknown) =>
      fetch(`${admin}/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
    const fault = { match: coworkers, kind: 'status', status: 502, times: 2 };
    assert.equal((await post(fault)).status, 201);
    assert.equal((await post({ ...fault, kind: 'gremlin' })).status, 400);
    assert.equal((await post({ ...fault, match: '(' })).status, 400);
    assert.equal((await ask(bench, `${coworkers}?page=2`)).status, 502);
    assert.deepEqual(await (await fetch(`${admin}/faults`)).json(), [{ ...fault, times: 1 }]);
    await fetch(`${admin}/faults`, { method: 'DELETE' });
    assert.equal((await ask(bench, coworkers)).status, 200);

    const requests = (await (await fetch(`${admin}/requests`)).json()) as WireRow[];
    const at = Date.parse('2026-11-24T10:00:00Z');
    assert.deepEqual(requests, [
      { method: 'GET', path: '/api/spaces/coworkers', query: { page: '2' }, status: 502, at },
      { method: 'GET', path: '/api/spaces/coworkers', query: {}, status: 200, at },
    ]);
    bench.simulator.requests.clear();
    assert.equal(bench.simulator.requests.count({ method: 'GET', path: 'coworkers' }), 0);
  });
});
