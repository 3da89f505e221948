import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Batch, WakeActivities } from '../messages/to-activities.js';
import { dropOthers } from './hear.js';
import { wakeOf } from '../messages/to-member.js';
import { refuse } from './refuse.js';
import { fields, id, listOf } from './shapes.js';
import { checkPlace, started } from './start.js';

const { wakeBatch } = proxyActivities<WakeActivities>({
  startToCloseTimeout: '2h',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '20s' },
});

/** Wakes a batch of members, so that the poll which noticed them need not wait. */
export async function batch(argument: Batch): Promise<void> {
  checkPlace();
  const members = started(batchShape, argument);
  // Only a poll knows who is new; else somebody could have a workflow started for each number there is.
  if (workflowInfo().parent === undefined && members.mayStart.length > 0)
    refuse(
      'It was started by hand: name the members among the others, who are woken where they have a workflow.',
    );
  dropOthers();
  await wakeBatch(members);
}

const mostMembers = 200_000;
const batchShape = fields<Batch>({
  mayStart: listOf(id, mostMembers),
  others: listOf(id, mostMembers),
  wake: wakeOf,
});
