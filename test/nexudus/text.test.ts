import assert from 'node:assert/strict';
import { groupRecord } from '../../kisi/records.js';
import { text } from '../../nexudus/fields.js';

const group = (name: string): string =>
  groupRecord.parse({ id: 1, name, place_id: null, login_enabled: null, locks_count: null }).name;

describe('a name that either API holds', () => {
  it('is read in one line, without what a terminal or a log viewer obeys', () => {
    for (const read of [(name: string) => text.parse(name), group]) {
      assert.equal(read('Roof\r\nAll is well.'), 'Roof All is well.');
      assert.equal(read('a\u001b[2J\u009b\u2028b\u202ec\u2069'), 'a [2J bc');
      assert.equal(read(' Café – 宮本 👩‍🔧 '), ' Café – 宮本 👩‍🔧 ');
    }
    assert.equal(text.parse(null), '');
  });
});
