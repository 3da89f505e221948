/** What several wait for: it ends at its own limit, goes on while anybody wants it, and is ended once nobody does. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { shared } from '../../lib/shared.js';
import { boundsSignal, finishFromHere, OutOfTimeError, unlessAborted, within } from '../../lib/within.js';

const given = new Error('given up');
const never = new Promise<never>(() => undefined);
const failure = (job: Promise<unknown>): Promise<unknown> =>
  job.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

describe('a job within bounds', () => {
  it('ends at its limit, and says which API it waited for', async () => {
    const limit = { limitMs: 5, of: 'Kisi' } as const;
    const error = await failure(within({ limit }, () => unlessAborted(never)));
    assert.ok(error instanceof OutOfTimeError);
    assert.equal(error.of, 'Kisi');
    assert.match(error.message, /asked of Kisi was not done within/);
  });

  it('ends when it is given up, also where it was before it began', async () => {
    const asker = new AbortController();
    const job = failure(within({ signal: asker.signal }, () => unlessAborted(never)));
    asker.abort(given);
    assert.equal(await job, given);
    assert.equal(await failure(within({ signal: asker.signal }, () => unlessAborted(never))), given);
  });

  it('ends what it left under way', async () => {
    let left: Promise<unknown> = never;
    await within({}, () => {
      left = failure(unlessAborted(never));
      return Promise.resolve();
    });
    assert.match(String(await left), /is over/);
  });

  it('has its own bounds, and not those of the job that began it; outside a job there are none', async () => {
    assert.equal(boundsSignal(), undefined);
    const asker = new AbortController();
    await within({ signal: asker.signal }, () =>
      within({}, async () => {
        asker.abort(given);
        assert.equal(boundsSignal()?.aborted, false);
        assert.equal(await unlessAborted(Promise.resolve(5)), 5);
      }),
    );
  });

  it('is brought to its end once it changes something', async () => {
    const asker = new AbortController();
    const done = await within({ signal: asker.signal }, async () => {
      finishFromHere();
      asker.abort(given);
      return unlessAborted(sleep(1, 'done'));
    });
    assert.equal(done, 'done');
    assert.equal(boundsSignal(), undefined);
  });
});

describe('a shared job', () => {
  /** A job that only its bounds end, and what it ended by. */
  function hanging(limitMs?: number) {
    const seen: { reason: unknown } = { reason: null };
    const job = async (): Promise<never> => {
      try {
        return await unlessAborted(never);
      } catch (error) {
        seen.reason = error;
        throw error;
      }
    };
    const limit = limitMs === undefined ? undefined : ({ limitMs, of: 'Nexudus' } as const);
    return { ask: shared(job, { limit }), seen };
  }

  const asker = (ask: () => Promise<unknown>) => {
    const gives = new AbortController();
    const answer = failure(within({ signal: gives.signal }, ask));
    return {
      answer,
      giveUp: () => {
        gives.abort(given);
      },
    };
  };

  it('answers all who ask, before and after it is done', async () => {
    let runs = 0;
    const ask = shared(() => Promise.resolve(++runs));
    assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1]);
    assert.equal(await ask(), 1);
  });

  it('goes on for the others where the first who asked gives it up', async () => {
    let answer: (text: string) => void = () => undefined;
    const first = new AbortController();
    const ask = await within({ signal: first.signal }, () =>
      Promise.resolve(shared(() => unlessAborted(new Promise<string>((resolve) => (answer = resolve))))),
    );
    first.abort(given);
    const [one, other] = [asker(ask), asker(ask)];
    one.giveUp();
    assert.equal(await one.answer, given);
    answer('the answer');
    assert.equal(await other.answer, 'it did not fail');
    assert.equal(await ask(), 'the answer');
  });

  it('is ended once all have given it up, and not before', async () => {
    const { ask, seen } = hanging();
    const askers = Array.from({ length: 100 }, () => asker(ask));
    for (const one of askers.slice(1)) one.giveUp();
    await Promise.all(askers.slice(1).map(({ answer }) => answer));
    assert.equal(seen.reason, null);
    askers[0]?.giveUp();
    assert.equal(await askers[0]?.answer, given);
    await sleep(0);
    assert.equal(seen.reason, given);
  });

  it('is not ended by one who ran out of time: that one asks again', async () => {
    const { ask, seen } = hanging();
    const limit = { limitMs: 1, of: 'Nexudus' } as const;
    assert.ok((await failure(within({ limit }, ask))) instanceof OutOfTimeError);
    await sleep(1);
    assert.equal(seen.reason, null);
  });

  it('ends at its own limit for all who wait, even where it does not heed it', async () => {
    for (const ask of [hanging(5).ask, shared(() => never, { limit: { limitMs: 5, of: 'Nexudus' } })]) {
      const answers = await Promise.all([ask(), ask()].map(failure));
      assert.ok(answers.every((error) => error instanceof OutOfTimeError));
    }
  });
});
