import assert from 'node:assert/strict';
import fc from 'fast-check';
import { print, printJson } from '../../../client/terminal/output.js';
import { remark } from '../../../space/remark.js';

const obeyed = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** What reaches the terminal while `act` runs. */
function written(to: 'stdout' | 'stderr', act: () => void): string {
  const stream = process[to];
  const write = stream.write.bind(stream);
  let text = '';
  stream.write = (some: string | Uint8Array) => {
    text += String(some);
    return true;
  };
  try {
    act();
  } finally {
    stream.write = write;
  }
  return text;
}

describe('what reaches the terminal', () => {
  const any = fc.string({ unit: 'binary' });

  it('keeps its lines, and holds nothing that a terminal obeys', () => {
    const text = 'All is well.\nWarning: group 3 (a\u001b[2J\u202eb\u009b) has no doors';
    assert.equal(
      written('stdout', () => {
        print(text);
      }),
      'All is well.\nWarning: group 3 (a [2Jb ) has no doors\n',
    );
    const property = fc.property(any, (some) => {
      const printed = written('stdout', () => {
        print(some);
      });
      assert.doesNotMatch(printed, obeyed);
      assert.equal(printed.split('\n').length, some.split('\n').length + 1);
    });
    fc.assert(property);
  });

  it('is one line where it is a remark', () => {
    const property = fc.property(any, (some) => {
      const said = written('stderr', () => {
        remark(some);
      });
      assert.doesNotMatch(said, obeyed);
      assert.equal(said.indexOf('\n'), said.length - 1);
    });
    fc.assert(property);
  });

  it('says the same as JSON, without any sign that a terminal obeys', () => {
    const property = fc.property(fc.dictionary(any, fc.array(any)), (value) => {
      const printed = written('stdout', () => {
        printJson(value);
      });
      assert.doesNotMatch(printed, obeyed);
      assert.deepEqual(JSON.parse(printed), JSON.parse(JSON.stringify(value)));
    });
    fc.assert(property);
  });
});
