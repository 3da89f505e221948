import assert from 'node:assert/strict';
import { RunWatch } from '../../monitoring/runs.js';

const minute = 60_000;
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

  it('knows when each began, however it ended, and says nothing of what is paused', async () => {
    now = 0;
    const runs = started();
    const { pollChanges, assessMember } = runs.watched({
      pollChanges: () => Promise.reject(new Error('Nexudus does not answer')),
      assessMember: () => Promise.resolve('done'),
    });
    now = 2 * minute;
    await assert.rejects(pollChanges());
    assert.equal(await assessMember(), 'done');
    now = 4 * minute;
    assert.deepEqual(runs.late(facts(30_000)), []);
    now = 60 * minute;
    assert.deepEqual(runs.late(facts(30_000, true)), []);
    runs.restart();
    assert.deepEqual(runs.late(facts(30_000)), [], 'another process led meanwhile');
  });
});
