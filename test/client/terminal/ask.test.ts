import assert from 'node:assert/strict';
import { confirmed, hasTerminal } from '../../../client/terminal/ask.js';
import { withTerminal } from '../cli.js';

describe('the question at the terminal', () => {
  const answerTo = (typed: string | null): Promise<boolean> =>
    withTerminal(typed, async () => {
      assert.ok(hasTerminal());
      const write = process.stderr.write.bind(process.stderr);
      process.stderr.write = () => true;
      try {
        return await confirmed('Is that meant?');
      } finally {
        process.stderr.write = write;
      }
    });

  it('is answered by yes, and by nothing else', async () => {
    for (const yes of ['y', 'Y', 'yes', ' YES ']) assert.equal(await answerTo(yes), true, yes);
    for (const no of ['', 'n', 'no', 'yikes', 'yes no', 'ja', '1'])
      assert.equal(await answerTo(no), false, no);
  });

  it('is answered by no where the terminal is closed', async () => {
    assert.equal(await answerTo(null), false);
  });
});
