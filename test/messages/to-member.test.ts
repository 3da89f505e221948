import assert from 'node:assert/strict';
import { mergedWakes, wakeOf, type Wake } from '../../messages/to-member.js';

describe('a signal typed by hand', () => {
  const now = { reason: 'changed' };
  const cases: [argument: unknown, wake: object][] = [
    [undefined, now],
    [null, now],
    ['nonsense', now],
    [5, now],
    [[], now],
    [{ reason: 'because', notBefore: 'soon' }, now],
    [{ notBefore: Infinity }, now],
    [
      { reason: 'reconciliation', notBefore: 12, more: 'of it' },
      { reason: 'reconciliation', notBefore: 12 },
    ],
  ];
  for (const [argument, wake] of cases) {
    it(`is a wake all the same: ${JSON.stringify(argument)}`, () => {
      assert.deepEqual(wakeOf(argument), wake);
    });
  }
});

describe('a hundred thousand wakes', () => {
  it('are no more to remember than one of each kind, and none is lost', () => {
    const reasons = [
      'changed',
      'resync',
      'order',
      'profile',
      'reconciliation',
      'reference',
      'drift',
      'checkIn',
      'released',
    ] as const;
    let kept: Wake[] = [];
    for (let i = 0; i < 100_000; i++)
      kept = mergedWakes([...kept, { reason: reasons[i % 9]!, notBefore: i, isBatch: i % 2 === 0 }]);
    assert.equal(kept.length, 18);
    assert.equal(Math.max(...kept.map(({ notBefore }) => notBefore ?? 0)), 99_999);
  });

  it('keep the latest instant of each kind, and a wake without one is the latest', () => {
    const wakes: Wake[] = [
      { reason: 'changed', notBefore: 5 },
      { reason: 'changed', notBefore: 3 },
      { reason: 'resync' },
      { reason: 'resync', notBefore: 9 },
    ];
    assert.deepEqual(mergedWakes(wakes), [{ reason: 'changed', notBefore: 5 }, { reason: 'resync' }]);
  });
});
