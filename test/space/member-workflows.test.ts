import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import type { Batch } from '../../messages/to-activities.js';
import { resyncAll } from '../../space/member-workflows.js';

describe('a resync of all', () => {
  /** A Temporal with this many members. */
  function temporal(members: number) {
    const woken: string[] = [];
    const batches: [string, Batch][] = [];
    const listed = Array.from({ length: members }, (_, i) => ({
      workflowId: `member-${i + 1}`,
      typedSearchAttributes: { get: () => undefined },
    }));
    const workflow = {
      list: () => listed,
      getHandle: (id: string) => ({ signal: () => Promise.resolve(void woken.push(id)) }),
      start: (type: string, { args: [crowd] }: { args: [Batch] }) =>
        Promise.resolve(void batches.push([type, crowd])),
    };
    return { woken, batches, client: { workflow } as unknown as Client };
  }

  it('wakes some hundred itself', async () => {
    const { client, woken, batches } = temporal(200);
    assert.deepEqual(await resyncAll(client, 'queue'), { woken: 200, ended: 0, failed: 0, later: 0 });
    assert.deepEqual([woken.length, batches], [200, []]);
  });

  it('leaves more to a workflow, which goes on when the terminal is closed', async () => {
    const { client, woken, batches } = temporal(1_000);
    assert.deepEqual(await resyncAll(client, 'queue'), { woken: 200, ended: 0, failed: 0, later: 800 });
    const [[type, { mayStart, others, wake }]] = batches as [[string, Batch]];
    assert.deepEqual([type, woken.length, mayStart, others.length], ['batch', 200, [], 800]);
    assert.deepEqual([others[0], others.at(-1)], [201, 1_000]);
    assert.deepEqual([wake.reason, wake.isBatch], ['resync', true]);
  });
});
