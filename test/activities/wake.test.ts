import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Batch } from '../../messages/to-activities.js';
import { heartbeating } from '../../activities/remote.js';
import { createWakeActivities, createWaker, smallBatch } from '../../activities/wake.js';

describe('the waking of a batch', () => {
  const crowd: Batch = {
    mayStart: Array.from({ length: smallBatch + 30 }, (_, i) => i + 1),
    others: [1001, 1002],
    wake: { reason: 'changed', isBatch: true },
  };

  /** A Temporal that notes the workflows it is to wake. */
  function temporal(onWake: () => void = () => undefined): { client: Client; woken: string[] } {
    const woken: string[] = [];
    const signal = (workflowId: string): Promise<void> => {
      woken.push(workflowId);
      onWake();
      return Promise.resolve();
    };
    const workflow = {
      signalWithStart: (_type: string, { workflowId }: { workflowId: string }) => signal(workflowId),
      getHandle: (workflowId: string) => ({ signal: () => signal(workflowId) }),
    };
    return { client: { workflow } as unknown as Client, woken };
  }

  const wakeAll = (client: Client) => (): Promise<void> =>
    createWakeActivities(client, createWaker(client, 'queue')).wakeBatch(crowd);

  it('goes on where an earlier try was', async () => {
    const { client, woken } = temporal();
    const env = new MockActivityEnvironment({ heartbeatDetails: smallBatch });
    await env.run(wakeAll(client));
    assert.equal(woken.length, 32);
    assert.deepEqual([woken[0], woken.at(-1)], [`member-${smallBatch + 1}`, 'member-1002']);
  });

  it('ends when its workflow is ended', async () => {
    const env = new MockActivityEnvironment();
    const { client, woken } = temporal(() => {
      if (woken.length === smallBatch) env.cancel();
    });
    await assert.rejects(env.run(wakeAll(client)), { name: 'CancelledFailure' });
    assert.equal(woken.length, smallBatch);
  });

  it('is known to another try as far as it has come', async () => {
    const env = new MockActivityEnvironment();
    const told = new Promise((resolve) => env.once('heartbeat', resolve));
    await env.run(() =>
      heartbeating(
        1,
        () => told,
        () => 220,
      ),
    );
    assert.equal(await told, 220);
  });
});
