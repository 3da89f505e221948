import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { longestRetryMs, toFailure } from '../../activities/failures.js';
import { KisiError } from '../../kisi/errors.js';
import { NexudusError } from '../../nexudus/errors.js';

const hourMs = 3_600_000;
const nexudusAsks = (retryAfterMs: number): NexudusError =>
  new NexudusError({ kind: 'throttled', path: '/x', status: 409, retryAfterMs, says: 'asks to slow down.' });
const kisiAsks = (retryAfterMs: number): KisiError =>
  new KisiError({ method: 'GET', path: '/users' }, { kind: 'throttled', status: 429, retryAfterMs });

describe('how long an API asks to wait', () => {
  const failureOf = (error: Error): ApplicationFailure => {
    const failure = toFailure(error);
    assert.ok(failure instanceof ApplicationFailure);
    return failure;
  };

  for (const [whose, asks] of [
    ['Nexudus', nexudusAsks],
    ['Kisi', kisiAsks],
  ] as const) {
    for (const ms of [hourMs, 24 * hourMs, 1e33, Infinity, longestRetryMs + 1]) {
      it(`is bounded to a minute for ${whose}, and said so (${ms} ms)`, () => {
        const failure = failureOf(asks(ms));
        assert.equal(failure.nextRetryDelay, 60_000);
        assert.equal(failure.nonRetryable, false);
        // Kisi's client bounds it itself, and says both.
        assert.match(
          failure.message,
          /It is asked again within 60 s all the same\.$|wait 60 s \(it asked for .* not waited for\)/,
        );
      });
    }
    for (const ms of [0, -1, -hourMs, NaN, 999, -Infinity]) {
      it(`is the usual pace for ${whose} where it is no wait (${ms} ms)`, () => {
        assert.equal(failureOf(asks(ms)).nextRetryDelay ?? null, null);
      });
    }
    it(`is waited for as ${whose} says up to there`, () => {
      for (const ms of [1_000, 5_000, 60_000]) {
        const failure = failureOf(asks(ms));
        assert.equal(failure.nextRetryDelay, ms);
        assert.doesNotMatch(failure.message, /all the same/);
      }
    });
    it(`is a failure of its own, which says whose wait it is, where it is longer than 5 s (${whose})`, () => {
      assert.equal(failureOf(asks(5_000)).type, whose);
      const long = failureOf(asks(5_001));
      assert.equal(long.type, 'LongWait');
      assert.deepEqual(long.details, [{ of: whose }]);
    });
  }

  it('does not change a failure that no retry mends', () => {
    const says = 'refused.';
    const refused = new NexudusError({
      kind: 'refused',
      path: '/x',
      status: 401,
      says,
      retryAfterMs: hourMs,
    });
    const { nonRetryable, type, message } = failureOf(refused);
    assert.deepEqual([nonRetryable, type, message], [true, 'Nexudus', 'Nexudus /x: refused.']);
  });
});
