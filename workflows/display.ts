import { setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { nextWake } from '../access/plan.js';
import type { Assessed } from '../messages/to-activities.js';
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

/** Says how a member stands: to queries, in the Temporal UI, in its lists, and in the member's memo. */
export class Display {
  /** What is shown beyond the durable state; `publish` shows what changed in it. */
  readonly outlook: Outlook = {
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
  private shownAttributes = '';
  private shownHoldings = JSON.stringify(workflowInfo().memo?.[holdingsMemo]);

  constructor(private readonly state: MemberState) {}

  /** The answer of the `state` query. */
  view(): MemberView {
    return viewOf(this.state.memberId, this.state.ledger, this.outlook);
  }

  /** Shows what changed. Each write to a list or the memo is an event, so what did not change is not written. */
  publish(): void {
    setCurrentDetails(detailsOf(this.view(), this.outlook.kept, this.state.cancelAskedAt));
    this.publishAttributes();
    this.publishHoldings();
  }

  /** Whether any key is known to be in Kisi. */
  hasKey(): boolean {
    return this.state.ledger.some(({ keyId }) => keyId !== null);
  }

  /** Shows how the member stands after a round. `isAllDone`: no order holds a write back. */
  showStanding({ standing, keys, holds, next }: Assessed, isAllDone: boolean): void {
    const { ledger, frozen } = this.state;
    const { outlook } = this;
    const hasKey = this.hasKey();
    if (outlook.blocks !== null && isAllDone) outlook.blocks.waitsFor = null;
    outlook.lastError = null;
    outlook.state = hasKey ? 'access' : 'noAccess';
    outlook.standing = hasKey || keys.length === 0 ? standing : 'By the rules there should be a key.';
    outlook.kept = [...holds, ...frozen].map(({ groupId, why }) => `group ${groupId}: ${why}`);
    outlook.next = nextWake(next, ledger, keys, frozen);
  }

  /** Shows what is waited for since when, after what blocks could not take away yet. `wakesBy`: what makes the member go on. */
  waitFor({ problem, message }: Problem, wakesBy: string): void {
    const { outlook } = this;
    const undone = outlook.blocks?.waitsFor ?? null;
    const name = undone === null ? problem : 'Block';
    const what = undone === null || undone === message ? message : `${undone} ${message}`;
    const since = outlook.waiting?.problem === name ? outlook.waiting.since : Date.now();
    outlook.lastError = what;
    outlook.waiting = { problem: name, what, since, wakes: wakesBy };
    this.publish();
  }

  /** Shows that nothing is waited for any more. */
  clearWaiting(): void {
    if (this.outlook.waiting === null) return;
    this.outlook.waiting = null;
    this.publish();
  }

  private publishAttributes(): void {
    const { state, locationId, next, waiting } = this.outlook;
    const problem = waiting?.problem ?? 'none';
    const now = JSON.stringify([state, problem, next?.at ?? null, locationId]);
    if (now === this.shownAttributes) return;
    this.shownAttributes = now;
    upsertSearchAttributes([
      { key: accessStateKey, value: state },
      { key: accessProblemKey, value: problem },
      { key: locationIdKey, value: locationId === null ? null : String(locationId) },
      { key: nextChangeAtKey, value: next === null ? null : new Date(next.at) },
    ]);
  }

  private publishHoldings(): void {
    const holdings = shownOf(this.state);
    const now = JSON.stringify(holdings);
    if (now === this.shownHoldings) return;
    this.shownHoldings = now;
    upsertMemo({ [holdingsMemo]: holdings });
  }
}
