import assert from 'node:assert/strict';
import type { NexudusClient } from '../../nexudus/client.js';
import { createNewcomers, type Newcomers } from '../../worker/newcomers.js';

function among(known: (id: number) => boolean): {
  newcomers: Newcomers;
  asked: number[];
  pass: (ms: number) => void;
} {
  let now = 0;
  const asked: number[] = [];
  const getOne = (_name: string, id: number): Promise<object | null> => {
    asked.push(id);
    return id < 0 ? Promise.reject(new Error('Nexudus is away')) : Promise.resolve(known(id) ? {} : null);
  };
  const newcomers = createNewcomers({ getOne } as unknown as NexudusClient, () => now);
  return { newcomers, asked, pass: (ms) => void (now += ms) };
}

describe('newcomers that pushes name', () => {
  it('may start alone where they are few, and Nexudus has them', async () => {
    const { newcomers } = among((id) => id % 2 === 0);
    assert.deepEqual(await Promise.all([2, 3, 4].map((id) => newcomers.mayStart(id))), [true, false, true]);
  });

  it('are left to the read of what changed beyond that, without a request for any', async () => {
    const { newcomers, asked, pass } = among(() => true);
    const all = await Promise.all(Array.from({ length: 1_000 }, (_, at) => newcomers.mayStart(at + 1)));
    assert.deepEqual([all.filter(Boolean).length, asked.length], [5, 5]);
    pass(4_999);
    assert.equal(await newcomers.mayStart(2_000), false);
    pass(1);
    assert.equal(await newcomers.mayStart(2_000), true);
    assert.equal(await newcomers.mayStart(2_001), false);
    pass(3_600_000);
    for (let id = 0; id < 5; id++) assert.equal(await newcomers.mayStart(id), true);
    assert.equal(await newcomers.mayStart(6), false);
  });

  it('are left to it too where Nexudus cannot tell now', async () => {
    const { newcomers } = among(() => true);
    assert.equal(await newcomers.mayStart(-1), false);
  });
});
