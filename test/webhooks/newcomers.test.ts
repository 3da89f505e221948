import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NexudusClient } from '../../nexudus/client.js';
import { createNewcomers } from '../../webhooks/newcomers.js';

/** `copied`: which members the copy of this process shows; null: it has no copy. `asked`: the ids of each request. */
function among(
  known: (id: number) => boolean,
  copied: ((id: number) => boolean) | null = null,
): {
  mayStart: (id: number) => Promise<boolean>;
  asked: number[][];
  pass: (ms: number) => void;
} {
  let now = 0;
  const asked: number[][] = [];
  const batch = (_name: string, ids: readonly number[]): Promise<Map<number, object>> => {
    asked.push([...ids]);
    if (ids.some((id) => id < 0)) return Promise.reject(new Error('Nexudus is away'));
    return Promise.resolve(new Map(ids.filter(known).map((id) => [id, {}])));
  };
  const getOne = async (name: string, id: number): Promise<object | null> =>
    (await batch(name, [id])).get(id) ?? null;
  const nexudus = { getOne, batch } as unknown as NexudusClient;
  const hasCoworker = (id: number): Promise<boolean | null> => Promise.resolve(copied?.(id) ?? null);
  const mayStart = createNewcomers({ nexudus, hasCoworker, everyMs: 50, nowMs: () => now });
  return { mayStart: (id) => mayStart(id, 0), asked, pass: (ms) => void (now += ms) };
}

describe('newcomers that pushes name', () => {
  it('may start where Nexudus has them, and share a request with others who come in the same moment', async () => {
    const { mayStart, asked } = among((id) => id % 2 === 0);
    assert.deepEqual(await Promise.all([2, 3, 4].map((id) => mayStart(id))), [true, false, true]);
    assert.equal(await mayStart(6), true);
    assert.equal(await mayStart(7), false);
    assert.deepEqual(asked, [[2, 3, 4], [6], [7]]);
  });

  it('wait for a request that may be made, all for the same one, where many were made lately', async () => {
    const { mayStart, asked, pass } = among(() => true);
    for (let id = 1; id <= 5; id++) await mayStart(id);
    const late = [6, 7, 8].map((id) => mayStart(id));
    await sleep(200);
    assert.equal(asked.length, 5);
    pass(50);
    assert.deepEqual(await Promise.all(late), [true, true, true]);
    assert.deepEqual(asked.slice(5), [[6, 7, 8]]);
  });

  it('are left to the read of what changed where more come than a request asks for', async () => {
    const { mayStart, asked } = among(() => true);
    const all = await Promise.all(Array.from({ length: 1_000 }, (_, at) => mayStart(at + 1)));
    assert.deepEqual([all.filter(Boolean).length, asked.map((ids) => ids.length)], [100, [100]]);
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
    assert.deepEqual(await Promise.all([-1, 2].map((id) => mayStart(id))), [false, false]);
    assert.equal(await mayStart(2), true);
  });
});
