/** An API that asks everybody to wait for a day: nobody does, and it is said at once. */
import assert from 'node:assert/strict';
import type { PollActivities } from '../../messages/to-activities.js';
import { longestRetryMs } from '../../activities/failures.js';
import { remote } from '../../activities/remote.js';
import { NexudusError } from '../../nexudus/errors.js';
import { accessProblemKey, membershipChanged, nexudusTaskQueue, resync } from '../../messages/to-member.js';
import { workflowsHere } from '../support/workflows.js';
import { Worker } from '@temporalio/worker';
import { pass, profile } from '../support/builders.js';
import { Clockwork, until } from '../support/clockwork.js';
import { timeSkippingEnv } from '../support/timeSkipping.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

async function story(tell: (world: Clockwork) => Promise<void>): Promise<void> {
  await Clockwork.run(await timeSkippingEnv(), tell);
}

for (const askedMs of [hour, day, 1e33]) {
  describe(`an API that asks everybody to wait for ${askedMs} ms`, () => {
    it('has a member say at once that it waits for Nexudus, and get the key within a minute after', () =>
      story(async (world) => {
        world.profiles.set(100, profile({ passes: [pass()] }));
        world.nexudusAsksMs = askedMs;
        const began = await world.now();
        const handle = await world.start(100);
        const { waitingFor } = await until(world, handle, (view) => view.waitingFor !== null);
        assert.match(waitingFor?.what ?? '', /slow down\. It is asked again within 60 s all the same/);
        assert.ok(Date.parse(waitingFor?.since ?? '') - began < longestRetryMs);
        const { typedSearchAttributes } = await handle.describe();
        assert.equal(typedSearchAttributes.get(accessProblemKey), 'Nexudus', 'whose wait it is');
        await world.env.sleep(10 * minute);
        assert.notEqual((await until(world, handle, () => true)).waitingFor, null);
        world.nexudusAsksMs = null;
        await world.env.sleep(longestRetryMs);
        await until(world, handle, (view) => view.state === 'access' && view.waitingFor === null);
      }));

    it('lets a change and a resync through within a minute after', () =>
      story(async (world) => {
        const record = profile();
        world.profiles.set(100, record);
        const handle = await world.start(100);
        await until(world, handle, (view) => view.state === 'noAccess');
        world.nexudusAsksMs = askedMs;
        world.kisiAsksMs = askedMs;
        record.passes = [pass()];
        await handle.signal(membershipChanged);
        await until(world, handle, (view) => view.waitingFor !== null);
        await handle.signal(resync);
        world.nexudusAsksMs = null;
        await world.env.sleep(longestRetryMs);
        const view = await until(world, handle, (v) => /^Kisi/.test(v.waitingFor?.what ?? ''));
        assert.match(view.waitingFor?.what ?? '', /^Kisi answered 429 .* which is not waited for/);
        world.kisiAsksMs = null;
        await world.env.sleep(longestRetryMs);
        await until(world, handle, (v) => v.state === 'access' && v.waitingFor === null);
        assert.deepEqual(await world.open(), [12]);
      }));

    it('ends an access within a minute after', () =>
      story(async (world) => {
        const expiresAt = (await world.now()) + hour;
        world.profiles.set(100, profile({ passes: [pass({ expiresAt })] }));
        const handle = await world.start(100);
        await until(world, handle, (view) => view.state === 'access');
        world.kisiAsksMs = askedMs;
        await world.env.sleep(hour + minute);
        await until(world, handle, (view) => /^Kisi/.test(view.waitingFor?.what ?? ''));
        assert.equal(world.keys.length, 1);
        world.kisiAsksMs = null;
        await world.env.sleep(longestRetryMs);
        await until(world, handle, (view) => view.state === 'noAccess' && view.waitingFor === null);
        assert.deepEqual(world.keys, []);
      }));
  });
}

describe('a poll and a reconciliation', () => {
  /** Runs both with these activities; answers how each ended, and how many seconds all its tries together may take. */
  async function run(activities: PollActivities): Promise<{ ends: string[]; limitsS: number[] }> {
    const env = await timeSkippingEnv();
    const taskQueue = `polls-${crypto.randomUUID()}`;
    const shared = { connection: env.nativeConnection, namespace: env.namespace ?? 'default' };
    const bundle = await workflowsHere();
    const workflows = await Worker.create({ ...shared, taskQueue, ...bundle });
    const reads = await Worker.create({ ...shared, taskQueue: nexudusTaskQueue(taskQueue), activities });
    const limitsS: number[] = [];
    const end = async (type: string): Promise<string> => {
      const handle = await env.client.workflow.start(type, { taskQueue, workflowId: `${taskQueue}-${type}` });
      const ended = await handle.result().then(
        () => 'done',
        (error: unknown) => String((error as Error).cause),
      );
      for (const { activityTaskScheduledEventAttributes: task } of (await handle.fetchHistory()).events ?? [])
        if (task) limitsS.push(Number(task.scheduleToCloseTimeout?.seconds ?? Infinity));
      return ended;
    };
    const ends = await workflows.runUntil(
      reads.runUntil(async () => [await end('poll'), await end('reconciliation')]),
    );
    return { ends, limitsS };
  }

  it('end at once where Nexudus asks them to wait for a day, so that the next run tries again', async () => {
    let tries = 0;
    const ask = (): Promise<never> => {
      tries++;
      const says = 'asks to slow down.';
      throw new NexudusError({ kind: 'throttled', path: '/x', says, retryAfterMs: day });
    };
    const { ends } = await run(remote<PollActivities>({ pollChanges: ask, reconcile: ask }));
    assert.equal(tries, 2);
    assert.ok(
      ends.every((end) => end.includes('ActivityFailure')),
      ends.join(),
    );
  });

  it('have some minutes for all their tries together', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('no answer'));
    const { limitsS } = await run({ pollChanges: fail, reconcile: fail });
    assert.deepEqual(limitsS, [4 * 60, 10 * 60]);
  });
});
