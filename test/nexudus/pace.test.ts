import assert from 'node:assert/strict';
import { createPacer, type PaceOptions } from '../../nexudus/pace.js';

/** A pacer on a clock that only its own sleeping moves. */
function onFakeClock(options: Partial<PaceOptions> = {}) {
  let now = 0;
  const pacer = createPacer({
    clockMs: () => now,
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    ...options,
  });
  const starts: number[] = [];
  const start = async (): Promise<void> => {
    await pacer.turn();
    starts.push(now);
  };
  return { pacer, starts, start, now: () => now };
}

describe('the pace of Nexudus requests', () => {
  it('keeps the gap between two starts, however many ask at once', async () => {
    const { starts, start } = onFakeClock();
    await Promise.all(Array.from({ length: 4 }, start));
    assert.deepEqual(starts, [0, 105, 210, 315]);
  });

  it('never starts more than the allowed number in any minute', async () => {
    const { starts, start } = onFakeClock({ minGapMs: 1, perMinute: 3 });
    await Promise.all(Array.from({ length: 7 }, start));
    assert.deepEqual(starts, [0, 1, 2, 60_000, 60_001, 60_002, 120_000]);
  });

  it('gives a process its share of both limits', async () => {
    const { starts, start } = onFakeClock({ minGapMs: 100, perMinute: 4, share: 0.5 });
    await Promise.all(Array.from({ length: 3 }, start));
    assert.deepEqual(starts, [0, 200, 60_000]);
  });

  it('lets nobody start during a pause, and everybody after it in their order', async () => {
    const { pacer, starts, start } = onFakeClock({ minGapMs: 10 });
    await start();
    pacer.pause(1_000);
    await Promise.all([start(), start()]);
    assert.deepEqual(starts, [0, 1_000, 1_010]);
  });

  it('keeps the longest of two pauses', async () => {
    const { pacer, starts, start } = onFakeClock();
    pacer.pause(5_000);
    pacer.pause(10);
    await start();
    assert.deepEqual(starts, [5_000]);
  });
});
