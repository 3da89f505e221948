import assert from 'node:assert/strict';
import { correctionOf, correctionsOf, verdictOf, type Ahead, type Heard } from '../../access/clocks.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const year = 365 * 24 * hour;

/** A clock that is `ms` ahead of this machine's, told in whole seconds. */
const ahead = (ms: number): Ahead => ({ least: ms - 500, most: ms + 500 });
const heard = (nexudus: number | null, kisi: number | null, temporal: number | null): Heard => ({
  nexudus: nexudus === null ? null : ahead(nexudus),
  kisi: kisi === null ? null : ahead(kisi),
  temporal: temporal === null ? null : { least: temporal - 5 * second, most: temporal + 5 * second },
});

describe('which clock is believed', () => {
  for (const off of [-10 * year, -6 * hour, -2 * minute, 2 * minute, 6 * hour, 144 * hour, 10 * year]) {
    // This machine's clock is off by `off`; a clock that is right is then as far from it the other way.
    const right = -off;
    const cases: [string, Heard, string, string[], number][] = [
      ['all but this machine’s', heard(right, right, right), 'agreed', ['machine'], right],
      ['both APIs', heard(right, right, null), 'agreed', ['machine'], right],
      [
        'both APIs, where Temporal runs here',
        heard(right, right, 0),
        'agreed',
        ['machine', 'temporal'],
        right,
      ],
      ['Nexudus and Temporal', heard(right, null, right), 'agreed', ['machine'], right],
      ['Kisi and Temporal', heard(null, right, right), 'agreed', ['machine'], right],
      ['this machine’s and Kisi’s', heard(off, 0, 0), 'agreed', ['nexudus'], 0],
      ['this machine’s and Nexudus’', heard(0, off, 0), 'agreed', ['kisi'], 0],
      ['this machine’s and both APIs', heard(0, 0, off), 'agreed', ['temporal'], 0],
      [
        'this machine’s and Kisi’s, two being off',
        heard(off, 0, off * 2),
        'agreed',
        ['temporal', 'nexudus'],
        0,
      ],
      ['nobody: there is one other', heard(right, null, null), 'disputed', ['machine', 'nexudus'], 0],
      [
        'nobody: Temporal runs here',
        heard(right, null, 0),
        'disputed',
        ['machine', 'temporal', 'nexudus'],
        0,
      ],
      ['nobody: two and two', heard(off, 0, off), 'disputed', ['machine', 'temporal', 'nexudus', 'kisi'], 0],
      [
        'nobody: three times',
        heard(off, off * 3, 0),
        'disputed',
        ['machine', 'temporal', 'nexudus', 'kisi'],
        0,
      ],
      ['nobody: Temporal says otherwise', heard(null, null, right), 'disputed', ['machine', 'temporal'], 0],
    ];
    for (const [who, clocks, state, wrong, correction] of cases)
      it(`is that of ${who}, at ${off / hour} hours`, () => {
        const verdict = verdictOf(clocks);
        assert.equal(verdict.state, state);
        assert.deepEqual(verdict.wrong, wrong);
        assert.ok(Math.abs(correctionOf(clocks) - correction) <= 500, String(correctionOf(clocks)));
      });
  }

  it('is this machine’s as long as nobody contradicts it', () => {
    assert.equal(verdictOf(heard(null, null, null)).state, 'alone');
    assert.equal(verdictOf(heard(null, null, 20 * second)).state, 'alone');
    assert.equal(correctionOf(heard(null, null, null)), 0);
  });

  it('is left alone where it is as right as can be told, and else corrected no more than need be', () => {
    assert.equal(correctionOf(heard(300, -200, 0)), 0);
    assert.equal(correctionOf(heard(30 * second, 30 * second, 30 * second)), 29_500);
    assert.equal(correctionOf(heard(-30 * second, -30 * second, null)), -29_500);
  });

  it('is any of them, where it is disputed', () => {
    assert.deepEqual(correctionsOf(heard(6 * hour, null, 300)), [0, 6 * hour - 500]);
  });
});
