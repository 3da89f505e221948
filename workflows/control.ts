import {
  allHandlersFinished,
  condition,
  log,
  makeContinueAsNewFunc,
  setCurrentDetails,
  upsertMemo,
} from '@temporalio/workflow';
import { iso, type Exception, type Instant } from '../access/types.js';
import type { Act, WakeActivities } from '../messages/to-activities.js';
import {
  controlMemo,
  exceptionWords,
  exceptUpdate,
  modes,
  modeUpdate,
  ordersName,
  pauseUpdate,
  resumeUpdate,
  stopLevels,
  withdrawUpdate,
  type Giver,
  type ExceptionWish,
  type Order,
  type Orders,
  type StopLevel,
} from '../messages/to-control.js';
import { Acts } from './audit-log.js';
import { modeShape, problemOfMode, problemOfWish, ordersShape, wishShape } from './control-shapes.js';
import { controlDetailsOf } from './control-view.js';
import { goOn } from './go-on.js';
import { dropOthers, onUpdate } from './hear.js';
import { isLong } from './long.js';
import { revisionMemo } from '../messages/to-member.js';
import { insist, retryingActivities } from './retries.js';
import { refuse } from './refuse.js';
import { Keeper } from './remembered.js';
import { fields, giver, id, oneOf } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';

const wakes = retryingActivities<WakeActivities>({ startToCloseTimeout: '1m' }, 20_000);
/** Temporal's list lags behind: a later look finds a member who was stopped just before an order was taken back. */
const lookAgainMs = [10_000, 1_500];
/** How often stopped members are looked for. */
const looks = 1 + lookAgainMs.length;
const dayMs = 24 * 60 * 60_000;
/** How long before its end the log tells of an exception. */
const endsSoonMs = 3 * dayMs;
/** The server counts timers in ns, and 300 years are too many of them. */
const longestTimerMs = 30 * dayMs;
/**
 * Holds what people have ordered, and wakes the members concerned: those that an order stopped, once it is taken back, and
 * a member with an exception. Every write to Kisi asks its memo first (activities/gate.ts), so an order holds everywhere
 * from the instant it is given; so does every decision (activities/membership.ts).
 */
export function control(initial: Orders): Promise<void> {
  checkPlace();
  return goOn(() => new ControlRun(ordersFrom(initial)).run());
}

/** The orders that hold at first: those of the run before, of the record, or of the memo that an ended workflow left. */
function ordersFrom(argument: Orders): Orders {
  return isHandedOn() ? argument : started(ordersShape, argument);
}

/** The workflow `control` until its next run: what holds, what of it is to be told, and who is yet to be woken. */
class ControlRun {
  private readonly acts = new Acts();
  private readonly keeper = new Keeper(ordersName, this);
  /** How many looks for the members that an order stopped are left. */
  private looksLeft = 0;
  /** Until when ends of exceptions were told. */
  private toldUntil = Date.now();
  /** What was ordered since the record was last told. */
  private unkept: ((before: Orders) => Orders)[] = [];

  constructor(private orders: Orders) {
    this.hold(orders);
    this.hear();
  }

  /** Sees to what was ordered, until the history is long. */
  async run(): Promise<never> {
    for (;;) {
      await this.untilDue();
      this.tellEnds();
      while (this.looksLeft > 0) await this.wakeStopped();
      await this.keepAll();
      if (!mayContinueAsNew() || this.acts.areWaiting() || this.keeper.isDue()) continue;
      // With its memo, so that there is no moment at which an order does not hold.
      await makeContinueAsNewFunc<typeof control>({ memo: memoOf(this.orders) })(this.orders);
    }
  }

  /** What is kept on record. */
  memory(): Orders {
    return this.orders;
  }

  /** Goes by the newer orders on record, with what was ordered here meanwhile. Members that an old order stopped may go on. */
  adopt(newer: Orders): void {
    const next = this.unkept.reduce((before, order) => order(before), newer);
    this.looksLeft = looks;
    this.hold({ ...next, revision: newer.revision + this.unkept.length });
    if (this.unkept.length > 0) this.keeper.change();
  }

  private hear(): void {
    onUpdate(pauseUpdate, {
      description: `Stops something for everybody: {"level": one of ${stopLevels.join(', ')}, ${giverFields}}.`,
      shape: fields<Giver & { level: StopLevel }>({ level: oneOf(stopLevels), ...giver }),
      obey: ({ level, ...order }) =>
        this.obey(`pause ${level}`, order, (before) => ({ ...before, stop: { level, ...given(order) } })),
    });
    onUpdate(resumeUpdate, {
      description: `Lets everything go on that is stopped: {${giverFields}}.`,
      shape: fields<Giver>(giver),
      obey: (order) =>
        this.obey('resume', order, (before) => ({ ...before, stop: null, resumedAt: Date.now() })),
    });
    onUpdate(modeUpdate, {
      description:
        `Whose keys are written: {"mode": one of ${modes.join(', ')}, "locationIds": [], "memberIds": [], ` +
        `${giverFields}}; ids only for canary.`,
      shape: modeShape,
      problemOf: problemOfMode,
      obey: ({ mode, locationIds, memberIds, ...order }) =>
        this.obey(`mode ${mode}`, order, (before) => ({
          ...before,
          mode: { name: mode, locationIds, memberIds, ...given(order) },
        })),
    });
    onUpdate(exceptUpdate, {
      description:
        'Allows or blocks a group for a member: {"kind": allow or block, "memberId", "groupId": null for every group, ' +
        '"until": ms since 1970, "by": who orders it, "reason"}.',
      shape: wishShape,
      problemOf: (wish) => problemOfWish(wish, this.orders.exceptions),
      obey: (wish) => this.except(wish),
    });
    onUpdate(withdrawUpdate, {
      description: `Ends an exception before its time: {"exceptionId", ${giverFields}}.`,
      shape: fields<Giver & { exceptionId: number }>({ exceptionId: id, ...giver }),
      problemOf: ({ exceptionId }) =>
        this.orders.exceptions.some((one) => one.id === exceptionId)
          ? null
          : `there is no exception ${exceptionId}, or it has ended`,
      obey: (order) => this.withdraw(order),
    });
    dropOthers();
  }

  /** Whoever was stopped may go on now, even where a lower level takes the place of a higher. */
  private obey(what: string, giver: Giver, order: (before: Orders) => Orders): Orders {
    this.looksLeft = looks;
    this.change(order);
    this.acts.note({ memberId: null, what, ...ofGiver(giver), after: plain(this.orders) });
    return this.orders;
  }

  private async except(wish: ExceptionWish): Promise<Exception> {
    const { kind, memberId, groupId, until, by, reason, account = null } = wish;
    const id = this.orders.nextExceptionId;
    const exception = { id, kind, memberId, groupId, from: Date.now(), until, by, reason, account };
    this.change((before) => {
      // Where the record knows of more orders, their ids are taken.
      const free = Math.max(id, before.nextExceptionId);
      const exceptions = [...before.exceptions, { ...exception, id: free }];
      return { ...before, exceptions, nextExceptionId: free + 1 };
    });
    const what = `${kind} ${groupWords(groupId)} until ${iso(until)} (exception ${id})`;
    this.acts.note({ memberId, what, by, why: reason, account, after: exception });
    await insist(wakes, (set) => set.wakeOrdered(memberId));
    return exception;
  }

  private async withdraw({ exceptionId, ...giver }: Giver & { exceptionId: number }): Promise<Exception> {
    const exception = this.orders.exceptions.find(({ id }) => id === exceptionId);
    if (exception === undefined) return refuse(`there is no exception ${exceptionId}`);
    const { kind, memberId, groupId } = exception;
    this.change((before) => ({
      ...before,
      exceptions: before.exceptions.filter(({ id }) => id !== exceptionId),
    }));
    const what = `withdraw exception ${exceptionId} (${kind} ${groupWords(groupId)})`;
    this.acts.note({ memberId, what, ...ofGiver(giver), after: null });
    await insist(wakes, (set) => set.wakeOrdered(memberId));
    return exception;
  }

  /** Waits until there is something to do, or to say of an exception. */
  private async untilDue(): Promise<void> {
    const due = nextDue(this.orders.exceptions, this.toldUntil);
    const isReady = (): boolean =>
      this.looksLeft > 0 ||
      this.acts.areWaiting() ||
      this.keeper.isDue() ||
      mayContinueAsNew() ||
      nextDue(this.orders.exceptions, this.toldUntil) !== due;
    if (due === null) await condition(isReady);
    else {
      const ms = Math.min(Math.max(1, due - Date.now()), longestTimerMs);
      await condition(isReady, ms, { summary: 'until an exception ends' });
    }
  }

  /** Says which exceptions end soon, and drops those that have ended. */
  private tellEnds(): void {
    const now = Date.now();
    const { exceptions } = this.orders;
    for (const exception of exceptions) {
      const soonAt = exception.until - endsSoonMs;
      // An exception that was given for less time ends as soon as was meant.
      const isNews = soonAt > this.toldUntil && soonAt <= now && soonAt > exception.from;
      if (isNews) log.warn(`Ends soon: ${exceptionWords(exception)}`);
    }
    if (exceptions.some(({ until }) => until <= now)) this.hold(this.orders);
    this.toldUntil = now;
  }

  /** Looks once for the members that an order stopped, and waits until the next look is due. */
  private async wakeStopped(): Promise<void> {
    this.looksLeft--;
    const mayPoll = this.orders.stop?.level !== 'all';
    await insist(wakes, (set) => set.letPoll(mayPoll));
    // A blocked member may be waiting for an API instead, and the look for stopped members does not find it.
    const blocked = this.looksLeft === looks - 1 ? this.blockedIds() : [];
    if (blocked.length > 0) await insist(wakes, (set) => set.wakeRunning(blocked));
    await insist(wakes, (set) => set.wakeStopped());
    await this.keepAll();
    const isOrderedAnew = (): boolean => this.looksLeft === looks;
    const pauseMs = lookAgainMs[this.looksLeft - 1];
    if (pauseMs !== undefined && !isOrderedAnew())
      await condition(isOrderedAnew, pauseMs, { summary: 'look again for those who are held' });
  }

  private blockedIds(): number[] {
    const blocks = this.orders.exceptions.filter(({ kind }) => kind === 'block');
    return [...new Set(blocks.map(({ memberId }) => memberId))];
  }

  /** Has the audit log and the record know what was ordered. */
  private async keepAll(): Promise<void> {
    await this.acts.keep();
    if (!this.keeper.isDue()) return;
    const told = this.unkept.length;
    await this.keeper.keep();
    this.unkept = this.unkept.slice(told);
  }

  /** Has something hold from now on. */
  private change(order: (before: Orders) => Orders): void {
    this.unkept.push(order);
    this.hold({ ...order(this.orders), revision: this.orders.revision + 1 });
    this.keeper.change();
  }

  /** From now on these hold, but for exceptions that have ended. */
  private hold(next: Orders): void {
    this.orders = { ...next, exceptions: next.exceptions.filter(({ until }) => until > Date.now()) };
    upsertMemo(memoOf(this.orders));
    setCurrentDetails(controlDetailsOf(this.orders));
  }
}

/** As workers and the command line read it. */
function memoOf(orders: Orders): Record<string, unknown> {
  return { [controlMemo]: orders, [revisionMemo]: orders.revision };
}

/** The next instant after `lookedAt` at which an exception begins to end soon, or ends. */
function nextDue(exceptions: readonly Exception[], lookedAt: Instant): Instant | null {
  const due = exceptions
    .flatMap(({ until }) => [until - endsSoonMs, until])
    .filter((instant) => instant > lookedAt);
  return due.length === 0 ? null : Math.min(...due);
}

/** As the audit log keeps it. */
function plain({ stop, mode }: Orders): Act['after'] {
  return { stop: stop === null ? null : { ...stop }, mode: { ...mode } };
}

function mayContinueAsNew(): boolean {
  return isLong() && allHandlersFinished();
}

function given(giver: Giver): Order {
  return { ...ofGiver(giver), since: Date.now() };
}

function ofGiver({ by, why, account = null }: Giver): Giver {
  return { by, why, account };
}

const giverFields = '"by": who orders it, "why": "…"';
const groupWords = (groupId: number | null): string =>
  groupId === null ? 'every group' : `group ${groupId}`;
