import assert from 'node:assert/strict';
import { keep, once } from '../../nexudus/fresh.js';
import { OutOfTimeError, unlessAborted, within } from '../../lib/within.js';

const given = new Error('given up');
const failure = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
const any = { notBefore: Infinity, maxAgeMs: 60_000 };

describe('what is kept and shared', () => {
  /** Reads that end when they are told to, and those that were given up. */
  function reading() {
    const reads: { answer: (value: number) => void; fail: (error: Error) => void; end: unknown }[] = [];
    const read = async (): Promise<number> => {
      const one: (typeof reads)[number] = { answer: () => undefined, fail: () => undefined, end: null };
      reads.push(one);
      const job = new Promise<number>((resolve, reject) => {
        one.answer = resolve;
        one.fail = reject;
      });
      try {
        return await unlessAborted(job);
      } catch (error) {
        one.end = error;
        throw error;
      }
    };
    return { reads, read };
  }

  const ways = {
    keep: (read: () => Promise<number>, limitMs: number) => {
      const kept = keep(read, () => 0, { limitMs, of: 'Kisi' });
      return () => kept.get(any);
    },
    once: (read: () => Promise<number>) => {
      const ask = once(read);
      return () => ask(undefined);
    },
  };

  it('gives the kept copy to a caller that may have it, while others wait for a new read', async () => {
    const { reads, read } = reading();
    let now = 0;
    const kept = keep(read, () => now);
    const first = kept.get(any);
    reads[0]?.answer(1);
    assert.equal(await first, 1);
    now = 10;
    const anew = kept.get({ notBefore: 5, maxAgeMs: 0 });
    assert.equal(await kept.get({ notBefore: 5, maxAgeMs: 60_000 }), 1);
    assert.equal(reads.length, 2);
    reads[1]?.fail(given);
    assert.equal(await failure(anew), given);
    assert.equal(await kept.get({ notBefore: 5, maxAgeMs: 60_000 }), 1, 'and still once that has failed');
    const again = kept.get({ notBefore: 5, maxAgeMs: 0 });
    reads[2]?.answer(2);
    assert.equal(await again, 2);
    assert.equal(await kept.get({ notBefore: 5, maxAgeMs: 60_000 }), 2);
  });

  it('gives a copy that is to be renewed at once, and the renewed one to those who ask later', async () => {
    const [first, renewed] = [reading(), reading()];
    let now = 0;
    const kept = keep(first.read, () => now, undefined, renewed.read);
    const ask = (): Promise<number> =>
      within({}, () => kept.get({ notBefore: Infinity, maxAgeMs: 60 * 60_000, renewAgeMs: 600_000 }));
    const read = ask();
    first.reads[0]?.answer(1);
    assert.equal(await read, 1);
    now = 600_000;
    assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1]);
    assert.deepEqual([first.reads.length, renewed.reads.length], [1, 1]);
    // Those who asked are served, and the renewal goes on.
    assert.equal(renewed.reads.at(0)?.end, null);
    renewed.reads[0]?.fail(given);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await ask(), 1);
    assert.equal(renewed.reads.length, 1, 'one that failed is not tried again at once');
    now += 60_000;
    assert.equal(await ask(), 1);
    renewed.reads[1]?.answer(2);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await ask(), 2);
    now += 60 * 60_000;
    const anew = ask();
    first.reads[1]?.answer(3);
    assert.equal(await anew, 3, 'one that is too old is waited for');
  });

  it('lets nobody wait for a renewal, and keeps the copy whose read began last', async () => {
    const [awaited, renewed] = [reading(), reading()];
    let now = 0;
    const kept = keep(awaited.read, () => now, undefined, renewed.read);
    const ask = (notBefore: number): Promise<number> =>
      kept.get({ notBefore, maxAgeMs: 60 * 60_000, renewAgeMs: 600_000 });
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const first = ask(Infinity);
    awaited.reads[0]?.answer(1);
    await first;
    now = 600_000;
    assert.equal(await ask(Infinity), 1);
    assert.equal(renewed.reads.length, 1);
    const anew = kept.get({ notBefore: now, maxAgeMs: 0 });
    awaited.reads[1]?.answer(3);
    assert.equal(await anew, 3);
    renewed.reads[0]?.answer(2);
    await settled();
    assert.equal(await ask(Infinity), 3);
  });

  for (const [name, way] of Object.entries(ways)) {
    it(`(${name}) is read once, also for those who ask later, but anew after a failure`, async () => {
      const { reads, read } = reading();
      const ask = way(read, 60_000);
      const first = [failure(ask()), failure(ask())];
      reads[0]?.fail(given);
      assert.deepEqual(await Promise.all(first), [given, given]);
      const second = [ask(), ask()];
      reads[1]?.answer(5);
      assert.deepEqual(await Promise.all([...second, ask()]), [5, 5, 5]);
      assert.equal(reads.length, 2);
    });

    it(`(${name}) goes on for others where the first who asked gives up, and ends with the last`, async () => {
      const { reads, read } = reading();
      const ask = way(read, 60_000);
      const [one, two] = [new AbortController(), new AbortController()];
      const ends = [one, two].map(({ signal }) => failure(within({ signal }, ask)));
      one.abort(given);
      assert.equal(await ends[0], given);
      assert.equal(reads[0]?.end, null);
      two.abort(given);
      assert.equal(await ends[1], given);
      const next = ask();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(reads.at(0)?.end, given);
      reads[1]?.answer(7);
      assert.equal(await next, 7);
      assert.equal(await ask(), 7);
    });
  }

  it('fails for all at its own limit, and the next one who asks begins anew', async () => {
    const { reads, read } = reading();
    const ask = ways.keep(read, 10);
    const ends = await Promise.all([ask(), ask()].map(failure));
    assert.ok(ends.every((error) => error instanceof OutOfTimeError));
    const next = ask();
    reads[1]?.answer(7);
    assert.equal(await next, 7);
  });
});
