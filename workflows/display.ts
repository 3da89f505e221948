import { setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import {
  accessProblemKey,
  accessStateKey,
  holdingsMemo,
  locationIdKey,
  nextChangeAtKey,
  shownOf,
  type MemberState,
  type MemberView,
} from '../messages/to-member.js';
import type { Problem } from './retries.js';
import { detailsOf, viewOf, type Outlook } from './view.js';

/** How a member's workflow says how things stand: to queries, in the Temporal UI, in its lists, and in its memo. */
export interface Display {
  /** What is shown beyond the durable state; `publish` shows what changed in it. */
  readonly outlook: Outlook;
  /** The answer of the `state` query. */
  view: () => MemberView;
  publish: () => void;
  /** Shows what is waited for, since the first time that it was; `wakesBy`: what makes it go on. */
  waitFor: (problem: Problem, wakesBy: string) => void;
  clearWaiting: () => void;
}

export function createDisplay(state: MemberState): Display {
  const outlook: Outlook = {
    state: 'new',
    standing: '',
    next: null,
    waiting: null,
    kept: [],
    lastCheckedAt: null,
    lastError: null,
    blocks: null,
    locationId: null,
  };
  let shown = '';
  let shownHoldings = JSON.stringify(workflowInfo().memo?.[holdingsMemo]);

  const view = (): MemberView => viewOf(state.memberId, state.ledger, outlook);

  /** What lists show is written only when it changed: each write is an event. */
  function publish(): void {
    setCurrentDetails(detailsOf(view(), outlook.kept, state.cancelAskedAt));
    publishAttributes();
    publishHoldings();
  }

  function publishAttributes(): void {
    const { locationId, next } = outlook;
    const problem = outlook.waiting?.problem ?? 'none';
    const now = JSON.stringify([outlook.state, problem, next?.at ?? null, locationId]);
    if (now === shown) return;
    shown = now;
    upsertSearchAttributes([
      { key: accessStateKey, value: outlook.state },
      { key: accessProblemKey, value: problem },
      { key: locationIdKey, value: locationId === null ? null : String(locationId) },
      { key: nextChangeAtKey, value: next === null ? null : new Date(next.at) },
    ]);
  }

  function publishHoldings(): void {
    const holdings = shownOf(state);
    const now = JSON.stringify(holdings);
    if (now === shownHoldings) return;
    shownHoldings = now;
    upsertMemo({ [holdingsMemo]: holdings });
  }

  return {
    outlook,
    view,
    publish,
    waitFor(problem, wakesBy) {
      outlook.lastError = problem.message;
      const since = outlook.waiting?.problem === problem.problem ? outlook.waiting.since : Date.now();
      outlook.waiting = { problem: problem.problem, what: problem.message, since, wakes: wakesBy };
      publish();
    },
    clearWaiting() {
      if (outlook.waiting === null) return;
      outlook.waiting = null;
      publish();
    },
  };
}
