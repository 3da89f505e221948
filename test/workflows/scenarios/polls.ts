/** Stories of what notices changes, and of who leads. */
import assert from 'node:assert/strict';
import { Worker } from '@temporalio/worker';
import type {
  Batch,
  ReconciliationMemory,
  PollActivities,
  PollMemory,
  LeaderActivities,
  WakeActivities,
} from '../../../messages/to-activities.js';
import { workflowsHere } from '../../support/workflows.js';
import { nexudusTaskQueue, leaderWorkflowType } from '../../../messages/to-member.js';
import type { Scenario } from './story.js';

const pollMemory: PollMemory = {
  readTo: { coworkertimepasses: Date.UTC(2026, 0, 1) },
  seen: {},
  lending: {},
  woken: 2,
};
const reconciliationMemory: ReconciliationMemory = {
  at: Date.UTC(2026, 0, 1),
  members: 1,
  told: {},
  reference: 'b',
  rules: 'c',
  baselines: {},
  suspects: {},
  woken: 1,
};

export const polls: Scenario = async (env, keep) => {
  const found: Batch = { mayStart: [100, 101], others: [102], wake: { reason: 'changed', isBatch: true } };
  let batches: Batch[] = [];
  const woken: Batch[] = [];
  const activities: PollActivities = {
    pollChanges: () => Promise.resolve({ ...pollMemory, batches }),
    reconcile: () => Promise.resolve({ ...reconciliationMemory, batches }),
  };
  const wakes: Pick<WakeActivities, 'wakeBatch'> = {
    wakeBatch: (batch) => Promise.resolve(void woken.push(batch)),
  };
  const taskQueue = `polls-${crypto.randomUUID()}`;
  const workflows = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    ...(await workflowsHere()),
    activities: wakes,
  });
  const reads = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: nexudusTaskQueue(taskQueue),
    activities,
  });
  const story = async (): Promise<void> => {
    for (const [name, type] of [
      ['poll', 'poll'],
      ['reconciliation', 'reconciliation'],
      ['poll-of-a-batch', 'poll'],
      ['reconciliation-of-a-batch', 'reconciliation'],
    ] as const) {
      batches = name.endsWith('of-a-batch') ? [found] : [];
      const handle = await env.client.workflow.start(type, { taskQueue, workflowId: `${taskQueue}-${name}` });
      const memory: unknown = await handle.result();
      assert.ok(!Object.hasOwn(Object(memory) as object, 'batches'), 'who is to be woken is not remembered');
      await keep(name, handle);
    }
    for (const name of ['poll', 'reconciliation']) {
      const { runId } = await env.client.workflow.getHandle(`${taskQueue}-${name}-of-a-batch`).describe();
      const batch = env.client.workflow.getHandle(`batch-${runId}-0`);
      await batch.result();
      await keep('batch', batch);
    }
    assert.deepEqual(woken, [found, found]);
  };
  await workflows.runUntil(reads.runUntil(story()));
};

/** A term that ends, as when the process stops, and the next one. */
export const leading: Scenario = async (env, keep) => {
  const taskQueue = `leader-${crypto.randomUUID()}`;
  let terms = 0;
  const activities: LeaderActivities = { lead: () => Promise.resolve(terms++).then(() => undefined) };
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    ...(await workflowsHere()),
    activities,
  });
  await worker.runUntil(async () => {
    const handle = await env.client.workflow.start(leaderWorkflowType, { taskQueue, workflowId: taskQueue });
    while (terms < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await keep('leader', env.client.workflow.getHandle(taskQueue, handle.firstExecutionRunId));
    await env.client.workflow.getHandle(taskQueue).terminate();
  });
};
