import assert from 'node:assert/strict';
import fc from 'fast-check';
import { plausible } from '../../nexudus/plausible.js';

describe('whether a collection may be believed', () => {
  const cases: [before: number | null, now: number, believed: boolean, why: string][] = [
    [812, 0, false, 'it came back empty'],
    [null, 0, false, 'it came back empty, and nobody knows what it was'],
    [null, 3, true, 'nobody knows what it was'],
    [0, 0, true, 'it was believed to be empty before'],
    [3, 0, false, 'even a small one is suspect when it is empty'],
    [8, 3, true, 'a small loss is not a lot of rows'],
    [12, 6, true, 'just half is left'],
    [12, 5, false, 'more than half is lost, and more than 5'],
    [100, 51, true, 'less than half is lost'],
    [100, 49, false, 'more than half is lost'],
    [10, 500, true, 'it grew'],
  ];
  for (const [before, now, believed, why] of cases) {
    it(`${believed ? 'believes' : 'doubts'} ${now} rows after ${before ?? 'an unknown number'}: ${why}`, () => {
      assert.equal(plausible(before === null ? null : { count: before }, now), believed);
    });
  }

  it('never doubts growth, and more rows are never less plausible than fewer', () => {
    const size = fc.nat({ max: 2_000 });
    fc.assert(
      fc.property(size, size, size, (before, a, b) => {
        const [fewer, more] = [Math.min(a, b), Math.max(a, b)];
        const baseline = { count: before };
        assert.ok(!plausible(baseline, fewer) || fewer === 0 || plausible(baseline, more));
        assert.ok(more < before || more === 0 || plausible(baseline, more));
      }),
    );
  });
});
