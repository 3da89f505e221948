/** Stories of workflows that take orders from people. */
import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { Act, AuditLogActivities, WakeActivities } from '../../../messages/to-activities.js';
import { workflowsHere } from '../../support/workflows.js';
import {
  guardWorkflowType,
  ruleUpdate,
  weighUpdate,
  type WeighingAnswer,
} from '../../../messages/to-revocation-guard.js';
import {
  controlWorkflowType,
  exceptUpdate,
  firstOrders,
  pauseUpdate,
  resumeUpdate,
  withdrawUpdate,
  type Orders,
} from '../../../messages/to-control.js';
import { nexudusTaskQueue } from '../../../messages/to-member.js';
import { eventually } from '../../support/eventually.js';
import type { Scenario } from './story.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** What the workflow `control` asked of the activities, in plain words. */
export interface Asked {
  wakes: string[];
  acts: Pick<Act, 'what' | 'memberId' | 'by' | 'why'>[];
}

/** Runs a story of the workflow `control` in a fresh space, or in one where these orders hold. */
export async function ofControl(
  env: TestWorkflowEnvironment,
  story: (handle: WorkflowHandle, asked: Asked) => Promise<void>,
  initial?: Orders,
): Promise<void> {
  await ofOrders(env, controlWorkflowType, initial ?? firstOrders('live', await env.currentTimeMs()), story);
}

/** Runs a story of a workflow that takes orders from people. */
async function ofOrders(
  env: TestWorkflowEnvironment,
  workflowType: string,
  initial: unknown,
  story: (handle: WorkflowHandle, asked: Asked) => Promise<void>,
): Promise<void> {
  const taskQueue = `orders-${crypto.randomUUID()}`;
  const asked: Asked = { wakes: [], acts: [] };
  const auditLog: AuditLogActivities = {
    noteAct: ({ what, memberId, by, why }) =>
      Promise.resolve(void asked.acts.push({ what, memberId, by, why })),
    remember: () => Promise.resolve(null),
  };
  const activities: Pick<WakeActivities, 'wakeStopped' | 'wakeOrdered' | 'wakeRunning' | 'letPoll'> = {
    wakeRunning: (ids, isAgain = false) => {
      asked.wakes.push(`wake ${ids.join(', ')}${isAgain ? ' again' : ''}`);
      return Promise.resolve([]);
    },
    wakeStopped: () => Promise.resolve(void asked.wakes.push('wake')),
    wakeOrdered: (id) => Promise.resolve(void asked.wakes.push(`wake ${id}`)),
    letPoll: (allowed) => Promise.resolve(void asked.wakes.push(allowed ? 'poll' : 'no poll')),
  };
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    ...(await workflowsHere()),
    activities,
  });
  const keeper = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: nexudusTaskQueue(taskQueue),
    activities: auditLog,
  });
  const told = async (): Promise<void> => {
    const handle = await env.client.workflow.start(workflowType, {
      taskQueue,
      workflowId: taskQueue,
      args: [initial],
    });
    await story(handle, asked).finally(async () => {
      // A task that is still under way would hold up the skipped clock of the next story.
      await eventually('rest', () => isAtRest(handle));
      await handle.terminate();
    });
  };
  await worker.runUntil(keeper.runUntil(told()));
}

/** Whether no task is under way. */
async function isAtRest(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  const count = (part: 'workflowTask' | 'activityTask', step: 'Scheduled' | 'Completed'): number =>
    (events ?? []).filter((event) => event[`${part}${step}EventAttributes`]).length;
  return (['workflowTask', 'activityTask'] as const).every(
    (part) => count(part, 'Scheduled') === count(part, 'Completed'),
  );
}

/** Many would lose a key at once; a person approves it, and they have lost it. */
export const withheldAtOnce: Scenario = (env, keep) =>
  ofOrders(env, guardWorkflowType, null, async (handle, { wakes, acts }) => {
    const ids = [1, 2, 3, 4, 5, 6];
    const loss = { locationId: 1, groupId: 12, cause: 'mapping', why: 'a test', doubt: null } as const;
    const weigh = (lost: boolean): Promise<WeighingAnswer> => {
      const looks = ids.map((memberId) => ({ memberId, losses: lost ? [{ memberId, ...loss }] : [] }));
      const limits = { people: 5, share: 0.1 };
      return handle.executeUpdate(weighUpdate, { args: [{ looks, holders: [[1, 20]], limits }] });
    };
    assert.deepEqual((await weigh(true)).withheldMembers, ids);
    await handle.executeUpdate(ruleUpdate, { args: [{ id: 1, does: 'approve', by: 'Mia', why: '' }] });
    await env.sleep(15_000);
    assert.ok((await weigh(true)).verdicts.every(({ withheldBy }) => withheldBy === null));
    assert.deepEqual((await weigh(false)).withheldMembers, []);
    await env.sleep(minuteMs);
    // Only the first wake makes a look that is under way begin anew: else a long look would never be over.
    const [first, ...others] = wakes;
    assert.equal(first, 'wake 1, 2, 3, 4, 5, 6');
    assert.deepEqual([...new Set(others)], ['wake 1, 2, 3, 4, 5, 6 again']);
    assert.match(acts[0]?.what ?? '', /^approve withheld 1: 6 keys/);
    await keep('withheld-at-once', handle);
  });

/** Orders are given and taken back. */
export const orders: Scenario = (env, keep) =>
  ofControl(env, async (handle, { wakes, acts }) => {
    await handle.executeUpdate(pauseUpdate, { args: [{ level: 'all', by: 'Mia', why: 'a test' }] });
    await env.sleep(minuteMs);
    await handle.executeUpdate(resumeUpdate, { args: [{ by: 'Mia', why: '' }] });
    await env.sleep(minuteMs);
    const thrice = (poll: string): string[] => [poll, 'wake', poll, 'wake', poll, 'wake'];
    assert.deepEqual(wakes, [...thrice('no poll'), ...thrice('poll')]);
    assert.deepEqual(
      acts.map(({ what }) => what),
      ['pause all', 'resume'],
    );
    await keep('orders', handle);
  });

/** A key is allowed until its end, and another blocked and not any more. */
export const exceptions: Scenario = (env, keep) =>
  ofControl(env, async (handle, { wakes }) => {
    const wish = { memberId: 100, groupId: 12, by: 'Mia', reason: 'a test' };
    const until = (await env.currentTimeMs()) + 5 * dayMs;
    await handle.executeUpdate(exceptUpdate, { args: [{ ...wish, kind: 'allow', until }] });
    await env.sleep(5 * dayMs + minuteMs);
    await handle.executeUpdate(exceptUpdate, { args: [{ ...wish, kind: 'block', until: until + hourMs }] });
    await handle.executeUpdate(withdrawUpdate, { args: [{ exceptionId: 2, by: 'Mia', why: '' }] });
    assert.deepEqual(wakes, ['wake 100', 'wake 100', 'wake 100']);
    await keep('exceptions', handle);
  });
