import assert from 'node:assert/strict';
import { LastKnown } from '../../desk/last-known.js';

/** Reads that end when they are told to. */
class Source {
  private readonly waiting: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  reads = 0;

  read = (): Promise<string> => {
    this.reads++;
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  };

  answer(value: string): void {
    this.waiting.shift()?.resolve(value);
  }

  fail(error: Error): void {
    this.waiting.shift()?.reject(error);
  }
}

describe('what is read for all who look', () => {
  const clock = { now: 0 };
  const terms = { maxAgeMs: 1_000, waitMs: 5, now: () => clock.now };
  beforeEach(() => {
    clock.now = 1_000_000;
  });

  it('is read once for all who ask at the same time, and kept', async () => {
    const source = new Source();
    const known = new LastKnown(source.read, { ...terms, waitMs: 10_000 });
    const asked = [known.get(), known.get()];
    source.answer('a');
    for (const { value, problem } of await Promise.all(asked))
      assert.deepEqual([value, problem], ['a', null]);
    assert.equal((await known.get()).value, 'a');
    assert.equal(source.reads, 1);
  });

  it('keeps nobody waiting: what was read before is shown while it is read anew', async () => {
    const source = new Source();
    const known = new LastKnown(source.read, terms);
    assert.deepEqual(await known.get(), { value: null, readAt: null, problem: null, isReading: true });
    source.answer('a');
    await known.get();
    clock.now += 1_000;
    const shown = await known.get();
    assert.deepEqual([shown.value, shown.readAt, shown.isReading], ['a', 1_000_000, true]);
  });

  it('stays where a read fails, says why, and does not try again at once', async () => {
    const source = new Source();
    const known = new LastKnown(source.read, { ...terms, waitMs: 10_000 });
    const first = known.get();
    source.answer('a');
    await first;
    clock.now += 1_000;
    const second = known.get();
    source.fail(new TypeError('no answer for ada@example.com'));
    const { value, problem } = await second;
    assert.deepEqual([value, problem], ['a', 'TypeError: no answer for [redacted]']);
    await known.get();
    assert.equal(source.reads, 2);
  });

  it('that takes long to read is not read all the time', async () => {
    const source = new Source();
    const known = new LastKnown(source.read, terms);
    await known.get();
    clock.now += 5_000;
    source.answer('a');
    await known.get();
    clock.now += 19_000;
    await known.get();
    assert.equal(source.reads, 1);
    clock.now += 1_000;
    await known.get();
    assert.equal(source.reads, 2);
  });

  it('is not taken for new where the clock was set back', async () => {
    const source = new Source();
    const known = new LastKnown(source.read, terms);
    await known.get();
    source.answer('a');
    await known.get();
    clock.now -= 3_600_000;
    await known.get();
    assert.equal(source.reads, 2);
  });
});
