import { isCancellation, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { DailyMemory, InvitationActivities, ResendOrder, Resent } from '../messages/to-invitations.js';
import { kisiBatchTaskQueue, kisiTaskQueue } from '../messages/to-member.js';
import type { ApiLook, VerifyActivities } from '../messages/to-verify.js';
import { dropOthers } from './hear.js';
import { fields, giver, id } from './shapes.js';
import { checkPlace, started } from './start.js';

/** Nobody waits for them, and an outage of hours must not cost the day. */
function patientActivities() {
  return proxyActivities<InvitationActivities & VerifyActivities>({
    taskQueue: kisiBatchTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1h',
    scheduleToCloseTimeout: '6h',
    heartbeatTimeout: '15s',
    priority: { priorityKey: 5 },
    retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '10m' },
  });
}

/**
 * Looks once a day how Kisi's API key is, and whether both APIs are as they were. Has Kisi remind people who have not accepted
 * its invitation, where the policies say so. Run by a Schedule; what it found is its own last result, which everybody reads
 * without a worker.
 */
export async function dailyCheck(): Promise<DailyMemory> {
  checkPlace();
  dropOthers();
  const before = (workflowInfo().lastResult as DailyMemory | undefined) ?? null;
  const activities = patientActivities();
  const key = await activities.checkKisiKey(before?.key ?? null);
  const reminders = await activities.remindInvited();
  setCurrentDetails(`Looked at the API key of Kisi. Sent ${reminders.sent} reminders of invitations.`);
  const apis = await lookAtApis(activities, before?.apis ?? null);
  return { key, reminders, apis };
}

/** One day's look may fail: the next day's finds the same. */
async function lookAtApis(activities: VerifyActivities, before: ApiLook | null): Promise<ApiLook | null> {
  try {
    return await activities.verifyApis(before);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return before;
  }
}

/** Has Kisi mail an invitation again, since a person asks for it. */
export async function resendInvitation(argument: ResendOrder): Promise<Resent> {
  checkPlace();
  const order = started(fields<ResendOrder>({ memberId: id, ...giver }), argument);
  dropOthers();
  const activities = proxyActivities<InvitationActivities>({
    taskQueue: kisiTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1m',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 5 },
  });
  return activities.resendInvitation(order);
}
