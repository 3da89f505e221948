import assert from 'node:assert/strict';
import { durationWords, parseDuration } from '../../lib/durations.js';

describe('a duration in words', () => {
  const said = [
    ['90s', '90 s'],
    ['4m', '4 min'],
    ['119m', '119 min'],
    ['2h', '2 h'],
    ['150m', '2.5 h'],
    ['24h', '1 day'],
    ['36h', '36 h'],
    ['7d', '7 days'],
    ['60h', '2.5 days'],
  ] as const;
  for (const [typed, words] of said)
    it(`is '${words}' for ${typed}`, () => {
      assert.equal(durationWords(parseDuration(typed)), words);
    });
});
