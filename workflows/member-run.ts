import { ActivityCancellationType, condition, workflowInfo } from '@temporalio/workflow';
import { looksFor } from '../access/ownership.js';
import { wakeAt } from '../access/plan.js';
import type { Instant } from '../access/types.js';
import type { Assessed, MembershipActivities } from '../messages/to-activities.js';
import { mergedWakes, nexudusTaskQueue, type MemberState } from '../messages/to-member.js';
import { carryOutBlocks } from './blocks.js';
import { Differences } from './differences.js';
import { Display } from './display.js';
import { Inbox, Progress } from './inbox.js';
import { KeyWriter, type Author, type Writing } from './key-writer.js';
import { isLong } from './long.js';
import { markdownText } from './markdown.js';
import { PlanPartRun } from './plan-part.js';
import { tellProfiles } from './profiles.js';
import { persist, Problem, retryingActivities, type Overtaking, type Retrying } from './retries.js';
import type { Round } from './round.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const longestRunMs = 30 * dayMs;
/** Most of ten thousand members have to be replayed when they wake, and all may wake at one midnight. */
const mostEvents = 150;
/** A member who has held nothing for this long completes, and starts again when something new appears. */
const idleEndMs = 90 * dayMs;
/** When to look again after a failure that no retry mends, and while a doubtful read keeps keys. */
const blockedRetryMs = 10 * minuteMs;
const doubtRetryMs = 30_000;
/** The end of an order wakes the members that it stopped; this is for a wake that was missed. */
const stoppedRetryMs = 60 * minuteMs;
/** When to try again to take away what a block forbids, where that failed and Nexudus does not answer either. */
const blockRetryMs = 15_000;
const mostPartsKept = 4;
/** How far Nexudus' clock may be behind, and how late its lists may show what was written. */
const newsLagMs = minuteMs;

/** One run of a member's workflow: the steps of its story (member.ts tells it), and what it knows between them. */
export class MemberRun {
  /** What the next run starts with. */
  readonly state: MemberState;
  readonly display: Display;
  readonly inbox: Inbox;
  private readonly progress = new Progress();
  private readonly nexudus = nexudusActivities();
  private readonly startedAt: Instant = Date.now();
  private dueAt: Instant = Date.now();
  private doubtSince: Instant | null = null;
  /** When the last decision came, by Temporal's clock, and what time it was by the clock that it was made by. */
  private judged = { at: Date.now(), by: Date.now() };

  constructor(initial: MemberState) {
    this.state = { ...initial, wakes: mergedWakes(initial.wakes) };
    this.display = new Display(this.state);
    this.inbox = new Inbox(this.state, this.display, this.progress);
  }

  /** Hears messages from now on, and has a look due where none came yet. */
  open(): void {
    this.inbox.open();
    if (!this.inbox.isWoken()) this.inbox.wake({ reason: 'changed' });
  }

  /** Shows that somebody asked to cancel the workflow. */
  noteCancelAsked(): void {
    this.state.cancelAskedAt = Date.now();
    this.display.publish();
  }

  /** Does what plans ask of this member, before the rules have their say again. */
  async doPlanParts(): Promise<void> {
    const { state } = this;
    for (let part = state.parts[0]; part !== undefined; part = state.parts[0]) {
      const { by, planId } = part;
      const overtaking = {
        isOvertaken: () => this.inbox.hasWakes(),
        dueAt: ifToCome(this.display.outlook.next?.at ?? Infinity),
      };
      const wakesBy = 'by itself, or is left undone when something changes';
      const writer = this.createWriter({ by, planId, isBatch: false }, overtaking, wakesBy);
      const done = await new PlanPartRun(part, state, writer).run();
      this.display.clearWaiting();
      state.parts = state.parts.slice(1);
      state.partsDone = [...state.partsDone, done].slice(-mostPartsKept);
    }
  }

  /** Begins a round that answers all wakes so far. */
  beginRound(): Round {
    const { progress } = this;
    const round = this.inbox.takeRound(this.dueAt);
    progress.roundsBegun++;
    progress.isWaiting = false;
    progress.hasEnded = false;
    progress.changes = [];
    return round;
  }

  /** Whether an order may have blocked keys, or a block is not carried out yet. */
  areBlocksDue(): boolean {
    return this.inbox.isOrdered() || this.state.blocksUndone;
  }

  /** Takes away at once what blocks forbid, by the ledger: neither API has to answer a question first. */
  async carryOutBlocks(): Promise<void> {
    const { state, display } = this;
    const { outlook } = display;
    const author = { by: 'rules', planId: null, isBatch: false, isOrdered: true };
    const overtaking = { isOvertaken: () => this.inbox.isWoken(), dueAt: Infinity };
    const { changes } = this.progress;
    const tell = (problem: Problem | null): void => {
      outlook.blocks = { lookedAt: Date.now(), waitsFor: problem?.message ?? null };
      if (problem === null) return;
      this.waitFor(problem, `by itself: it is tried again within ${blockRetryMs / 1_000} s`);
    };
    const createWriter = (onWaiting: Writing['onWaiting']): KeyWriter =>
      new KeyWriter(state, { author, changes, onWaiting, overtaking });
    await carryOutBlocks(state, outlook.locationId, createWriter, tell);
    if (outlook.state === 'access' && !display.hasKey()) outlook.state = 'noAccess';
    display.publish();
  }

  /** Has Nexudus read and the rules asked. Null: an order came, or is to be tried again, and does not wait for Nexudus. */
  async look({ notBefore, reference, isCheckIn, isBatch }: Round): Promise<Assessed | null> {
    const { state, progress } = this;
    const { memberId, siblingIds, ledger, dropped, kisiUser, newsFrom } = state;
    const how = { notBefore, reference, isCheckIn, isBatch };
    const request = { memberId, ...how, siblingIds, ledger, dropped, kisiUser, newsFrom };
    const isOvertaken = (): boolean => this.inbox.isOrdered();
    const dueAt = state.blocksUndone ? Date.now() + blockRetryMs : Infinity;
    progress.isLooking = true;
    const answer = await persist(
      this.nexudus,
      (nexudus) => nexudus.assessMember(request),
      this.onWaiting('by itself: it is read again within a minute. No key is taken away meanwhile.'),
      { isOvertaken, isOvertakenAtOnce: isOvertaken, dueAt },
    ).finally(() => {
      progress.isLooking = false;
    });
    if (answer === null) return null;
    this.display.clearWaiting();
    this.noteAssessed(answer.value);
    return answer.value;
  }

  /** Hands the wakes of a round that could not look on to the next round. */
  putBack(round: Round): void {
    this.state.wakes = [...round.wakes, ...this.state.wakes];
  }

  /** Tells the person's other profiles what concerns them. Returns the owner of the keys where it is another profile. */
  tellProfiles({ wakes }: Round, assessed: Assessed): Promise<number | null> {
    const isNews = wakes.some(({ reason }) => reason !== 'profile' && reason !== 'profileOrder');
    return tellProfiles(this.state, assessed, isNews, this.progress.changes, this.onWaiting('by itself'));
  }

  /** Leaves the keys to the profile that owns them, and only listens. */
  standBy(ownerId: number, { gone }: Assessed): void {
    const { outlook } = this.display;
    outlook.state = gone ? 'ended' : 'otherProfile';
    outlook.standing = `Profile ${ownerId} owns the keys of this person.`;
    outlook.next = null;
    this.state.blocksUndone = false;
    this.progress.hasEnded = gone;
    this.finishRound(this.endIfIdle());
  }

  /** Writes what differs. Returns the problems of keys that an order stops; null: the rest is out of date. */
  write(round: Round, assessed: Assessed): Promise<Problem[] | null> {
    const overtaking = {
      isOvertaken: () => this.inbox.isWoken(),
      // Thousands may wait before it in line.
      isOvertakenAtOnce: () => (round.isBatch && this.inbox.isAwaited()) || this.inbox.isOrdered(),
      dueAt: ifToCome(assessed.next?.at ?? Infinity),
    };
    const author = { by: 'rules', planId: null, isBatch: round.isBatch };
    const writer = this.createWriter(author, overtaking, 'by itself: it is tried again within a minute');
    return new Differences(this.state, assessed, writer, this.display).write(round.isResync);
  }

  /** Has the next round do what this one did not, since something else came first. */
  leaveToNextRound({ isResync, notBefore, isBatch }: Round): void {
    if (isResync) this.state.wakes.push({ reason: 'resync', notBefore, isBatch });
    else if (!this.inbox.hasWakes()) this.inbox.wake({ reason: 'changed' });
  }

  /** After all writes: says how things stand, and when to look again. */
  settle(assessed: Assessed, [stopped]: Problem[]): void {
    const { state, progress } = this;
    this.display.clearWaiting();
    // What the rules make of the orders is done, or waits for a person.
    state.blocksUndone = false;
    this.display.showStanding(assessed, stopped === undefined);
    progress.withheldAtOnce = assessed.holds.filter(({ byGuard }) => byGuard === true);
    state.newsFrom = assessed.readAt - newsLagMs;
    state.dueBefore = assessed.due ?? [];
    const looks = looksFor(assessed.unanswered ?? [], state.ledger).filter((at) => at > Date.now());
    const { next } = this.display.outlook;
    const due = next === null ? Infinity : wakeAt(next.at, this.judged, Date.now());
    const retry = this.planRetry(assessed, stopped);
    if (retry !== null) {
      this.finishRound(Math.min(due, retry, ...looks));
      return;
    }
    if (assessed.gone && state.ledger.length === 0 && looks.length === 0) {
      progress.hasEnded = true;
      this.display.outlook.state = 'ended';
    }
    this.finishRound(Math.min(due, this.endIfIdle(), ...looks));
  }

  /** Says what no retry mends, and looks again later. Any other error is a defect and is thrown again. */
  noteFailure(error: unknown): void {
    if (!(error instanceof Problem)) throw error;
    this.waitFor(error, 'when something changes, on a resync, or in 10 minutes');
    this.finishRound(Date.now() + blockedRetryMs);
  }

  /** Whether the member needs no workflow any more, and everyone is answered. */
  async isOver(): Promise<boolean> {
    if (!this.progress.hasEnded || this.inbox.isWoken()) return false;
    return (await this.inbox.awaitAnswers()) && !this.inbox.isWoken();
  }

  /** Sleeps until something is due or somebody wakes the member, at most to the end of the run. */
  async sleep(): Promise<void> {
    if (this.inbox.isWoken()) return;
    const at = this.dueAt;
    const { next } = this.display.outlook;
    const runEndsAt = this.startedAt + longestRunMs;
    const ms = Math.max(1, Math.min(at, runEndsAt) - Date.now());
    const what = markdownText(next?.at === at ? next.what : 'look again').slice(0, 190);
    await condition(() => this.inbox.isWoken(), ms, { summary: at > runEndsAt ? 'a fresh run' : what });
  }

  /** Whether the run is long enough, and everyone is answered. */
  async shouldContinueAsNew(): Promise<boolean> {
    const isTooLong =
      isLong() || Date.now() >= this.startedAt + longestRunMs || workflowInfo().historyLength >= mostEvents;
    return isTooLong && this.inbox.awaitAnswers();
  }

  private createWriter(author: Author, overtaking: Overtaking, wakesBy: string): KeyWriter {
    const { changes } = this.progress;
    return new KeyWriter(this.state, { author, changes, onWaiting: this.onWaiting(wakesBy), overtaking });
  }

  private noteAssessed(assessed: Assessed): void {
    const { state } = this;
    const { outlook } = this.display;
    state.ledger = assessed.ledger;
    state.dropped = [];
    state.kisiUser = assessed.kisiUser;
    state.records = assessed.records ?? state.records;
    const isIdle = !assessed.hasRecords && state.ledger.length === 0;
    state.idleSince = isIdle ? (state.idleSince ?? Date.now()) : null;
    this.judged = { at: Date.now(), by: assessed.judgedAt };
    outlook.lastCheckedAt = assessed.readAt;
    outlook.locationId = assessed.locationId;
  }

  /** Says what is not done, and when to try again; null: all is done. */
  private planRetry({ holds }: Assessed, stopped: Problem | undefined): Instant | null {
    const doubt = holds.find(({ byGuard }) => byGuard !== true);
    if (doubt !== undefined) {
      const since = (this.doubtSince ??= Date.now());
      const wakes = 'by itself: it is read again every 30 s';
      this.display.outlook.waiting = { problem: 'DoubtfulRead', what: doubt.why, since, wakes };
      return Date.now() + doubtRetryMs;
    }
    this.doubtSince = null;
    const [atOnce] = this.progress.withheldAtOnce;
    if (atOnce !== undefined) {
      this.waitFor(new Problem('Stopped', atOnce.why, true), 'when that is approved, or not so any more');
      return Date.now() + blockedRetryMs;
    }
    if (stopped === undefined) return null;
    this.waitFor(stopped, 'when the order is taken back');
    return Date.now() + stoppedRetryMs;
  }

  private finishRound(dueAt: Instant): void {
    this.dueAt = dueAt;
    this.progress.roundsDone = this.progress.roundsBegun;
  }

  /** Ends a member who has been idle for long enough. Returns when that is, or was, due. */
  private endIfIdle(): Instant {
    const { idleSince } = this.state;
    if (idleSince === null) return Infinity;
    if (Date.now() >= idleSince + idleEndMs) this.progress.hasEnded = true;
    return idleSince + idleEndMs;
  }

  /** Has a job say what it waits for. */
  private onWaiting(wakesBy: string): (problem: Problem) => void {
    return (problem) => {
      this.waitFor(problem, wakesBy);
    };
  }

  private waitFor(problem: Problem, wakesBy: string): void {
    this.progress.isWaiting = true;
    this.display.waitFor(problem, wakesBy);
  }
}

/** The instant, or Infinity where it is past: a past one would overtake each write before it is made. */
function ifToCome(at: Instant): Instant {
  return at > Date.now() ? at : Infinity;
}

function nexudusActivities(): Retrying<MembershipActivities> {
  const options = {
    taskQueue: nexudusTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '5m',
    heartbeatTimeout: '15s',
    summary: 'read Nexudus and decide',
    // A read that is given up has nothing to tell.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  };
  return retryingActivities<MembershipActivities>(options, 20_000);
}
