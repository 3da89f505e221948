import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  noDrift,
  type DriftMemory,
  type DriftPolicy,
  type DriftVerb,
  type Finding,
} from '../access/drift.js';
import type { Instant } from '../access/types.js';
import type { Giver } from './to-control.js';

/** The messages to the workflow `drift`, which compares the members' ledgers with Kisi from time to time. */
export const driftWorkflowType = 'drift';
export const driftWorkflowId = 'drift';
/** The name under which its memory is on record. */
export const driftName = 'drift';

/** What the workflow `drift` starts with, and hands to its own next run. */
export interface DriftState {
  intervalMs: number;
  /** When the next comparison is due; null: an interval from now. */
  dueAt: Instant | null;
  lastComparedAt: Instant | null;
  memory: DriftMemory;
  /** How often that has changed. */
  revision: number;
  policy: DriftPolicy;
  /** How many more were found than are kept. */
  more: number;
  /** So much was missing at once that it is not believed yet. */
  doubt: { since: Instant; lost: number; held: number } | null;
  /** Why the last comparison could not be made, and since when that is so. */
  failure: { since: Instant; why: string } | null;
}

/** A space that was never compared. */
export function firstDrift(intervalMs: number, policy: DriftPolicy): DriftState {
  return {
    intervalMs,
    dueAt: null,
    lastComparedAt: null,
    memory: noDrift,
    revision: 0,
    policy,
    more: 0,
    doubt: null,
    failure: null,
  };
}

/** The memo of the workflow `drift`, so that whoever has no worker to ask sees how the last comparison ended. */
export const driftMemo = 'drift';

/** How the last comparison ended, in short. */
export interface DriftSummary extends Pick<DriftState, 'lastComparedAt' | 'failure' | 'doubt' | 'more'> {
  /** Findings by kind that nobody has adopted or ignored. */
  open: Partial<Record<Finding['kind'], number>>;
  /** Those that were adopted or ignored. */
  settled: number;
  /** The first of those that were undone twice, and how many these are. */
  contested: Pick<Finding, 'id' | 'kind' | 'memberId' | 'groupId' | 'since'>[];
  contestedCount: number;
}

/** One finding as people see it: times as ISO 8601 in UTC. */
export interface FindingView extends Pick<
  Finding,
  'id' | 'kind' | 'memberId' | 'groupId' | 'what' | 'contested'
> {
  kisiUserId: number | null;
  groupName: string | null;
  since: string;
  /** What was ruled of it; null: nothing yet. */
  ruling: { verb: DriftVerb; by: string; at: string } | null;
  /** What is done about it, in plain words. */
  doing: string;
}

/** What the last comparison found. */
export interface DriftView {
  findings: FindingView[];
  more: number;
  /** Why nothing is repaired now; null: repairs are made. */
  alert: string | null;
  lastComparedAt: string | null;
  nextComparisonAt: string;
}

export const driftQuery = defineQuery<DriftView>('findings');

/** Has a comparison made now; answers what it found. */
export const compareNow = defineUpdate<DriftView>('compareNow');

/** Has a comparison made now, or once more where one is under way. Needs no worker to be taken. */
export const compareSoon = defineSignal('compareSoon');

export interface RuleOrder extends Giver {
  /** The number of the finding. */
  id: number;
  verb: DriftVerb;
}

/** Rules of a finding; answers what is done about it. */
export const findingUpdate = defineUpdate<FindingView, [RuleOrder]>('rule');

/** How often to compare, in ms, from now on. */
export const comparisonInterval = defineSignal<[number]>('comparisonInterval');
