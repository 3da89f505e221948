import assert from 'node:assert/strict';
import type { PollActivities, PollMemory, ReconciliationMemory } from '../../messages/to-activities.js';
import { RunWatch } from '../../monitoring/runs.js';

const minute = 60_000;

/** Activities of Schedules, beside one that no Schedule runs. */
type Watched = PollActivities & { assessMember: () => Promise<string> };

const facts = (everyMs: number, isPaused = false) => ({
  poll: { lastGoodAt: null, everyMs, isPaused },
  reconciliation: { lastGoodAt: null, everyMs: 10 * minute, isPaused },
});

describe('the watch over polls and reconciliations', () => {
  let now = 0;
  const started = (): RunWatch => new RunWatch(() => now);

  it('says once what has not begun for three intervals, and three minutes', () => {
    now = 0;
    const runs = started();
    now = 3 * minute - 1;
    assert.deepEqual(runs.late(facts(30_000)), []);
    now = 3 * minute;
    assert.deepEqual(runs.late(facts(5 * minute)), []);
    assert.deepEqual(runs.late(facts(30_000)), ['poll-nexudus']);
    assert.deepEqual(runs.late(facts(30_000)), []);
    now = 30 * minute;
    assert.deepEqual(runs.late(facts(30_000)), ['poll-nexudus', 'reconciliation']);
  });

  const memory = {} as PollMemory & ReconciliationMemory;

  it('knows when each began, however it ended, and says nothing of what is paused', async () => {
    now = 0;
    const runs = started();
    const watched = runs.watched<Watched>({
      pollChanges: () => Promise.reject(new Error('Nexudus does not answer')),
      reconcile: () => Promise.resolve(memory),
      assessMember: () => Promise.resolve('done'),
    });
    now = 2 * minute;
    await assert.rejects(watched.pollChanges(null));
    assert.equal(await watched.assessMember(), 'done');
    now = 4 * minute;
    assert.deepEqual(runs.late(facts(30_000)), []);
    now = 20 * minute;
    assert.equal(await watched.reconcile(null), memory);
    now = 40 * minute;
    assert.deepEqual(runs.late(facts(30 * minute)), []);
    now = 90 * minute;
    assert.deepEqual(runs.late(facts(30_000, true)), []);
    runs.restart();
    assert.deepEqual(runs.late(facts(30_000)), [], 'another process led meanwhile');
  });

  it('counts from the end of one that took long', async () => {
    now = 0;
    const runs = started();
    const long = async <T>(answer: T): Promise<T> => {
      now += 2 * minute;
      return Promise.resolve(answer);
    };
    const watched = runs.watched<PollActivities>({
      pollChanges: () => long(memory),
      reconcile: () => long(memory),
    });
    await watched.pollChanges(null);
    now += 2 * minute;
    assert.deepEqual(runs.late(facts(30_000)), []);
    now += minute;
    assert.deepEqual(runs.late(facts(30_000)), ['poll-nexudus']);
  });
});
