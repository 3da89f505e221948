import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isTooMuchGone } from '../../lib/too-much-gone.js';

describe('too much is gone at once', () => {
  it('where all of several are, or more than half and more than 5', () => {
    assert.deepEqual(
      [
        [1, 1],
        [2, 2],
        [2, 3],
        [5, 6],
        [6, 12],
        [7, 12],
        [0, 0],
      ].map(([lost = 0, before = 0]) => isTooMuchGone(lost, before)),
      [false, true, false, false, false, true, false],
    );
  });

  it('never where there is more than before, and always where more is gone than is too much already', () => {
    const size = fc.nat({ max: 2_000 });
    fc.assert(fc.property(size, size, (before, more) => !isTooMuchGone(-more, before)));
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2_000 }), size, (before, some) => {
        const lost = some % before;
        return !isTooMuchGone(lost, before) || isTooMuchGone(lost + 1, before);
      }),
    );
  });
});
