import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { dailyCheckScheduleId } from '../../messages/to-invitations.js';
import type { ReconciliationMemory, PollActivities, PollMemory } from '../../messages/to-activities.js';
import { workflowsHere } from '../support/workflows.js';
import { ensureSchedules, runAtOnce } from '../../worker/schedules.js';
import { connectClient, connectNative } from '../../worker/temporal.js';
import { reconciliationScheduleId, nexudusTaskQueue, pollScheduleId } from '../../messages/to-member.js';
import { newTemporal } from '../support/dev-server.js';
import { eventually } from '../support/eventually.js';

describe('the Schedules', () => {
  it('run at once as soon as Temporal can say whether they are paused', async () => {
    const triggered: string[] = [];
    let failing = 2;
    const getHandle = (id: string) => ({
      describe: () =>
        failing-- > 0 ? Promise.reject(new Error('busy')) : Promise.resolve({ state: { paused: false } }),
      trigger: () => Promise.resolve(void triggered.push(id)),
    });
    const list = (): unknown[] => [];
    const client = { schedule: { getHandle }, workflow: { list } } as unknown as Client;
    const told: unknown[] = [];
    const log = { warn: (_: unknown, text: string) => told.push(text) } as unknown as Logger;
    await runAtOnce(client, log, new AbortController().signal, 5);
    assert.deepEqual(triggered, []);
    await eventually('all three', () => triggered.length === 3);
    assert.deepEqual(triggered, [reconciliationScheduleId, pollScheduleId, dailyCheckScheduleId]);
    assert.equal(told.length, 2);
  });

  it('are left alone by a process that ends', async () => {
    let asked = 0;
    const describe = () => Promise.reject(new Error(`busy ${++asked}`));
    const client = { schedule: { getHandle: () => ({ describe }) } } as unknown as Client;
    const ended = new AbortController();
    const log = { warn: () => undefined } as unknown as Logger;
    await runAtOnce(client, log, ended.signal, 5);
    ended.abort();
    const before = asked;
    await sleep(50);
    assert.equal(asked, before);
  });

  it('let no run that hangs keep the next one from starting, which goes on from what was finished last', async () => {
    const at = await newTemporal();
    const { client, connection } = await connectClient(at);
    const native = await connectNative(at);
    const taskQueue = 'schedules';
    const given: (number | null)[] = [];
    /** A poll that hangs: which one it is, and what lets it go in the end. */
    let hangs: 'not' | 'next' | 'done' = 'not';
    let hung = 0;
    let letGo = (): void => undefined;
    const pollChanges = async (memory: PollMemory | null): Promise<PollMemory> => {
      given.push(memory?.woken ?? null);
      const woken = given.length;
      if (hangs === 'next') {
        [hangs, hung] = ['done', given.length];
        await new Promise<void>((resolve) => (letGo = resolve));
      }
      return { readTo: { coworkers: 1 }, seen: {}, lending: {}, woken };
    };
    const unread = { members: 0, told: {}, reference: '', rules: '', baselines: {}, suspects: {} };
    const reconciliation = (): Promise<ReconciliationMemory> =>
      Promise.resolve({ ...unread, at: 1, woken: 0 });
    const activities: PollActivities = { pollChanges, reconcile: reconciliation };
    const shared = { connection: native, namespace: at.namespace };
    const workflows = await Worker.create({ ...shared, taskQueue, ...(await workflowsHere()) });
    const reads = await Worker.create({ ...shared, taskQueue: nexudusTaskQueue(taskQueue), activities });

    async function story(): Promise<void> {
      await ensureSchedules(client, {
        taskQueue,
        pollIntervalMs: 1_000,
        reconciliationIntervalMs: 86_400_000,
      });
      for (const [id, minutes] of [
        [pollScheduleId, 5],
        [reconciliationScheduleId, 12],
      ] as const) {
        const { action } = await client.schedule.getHandle(id).describe();
        assert.equal(action.workflowRunTimeout, minutes * 60_000);
      }
      // Not to wait for minutes.
      const poll = client.schedule.getHandle(pollScheduleId);
      await poll.update((old) => ({ ...old, action: { ...old.action, workflowRunTimeout: 2_000 } }));
      await eventually('a finished poll', () => given.length >= 2);
      hangs = 'next';
      await eventually('the one after a poll that hangs', () => hung > 0 && given.length > hung);
      assert.equal(given[hung], given[hung - 1]);
      letGo();
      await poll.pause();
    }

    await workflows.runUntil(reads.runUntil(story()));
    await native.close();
    await connection.close();
  });
});
