// Requests to both APIs are counted and timed with few labels, also those before there is a meter.
import assert from 'node:assert/strict';
import type { MetricMeter } from '@temporalio/common';
import { ApiMeters } from '../../monitoring/api-meters.js';

type Recorded = [name: string, value: number, tags: unknown];

/** A meter that notes what it is told. */
function noting(recorded: Recorded[]): MetricMeter {
  const metric = (name: string) => {
    const note = (value: number, tags: unknown): void => void recorded.push([name, value, tags]);
    return { name, add: note, record: note, set: note };
  };
  const meter = { createCounter: metric, createHistogram: metric, createGauge: metric };
  return meter as unknown as MetricMeter;
}

describe('the meters of both APIs', () => {
  it('count and time each request by API, method, route and outcome', () => {
    const recorded: Recorded[] = [];
    const meters = new ApiMeters();
    meters.request('kisi', { method: 'GET', path: '/groups/{id}', status: 200, durationMs: 250 });
    meters.measureOn(noting(recorded));
    const tags = { api: 'kisi', method: 'GET', route: '/groups/{id}', outcome: 'done' };
    const early = [
      ['latchkey_api_requests', 1, tags],
      ['latchkey_api_request_seconds', 0.25, tags],
    ];
    assert.deepEqual(recorded.splice(0), early, 'also one before there was a meter');
    const outcomes = [null, 302, 400, 401, 403, 404, 409, 422, 429, 503].map((status) => {
      meters.request('nexudus', { method: 'GET', path: '/token', status, durationMs: 1 });
      return Object(recorded.splice(0)[0]?.[2]) as { outcome: string };
    });
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['unanswered', 'failed', 'invalid', 'refused', 'refused', 'notFound', 'throttled', 'invalid'].concat([
        'throttled',
        'failed',
      ]),
    );
  });

  it('tell how many wait for a turn, and for how long each did, given up or not', async () => {
    const recorded: Recorded[] = [];
    const meters = new ApiMeters();
    meters.measureOn(noting(recorded));
    const turns = meters.turns('kisi', 'urgent', {
      turn: (fails: boolean) => (fails ? Promise.reject(new Error('given up')) : Promise.resolve()),
      pause: () => undefined,
    });
    await Promise.allSettled([turns.turn(false), turns.turn(true)]);
    const lengths = recorded.filter(([name]) => name === 'latchkey_api_waiting').map(([, length]) => length);
    assert.deepEqual(lengths, [1, 2, 1, 0]);
    assert.equal(recorded.filter(([name]) => name === 'latchkey_api_wait_seconds').length, 2);
  });
});
