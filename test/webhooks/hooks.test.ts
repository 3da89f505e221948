// What the log says of webhooks that Nexudus switched off: once, and once when that is over.
import assert from 'node:assert/strict';
import { createLogger } from '../../worker/logging.js';
import { HookWatch } from '../../webhooks/hooks.js';
import { startBench, type Bench } from '../nexudus/space.js';
import { eventually } from '../support/eventually.js';

describe('the watch over the webhooks', () => {
  let bench: Bench;
  let watch: HookWatch;
  let said: Record<string, unknown>[];
  /** What each look told. */
  let told: string[][];

  beforeEach(async () => {
    bench = await startBench();
    said = [];
    told = [];
    const write = (line: string): void => void said.push(JSON.parse(line) as Record<string, unknown>);
    watch = new HookWatch(bench.client, createLogger({ level: 'info', to: { write } }), (off) => {
      told.push(off);
      return Promise.resolve();
    });
    // By itself, as it starts: else it might end amid what a test does.
    await eventually('the first look', () => told.length === 1);
    told = [];
  });
  afterEach(async () => {
    watch.stop();
    await bench.stop();
  });

  const add = (Name: string): number =>
    bench.space.addWebhook({ Name, Action: 61, URL: 'http://127.0.0.1:9/nexudus/access' }).Id;
  const turn = (id: number, Active: boolean): unknown => bench.space.update('webhooks', id, { Active });
  const levels = (): unknown[] => said.map(({ level }) => level);

  it('says once that some are off, with what to do, and once that none is any more', async () => {
    const [id, another] = [add('Latchkey: access'), add('Latchkey: access')];
    await watch.look();
    assert.deepEqual(said, []);
    turn(id, false);
    await watch.look();
    turn(another, false);
    await watch.look();
    const place = bench.space.list('businesses')[0]?.Id;
    assert.equal(said.length, 1);
    for (const { webhooks, msg } of said) {
      assert.deepEqual(webhooks, [`AccessControlUpdate at ${place}`]);
      assert.match(String(msg), /`latchkey hooks install`/);
    }
    turn(id, true);
    await watch.look();
    assert.deepEqual(levels(), ['warn']);
    turn(another, true);
    await watch.look();
    await watch.look();
    assert.deepEqual(levels(), ['warn', 'info']);
    turn(id, false);
    await watch.look();
    assert.deepEqual(levels(), ['warn', 'info', 'warn']);
  });

  it('tells at each look that could be made which are off', async () => {
    const id = add('Latchkey: access');
    await watch.look();
    turn(id, false);
    await watch.look();
    await watch.look();
    bench.simulator.faults.add({ match: '/api/sys/webhooks', kind: 'status', status: 503 });
    await watch.look();
    bench.simulator.faults.clear();
    turn(id, true);
    await watch.look();
    const [hook = ''] = told.flat();
    assert.match(hook, /^AccessControlUpdate at \d+$/);
    assert.deepEqual(told, [[], [hook], [hook], []]);
  });

  it('says nothing of webhooks of others, nor where Nexudus cannot be read', async () => {
    turn(add('Accounts'), false);
    await watch.look();
    turn(add('Latchkey: access'), false);
    const down = { match: '/api/sys/webhooks', kind: 'status', status: 503 } as const;
    bench.simulator.faults.add(down);
    await watch.look();
    assert.deepEqual(said, []);
    bench.simulator.faults.clear();
    await watch.look();
    bench.simulator.faults.add(down);
    await watch.look();
    assert.deepEqual(levels(), ['warn']);
  });
});
