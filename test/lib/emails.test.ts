/** Whose an e-mail is: one that only looks like another person's is a different one. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { userRecord } from '../../kisi/records.js';
import { isLike, normalEmail } from '../../lib/emails.js';

const kelvin = '\u{212a}im@example.com';

describe('an e-mail', () => {
  it('is the same in capitals, and with spaces around it', () => {
    assert.equal(normalEmail('  Kim@Example.COM\t'), 'kim@example.com');
  });

  it('is another one with a letter that only folds to the same', () => {
    for (const other of [kelvin, 'kım@example.com', 'kİm@example.com', 'ſim@example.com'])
      assert.notEqual(normalEmail(other), normalEmail('kim@example.com'), other);
    assert.notEqual(normalEmail('ſam@example.com'), normalEmail('Sam@example.com'));
  });

  it('keeps every letter but the Latin capitals', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const normal = normalEmail(text);
        assert.equal(normalEmail(normal), normal);
        assert.equal(userRecord.parse({ id: 1, email: text }).email, normal, 'and is the same for Kisi');
        assert.equal(normal.replace(/[a-z]/g, ''), text.trim().replace(/[A-Za-z]/g, ''));
      }),
    );
  });

  it('may come back from a search that compares loosely, and that is no fault of the search', () => {
    for (const found of [kelvin, 'KIM@EXAMPLE.COM', 'kím@example.com', 'joe-kim@example.com'])
      assert.ok(isLike(found, 'kim@example.com'), found);
    assert.ok(!isLike('joe@example.com', 'kim@example.com'));
  });
});
