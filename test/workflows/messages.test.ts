import assert from 'node:assert/strict';
import { wakeOf } from '../../workflows/messages.js';

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
      { reason: 'fullPass', notBefore: 12, more: 'of it' },
      { reason: 'fullPass', notBefore: 12 },
    ],
  ];
  for (const [argument, wake] of cases) {
    it(`is a wake all the same: ${JSON.stringify(argument)}`, () => {
      assert.deepEqual(wakeOf(argument), wake);
    });
  }
});
