import assert from 'node:assert/strict';
import { believe } from '../../activities/reconcile.js';

const minute = 60_000;
const index = (count: number, readAt: number) => ({ counts: { coworkers: count }, readAt });

describe('believe: which counts of a reconciliation are taken for true', () => {
  const first = believe(null, index(100, 0));

  it('believes the first', () => {
    assert.deepEqual(first, { baselines: { coworkers: { count: 100, at: 0 } }, suspects: {} });
  });

  it('believes growth, and a loss of up to a half', () => {
    assert.deepEqual(believe(first, index(140, minute)).suspects, {});
    assert.deepEqual(believe(first, index(50, minute)).suspects, {});
  });

  it('doubts an empty collection and a greater loss, and keeps the old count meanwhile', () => {
    for (const count of [0, 49]) {
      const doubting = believe(first, index(count, minute));
      assert.deepEqual(doubting.suspects, { coworkers: { count, since: minute } });
      assert.equal(doubting.baselines['coworkers']?.count, 100);
    }
  });

  it('believes it when a reconciliation ten minutes later still agrees', () => {
    const doubting = believe(first, index(0, minute));
    assert.notDeepEqual(believe(doubting, index(0, 10 * minute)).suspects, {});
    assert.deepEqual(believe(doubting, index(0, 11 * minute)), {
      baselines: { coworkers: { count: 0, at: 11 * minute } },
      suspects: {},
    });
  });

  it('counts those ten minutes anew where the clock was set back', () => {
    const ahead = believe(first, index(0, 300 * minute));
    const setBack = believe(ahead, index(0, minute));
    assert.equal(setBack.suspects['coworkers']?.since, minute);
    assert.deepEqual(believe(setBack, index(0, 11 * minute)).suspects, {});
  });

  it('forgets the doubt when the rows come back', () => {
    const doubting = believe(first, index(0, minute));
    assert.deepEqual(believe(doubting, index(100, 2 * minute)).suspects, {});
  });
});
