import assert from 'node:assert/strict';
import { createPacer, type PaceOptions, type LaneName } from '../../nexudus/pace.js';

/** A pacer on a clock that only its own sleeping moves. */
function onFakeClock(options: Partial<PaceOptions> = {}) {
  let now = 0;
  const pacer = createPacer({
    clockMs: () => now,
    widerMs: 0,
    // The clock moves only when everybody who may start now has done so.
    sleep: (ms, signal) =>
      new Promise((resolve) =>
        setImmediate(() => {
          if (!signal.aborted) now += ms;
          resolve(undefined);
        }),
      ),
    ...options,
  });
  const starts: [string, number][] = [];
  const start = async (who: LaneName = 'members'): Promise<void> => {
    await pacer[who].turn();
    starts.push([who, now]);
  };
  const times = (): number[] => starts.map(([, at]) => at);
  /** Twice in a minute, so that it is no chance. */
  const throttle = (ms = 0): void => {
    pacer.members.pause(ms);
    pacer.members.pause(ms);
  };
  return { pacer, starts, start, times, throttle };
}

const many = (n: number, job: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: n }, () => job()));

describe('the pace of Nexudus requests', () => {
  it('keeps the gap between two starts, however many ask at once', async () => {
    const { times, start } = onFakeClock();
    await many(4, () => start());
    assert.deepEqual(times(), [0, 115, 230, 345]);
  });

  it('frees the place of whoever gives up, before or while waiting, and those behind move up', async () => {
    const { pacer, times, start } = onFakeClock();
    const reason = new Error('nobody waits any more');
    const asker = new AbortController();
    const fate = (lane: LaneName): Promise<unknown> =>
      pacer[lane].turn(asker.signal).then(
        () => 'started',
        (error: unknown) => error,
      );
    assert.equal(await fate('members'), 'started');
    const waiting = [fate('members'), fate('members'), fate('polls'), fate('fullPasses')];
    const others = [start(), start('polls')];
    asker.abort(reason);
    assert.deepEqual(await Promise.all(waiting), [reason, reason, reason, reason]);
    await Promise.all(others);
    assert.equal(await fate('members'), reason);
    await start();
    assert.deepEqual(times(), [115, 230, 345], 'not one start is lost');
  });

  it('trusts the status code: the minute’s number holds from the first throttle on', async () => {
    const { times, start, throttle } = onFakeClock({ minGapMs: 1, perMinute: 3 });
    await many(5, () => start());
    assert.deepEqual(times(), [0, 1, 2, 3, 4]);
    throttle(1_000);
    await many(2, () => start());
    assert.deepEqual(times().slice(5), [60_002, 60_003]);
  });

  it('takes a single throttle, with little asked, for two requests that came too close together', async () => {
    const { pacer, times, start } = onFakeClock({ minGapMs: 1, perMinute: 3 });
    await start();
    pacer.members.pause(1_000);
    await many(4, () => start());
    assert.deepEqual(times(), [0, 1_000, 1_001, 1_002, 1_003]);
  });

  it('widens the gap at each throttle, up to five, for a minute', async () => {
    const { pacer, start, times } = onFakeClock({ widerMs: 10, perMinute: 1_000 });
    const gap = async (): Promise<number> => {
      await many(2, () => start());
      const [from = NaN, to = NaN] = times().slice(-2);
      return to - from;
    };
    const gaps = [await gap()];
    for (let i = 0; i < 6; i++) {
      pacer.members.pause(1_000);
      gaps.push(await gap());
    }
    pacer.members.pause(60_000);
    gaps.push(await gap());
    assert.deepEqual(gaps, [115, 125, 135, 145, 155, 165, 165, 115]);
  });

  it('is careful from a single throttle on, with much asked', async () => {
    const { pacer, times, start } = onFakeClock({
      minGapMs: 1,
      perMinute: 3,
      reservePerMinute: 0,
      spreadFrom: 2,
    });
    await many(2, () => start('crowds'));
    pacer.members.pause(0);
    await many(2, () => start('crowds'));
    assert.deepEqual(times(), [0, 1, 20_001, 60_000]);
  });

  it('lets polls go on where a burst of crowds used up their share of a throttled minute', async () => {
    const { starts, start, throttle } = onFakeClock({ minGapMs: 1, perMinute: 6, reservePerMinute: 4 });
    throttle();
    await many(2, () => start('crowds'));
    await Promise.all([start('crowds'), ...Array.from({ length: 3 }, () => start('polls'))]);
    assert.deepEqual(starts, [
      ['crowds', 0],
      ['crowds', 1],
      ['polls', 2],
      ['polls', 3],
      ['crowds', 60_000],
      ['polls', 60_001],
    ]);
  });

  for (const who of ['crowds', 'fullPasses'] as const)
    it(`gives ${who} their turns in a throttled minute too, however often polls ask`, async () => {
      const share = { perMinute: 10, reservePerMinute: 4, spreadFrom: 1 };
      const { starts, start, throttle } = onFakeClock({ minGapMs: 1, ...share });
      await many(10, () => start());
      throttle();
      const turnsOf = (lane: string): number => starts.filter(([one]) => one === lane).length;
      const polls = (async () => {
        while (turnsOf(who) < 12 && starts.length < 200) await start('polls');
      })();
      for (let n = 0; n < 12; n++) await start(who);
      await polls;
      assert.ok(turnsOf('polls') >= 12, 'polls go on meanwhile');
      assert.ok(starts.length < 200, `${starts.length} turns until all had theirs`);
    });

  it('forgets the throttle in time', async () => {
    const { times, start, throttle } = onFakeClock({ minGapMs: 1, perMinute: 1, cautionMs: 90_000 });
    throttle();
    await many(4, () => start());
    assert.deepEqual(times(), [0, 60_000, 120_000, 120_001]);
  });

  it('lets nobody start during a pause, and everybody after it in their order', async () => {
    const { pacer, times, start } = onFakeClock({ minGapMs: 10 });
    await start();
    pacer.members.pause(1_000);
    await many(2, () => start());
    assert.deepEqual(times(), [0, 1_000, 1_010]);
  });

  it('keeps the longest of two pauses', async () => {
    const { pacer, times, start } = onFakeClock();
    pacer.members.pause(5_000);
    pacer.members.pause(10);
    await start();
    assert.deepEqual(times(), [5_000]);
  });

  it('spreads starts over the minute after a throttle, once much was asked', async () => {
    const { times, start, throttle } = onFakeClock({
      minGapMs: 1,
      perMinute: 6,
      reservePerMinute: 3,
      spreadFrom: 2,
    });
    throttle();
    await many(4, () => start('crowds'));
    assert.deepEqual(times(), [0, 1, 20_001, 60_000]);
  });

  it('spreads what somebody waits for over no minute', async () => {
    const { times, start, throttle } = onFakeClock({ minGapMs: 1, perMinute: 4, spreadFrom: 2 });
    throttle();
    await many(5, () => start());
    assert.deepEqual(times(), [0, 1, 2, 3, 60_000]);
  });

  it('lets a single one go before several who are read together, who may use up the minute too', async () => {
    const { starts, start, throttle } = onFakeClock({
      minGapMs: 1,
      perMinute: 4,
      reservePerMinute: 2,
      spreadFrom: 1,
    });
    throttle();
    await Promise.all([start('groups'), start('groups'), start('groups'), start()]);
    assert.deepEqual(starts, [
      ['groups', 0],
      ['members', 1],
      ['groups', 2],
      ['groups', 3],
    ]);
  });

  it('lets nobody wait for ever, however busy the others are', async () => {
    const { starts, start } = onFakeClock({ minGapMs: 500 });
    await Promise.all([start(), start('polls'), ...Array.from({ length: 12 }, () => start())]);
    const order = starts.map(([who]) => who);
    assert.equal(order.indexOf('polls'), 6);
  });

  it('lets what can wait go last, and leave a reserve of a throttled minute', async () => {
    const { starts, start, throttle } = onFakeClock({ minGapMs: 1, perMinute: 3, reservePerMinute: 2 });
    throttle();
    await Promise.all([start('polls'), start('fullPasses'), start(), start()]);
    assert.deepEqual(
      starts.map(([who]) => who),
      ['polls', 'members', 'members', 'fullPasses'],
    );
    assert.ok((starts[3]?.[1] ?? 0) >= 60_000);
  });
});
