import { log, proxyActivities, workflowInfo, type ActivityInterfaceFor } from '@temporalio/workflow';
import { afterComparison, settledKeys, withoutAdoptedNames, type Finding } from '../access/drift.js';
import type { Instant } from '../access/types.js';
import { isTooMuchGone } from '../lib/too-much-gone.js';
import type { DriftActivities, DriftReport } from '../messages/to-activities.js';
import type { DriftState } from '../messages/to-drift.js';
import { kisiTaskQueue } from '../messages/to-member.js';
import type { DriftNotes } from './drift-notes.js';
import type { DriftRepairs } from './drift-repairs.js';
import { alertOf, findingViewOf } from './drift-view.js';
import { problemOf } from './retries.js';

/** A loss that is doubted is believed when a comparison this much later still finds it. */
const doubtLastsMs = 10 * 60_000;

/** Has the ledgers compared with Kisi, and takes over what was found. */
export class DriftComparisons {
  private readonly activities = comparisonActivities();

  constructor(
    private readonly state: DriftState,
    private readonly repairs: DriftRepairs,
    private readonly notes: DriftNotes,
  ) {}

  /** Has all ledgers compared with Kisi; null: that failed, and why is in the state. */
  async lookAtAll(isAsked: boolean): Promise<DriftReport | null> {
    const { memory } = this.state;
    const request = { settled: settledKeys(memory), groupNames: memory.groupNames, isAsked };
    const options = { summary: 'compare with Kisi', priority: { priorityKey: 5 } };
    try {
      const report = await this.activities.compareWithKisi.executeWithOptions(options, [request]);
      this.state.failure = null;
      return report;
    } catch (error) {
      const why = problemOf(error).message;
      this.state.failure = { since: this.state.failure?.since ?? Date.now(), why };
      return null;
    }
  }

  /** Remembers what a comparison found, unless it is too much to be believed, and has the due findings repaired. */
  async takeOver(report: DriftReport, now: Instant): Promise<void> {
    const { state, notes } = this;
    const { found, policy, more, groupNames } = report;
    state.lastComparedAt = now;
    state.policy = policy;
    if (this.isDoubted(report, now)) return;
    state.more = more;
    const update = afterComparison(state.memory, found, policy, now);
    state.memory = withoutAdoptedNames({ ...update.memory, groupNames });
    for (const one of update.begun) notes.note(one, `finding ${one.id}: ${one.kind}`, one.what);
    for (const one of update.ended) notes.note(one, `finding ${one.id}: ${one.kind} is over`, one.what);
    for (const one of update.contested) {
      const { doing } = findingViewOf(one, state);
      notes.note(one, `finding ${one.id}: ${one.kind} is contested`, doing);
      log.warn(`Finding ${one.id} (${one.kind}, ${whoWords(one)}): ${doing}`);
    }
    await this.repairs.repair(update.due);
  }

  /** Whether too much is missing to be believed yet; tells it once. */
  private isDoubted({ lost, held }: DriftReport, now: Instant): boolean {
    const { state } = this;
    const since = state.doubt?.since ?? now;
    if (!isTooMuchGone(lost, held) || now - since >= doubtLastsMs) {
      state.doubt = null;
      return false;
    }
    const isNew = state.doubt === null;
    state.doubt = { since, lost, held };
    if (!isNew) return true;
    const alert = alertOf(state) ?? '';
    log.warn(alert);
    this.notes.note(nobody, 'too much is missing at once', alert);
    return true;
  }
}

/** What concerns no member. */
const nobody = { memberId: null, groupId: null, keys: [] };

const whoWords = ({ memberId, userId, groupId }: Finding): string =>
  [
    ...(memberId === null ? [`Kisi user ${userId ?? ''}`] : [`member ${memberId}`]),
    ...(groupId === null ? [] : [`group ${groupId}`]),
  ].join(', ');

function comparisonActivities(): ActivityInterfaceFor<DriftActivities> {
  return proxyActivities<DriftActivities>({
    taskQueue: kisiTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '15m',
    heartbeatTimeout: '15s',
    // Nobody waits for it.
    priority: { priorityKey: 5 },
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '20s', maximumAttempts: 4 },
  });
}
