import assert from 'node:assert/strict';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
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
  const lag = (ms: number): void => void (now += ms);
  return { pacer, starts, start, times, lag };
}

const many = (n: number, job: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: n }, () => job()));

describe('the pace of Nexudus requests', () => {
  it('keeps a wider gap while the request before is not answered, and one wider still in a busy minute', async () => {
    const { pacer, times, start } = onFakeClock({ minGapMs: 100, spreadFrom: 3 });
    pacer.answered(250);
    await many(5, () => start());
    assert.deepEqual(times(), [0, 130, 260, 410, 560]);
    await turnOfLoop();
    pacer.answered(0);
    await start();
    assert.deepEqual(times().slice(5), [660]);
  });

  it('keeps the gap between two starts, however many ask at once', async () => {
    const { times, start } = onFakeClock();
    await many(4, () => start());
    assert.deepEqual(times(), [0, 115, 230, 345]);
  });

  it('counts the gap from when a request is on its way, however busy the process is', async () => {
    const { times, start, lag } = onFakeClock();
    await Promise.all([
      start().then(() => {
        lag(80);
      }),
      start(),
    ]);
    assert.deepEqual(times(), [0, 195]);
  });

  it('counts the gap from when a request left the process, where somebody tells', async () => {
    const { pacer, times, start, lag } = onFakeClock();
    const leaves = async (afterMs: number): Promise<void> => {
      await start();
      await turnOfLoop();
      lag(afterMs);
      pacer.sent();
    };
    await leaves(80);
    await leaves(0);
    await start();
    assert.deepEqual(times(), [0, 195, 310]);
  });

  it('has the next request wait until the last one has left, but not for more than four gaps', async () => {
    const { pacer, times, start, lag } = onFakeClock();
    pacer.sent();
    await start();
    lag(300);
    pacer.sent();
    await many(2, () => start());
    assert.deepEqual(times(), [115, 530, 975]);
  });

  it('does not wait for a request to leave that is over', async () => {
    const { pacer, times, start } = onFakeClock();
    pacer.sent();
    await start();
    pacer.answered(0);
    await start();
    assert.deepEqual(times(), [115, 230]);
  });

  it('has the next request wait longer by as much as the last one was on its way longer than others', async () => {
    const { pacer, times, start, lag } = onFakeClock();
    const answered = async (tookMs: number): Promise<void> => {
      await start();
      // As the process does before it looks at the clock again.
      await turnOfLoop();
      lag(tookMs);
      pacer.answered(tookMs);
    };
    for (const tookMs of [5, 20, 21, 60, 900, 5]) await answered(tookMs);
    await start();
    const gaps = times().map((at, i) => at - (times()[i - 1] ?? 0));
    // After 900 ms the late request has arrived.
    assert.deepEqual(gaps, [0, 115, 115, 116, 155, 900, 115]);
  });

  it('has the next request wait for an answer that should have come long ago, but not for more than four gaps', async () => {
    const { pacer, times, start } = onFakeClock();
    await start();
    pacer.answered(0);
    await many(2, () => start());
    assert.deepEqual(times(), [0, 115, 560]);
  });

  it('does not wait for an answer that takes as long as others do', async () => {
    const { pacer, times, start, lag } = onFakeClock();
    await start();
    await turnOfLoop();
    lag(250);
    pacer.answered(250);
    await many(3, () => start());
    assert.deepEqual(times(), [0, 250, 400, 550]);
  });

  it('takes the time of ten answers as the usual one, where all have become slower', async () => {
    const { pacer, times, start } = onFakeClock();
    for (const tookMs of [0, ...Array.from({ length: 10 }, () => 250)]) pacer.answered(tookMs);
    await many(2, () => start());
    assert.deepEqual(times(), [0, 150]);
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
    const waiting = [fate('members'), fate('members'), fate('polls'), fate('reconciliations')];
    const others = [start(), start('polls')];
    asker.abort(reason);
    assert.deepEqual(await Promise.all(waiting), [reason, reason, reason, reason]);
    await Promise.all(others);
    assert.equal(await fate('members'), reason);
    await start();
    assert.deepEqual(times(), [115, 230, 345], 'not one start is lost');
  });

  it('keeps to the minute’s number and the hour’s', async () => {
    const { times, start } = onFakeClock({ minGapMs: 1, perMinute: 3, perHour: 5 });
    await many(6, () => start());
    assert.deepEqual(times(), [0, 1, 2, 60_000, 60_001, 3_600_000]);
  });

  it('rests after a refusal, and then goes on as before', async () => {
    const { pacer, times, start } = onFakeClock({ minGapMs: 1, perMinute: 10 });
    await start();
    for (let i = 0; i < 4; i++) pacer.members.pause(1_000);
    await many(4, () => start());
    assert.deepEqual(times(), [0, 1_000, 1_001, 1_002, 1_003]);
  });

  /** Between polls that take what the plan leaves them there is room for 95 a minute: how far apart they are after some at once. */
  const evenMsAfter = (atOnce: number): number => 60_000 / (95 - atOnce + 1);
  const about = (actual: number, expected: number): void => {
    assert.ok(Math.abs(actual - expected) <= 3, `${actual} ms, not ${expected} ms`);
  };

  it('lets planned reads begin at once up to a burst, and then so evenly that the minute’s number lasts', async () => {
    const { pacer, start } = onFakeClock({ minGapMs: 1 });
    for (let i = 0; i < 6; i++) {
      assert.equal(pacer.plan.untilMs(3), 0);
      pacer.plan.begin(3);
    }
    about(pacer.plan.untilMs(3), 3 * evenMsAfter(18));
    // Requests that were planned count once.
    await many(18, () => start());
    about(pacer.plan.untilMs(3), 3 * evenMsAfter(18) - 17);
  });

  it('never lets a reader that heeds the plan meet the minute’s number, however long the rush', async () => {
    const { pacer, start, times, lag } = onFakeClock();
    while (times().length < 400) {
      lag(pacer.plan.untilMs(3));
      pacer.plan.begin(3);
      await many(3, () => start());
    }
    const inMinute = times().map(
      (at, i) => times().filter((other, k) => k >= i && other < at + 60_000).length,
    );
    assert.ok(Math.max(...inMinute) <= 95 + 3, `${Math.max(...inMinute)} within a minute`);
    // The first burst is a minute old: its share goes to those who wait now.
    const later = inMinute.filter((_, i) => (times()[i] ?? 0) > 60_000 && i < 300);
    assert.ok(Math.min(...later) >= 90, `${Math.min(...later)} within a minute`);
  });

  it('counts requests that nobody planned as if they had been planned', async () => {
    const { pacer, start } = onFakeClock({ minGapMs: 1 });
    pacer.plan.begin(0);
    await many(15, () => start());
    assert.equal(pacer.plan.untilMs(3), 0);
    await start();
    assert.equal(Math.round(pacer.plan.untilMs(3)), 0);
    pacer.plan.begin(3);
    about(pacer.plan.untilMs(3), (19 - 15) * evenMsAfter(19) - 15);
  });

  it('has planned reads wait for seconds at most, however much nobody planned', async () => {
    const { pacer, start } = onFakeClock({ minGapMs: 1 });
    pacer.plan.begin(3);
    await many(103, () => start());
    assert.equal(Math.round(pacer.plan.untilMs(3)), (3 * 60_000) / 36 - 102);
  });

  it('never lets a reader that heeds the plan meet the minute’s number, however much others ask without a plan', async () => {
    const { pacer, start, times, lag } = onFakeClock();
    const now = (): number => times().at(-1) ?? 0;
    let longestMs = 0;
    // Fifty a minute that nobody planned, and as many planned reads as may begin.
    for (let askedAt = 0; times().length < 400; askedAt += 1_200) {
      if (askedAt > now()) lag(askedAt - now());
      const from = Math.max(askedAt, now());
      const isPlanned = pacer.plan.untilMs(3) === 0;
      if (isPlanned) pacer.plan.begin(3);
      await many(isPlanned ? 4 : 1, () => start());
      longestMs = Math.max(longestMs, now() - from);
    }
    assert.ok(longestMs < 5_000, `${longestMs} ms for one read`);
  });

  it('leaves more to polls and reconciliations where they take more', async () => {
    const { pacer, start } = onFakeClock({ minGapMs: 1, pollsPerMinute: Infinity, spreadFrom: 1_000 });
    await many(40, () => start('polls'));
    assert.equal(pacer.plan.untilMs(3), 0);
    pacer.plan.begin(18);
    assert.equal(Math.round(pacer.plan.untilMs(3)), Math.round((3 * 60_000) / (115 - 40 - 18 + 1)));
  });

  it('is calm as long as few requests were made that somebody waits for, and the hour’s number is not near', async () => {
    const { pacer, start, lag } = onFakeClock({ minGapMs: 1, calmBelow: 4, perHour: 10 });
    await many(3, () => start());
    await start('polls');
    assert.equal(pacer.plan.isCalm(), true);
    await start();
    assert.equal(pacer.plan.isCalm(), false);
    lag(61_000);
    assert.equal(pacer.plan.isCalm(), true);
    await start('polls');
    assert.equal(pacer.plan.isCalm(), false);
  });

  it('plans the hour as well', async () => {
    const { pacer, start } = onFakeClock({ minGapMs: 5_000, perHour: 600 });
    await many(359, () => start());
    assert.equal(pacer.plan.untilMs(3), 0);
    await many(30, () => start());
    // A hundred an hour are left to planned reads: most of the requests so far have to be an hour old first.
    assert.ok(pacer.plan.untilMs(3) > 60_000, `${pacer.plan.untilMs(3)} ms`);
  });

  it('widens the gap at each refusal, up to five, for a minute', async () => {
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

  it('lets polls go on where a burst of batches used up their share of a minute', async () => {
    const share = { perMinute: 6, reservePerMinute: 4, pollsPerMinute: Infinity };
    const { starts, start } = onFakeClock({ minGapMs: 1, ...share });
    await many(2, () => start('batches'));
    await Promise.all([start('batches'), ...Array.from({ length: 3 }, () => start('polls'))]);
    assert.deepEqual(starts, [
      ['batches', 0],
      ['batches', 1],
      ['polls', 2],
      ['polls', 3],
      ['batches', 60_000],
      ['polls', 60_001],
    ]);
  });

  it('leaves most of each minute to others, however often polls ask, and has polls go on all the time', async () => {
    const { starts, start } = onFakeClock({ minGapMs: 1, perMinute: 30 });
    const polls = many(20, () => start('polls'));
    await many(20, () => start());
    const membersAt = starts.flatMap(([lane, at]) => (lane === 'members' ? [at] : []));
    assert.ok(Math.max(...membersAt) < 1_000, String(membersAt));
    await polls;
    const pollsAt = starts.flatMap(([lane, at]) => (lane === 'polls' ? [at] : []));
    const gapsMs = pollsAt.slice(1).map((at, i) => at - (pollsAt[i] ?? 0));
    assert.ok(Math.max(...gapsMs) <= 10_000, String(gapsMs));
  });

  for (const who of ['batches', 'reconciliations'] as const)
    it(`gives ${who} their turns in a busy minute too, however often polls ask`, async () => {
      const share = { perMinute: 10, reservePerMinute: 4, spreadFrom: 1 };
      const { starts, start } = onFakeClock({ minGapMs: 1, ...share });
      await many(10, () => start());
      const turnsOf = (lane: string): number => starts.filter(([one]) => one === lane).length;
      const polls = (async () => {
        while (turnsOf(who) < 12 && starts.length < 200) await start('polls');
      })();
      for (let n = 0; n < 12; n++) await start(who);
      await polls;
      assert.ok(turnsOf('polls') >= 12, 'polls go on meanwhile');
      assert.ok(starts.length < 200, `${starts.length} turns until all had theirs`);
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

  it('spreads what can wait over the minute, once much was asked', async () => {
    const { times, start } = onFakeClock({ minGapMs: 1, perMinute: 6, reservePerMinute: 3, spreadFrom: 2 });
    await many(4, () => start('batches'));
    assert.deepEqual(times(), [0, 1, 20_001, 60_000]);
  });

  it('does not spread over the minute what somebody waits for', async () => {
    const { times, start } = onFakeClock({ minGapMs: 1, perMinute: 4, spreadFrom: 2 });
    await many(5, () => start());
    assert.deepEqual(times(), [0, 1, 2, 3, 60_000]);
  });

  it('lets a single member go before several that are read together, which may use up the minute too', async () => {
    const { starts, start } = onFakeClock({
      ...{ minGapMs: 1, perMinute: 4 },
      ...{ reservePerMinute: 2, spreadFrom: 1 },
    });
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

  it('lets what can wait go last, and leave a reserve of the minute', async () => {
    const { starts, start } = onFakeClock({ minGapMs: 1, perMinute: 3, reservePerMinute: 2 });
    await Promise.all([start('polls'), start('reconciliations'), start(), start()]);
    assert.deepEqual(
      starts.map(([who]) => who),
      ['polls', 'members', 'members', 'reconciliations'],
    );
    assert.ok((starts[3]?.[1] ?? 0) >= 60_000);
  });
});
