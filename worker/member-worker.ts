import { Worker } from '@temporalio/worker';
import { createBlockActivities, profilesBeside } from '../activities/blocks.js';
import { createOrderBook } from '../activities/orders.js';
import { createPlanActivities } from '../activities/plan-parts.js';
import { createWakeActivities, createWaker } from '../activities/wake.js';
import { workflowBundle } from './bundle.js';
import type { Leader } from './leader.js';
import { identityIn, type Parts } from './parts.js';

/** What is under way is finished first. */
export const shutdown = { shutdownGraceTime: '20s', shutdownForceTime: '30s' } as const;

/** The worker that every process runs: members' workflows, and what wakes them. */
export async function createMemberWorker(parts: Parts, leader: Leader): Promise<Worker> {
  const { config, space, client, native, ownership } = parts;
  const waker = createWaker(client, config.taskQueue, ownership);
  return Worker.create({
    ...shutdown,
    connection: native,
    identity: identityIn(space),
    namespace: client.options.namespace,
    taskQueue: config.taskQueue,
    workflowBundle: await workflowBundle(),
    activities: {
      ...leader.activities,
      ...createWakeActivities(client, waker),
      ...createPlanActivities(client, config.taskQueue),
      ...createBlockActivities({
        orders: createOrderBook(client, Date.now),
        ownership,
        waker,
        otherProfiles: (memberId) => profilesBeside(client, memberId),
        now: Date.now,
      }),
    },
    maxConcurrentWorkflowTaskExecutions: 40,
    // Room for a thousand members and the workflows that there is one of: with one workflow too many, a wake of all in turn
    // finds none of them here any more.
    maxCachedWorkflows: 1100,
    // Else a beat of the leader would be held back for most of its time limit.
    maxHeartbeatThrottleInterval: '2s',
  });
}
