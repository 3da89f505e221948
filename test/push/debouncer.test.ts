import assert from 'node:assert/strict';
import { Debouncer, type DebouncerOptions } from '../../push/debouncer.js';
import { eventually } from '../support/eventually.js';

const windowMs = 40;
/** Longer than it gathers: what is to wait longer has not come by then. */
const gathered = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const soon = (what: string, has: () => boolean): Promise<void> => eventually(what, has, 45_000, 5);
/** A timer may fire a millisecond early, and its start is told in whole ones. */
const roundedMs = 2;

interface Heard {
  debouncer: Debouncer;
  woken: [number | 'poll', boolean][];
  /** Those who were woken only for having come or gone. */
  checkedIn: number[];
  said: string[];
}

function listening(over: Partial<DebouncerOptions> = {}): Heard {
  const woken: Heard['woken'] = [];
  const checkedIn: number[] = [];
  const said: string[] = [];
  const debouncer = new Debouncer({
    wake: (id, { mayStart, isCheckIn }) => {
      woken.push([id, mayStart]);
      if (isCheckIn) checkedIn.push(id);
      return Promise.resolve();
    },
    pollNow: () => Promise.resolve(void woken.push(['poll', false])),
    gatherMs: 5,
    windowMs,
    onWoken: () => undefined,
    onProblem: () => void said.push('problem'),
    onMended: () => void said.push('mended'),
    ...over,
  });
  return { debouncer, woken, checkedIn, said };
}

describe('the debouncer', () => {
  it('wakes for all that it is told within a moment, and once more for what it is told after', async () => {
    const { debouncer, woken } = listening();
    for (let i = 0; i < 1_000; i++) debouncer.tell(7, { mayStart: false });
    await soon('a wake', () => woken.length > 0);
    assert.deepEqual(woken, [[7, false]]);
    for (let i = 0; i < 1_000; i++) debouncer.tell(7, { mayStart: false });
    await debouncer.drain();
    assert.deepEqual(woken, [
      [7, false],
      [7, false],
    ]);
  });

  it('wakes after the last that it is told, so that no read is older than that', async () => {
    let answer = (): void => undefined;
    const begun: number[] = [];
    const { debouncer } = listening({
      wake: (id) => {
        begun.push(id);
        return new Promise((resolve) => (answer = resolve));
      },
    });
    debouncer.tell(7, { mayStart: true });
    await soon('a wake', () => begun.length > 0);
    debouncer.tell(7, { mayStart: true });
    assert.deepEqual(begun, [7]);
    answer();
    await soon('another', () => begun.length > 1);
    answer();
    await debouncer.drain();
    assert.deepEqual(begun, [7, 7]);
  });

  it('does not let a member without a workflow wait because of news a moment ago that starts none', async () => {
    const { debouncer, woken } = listening({ windowMs: 600_000 });
    debouncer.tell(7, { mayStart: false });
    await soon('a wake', () => woken.length > 0);
    debouncer.tell(7, { mayStart: true });
    debouncer.tell(7, { mayStart: true });
    await soon('another', () => woken.length > 1);
    assert.deepEqual(woken, [
      [7, false],
      [7, true],
    ]);
  });

  describe('on a check-in', () => {
    const [checkIn, access, change] = [
      { mayStart: false, about: 'checkIn' },
      { mayStart: true, about: 'access' },
      { mayStart: true },
    ] as const;

    it('has the member wait for another to go with', async () => {
      const { debouncer, woken, checkedIn } = listening({ checkInWaitMs: 600_000 });
      debouncer.tell(7, checkIn);
      debouncer.tell(7, access);
      await gathered();
      assert.deepEqual(woken, []);
      debouncer.tell(8, change);
      await soon('both', () => woken.length > 1);
      assert.deepEqual(woken, [
        [8, true],
        [7, true],
      ]);
      assert.deepEqual(checkedIn, [7]);
    });

    it('has the member wait for no longer than a while', async () => {
      const { debouncer, woken, checkedIn } = listening({ checkInWaitMs: 60 });
      const from = performance.now();
      debouncer.tell(9, access);
      debouncer.tell(9, checkIn);
      await soon('a wake', () => woken.length > 0);
      assert.ok(performance.now() - from >= 60 - roundedMs);
      assert.deepEqual(woken, [[9, true]]);
      assert.deepEqual(checkedIn, [9]);
    });

    it('has the member wait the longer the more often nobody came to go with, up to a bound', async () => {
      const { debouncer, woken } = listening({ checkInWaitMs: 100, longestCheckInWaitMs: 250 });
      for (const [id, shortest] of [
        [1, 100],
        [2, 200],
        [3, 250],
        [4, 250],
      ] as const) {
        const from = performance.now();
        debouncer.tell(id, checkIn);
        await soon('a wake', () => woken.some(([whom]) => whom === id));
        assert.ok(performance.now() - from >= shortest - roundedMs, `${id}`);
      }
    });

    it('has news that comes a moment later by the same check-in wait with it, and no other news', async () => {
      const { debouncer, woken, checkedIn } = listening({ checkInWaitMs: 60_000 });
      debouncer.tell(7, checkIn);
      await gathered();
      debouncer.tell(7, access);
      await gathered();
      assert.deepEqual(woken, []);
      debouncer.tell(7, change);
      await soon('a wake', () => woken.length > 0);
      assert.deepEqual(woken, [[7, true]]);
      assert.deepEqual(checkedIn, []);
    });

    it('takes news that comes after the wake by the same check-in for no more than a check-in', async () => {
      const { debouncer, woken, checkedIn } = listening({
        ...{ checkInWaitMs: 1, longestCheckInWaitMs: 1, windowMs: 60_000 },
      });
      debouncer.tell(7, checkIn);
      await soon('a wake', () => woken.length > 0);
      assert.deepEqual(woken, [[7, false]]);
      debouncer.tell(7, access);
      await soon('another', () => woken.length > 1);
      assert.deepEqual(checkedIn, [7, 7]);
      debouncer.tell(8, change);
      await soon('one for a change', () => woken.length > 2);
      debouncer.tell(8, access);
      await gathered();
      assert.deepEqual(checkedIn, [7, 7]);
    });

    it('does not take an access update without a check-in for one', async () => {
      const { debouncer, woken, checkedIn } = listening({ checkInWaitMs: 60_000 });
      debouncer.tell(7, access);
      await soon('a wake', () => woken.length > 0);
      assert.deepEqual(woken, [[7, true]]);
      assert.deepEqual(checkedIn, []);
    });

    it('wakes members that still wait as soon as it is to end', async () => {
      const { debouncer, woken } = listening({ checkInWaitMs: 60_000 });
      debouncer.tell(7, checkIn);
      await gathered();
      await debouncer.drain();
      assert.deepEqual(woken, [[7, false]]);
    });
  });

  it('wakes a member the more seldom the longer news of that member goes on', async () => {
    const wokenAt: number[] = [];
    const { debouncer } = listening({
      wake: () => Promise.resolve(void wokenAt.push(performance.now())),
      windowMs: 5,
      longestWindowMs: 100_000,
    });
    const telling = setInterval(() => {
      debouncer.tell(7, { mayStart: true });
    }, 1);
    await soon('seven wakes', () => wokenAt.length >= 7).finally(() => {
      clearInterval(telling);
    });
    const gapsMs = wokenAt.slice(1).map((at, i) => at - (wokenAt[i] ?? 0));
    // 5, 10, 20, 40, 80, 160 at least: each time waits for the one before.
    for (const [i, gapMs] of gapsMs.entries()) assert.ok(gapMs >= 5 * 2 ** i - roundedMs, gapsMs.join());
    await debouncer.drain();
  });

  it('wakes once for all that it is told while others are woken first', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const woken: number[] = [];
    const { debouncer } = listening({
      wake: (id) => {
        woken.push(id);
        return id === 7 ? Promise.resolve() : held;
      },
      windowMs: 500,
    });
    for (let id = 100; id < 120; id++) debouncer.tell(id, { mayStart: true });
    debouncer.tell(7, { mayStart: true });
    await soon('twenty wakes', () => woken.length >= 20);
    assert.equal(woken.length, 20);
    debouncer.tell(7, { mayStart: true });
    goOn();
    await soon('one more', () => woken.length > 20);
    await debouncer.drain();
    assert.deepEqual(woken.slice(20), [7]);
  });

  it('starts a workflow where any of what it is told may give access', async () => {
    const { debouncer, woken } = listening();
    debouncer.tell(7, { mayStart: false });
    debouncer.tell(7, { mayStart: true });
    debouncer.tell(7, { mayStart: false });
    await debouncer.drain();
    assert.deepEqual(woken, [[7, true]]);
  });

  it('loses nobody while Temporal cannot be reached, and says so once', async () => {
    let down = true;
    let tries = 0;
    const reached = new Set<number>();
    const { debouncer, said } = listening({
      wake: (id) => {
        tries++;
        if (down) return Promise.reject(new Error('down'));
        reached.add(id);
        return Promise.resolve();
      },
    });
    for (let id = 1; id <= 100; id++) debouncer.tell(id, { mayStart: true });
    await soon('each is tried again', () => tries >= 200);
    assert.equal(reached.size, 0);
    down = false;
    await debouncer.drain();
    assert.equal(reached.size, 100);
    assert.deepEqual(said, ['problem', 'mended']);
  });

  it('says with each wake that is taken how long ago its first news came in', async () => {
    const waited: number[] = [];
    let fails = 1;
    const { debouncer } = listening({
      wake: () => (fails-- > 0 ? Promise.reject(new Error('down')) : Promise.resolve()),
      onWoken: (ms) => waited.push(ms),
    });
    debouncer.tell(7, { mayStart: false });
    await new Promise((resolve) => setTimeout(resolve, windowMs / 2));
    debouncer.tell(7, { mayStart: false });
    await debouncer.drain();
    assert.equal(waited.length, 1);
    assert.ok((waited[0] ?? 0) >= windowMs - roundedMs, String(waited));
  });

  it('has what changed read where nobody knows which member it concerns', async () => {
    const { debouncer, woken } = listening();
    for (let i = 0; i < 10; i++) debouncer.tellSomething();
    await soon('a poll', () => woken.length > 0);
    for (let i = 0; i < 10; i++) debouncer.tellSomething();
    await debouncer.drain();
    assert.deepEqual(woken, [
      ['poll', false],
      ['poll', false],
    ]);
  });
});
