/** Stories of what notices changes, and of who speaks. */
import assert from 'node:assert/strict';
import { Worker } from '@temporalio/worker';
import type {
  Crowd,
  FullPassMemory,
  PollActivities,
  PollMemory,
  SpeakerActivities,
  WakeActivities,
} from '../../../messages/to-activities.js';
import { workflowBundle } from '../../../worker/bundle.js';
import { nexudusTaskQueue, speakerWorkflowType } from '../../../messages/to-member.js';
import type { Scenario } from './story.js';

const pollMemory: PollMemory = {
  readTo: { coworkertimepasses: Date.UTC(2026, 0, 1) },
  seen: {},
  lending: {},
  woken: 2,
};
const fullPassMemory: FullPassMemory = {
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
  const found: Crowd = { mayStart: [100, 101], others: [102], wake: { reason: 'changed', inBulk: true } };
  let crowds: Crowd[] = [];
  const woken: Crowd[] = [];
  const activities: PollActivities = {
    pollChanges: () => Promise.resolve({ ...pollMemory, crowds }),
    fullPass: () => Promise.resolve({ ...fullPassMemory, crowds }),
  };
  const wakes: Pick<WakeActivities, 'wakeCrowd'> = {
    wakeCrowd: (crowd) => Promise.resolve(void woken.push(crowd)),
  };
  const taskQueue = `polls-${crypto.randomUUID()}`;
  const workflows = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
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
      ['full-pass', 'fullPass'],
      ['poll-of-a-crowd', 'poll'],
      ['full-pass-of-a-crowd', 'fullPass'],
    ] as const) {
      crowds = name.endsWith('of-a-crowd') ? [found] : [];
      const handle = await env.client.workflow.start(type, { taskQueue, workflowId: `${taskQueue}-${name}` });
      const memory: unknown = await handle.result();
      assert.ok(!Object.hasOwn(Object(memory) as object, 'crowds'), 'who is to be woken is not remembered');
      await keep(name, handle);
    }
    for (const name of ['poll', 'full-pass']) {
      const { runId } = await env.client.workflow.getHandle(`${taskQueue}-${name}-of-a-crowd`).describe();
      const crowd = env.client.workflow.getHandle(`crowd-${runId}-0`);
      await crowd.result();
      await keep('crowd', crowd);
    }
    assert.deepEqual(woken, [found, found]);
  };
  await workflows.runUntil(reads.runUntil(story()));
};

/** A term that ends, as when the process stops, and the next one. */
export const speaking: Scenario = async (env, keep) => {
  const taskQueue = `speaker-${crypto.randomUUID()}`;
  let terms = 0;
  const activities: SpeakerActivities = { speak: () => Promise.resolve(terms++).then(() => undefined) };
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
  });
  await worker.runUntil(async () => {
    const handle = await env.client.workflow.start(speakerWorkflowType, { taskQueue, workflowId: taskQueue });
    while (terms < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await keep('speaker', env.client.workflow.getHandle(taskQueue, handle.firstExecutionRunId));
    await env.client.workflow.getHandle(taskQueue).terminate();
  });
};
