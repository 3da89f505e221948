import {
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  startChild,
  workflowInfo,
  type ActivityInterfaceFor,
} from '@temporalio/workflow';
import type { Batch, ReconciliationMemory, PollActivities, PollMemory } from '../messages/to-activities.js';
import { batch } from './batch.js';
import { dropOthers } from './hear.js';
import { nexudusTaskQueue } from '../messages/to-member.js';
import { longWait } from './retries.js';
import { checkPlace } from './start.js';

/** `limit`: for all its tries together, since the next run waits for this one. */
function pollActivities(limit: '4m' | '10m'): ActivityInterfaceFor<PollActivities> {
  return proxyActivities<PollActivities>({
    taskQueue: nexudusTaskQueue(workflowInfo().taskQueue),
    scheduleToCloseTimeout: limit,
    startToCloseTimeout: limit,
    heartbeatTimeout: '15s',
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '10s',
      maximumAttempts: 5,
      // The next run tries again sooner.
      nonRetryableErrorTypes: [longWait],
    },
  });
}

/**
 * Notices what changed in Nexudus since the last run and wakes those members. Run by a Schedule; what it remembers
 * is its own last result, which survives a failed run, so nothing is missed after an outage.
 */
export async function poll(): Promise<PollMemory> {
  checkPlace();
  dropOthers();
  const memory = (workflowInfo().lastResult as PollMemory | undefined) ?? null;
  const { batches = [], ...next } = await pollActivities('4m').pollChanges.executeWithOptions(
    { summary: 'read what changed' },
    [memory],
  );
  await leave(batches);
  const upTo = Math.min(...Object.values(next.readTo));
  setCurrentDetails(
    `Woke ${next.woken} members. All changes up to ${new Date(upTo).toISOString()} are noticed.`,
  );
  return next;
}

/** Reads everything, and wakes members whose records differ from the last time: deletions too, which leave no trace. */
export async function reconciliation(): Promise<ReconciliationMemory> {
  checkPlace();
  dropOthers();
  const memory = (workflowInfo().lastResult ?? null) as ReconciliationMemory | null;
  const { batches = [], ...next } = await pollActivities('10m').reconcile.executeWithOptions(
    { summary: 'read everything' },
    [memory],
  );
  await leave(batches);
  const suspects = Object.keys(next.suspects);
  const doubt =
    suspects.length === 0 ? '' : ` Not believed yet (too many rows gone at once): ${suspects.join(', ')}.`;
  setCurrentDetails(`Woke ${next.woken} of ${next.members} members.${doubt}`);
  return next;
}

/** Leaves the waking of many to workflows of their own, which go on when this one is done. */
async function leave(batches: readonly Batch[]): Promise<void> {
  for (const [i, one] of batches.entries()) {
    await startChild(batch, {
      args: [one],
      workflowId: `batch-${workflowInfo().runId}-${i}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `Wakes ${one.mayStart.length + one.others.length} members`,
    });
  }
}
