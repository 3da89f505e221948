import { setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { nextWake, type LedgerKey } from '../access/plan.js';
import { iso, type Instant, type NextChange } from '../access/types.js';
import type { Assessed } from '../messages/to-activities.js';
import {
  accessProblemKey,
  accessStateKey,
  holdingsMemo,
  locationIdKey,
  nextChangeAtKey,
  shownOf,
  type AccessState,
  type MemberState,
  type MemberView,
} from '../messages/to-member.js';
import { markdownText } from './markdown.js';
import type { Problem } from './retries.js';

/** What the workflow knows of itself beyond its durable state. */
interface Outlook {
  state: AccessState;
  standing: string;
  next: NextChange | null;
  /** What is waited for because something failed. `problem`: a short name for the AccessProblem attribute. */
  waiting: { problem: string; what: string; since: Instant; wakes: string } | null;
  /** Keys that are kept although a read speaks against them, and why. */
  kept: string[];
  lastCheckedAt: Instant | null;
  lastError: string | null;
  /** When blocks were last carried out or tried; null: none was ordered in this run. */
  blocks: { lookedAt: Instant; waitsFor: string | null } | null;
  /** The member's home location, as lists show it. */
  locationId: number | null;
}

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

  /** Shows what the member waits for and since when, after what blocks could not take away. `wakesBy`: what makes it go on. */
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

/** The answer of the `state` query. */
function viewOf(memberId: number, ledger: readonly LedgerKey[], outlook: Outlook): MemberView {
  const { waiting, next } = outlook;
  return {
    memberId,
    state: outlook.state,
    keys: ledger
      .filter((key) => key.keyId !== null)
      .map((key) => ({
        groupId: key.groupId,
        until: key.until === null ? null : iso(key.until),
        kisiEndsAt: key.validUntil === null ? null : iso(key.validUntil),
        because: key.because,
        givenByHand: key.byHand,
      })),
    nextChange: next === null ? null : { at: iso(next.at), what: next.what },
    waitingFor:
      waiting === null ? null : { what: waiting.what, since: iso(waiting.since), wakes: waiting.wakes },
    lastCheckedAt: outlook.lastCheckedAt === null ? null : iso(outlook.lastCheckedAt),
    lastError: outlook.lastError,
    standing: outlook.standing,
    blocks: outlook.blocks && { ...outlook.blocks, lookedAt: iso(outlook.blocks.lookedAt) },
  };
}

const headlines: Record<AccessState, string> = {
  new: 'Not looked at yet.',
  access: 'Has access.',
  noAccess: 'Has no access.',
  otherProfile: 'Another profile with the same e-mail owns the keys.',
  ended: 'Ended.',
};

/** The current details that the Temporal UI shows for a member, as Markdown. */
export function detailsOf(
  view: MemberView,
  kept: readonly string[],
  cancelAskedAt: Instant | null = null,
): string {
  const standing = view.state === 'access' ? '' : markdownText(view.standing);
  const lines = [`**${headlines[view.state]}** ${standing}`.trim(), ''];
  if (view.keys.length > 0) lines.push('Keys held:', '');
  for (const key of view.keys) {
    const end = key.until === null ? 'no end known' : `until ${key.until}`;
    const kisiEnd = key.kisiEndsAt === null ? 'never by itself' : key.kisiEndsAt;
    const hand = key.givenByHand ? ' Given by hand: it is never taken away.' : '';
    lines.push(
      `- group ${key.groupId}, ${end}, because of ${markdownText(key.because)}. The door closes by itself: ${kisiEnd}.${hand}`,
    );
  }
  for (const why of kept) lines.push('', `Kept for now: ${markdownText(why)}`);
  lines.push(
    '',
    view.nextChange === null
      ? 'Next change: none known.'
      : `Next change: ${view.nextChange.at}, ${markdownText(view.nextChange.what)}.`,
  );
  if (view.waitingFor !== null) {
    const { what, since, wakes } = view.waitingFor;
    lines.push('', `**Waiting** since ${since}: ${markdownText(what)} It goes on ${wakes}.`);
  }
  if (view.lastError !== null) lines.push('', `Last error: ${markdownText(view.lastError)}`);
  if (cancelAskedAt !== null) lines.push('', cancelWords(view.memberId, cancelAskedAt));
  lines.push('', view.lastCheckedAt === null ? 'Never checked.' : `Last checked: ${view.lastCheckedAt}.`);
  return lines.join('\n');
}

/** Somebody who asks to cancel does not mean that a member is left alone, so the workflow goes on and says so. */
function cancelWords(memberId: number, at: Instant): string {
  return (
    `Somebody asked at ${iso(at)} to cancel this workflow. It goes on looking after the member. ` +
    `\`latchkey block ${memberId}\` takes the keys away, \`latchkey pause\` stops all writes.`
  );
}
