import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { Freeze, KeptKey } from '../access/plan.js';
import type { Instant } from '../access/types.js';
import {
  freezeGroup,
  holdingsQuery,
  membershipChanged,
  mergedWakes,
  resync,
  resyncNow,
  stateQuery,
  wakeOf,
  type Holdings,
  type MemberState,
  type RoundReport,
  type Wake,
} from '../messages/to-member.js';
import {
  partKey,
  planPartUpdate,
  type ChangeDone,
  type PartDone,
  type PlanPart,
} from '../messages/to-plan.js';
import { Askings } from './askings.js';
import type { Display } from './display.js';
import { dropOthers, onQuery, onSignal, onUpdate } from './hear.js';
import { freezeShape, longestFreezeMs, partShape } from './plan-shapes.js';
import { roundFor, type Round } from './round.js';
import { anything, Misshapen } from './shapes.js';

/** How many plans may wait, and how many groups may be frozen: more would only be a flood. */
const mostPartsWaiting = 20;
const mostFrozen = 200;

/** How far a run is: kept by the run, read by its handlers. */
export class Progress {
  roundsBegun = 0;
  roundsDone = 0;
  /** Whether the round under way has said what it waits for. */
  isWaiting = false;
  /** Whether the round under way reads Nexudus, and has written nothing yet. */
  isLooking = false;
  /** Whether the member needs no workflow any more. */
  hasEnded = false;
  /** What the last round changed, in plain words. */
  changes: string[] = [];
  withheldAtOnce: KeptKey[] = [];
}

/** The messages to a member's workflow. Handlers only note them, and the one loop obeys them, so that nothing interleaves. */
export class Inbox {
  private readonly askings: Askings;

  constructor(
    private readonly state: MemberState,
    private readonly display: Display,
    private readonly progress: Progress,
  ) {
    this.askings = new Askings(state.memberId);
  }

  /** Hears all that is said to the workflow from now on. */
  open(): void {
    onSignal(membershipChanged, {
      description: 'Has Nexudus read anew for this member. Needs no argument.',
      shape: wakeOf,
      act: (wake) => {
        this.wake(wake);
      },
    });
    onSignal(resync, {
      description:
        'Compares this member with Nexudus and Kisi. The argument may say who asks, and why: {"by", "why"}.',
      shape: anything,
      act: (asking) => {
        this.resync(asking);
      },
    });
    onSignal(freezeGroup, {
      description:
        'Latchkey itself sends it, where a finding is adopted: the key to a group is left as it is.',
      shape: freezeShape,
      act: (freeze) => {
        this.freeze(freeze);
      },
    });
    onQuery(stateQuery, 'How the member stands, in plain words.', () => this.display.view());
    onQuery(holdingsQuery, 'The keys that Latchkey holds for the member, by their ids.', () =>
      this.showHoldings(),
    );
    onUpdate(resyncNow, {
      description: 'As the signal resync, but answers what was changed, after 20 seconds at most.',
      shape: anything,
      obey: (asking) => this.resyncNow(asking),
    });
    onUpdate(planPartUpdate, {
      description: 'Latchkey itself sends it, where a plan is applied or undone: this member’s part of it.',
      shape: partShape,
      problemOf: (part) => this.problemOf(part),
      obey: (part) => this.takePart(part),
    });
    dropOthers();
  }

  /** Notes a reason to look. */
  wake(wake: Wake): void {
    // The look under way writes by the orders as they are then. If each such wake began it anew, it would never be over.
    if (wake.reason === 'released' && this.progress.isLooking) return;
    const { state } = this;
    state.wakes = mergedWakes([...state.wakes, { ...wake, notBefore: wake.notBefore ?? Date.now() }]);
    if (wake.reason === 'order') state.orderDue = { tellsProfiles: true };
    else if (wake.reason === 'profileOrder') state.orderDue ??= { tellsProfiles: false };
  }

  /** Whether anything is to be done at once. */
  isWoken(): boolean {
    return this.hasWakes() || this.hasParts();
  }

  hasWakes(): boolean {
    return this.state.wakes.length > 0;
  }

  hasParts(): boolean {
    return this.state.parts.length > 0;
  }

  /** Whether a person's order is to be looked at before all else. */
  isOrdered(): boolean {
    return this.state.orderDue !== null;
  }

  /** Whether somebody waits for just this member. */
  isAwaited(): boolean {
    return this.hasParts() || this.state.wakes.some(({ isBatch }) => isBatch !== true);
  }

  /** Makes one round of all wakes so far. */
  takeRound(dueAt: Instant): Round {
    const { wakes } = this.state;
    this.state.wakes = [];
    return roundFor(wakes, dueAt);
  }

  /** Waits until everyone who asked has an answer. False: something came that is to be done first. */
  async awaitAnswers(): Promise<boolean> {
    const isMoreUrgent = (): boolean => this.hasParts() || this.isOrdered();
    await condition(() => (allHandlersFinished() && this.askings.areKept()) || isMoreUrgent());
    return !isMoreUrgent();
  }

  private resync(asking: unknown): void {
    this.wake({ reason: 'resync' });
    this.askings.keep(asking);
  }

  private freeze(freeze: Freeze): void {
    const others = this.state.frozen.filter(({ groupId }) => groupId !== freeze.groupId);
    if (freeze.until > Date.now() + longestFreezeMs) throw new Misshapen('until is too far ahead');
    if (others.length >= mostFrozen) throw new Misshapen(`more than ${mostFrozen} groups would be frozen`);
    this.state.frozen = [...others, freeze];
    this.wake({ reason: 'drift' });
  }

  private showHoldings(): Holdings {
    const { ledger, dropped, kisiUser, siblingIds, frozen, comparedAt, records } = this.state;
    const { withheldAtOnce } = this.progress;
    return { ledger, dropped, kisiUser, siblingIds, frozen, comparedAt, records, withheldAtOnce };
  }

  private async resyncNow(asking: unknown): Promise<RoundReport> {
    this.resync(asking);
    const { progress } = this;
    const mine = progress.roundsBegun + 1;
    const isDone = await condition(
      () =>
        progress.roundsDone >= mine ||
        (progress.roundsBegun >= mine && progress.isWaiting) ||
        progress.hasEnded,
      '20s',
    );
    return { changes: progress.changes, problem: this.display.outlook.waiting?.what ?? null, isDone };
  }

  /** Why a part of a plan cannot be done; null: it can. */
  private problemOf(part: PlanPart): string | null {
    const { memberId, parts } = this.state;
    const { what, freezeUntil } = part;
    if (freezeUntil > Date.now() + longestFreezeMs) return 'freezeUntil is too far ahead';
    if (what.does === 'apply' && what.changes.some(({ line }) => line.memberId !== memberId))
      return `this is member ${memberId}, and the plan is for another`;
    if (this.isKnown(partKey(part)) || parts.length < mostPartsWaiting) return null;
    return `${mostPartsWaiting} plans wait for this member already: try again later`;
  }

  private async takePart(part: PlanPart): Promise<ChangeDone[]> {
    const key = partKey(part);
    if (!this.isKnown(key)) this.state.parts.push(part);
    await condition(() => this.findAnswer(key) !== undefined);
    return this.findAnswer(key)?.changes ?? [];
  }

  private isKnown(key: string): boolean {
    return this.findAnswer(key) !== undefined || this.state.parts.some((one) => partKey(one) === key);
  }

  private findAnswer(key: string): PartDone | undefined {
    return this.state.partsDone.find((one) => one.key === key);
  }
}
