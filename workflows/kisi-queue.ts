import { workflowInfo } from '@temporalio/workflow';
import { kisiBatchTaskQueue, kisiTaskQueue } from '../messages/to-member.js';
import type { KeyActivities } from '../messages/to-activities.js';
import { retryingActivities, type Retrying } from './retries.js';

/** Who waits for a writer's calls. */
export interface Urgency {
  /** Nobody waits for just this member, so that other members go first. */
  isBatch: boolean;
  /** A person ordered it, and it goes before all else. */
  isOrdered?: boolean;
}

/** A call of one of Kisi's activities: what Temporal's UI says of it, and how it takes its turn. */
export interface Call {
  summary: string;
  priorityKey?: number;
  canWait?: boolean;
}

/**
 * Priorities in Kisi's queue, the first one goes first: a person's order, an end of access, what somebody waits for, what
 * has time (worker/turns.ts lets others go first), and the rest.
 */
const orderedKey = 1;
export const endKey = 2;
const awaitedKey = 3;
export const unhurriedKey = 4;
const lastKey = 5;

/**
 * Kisi's activities for one call, in the queue and at the priority that it has. Kisi allows 5 requests a second; a wait of
 * 15 s between tries lets a thousand waiting members come back gently.
 */
export function kisiActivities(
  { isBatch, isOrdered = false }: Urgency,
  { summary, priorityKey = awaitedKey, canWait = false }: Call,
): Retrying<KeyActivities> {
  // What can wait has a queue of its own, since a call that runs cannot be overtaken.
  const isLast = !isOrdered && (canWait || (isBatch && priorityKey !== endKey));
  const place = isBatch && isLast ? Math.min(priorityKey + 1, lastKey) : priorityKey;
  const { taskQueue } = workflowInfo();
  const options = {
    summary,
    taskQueue: isLast ? kisiBatchTaskQueue(taskQueue) : kisiTaskQueue(taskQueue),
    priority: { priorityKey: isOrdered ? orderedKey : place },
    startToCloseTimeout: '2m',
    heartbeatTimeout: '15s',
  } as const;
  return retryingActivities<KeyActivities>(options, 15_000);
}
