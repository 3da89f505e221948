import assert from 'node:assert/strict';
import { atOnce } from '../../lib/at-once.js';

describe('atOnce', () => {
  it('answers in the order of the items, with no more jobs under way than allowed', async () => {
    let running = 0;
    let most = 0;
    const answers = await atOnce(3, [5, 4, 3, 2, 1, 0], async (turns) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      running--;
      return turns * 10;
    });
    assert.deepEqual(answers, [50, 40, 30, 20, 10, 0]);
    assert.equal(most, 3);
  });

  it('does nothing for no items', async () => {
    assert.deepEqual(await atOnce(3, [], () => Promise.reject(new Error('called'))), []);
  });

  it('throws what a job throws', async () => {
    const job = (n: number) => (n === 2 ? Promise.reject(new Error('two')) : Promise.resolve(n));
    await assert.rejects(atOnce(1, [1, 2, 3], job), /two/);
  });

  it('throws once all that was under way has ended, and begins nothing more', async () => {
    const ended: number[] = [];
    const job = async (n: number): Promise<void> => {
      if (n === 1) throw new Error('one');
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      ended.push(n);
    };
    await assert.rejects(atOnce(3, [1, 2, 3, 4, 5], job), /one/);
    assert.deepEqual(ended, [2, 3]);
  });
});
