import assert from 'node:assert/strict';
import fc from 'fast-check';
import { table, wrapped } from '../../../client/terminal/table.js';

/** What a terminal obeys, or what has it show letters elsewhere than they are. */
const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

describe('table', () => {
  it('sets columns below their headings, numbers to the right, and leaves no blanks at line ends', () => {
    const text = table(
      ['member', 'state', 'next'],
      [
        [7, 'access', 'soon'],
        [1234567, 'new', null],
      ],
    );
    assert.equal(text, [' member  state   next', '      7  access  soon', '1234567  new     -'].join('\n'));
  });

  it('keeps a column of numbers and words to the left', () => {
    assert.equal(
      table(
        ['a', 'b'],
        [
          ['x', 1],
          [22, 2],
        ],
      ),
      ['a   b', 'x   1', '22  2'].join('\n'),
    );
  });

  it('shows the headings alone without rows, and a missing cell as a dash', () => {
    assert.equal(table(['one', 'two'], []), 'one  two');
    assert.equal(table(['one', 'two'], [['x']]), 'one  two\nx    -');
  });

  it('counts characters as people do', () => {
    assert.equal(
      table(
        ['n', 'm'],
        [
          ['👩‍🔧', 'x'],
          ['é', 'y'],
        ],
      ),
      ['n  m', '👩‍🔧  x', 'é  y'].join('\n'),
    );
  });

  it('lets no control character through to the terminal', () => {
    assert.equal(table(['n'], [['a\u001b[31m\nb']]), 'n\na [31m b');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        assert.deepEqual(table(['n', 'm'], [[name, 1]]).split('\n').length, 2);
        assert.doesNotMatch(table(['n'], [[name]]).replace('\n', ''), obeyed);
      }),
    );
  });
});

describe('a table that is wider than the terminal', () => {
  it('goes on below with its last column, and keeps the others as they are', () => {
    assert.equal(
      table(
        ['id', 'why'],
        [
          [7, 'the pass is used up and its day has ended since'],
          [8, 'short'],
        ],
        30,
      ),
      ['id  why', ' 7  the pass is used up and', '    its day has ended since', ' 8  short'].join('\n'),
    );
  });
});

describe('wrapped', () => {
  it('breaks at blanks so that no line is longer, behind the indent', () => {
    assert.equal(wrapped('one two three', '  ', 9), '  one two\n  three');
    assert.equal(wrapped('one two three', '  ', 8), '  one\n  two\n  three');
  });

  it('leaves a word alone that is longer by itself, and lets no control character through', () => {
    assert.equal(wrapped('a\u001b[31mlonger word', '', 4), 'a\n[31mlonger\nword');
  });
});
