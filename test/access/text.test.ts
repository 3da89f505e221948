import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jsonText, printable } from '../../access/text.js';

/** What a terminal obeys, or what has it show letters elsewhere than they are. */
const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

describe('printable', () => {
  it('keeps what can be seen, in one line, and nothing that a terminal obeys', () => {
    assert.equal(printable('Trastevere – 宮本 👩‍🔧'), 'Trastevere – 宮本 👩‍🔧');
    assert.equal(
      printable('\u001b]0;title\u0007 a\r\nb\u2028c \u009b31m \u202enimda\u202c \u2067x\u2069'),
      ' ]0;title  a b c  31m nimda x',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(printable(text), obeyed);
        assert.equal(printable(printable(text)), printable(text));
      }),
    );
  });
});

describe('a value as JSON', () => {
  it('is the same value, and holds nothing that a terminal obeys', () => {
    assert.equal(jsonText(['\u202eb\u009b\n']), '["\\u202eb\\u009b\\n"]');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(jsonText({ [text]: text }), obeyed);
        assert.deepEqual(JSON.parse(jsonText({ [text]: text })), { [text]: text });
      }),
    );
  });
});
