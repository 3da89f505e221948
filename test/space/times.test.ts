import assert from 'node:assert/strict';
import { endWords, timeWords, withLocalTimes } from '../../space/times.js';

describe('times as people read them', () => {
  it('have the weekday and the place, from either form, and the year where it is another', () => {
    assert.equal(timeWords('2036-12-01T05:15:42Z', 'Europe/Rome'), 'Mon 1 Dec 2036 06:15, Rome');
    assert.equal(
      timeWords(Date.UTC(2036, 11, 1, 5, 15), 'America/New_York'),
      'Mon 1 Dec 2036 00:15, New York',
    );
    assert.equal(timeWords('2036-12-01T05:15:42Z', null), 'Mon 1 Dec 2036 05:15, UTC');
    assert.doesNotMatch(timeWords(Date.now(), null), /\d{4}/);
  });

  it('name the last day that counts where something ends at midnight', () => {
    assert.equal(endWords('2036-11-30T23:00:00Z', 'Europe/Rome'), 'Sun 30 Nov 2036 24:00, Rome');
    assert.equal(endWords('2036-11-30T22:00:00Z', 'Europe/Rome'), 'Sun 30 Nov 2036 23:00, Rome');
  });

  it('stand in texts of the rules for those in UTC, one date for one pass', () => {
    assert.equal(
      withLocalTimes('pass 3 counts until 2036-11-30T23:00:00Z', 'Europe/Rome'),
      'pass 3 counts until Sun 30 Nov 2036 24:00, Rome',
    );
    assert.equal(
      withLocalTimes('CoworkerTimePass 3 ExpireDate 2036-11-29T23:00:00Z is past', 'Europe/Rome'),
      'CoworkerTimePass 3 ExpireDate Sun 30 Nov 2036 is past',
    );
  });
});
