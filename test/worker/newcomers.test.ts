import assert from 'node:assert/strict';
import type { NexudusClient } from '../../nexudus/client.js';
import { createNewcomers } from '../../worker/newcomers.js';

/** `copied`: whom the copy of this process shows; null: it has none. */
function among(
  known: (id: number) => boolean,
  copied: ((id: number) => boolean) | null = null,
): {
  mayStart: (id: number) => Promise<boolean>;
  asked: number[];
  pass: (ms: number) => void;
} {
  let now = 0;
  const asked: number[] = [];
  const getOne = (_name: string, id: number): Promise<object | null> => {
    asked.push(id);
    return id < 0 ? Promise.reject(new Error('Nexudus is away')) : Promise.resolve(known(id) ? {} : null);
  };
  const nexudus = { getOne } as unknown as NexudusClient;
  const hasCoworker = (id: number): Promise<boolean | null> => Promise.resolve(copied?.(id) ?? null);
  const mayStart = createNewcomers({ nexudus, hasCoworker }, () => now);
  return { mayStart: (id) => mayStart(id, 0), asked, pass: (ms) => void (now += ms) };
}

describe('newcomers that pushes name', () => {
  it('may start alone where they are few, and Nexudus has them', async () => {
    const { mayStart } = among((id) => id % 2 === 0);
    assert.deepEqual(await Promise.all([2, 3, 4].map((id) => mayStart(id))), [true, false, true]);
  });

  it('are left to the read of what changed beyond that, without a request for any', async () => {
    const { mayStart, asked, pass } = among(() => true);
    const all = await Promise.all(Array.from({ length: 1_000 }, (_, at) => mayStart(at + 1)));
    assert.deepEqual([all.filter(Boolean).length, asked.length], [5, 5]);
    pass(4_999);
    assert.equal(await mayStart(2_000), false);
    pass(1);
    assert.equal(await mayStart(2_000), true);
    assert.equal(await mayStart(2_001), false);
    pass(3_600_000);
    for (let id = 0; id < 5; id++) assert.equal(await mayStart(id), true);
    assert.equal(await mayStart(6), false);
  });

  it('are told by the copy where there is one, however many come, without a request for any', async () => {
    const { mayStart, asked } = among(
      () => true,
      (id) => id % 2 === 0,
    );
    const all = await Promise.all(Array.from({ length: 1_000 }, (_, at) => mayStart(at)));
    assert.deepEqual([all.filter(Boolean).length, asked.length], [500, 0]);
  });

  it('are left to it too where Nexudus cannot tell now', async () => {
    const { mayStart } = among(() => true);
    assert.equal(await mayStart(-1), false);
  });
});
