import assert from 'node:assert/strict';
import { createKisiPacer, type PaceOptions } from '../../kisi/pace.js';

/** A pacer on a clock that only its own sleeping moves. */
function onFakeClock(options: Partial<PaceOptions> = {}) {
  let now = 0;
  const sleep = (ms: number): Promise<void> => {
    now += ms;
    return Promise.resolve();
  };
  const pacer = createKisiPacer({ clockMs: () => now, sleep, ...options });
  const times: number[] = [];
  const start = (line: 'urgent' | 'batch' = 'urgent'): Promise<void> =>
    pacer[line].turn().then(() => {
      times.push(now);
    });
  return { pacer, times, start, many: (n: number) => Promise.all(Array.from({ length: n }, () => start())) };
}

describe('the pace of Kisi requests', () => {
  it('lets five start at once, never a sixth within a second, and spreads the rest', async () => {
    const { times, many } = onFakeClock();
    await many(8);
    assert.deepEqual(times, [0, 0, 0, 0, 0, 1100, 1316, 1532]);
  });

  it('makes up for timers that fire late, and never lets a sixth start within the window', async () => {
    let now = 0;
    const clock = { clockMs: () => now, sleep: (ms: number) => Promise.resolve(void (now += ms + 2)) };
    const { pacer } = onFakeClock(clock);
    const times: number[] = [];
    await Promise.all(
      Array.from({ length: 500 }, () => pacer.urgent.turn().then(() => void times.push(now))),
    );
    const gaps = times.slice(5).map((at, i) => at - (times[i] ?? 0));
    assert.ok(Math.min(...gaps) >= 1_100);
    assert.ok((times.length / (times.at(-1) ?? 0)) * 1_000 >= 4.53);
  });

  it('frees the place of whoever gives up, before or while waiting, and those behind move up', async () => {
    const { pacer, times, many, start } = onFakeClock();
    const reason = new Error('nobody waits any more');
    const asker = new AbortController();
    const fate = (line: 'urgent' | 'batch'): Promise<unknown> =>
      pacer[line].turn(1, asker.signal).then(
        () => 'started',
        (error: unknown) => error,
      );
    assert.equal(await fate('urgent'), 'started');
    await many(4);
    const others = [start()];
    const waiting = [fate('urgent'), fate('urgent'), fate('batch')];
    others.push(start());
    asker.abort(reason);
    assert.deepEqual(await Promise.all(waiting), [reason, reason, reason]);
    assert.equal(await fate('urgent'), reason);
    await Promise.all(others);
    assert.deepEqual(times, [0, 0, 0, 0, 1100, 1316], 'not one start is lost');
  });

  it('counts each start for itself, however they are spread', async () => {
    let now = 0;
    const clock = { clockMs: () => now, sleep: (ms: number) => Promise.resolve(void (now += ms)) };
    const { pacer } = onFakeClock({ most: 2, windowMs: 100, ...clock });
    const starts: number[] = [];
    for (const at of [0, 60, 70, 75]) {
      now = Math.max(now, at);
      await pacer.urgent.turn();
      starts.push(now);
    }
    assert.deepEqual(starts, [0, 60, 109, 160]);
  });

  it('counts several that start at once from then on', async () => {
    const { pacer, times, start } = onFakeClock({ most: 3, windowMs: 300 });
    await start();
    await pacer.urgent.turn(2);
    await pacer.urgent.turn(2);
    await start();
    assert.deepEqual(times, [0, 496]);
  });

  it('lets what somebody waits for go before what is done in bulk, which does not wait for ever', async () => {
    const { pacer } = onFakeClock({ most: 1, windowMs: 100, longestBatchWaitMs: 250 });
    const order: string[] = [];
    const ask = (line: 'urgent' | 'batch', name: string): Promise<void> =>
      pacer[line].turn().then(() => void order.push(name));
    await Promise.all([
      ask('batch', 'first'),
      ...['b1', 'b2'].map((name) => ask('batch', name)),
      ...['u1', 'u2', 'u3', 'u4'].map((name) => ask('urgent', name)),
    ]);
    assert.deepEqual(order, ['first', 'u1', 'u2', 'b1', 'b2', 'u3', 'u4']);
  });

  it('spreads a batch from its first request on, so that what somebody waits for goes at once', async () => {
    let now = 0;
    let wake = (): void => undefined;
    const sleep = (): Promise<void> => new Promise((resolve) => (wake = resolve));
    const { pacer } = onFakeClock({ clockMs: () => now, sleep });
    const went: string[] = [];
    const ask = (line: 'urgent' | 'batch', requests: number): Promise<void> =>
      pacer[line].turn(requests).then(() => void went.push(`${line} ${now}`));
    const batch = [ask('batch', 2), ask('batch', 2)];
    await batch[0];
    now = 30;
    await ask('urgent', 2);
    now = 1_100;
    wake();
    await batch[1];
    assert.deepEqual(went, ['batch 0', 'urgent 30', 'batch 1100']);
  });

  it('has a batch leave half of the rate for a while after what somebody waited for', async () => {
    const { times, start } = onFakeClock({ most: 5, windowMs: 1_000, halfRateMs: 1_000 });
    await start();
    for (let n = 0; n < 5; n++) await start('batch');
    assert.deepEqual(times, [0, 392, 784, 1_176, 1_372, 1_568]);
  });

  it('makes all wait when Kisi asks to slow down', async () => {
    const { pacer, times, start, many } = onFakeClock();
    await start();
    pacer.urgent.pause(3_000);
    await many(2);
    assert.deepEqual(times, [0, 3_000, 3_000]);
  });
});
