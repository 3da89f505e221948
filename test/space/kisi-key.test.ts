import assert from 'node:assert/strict';
import { kisiKeyWords } from '../../space/kisi-key.js';
import { hour, kisiKey, noon } from '../monitoring/facts.js';

describe('what is said of the API key of Kisi', () => {
  const zone = 'Europe/Rome';

  it('names each key that nobody uses, in a sentence of its own', () => {
    const unused = [5, 6].map((id) => ({ id, since: noon - id * 24 * hour }));
    const said = kisiKeyWords(kisiKey({ keyCount: 3, unused }), zone);
    assert.match(
      said,
      /Its user has 3 of 10 API keys\. Nobody has used key 5 since Mon 23 Nov(?: 2026)? 13:00, Rome\. Nobody has used key 6 since Sun 22 Nov(?: 2026)? 13:00, Rome\.$/,
    );
  });

  it('says nothing of use where all keys are used, and says what Kisi does not tell', () => {
    assert.match(kisiKeyWords(kisiKey(), zone), /Its user has 1 of 10 API keys\.$/);
    assert.match(
      kisiKeyWords(kisiKey({ keyCount: null }), zone),
      /How many API keys its user has, Kisi does not tell\.$/,
    );
    assert.equal(kisiKeyWords(null, zone), 'API key of Kisi: not looked at yet.');
  });
});
