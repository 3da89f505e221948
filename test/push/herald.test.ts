import assert from 'node:assert/strict';
import { createHerald, type Herald, type HeraldOptions } from '../../push/herald.js';

const windowMs = 40;
const gathered = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

interface Heard {
  herald: Herald;
  woken: [number | 'poll', boolean][];
  /** Those who were woken only for having come or gone. */
  checkedIn: number[];
  said: string[];
}

function listening(over: Partial<HeraldOptions> = {}): Heard {
  const woken: Heard['woken'] = [];
  const checkedIn: number[] = [];
  const said: string[] = [];
  const herald = createHerald({
    wake: (id, { mayStart, isCheckIn }) => {
      woken.push([id, mayStart]);
      if (isCheckIn) checkedIn.push(id);
      return Promise.resolve();
    },
    pollNow: () => Promise.resolve(void woken.push(['poll', false])),
    gatherMs: 5,
    windowMs,
    onWoken: () => undefined,
    onTrouble: () => void said.push('trouble'),
    onMended: () => void said.push('mended'),
    ...over,
  });
  return { herald, woken, checkedIn, said };
}

describe('the herald', () => {
  it('wakes for all that it is told within a moment, and once more for what it is told after', async () => {
    const { herald, woken } = listening();
    for (let i = 0; i < 1_000; i++) herald.tell(7, { mayStart: false });
    await gathered();
    assert.deepEqual(woken, [[7, false]]);
    for (let i = 0; i < 1_000; i++) herald.tell(7, { mayStart: false });
    await herald.drain();
    assert.deepEqual(woken, [
      [7, false],
      [7, false],
    ]);
  });

  it('wakes after the last that it is told, so that no read is older than that', async () => {
    let answer = (): void => undefined;
    const begun: number[] = [];
    const { herald } = listening({
      wake: (id) => {
        begun.push(id);
        return new Promise((resolve) => (answer = resolve));
      },
    });
    herald.tell(7, { mayStart: true });
    await gathered();
    herald.tell(7, { mayStart: true });
    assert.deepEqual(begun, [7]);
    answer();
    await new Promise((resolve) => setTimeout(resolve, 3 * windowMs));
    assert.deepEqual(begun, [7, 7]);
    answer();
    await herald.drain();
  });

  it('does not let somebody without a workflow wait, who was told of a moment ago by what starts none', async () => {
    const { herald, woken } = listening();
    herald.tell(7, { mayStart: false });
    await gathered();
    herald.tell(7, { mayStart: true });
    herald.tell(7, { mayStart: true });
    await gathered();
    assert.deepEqual(woken, [
      [7, false],
      [7, true],
    ]);
  });

  describe('of a check-in', () => {
    const [checkIn, access, change] = [
      { mayStart: false, about: 'checkIn' },
      { mayStart: true, about: 'access' },
      { mayStart: true },
    ] as const;

    it('has it wait for somebody to go with, and for no longer than a while', async () => {
      const { herald, woken, checkedIn } = listening({ patienceMs: 60 });
      herald.tell(7, checkIn);
      herald.tell(7, access);
      await gathered();
      assert.deepEqual(woken, []);
      herald.tell(8, change);
      await gathered();
      assert.deepEqual(woken, [
        [8, true],
        [7, true],
      ]);
      herald.tell(9, access);
      herald.tell(9, checkIn);
      await gathered();
      assert.equal(woken.length, 2);
      await new Promise((resolve) => setTimeout(resolve, 80));
      assert.deepEqual(woken.slice(2), [[9, true]]);
      assert.deepEqual(checkedIn, [7, 9]);
    });

    it('has it wait the longer the more often nobody came to go with, up to a bound', async () => {
      const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
      const { herald, woken } = listening({ patienceMs: 100, longestPatienceMs: 250 });
      for (const [id, shortest] of [
        [1, 100],
        [2, 200],
        [3, 250],
        [4, 250],
      ] as const) {
        const from = performance.now();
        herald.tell(id, checkIn);
        while (!woken.some(([whom]) => whom === id)) await wait(5);
        // A timer may fire a millisecond early.
        assert.ok(performance.now() - from >= shortest - 2, `${id}`);
      }
    });

    it('has what comes a moment later by the same check-in wait with it, and nothing else', async () => {
      const { herald, woken, checkedIn } = listening({ patienceMs: 60_000 });
      herald.tell(7, checkIn);
      await gathered();
      herald.tell(7, access);
      await gathered();
      assert.deepEqual(woken, []);
      herald.tell(7, change);
      await gathered();
      assert.deepEqual(woken, [[7, true]]);
      assert.deepEqual(checkedIn, []);
    });

    it('does not take an access update without one for a check-in', async () => {
      const { herald, woken, checkedIn } = listening({ patienceMs: 60_000 });
      herald.tell(7, access);
      await gathered();
      assert.deepEqual(woken, [[7, true]]);
      assert.deepEqual(checkedIn, []);
    });

    it('wakes at once whoever waits when it is to end', async () => {
      const { herald, woken } = listening({ patienceMs: 60_000 });
      herald.tell(7, checkIn);
      await gathered();
      await herald.drain();
      assert.deepEqual(woken, [[7, false]]);
    });
  });

  it('wakes the more seldom the longer somebody is told of, and soon again after a rest', async () => {
    const { herald, woken } = listening({ windowMs: 5, longestWindowMs: 100_000 });
    const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const telling = setInterval(() => {
      herald.tell(7, { mayStart: true });
    }, 1);
    await wait(400);
    clearInterval(telling);
    // 5, 10, 20, 40, 80, 160, 320: each time waits for the one before.
    assert.ok(woken.length >= 2 && woken.length <= 8, `${woken.length} wakes`);
    await herald.drain();
  });

  it('wakes once for all that it is told while others are woken first', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const woken: number[] = [];
    const { herald } = listening({
      wake: (id) => {
        woken.push(id);
        return id === 7 ? Promise.resolve() : held;
      },
      windowMs: 500,
    });
    for (let id = 100; id < 120; id++) herald.tell(id, { mayStart: true });
    herald.tell(7, { mayStart: true });
    await gathered();
    assert.equal(woken.length, 20);
    herald.tell(7, { mayStart: true });
    goOn();
    await gathered();
    assert.deepEqual(woken.slice(20), [7]);
    await herald.drain();
  });

  it('starts a workflow where any of what it is told may give access', async () => {
    const { herald, woken } = listening();
    herald.tell(7, { mayStart: false });
    herald.tell(7, { mayStart: true });
    herald.tell(7, { mayStart: false });
    await herald.drain();
    assert.deepEqual(woken, [[7, true]]);
  });

  it('loses nobody while Temporal cannot be reached, and says so once', async () => {
    let down = true;
    const reached = new Set<number>();
    const { herald, said } = listening({
      wake: (id) => {
        if (down) return Promise.reject(new Error('down'));
        reached.add(id);
        return Promise.resolve();
      },
    });
    for (let id = 1; id <= 100; id++) herald.tell(id, { mayStart: true });
    await new Promise((resolve) => setTimeout(resolve, 3 * windowMs));
    assert.equal(reached.size, 0);
    down = false;
    await herald.drain();
    assert.equal(reached.size, 100);
    assert.deepEqual(said, ['trouble', 'mended']);
  });

  it('says of each wake that is taken how long it is since the first of what it tells came in', async () => {
    const waited: number[] = [];
    let fails = 1;
    const { herald } = listening({
      wake: () => (fails-- > 0 ? Promise.reject(new Error('down')) : Promise.resolve()),
      onWoken: (ms) => waited.push(ms),
    });
    herald.tell(7, { mayStart: false });
    await new Promise((resolve) => setTimeout(resolve, windowMs / 2));
    herald.tell(7, { mayStart: false });
    await herald.drain();
    assert.equal(waited.length, 1);
    // A timer may be early by a millisecond.
    assert.ok((waited[0] ?? 0) >= windowMs - 1, String(waited));
  });

  it('has what changed read where nobody knows for whom', async () => {
    const { herald, woken } = listening();
    for (let i = 0; i < 10; i++) herald.tellSomething();
    await gathered();
    for (let i = 0; i < 10; i++) herald.tellSomething();
    await herald.drain();
    assert.deepEqual(woken, [
      ['poll', false],
      ['poll', false],
    ]);
  });
});
