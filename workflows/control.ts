import {
  allHandlersFinished,
  condition,
  log,
  makeContinueAsNewFunc,
  setCurrentDetails,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { iso, type Exception, type Instant } from '../access/types.js';
import type { Act, WakeActivities } from '../messages/to-activities.js';
import {
  controlMemo,
  exceptionWords,
  exceptUpdate,
  giverWords,
  modes,
  modeUpdate,
  mostCanaries,
  mostExceptions,
  ordersName,
  pauseUpdate,
  resumeUpdate,
  stopLevels,
  withdrawUpdate,
  type Canaries,
  type Giver,
  type ExceptionWish,
  type Mode,
  type Order,
  type Orders,
  type StopLevel,
} from '../messages/to-control.js';
import { goOn } from './go-on.js';
import { dropOthers, onUpdate } from './hear.js';
import { isLong } from './long.js';
import { markdownText } from './markdown.js';
import { revisionMemo } from '../messages/to-member.js';
import { insist, retryingActivities } from './retries.js';
import { refuse } from './refuse.js';
import { createKeeper } from './remembered.js';
import {
  count,
  fields,
  giver,
  id,
  instant,
  listOf,
  Misshapen,
  oneOf,
  or,
  orNull,
  type Shape,
} from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';
import { logOrder, auditLogActivities } from './audit-log.js';

const wakes = retryingActivities<WakeActivities>({ startToCloseTimeout: '1m' }, 20_000);
/** Temporal's list lags behind: who was held just before an order was taken back is found by a later look. */
const lookAgainMs = [10_000, 1_500];
/** How often those are looked for whom an order held. */
const looks = 1 + lookAgainMs.length;
const dayMs = 24 * 60 * 60_000;
/** So long before an exception ends the log says so. */
const endsSoonMs = 3 * dayMs;
/** The server counts timers in ns, and 300 years are too many of them. */
const longestTimerMs = 30 * dayMs;
/** What the details have room for. */
const mostListed = 50;

/**
 * Holds what people have ordered, and wakes whom it concerns: those whom an order held when it is taken back, and a
 * member with an exception. Every write to Kisi asks its memo first (activities/gate.ts), so an order holds everywhere
 * from the instant it is given; so does every decision (activities/membership.ts).
 */
export function control(initial: Orders): Promise<void> {
  checkPlace();
  return goOn(() => obeyOrders(ordersFrom(initial)));
}

/** The orders that hold at first: those of the run before, of the record, or of the memo that one left that was ended. */
function ordersFrom(argument: Orders): Orders {
  return isHandedOn() ? argument : started(keptShape, argument);
}

async function obeyOrders(initial: Orders): Promise<void> {
  let orders = initial;
  let looksDue = 0;
  let lookedAt = Date.now();
  let acts: Act[] = [];
  const { taskQueue, runId } = workflowInfo();
  const auditLog = auditLogActivities(taskQueue);
  let actCount = 0;
  /** What was ordered since the record was last told. */
  let unkept: ((before: Orders) => Orders)[] = [];
  const keeper = createKeeper(ordersName, auditLog, () => orders, adopt);
  hold(orders);

  onUpdate(
    pauseUpdate,
    {
      description: `Stops something for everybody: {"level": one of ${stopLevels.join(', ')}, ${giverFields}}.`,
      shape: fields({ level: oneOf(stopLevels), ...giver }),
    },
    ({ level, ...order }) =>
      obey(`pause ${level}`, (before) => ({ ...before, stop: { level, ...given(order) } }), order),
  );
  onUpdate(
    resumeUpdate,
    { description: `Lets everything go on that is stopped: {${giverFields}}.`, shape: fields(giver) },
    (order) => obey('resume', (before) => ({ ...before, stop: null, resumedAt: Date.now() }), order),
  );
  onUpdate(
    modeUpdate,
    {
      description:
        `Whose keys are written: {"mode": one of ${modes.join(', ')}, "locationIds": [], "memberIds": [], ` +
        `${giverFields}}; ids only for canary.`,
      shape: fields({ mode: oneOf(modes), locationIds: canaries, memberIds: canaries, ...giver }),
      check: checkCanaries,
    },
    ({ mode, locationIds, memberIds, ...order }) =>
      obey(
        `mode ${mode}`,
        (before) => ({ ...before, mode: { name: mode, locationIds, memberIds, ...given(order) } }),
        order,
      ),
  );
  onUpdate(
    exceptUpdate,
    {
      description:
        'Allows or blocks a group for a member: {"kind": allow or block, "memberId", "groupId": null for every group, ' +
        '"until": ms since 1970, "by": who orders it, "reason"}.',
      shape: wishShape,
      check: (wish) => {
        checkWish(wish, orders.exceptions);
      },
    },
    except,
  );
  onUpdate(
    withdrawUpdate,
    {
      description: `Ends an exception before its time: {"exceptionId", ${giverFields}}.`,
      shape: fields({ exceptionId: id, ...giver }),
      check: ({ exceptionId }) => {
        if (orders.exceptions.every((one) => one.id !== exceptionId))
          refuse(`there is no exception ${exceptionId}, or it has ended`);
      },
    },
    withdraw,
  );
  dropOthers();

  for (;;) {
    await untilDue();
    tellEnds();
    while (looksDue > 0) {
      looksDue--;
      const mayPoll = orders.stop?.level !== 'all';
      await insist(wakes, (set) => set.letPoll(mayPoll));
      // They may wait for an API too, and are not told by what they wait for.
      const blocked = looksDue === looks - 1 ? blockedIds() : [];
      if (blocked.length > 0) await insist(wakes, (set) => set.wakeRunning(blocked));
      await insist(wakes, (set) => set.wakeStopped());
      await keepAll();
      const anew = (): boolean => looksDue === looks;
      const pauseMs = lookAgainMs[looksDue - 1];
      if (pauseMs !== undefined && !anew())
        await condition(anew, pauseMs, { summary: 'look again for those who are held' });
    }
    await keepAll();
    if (!mayContinueAsNew() || acts.length > 0 || keeper.isDue()) continue;
    // With its memo, so that there is no moment at which an order does not hold.
    await makeContinueAsNewFunc<typeof control>({ memo: memoOf(orders) })(orders);
  }

  function blockedIds(): number[] {
    const blocks = orders.exceptions.filter(({ kind }) => kind === 'block');
    return [...new Set(blocks.map(({ memberId }) => memberId))];
  }

  /** Of what is on record and newer, with what was ordered here meanwhile. Whom an old order held may go on. */
  function adopt(newer: Orders): void {
    const base = newer;
    const next = unkept.reduce((before, order) => order(before), base);
    looksDue = looks;
    hold({ ...next, revision: base.revision + unkept.length });
    if (unkept.length > 0) keeper.changed();
  }

  /** Has something hold from now on. */
  function change(order: (before: Orders) => Orders): void {
    unkept.push(order);
    hold({ ...order(orders), revision: orders.revision + 1 });
    keeper.changed();
  }

  /** What held anybody may hold nobody now, be it that a lower level takes the place of a higher. */
  function obey(what: string, order: (before: Orders) => Orders, { by, why, account = null }: Giver): Orders {
    looksDue = looks;
    change(order);
    note({ memberId: null, what, by, why, account, after: plain(orders) });
    return orders;
  }

  async function except(wish: ExceptionWish): Promise<Exception> {
    const { kind, memberId, groupId, until, by, reason, account = null } = wish;
    const id = orders.nextExceptionId;
    const exception = { id, kind, memberId, groupId, from: Date.now(), until, by, reason, account };
    change((before) => {
      // Where the record knows of more orders, their ids are taken.
      const free = Math.max(id, before.nextExceptionId);
      const exceptions = [...before.exceptions, { ...exception, id: free }];
      return { ...before, exceptions, nextExceptionId: free + 1 };
    });
    const what = `${kind} ${groupWords(groupId)} until ${iso(until)} (exception ${id})`;
    note({ memberId, what, by, why: reason, account, after: exception });
    await insist(wakes, (set) => set.wakeOrdered(memberId));
    return exception;
  }

  async function withdraw({ exceptionId, ...giver }: Giver & { exceptionId: number }): Promise<Exception> {
    const exception = orders.exceptions.find(({ id }) => id === exceptionId);
    if (exception === undefined) return refuse(`there is no exception ${exceptionId}`);
    const { kind, memberId, groupId } = exception;
    change((before) => ({
      ...before,
      exceptions: before.exceptions.filter(({ id }) => id !== exceptionId),
    }));
    const what = `withdraw exception ${exceptionId} (${kind} ${groupWords(groupId)})`;
    note({ memberId, what, ...ofGiver(giver), after: null });
    await insist(wakes, (set) => set.wakeOrdered(memberId));
    return exception;
  }

  function note(act: Omit<Act, 'id' | 'at'>): void {
    acts.push({ id: `${runId}/${actCount++}`, at: Date.now(), ...act });
    logOrder(act);
  }

  /** Until there is something to do, or to say of an exception. */
  async function untilDue(): Promise<void> {
    const due = nextDue(orders.exceptions, lookedAt);
    const isReady = (): boolean =>
      looksDue > 0 ||
      acts.length > 0 ||
      keeper.isDue() ||
      mayContinueAsNew() ||
      nextDue(orders.exceptions, lookedAt) !== due;
    if (due === null) await condition(isReady);
    else {
      const ms = Math.min(Math.max(1, due - Date.now()), longestTimerMs);
      await condition(isReady, ms, { summary: 'until an exception ends' });
    }
  }

  /** Says which exceptions end soon, and drops those that have ended. */
  function tellEnds(): void {
    const now = Date.now();
    for (const exception of orders.exceptions) {
      const soonAt = exception.until - endsSoonMs;
      // One that was given for less ends as soon as was meant.
      const isNews = soonAt > lookedAt && soonAt <= now && soonAt > exception.from;
      if (isNews) log.warn(`Ends soon: ${exceptionWords(exception)}`);
    }
    if (orders.exceptions.some(({ until }) => until <= now)) hold(orders);
    lookedAt = now;
  }

  /** Has the audit log and the record know what was ordered. */
  async function keepAll(): Promise<void> {
    const kept = acts;
    acts = [];
    for (const act of kept) await insist(auditLog, (set) => set.noteAct(act));
    if (!keeper.isDue()) return;
    const told = unkept.length;
    await keeper.keep();
    unkept = unkept.slice(told);
  }

  /** From now on these hold, but for exceptions that have ended. */
  function hold(next: Orders): void {
    orders = { ...next, exceptions: next.exceptions.filter(({ until }) => until > Date.now()) };
    upsertMemo(memoOf(orders));
    setCurrentDetails(detailsOf(orders));
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
const canaries = listOf(id, mostCanaries);

function checkCanaries({ mode, locationIds, memberIds }: Canaries & { mode: Mode }): void {
  const some = locationIds.length + memberIds.length > 0;
  if (mode === 'canary' && !some) refuse('canary needs a location or a member');
  if (mode !== 'canary' && some) refuse(`${mode} is for all: name no location and no member`);
}

const reason: Shape<string> = (value, name) => {
  const text = value === undefined ? '' : giver.why(value);
  if (text.trim() === '') throw new Misshapen(`say why (${name})`);
  return text;
};

const wishShape = fields<ExceptionWish>({
  kind: oneOf(['allow', 'block']),
  memberId: id,
  groupId: orNull(id),
  until: instant,
  by: giver.by,
  account: giver.account,
  reason,
});

function checkWish(wish: ExceptionWish, exceptions: readonly Exception[]): void {
  const { kind, memberId, groupId, until } = wish;
  if (groupId === null && kind === 'allow') refuse('name the group that is allowed');
  if (until <= Date.now()) refuse(`the end, ${iso(until)}, is past`);
  const lasting = exceptions.filter((one) => one.until > Date.now());
  if (lasting.length >= mostExceptions)
    refuse(`there are ${mostExceptions} exceptions already: withdraw some`);
  const other = lasting.find(
    (one) =>
      one.memberId === memberId &&
      one.kind === contrary[kind] &&
      (one.groupId === null || groupId === null || one.groupId === groupId),
  );
  if (other !== undefined) refuse(`it contradicts ${exceptionWords(other)}; withdraw that first`);
}

const order = { ...giver, since: instant };
const keptShape = fields<Orders>({
  stop: orNull(fields({ ...order, level: oneOf(stopLevels) })),
  mode: fields({ ...order, name: oneOf(modes), locationIds: canaries, memberIds: canaries }),
  resumedAt: or(orNull(instant), null),
  exceptions: or(
    listOf(
      fields<Exception>({
        id,
        kind: oneOf(['allow', 'block']),
        memberId: id,
        groupId: orNull(id),
        from: instant,
        until: instant,
        by: giver.by,
        account: giver.account,
        reason,
      }),
      mostExceptions,
    ),
    [],
  ),
  nextExceptionId: or(id, 1),
  revision: or(count, 0),
});

const contrary: Record<Exception['kind'], Exception['kind']> = { allow: 'block', block: 'allow' };

const stopped: Record<StopLevel, string> = {
  revokes: 'No key is taken away. Keys are given as ever.',
  writes: 'Nothing is written to Kisi.',
  all: 'Nothing is read or written.',
};

const written: Record<Mode, string> = {
  observe: 'Nothing is written to Kisi: Latchkey only observes.',
  canary: 'Only the keys of a few are written to Kisi.',
  live: 'The keys of all are written to Kisi.',
};

function detailsOf({ stop, mode, exceptions }: Orders): string {
  const lines = [`**Mode ${mode.name}** ${orderWords(mode)} ${written[mode.name]}`];
  if (mode.locationIds.length > 0) lines.push(`Locations: ${mode.locationIds.join(', ')}.`);
  if (mode.memberIds.length > 0) lines.push(`Members: ${mode.memberIds.join(', ')}.`);
  lines.push(
    stop === null
      ? 'Nothing is stopped.'
      : `**Stopped (${stop.level})** ${orderWords(stop)} ${stopped[stop.level]}`,
    exceptions.length === 0
      ? 'No exception holds.'
      : `**Exceptions (${exceptions.length})**, those that end first:\n\n${listed(exceptions)}`,
  );
  return lines.join('\n\n');
}

function listed(exceptions: readonly Exception[]): string {
  const byEnd = [...exceptions].sort((a, b) => a.until - b.until).slice(0, mostListed);
  return byEnd.map((exception) => `- ${markdownText(exceptionWords(exception))}`).join('\n');
}

const groupWords = (groupId: number | null): string =>
  groupId === null ? 'every group' : `group ${groupId}`;

function orderWords({ why, since, ...giver }: Order): string {
  return `by ${markdownText(giverWords(giver))} since ${iso(since)}${why === '' ? '' : `: ${markdownText(why)}`}.`;
}
