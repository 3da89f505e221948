import {
  ActivityCancellationType,
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  workflowInfo,
} from '@temporalio/workflow';
import { looksFor } from '../access/ownership.js';
import { nextWake, planSteps, stillFrozen, wakeAt, type KeptKey, type Step } from '../access/plan.js';
import type { Due, Instant } from '../access/types.js';
import type { Act, Assessed, Assessment, MembershipActivities } from '../messages/to-activities.js';
import { carryOutBlocks } from './blocks.js';
import { giverProblem } from '../messages/to-control.js';
import { createDisplay } from './display.js';
import { goOn } from './go-on.js';
import { dropOthers, onQuery, onSignal, onUpdate } from './hear.js';
import { isLong } from './long.js';
import { markdownText } from './markdown.js';
import { byTheRules, keyWriter, type Circumstances, type KeyWriter } from './keys.js';
import {
  freezeGroup,
  holdingsQuery,
  memberIdOf,
  membershipChanged,
  mergedWakes,
  newMember,
  nexudusTaskQueue,
  resync,
  resyncNow,
  stateQuery,
  wakeOf,
  type MemberState,
  type MemberView,
  type Wake,
} from '../messages/to-member.js';
import { runPart } from './plan-part.js';
import { partKey, planPartUpdate, type PartDone } from '../messages/to-plan.js';
import { insist, retryingActivities, persist, Problem, type Patient } from './retries.js';
import { partShape, freezeShape, longestFreezeMs } from './plan-shapes.js';
import { tellProfiles } from './profiles.js';
import { refuse } from './refuse.js';
import { anything, fields, id, Misshapen } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';
import { auditLogActivities } from './audit-log.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const longestRunMs = 30 * dayMs;
/** Most of ten thousand members have to be replayed when they wake, and all may wake at one midnight. */
const mostEvents = 150;
/** A member who has held nothing for so long completes, and starts again when something new appears. */
const idleEndMs = 90 * dayMs;
/** When to look again after a failure that no retry mends, and while a doubtful read keeps keys. */
const blockedRetryMs = 10 * minuteMs;
const doubtRetryMs = 30_000;
/** Taking an order back wakes those whom it held; this is for one that was missed. */
const heldRetryMs = 60 * minuteMs;
/** When to try again what a block is to take away, where it could not be done and Nexudus does not answer either. */
const blockRetryMs = 15_000;
const mostPartsKept = 4;
/** More of them would only be a flood. */
const mostPartsWaiting = 20;
const mostFrozen = 200;
const mostAskings = 50;
/** Nexudus' clock may be behind by so much, and its lists may show so late what was written. */
const newsLagMs = minuteMs;

/**
 * The story of one member: look, decide, write what differs, say how things stand, sleep until the next change.
 * One run after another for as long as the member holds or may hold anything.
 */
export function member(initial: MemberState): Promise<MemberView> {
  const asked = { at: null as Instant | null, told: (): void => undefined };
  checkPlace();
  return goOn(
    () => tellStory(stateFrom(initial), asked),
    () => {
      asked.at = Date.now();
      asked.told();
    },
  );
}

/** When somebody asked to cancel this run; null: nobody did. `told` is called once that is so. */
interface CancelAsked {
  at: Instant | null;
  told: () => void;
}

async function tellStory(initial: MemberState, asked: CancelAsked): Promise<MemberView> {
  const state: MemberState = { ...initial, wakes: mergedWakes(initial.wakes) };
  const reads = nexudusActivities(state.taskQueue);
  const startedAt = Date.now();
  const display = createDisplay(state);
  const { outlook, view, publish, clearWaiting } = display;
  let changes: string[] = [];
  const run = {
    passesBegun: 0,
    passesDone: 0,
    /** Whether the pass under way has said what it waits for. */
    waits: false,
    ended: false,
    /** Whether the pass under way reads Nexudus, and has written nothing yet. */
    isLooking: false,
    doubtSince: null as Instant | null,
    /** When the last decision came, by Temporal's clock, and what time it was by the one that it was made by. */
    judged: { at: Date.now(), by: Date.now() },
    /** Fresh looks that people asked for. */
    asked: 0,
  };
  /** Who asked, as it is still to be kept. */
  let askings: Act[] = [];
  let withheldAtOnce: KeptKey[] = [];

  const wake = (w: Wake): void => {
    // What this look finds is written by the orders as they are then; begun anew again and again it would never be over.
    if (w.reason === 'released' && run.isLooking) return;
    state.wakes = mergedWakes([...state.wakes, { ...w, notBefore: w.notBefore ?? Date.now() }]);
    if (w.reason === 'order') state.orderDue = { tellsProfiles: true };
    else if (w.reason === 'profileOrder') state.orderDue ??= { tellsProfiles: false };
  };
  const beginPass = (): void => {
    run.passesBegun++;
    run.waits = false;
    run.ended = false;
  };
  const woken = (): boolean => state.wakes.length > 0 || state.parts.length > 0;
  const isOrdered = (): boolean => state.orderDue !== null;
  /** Whether somebody waits for just this member. */
  const isAwaited = (): boolean =>
    state.parts.length > 0 || state.wakes.some(({ isBatch }) => isBatch !== true);

  onSignal(
    membershipChanged,
    { description: 'Has Nexudus read anew for this member. Needs no argument.', shape: anything },
    (argument) => {
      wake(wakeOf(argument));
    },
  );
  onSignal(
    resync,
    {
      description:
        'Has this member compared with Nexudus and Kisi. By whom and why may be said: {"by", "why"}.',
      shape: anything,
    },
    (asking) => {
      wake({ reason: 'resync' });
      keepAsking(asking);
    },
  );
  onSignal(
    freezeGroup,
    {
      description:
        'Latchkey itself sends it, where a finding is adopted: the key to a group is left as it is.',
      shape: freezeShape,
    },
    (freeze) => {
      const others = state.frozen.filter(({ groupId }) => groupId !== freeze.groupId);
      if (freeze.until > Date.now() + longestFreezeMs) throw new Misshapen('until is too far ahead');
      if (others.length >= mostFrozen) throw new Misshapen(`more than ${mostFrozen} groups would be frozen`);
      state.frozen = [...others, freeze];
      wake({ reason: 'drift' });
    },
  );
  onQuery(stateQuery, 'How the member stands, in plain words.', view);
  onQuery(holdingsQuery, 'The keys that Latchkey holds for the member, by their ids.', () => {
    const { ledger, dropped, kisiUser, siblingIds, frozen, comparedAt, records } = state;
    return { ledger, dropped, kisiUser, siblingIds, frozen, comparedAt, records, withheldAtOnce };
  });
  onUpdate(
    resyncNow,
    {
      description: 'As the signal resync, but answers what was changed, after 20 seconds at most.',
      shape: anything,
    },
    async (asking) => {
      wake({ reason: 'resync' });
      keepAsking(asking);
      const mine = run.passesBegun + 1;
      const done = (): boolean =>
        run.passesDone >= mine || (run.passesBegun >= mine && run.waits) || run.ended;
      const isDone = await condition(done, '20s');
      return { changes, problem: outlook.waiting === null ? null : outlook.waiting.what, isDone };
    },
  );

  const answerTo = (key: string): PartDone | undefined => state.partsDone.find((one) => one.key === key);
  const isKnown = (key: string): boolean =>
    answerTo(key) !== undefined || state.parts.some((one) => partKey(one) === key);
  onUpdate(
    planPartUpdate,
    {
      description: 'Latchkey itself sends it, where a plan is applied or undone: this member’s part of it.',
      shape: partShape,
      check: (part) => {
        if (part.freezeUntil > Date.now() + longestFreezeMs) refuse('freezeUntil is too far ahead');
        const { what } = part;
        const isOther =
          what.does === 'apply' && what.changes.some(({ line }) => line.memberId !== state.memberId);
        if (isOther) refuse(`this is member ${state.memberId}, and the plan is for another`);
        if (!isKnown(partKey(part)) && state.parts.length >= mostPartsWaiting)
          refuse(`${mostPartsWaiting} plans wait for this member already: try again later`);
      },
    },
    async (part) => {
      const key = partKey(part);
      if (!isKnown(key)) state.parts.push(part);
      await condition(() => answerTo(key) !== undefined);
      return answerTo(key)?.changes ?? [];
    },
  );
  dropOthers();

  asked.told = () => {
    state.cancelAskedAt = asked.at;
    publish();
  };
  if (asked.at !== null) asked.told();

  let dueAt: Instant = Date.now();
  if (!woken()) wake({ reason: 'changed' });
  for (;;) {
    if (state.parts.length > 0) await runParts();
    const pass = takeWakes(state, dueAt);
    beginPass();
    changes = [];
    try {
      if (isOrdered() || state.blocksUndone) await carryOut();
      const next = await lookAndApply(pass);
      if (next === 'unread') state.wakes = [...pass.taken, ...state.wakes];
      else if (next === 'overtaken') {
        // What this pass was to do goes into the next one.
        if (pass.resync)
          state.wakes.push({ reason: 'resync', notBefore: pass.notBefore, isBatch: pass.isBatch });
        else if (state.wakes.length === 0) wake({ reason: 'changed' });
      } else {
        dueAt = next;
        run.passesDone = run.passesBegun;
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      waitFor(error, 'when something changes, on a resync, or in 10 minutes');
      dueAt = Date.now() + blockedRetryMs;
      run.passesDone = run.passesBegun;
    }
    publish();
    if (run.ended && !woken() && (await everyoneIsAnswered()) && !woken()) return view();
    if (!woken()) await sleepUntil(dueAt);
    if (runIsLong() && (await everyoneIsAnswered())) await continueAsNew<typeof member>(state);
  }

  /** Has the audit log keep who asked for a fresh look. The look does not wait for it. */
  function keepAsking(asking: unknown): void {
    const act = askingAct(asking, state.memberId, `${workflowInfo().runId}/resync ${run.asked++}`);
    if (askings.length >= mostAskings) return;
    askings = [...askings, act];
    if (askings.length === 1) void keepAskings();
  }

  /** One after another: of thousands at once the server would take none. */
  async function keepAskings(): Promise<void> {
    for (let act = askings[0]; act !== undefined; act = askings[0]) {
      const kept = act;
      await insist(auditLogActivities(state.taskQueue), (set) => set.noteAct(kept)).catch(() => {
        log.warn('who asked for a fresh look could not be kept in the audit log');
      });
      askings = askings.slice(1);
    }
  }

  /** False: something came that is to be done first. */
  async function everyoneIsAnswered(): Promise<boolean> {
    const isMoreUrgent = (): boolean => state.parts.length > 0 || isOrdered();
    await condition(() => (allHandlersFinished() && askings.length === 0) || isMoreUrgent());
    return !isMoreUrgent();
  }

  /** What blocks take away goes at once, by the ledger: neither API has to answer a question first. */
  async function carryOut(): Promise<void> {
    const author = { by: 'rules', planId: null, isBatch: false, isOrdered: true };
    const overtaking = { isOvertaken: woken, dueAt: Infinity };
    await carryOutBlocks(state, {
      writer: (onWaiting) => keyWriter(state, changes, onWaiting, overtaking, author),
      circumstances: {
        emailDigest: state.kisiUser?.emailDigest ?? null,
        locationId: outlook.locationId,
      },
      tell: (problem) => {
        outlook.blocks = { lookedAt: Date.now(), waitsFor: problem?.message ?? null };
        if (problem !== null)
          waitFor(problem, `by itself: it is tried again within ${blockRetryMs / 1_000} s`);
      },
    });
    if (outlook.state === 'access' && state.ledger.every((key) => key.keyId === null))
      outlook.state = 'noAccess';
    publish();
  }

  /**
   * One pass: look, hand over what is not ours to keep, write the differences. Answers when to look again. `unread`: something
   * came that does not wait for a look.
   */
  async function lookAndApply(pass: Pass): Promise<Instant | 'overtaken' | 'unread'> {
    const assessment = await look(pass);
    if (assessment === null) return 'unread';
    state.idleSince =
      assessment.hasRecords || state.ledger.length > 0 ? null : (state.idleSince ?? Date.now());
    const ownerId = await tellProfiles(state, assessment, {
      isNews: pass.reasons.some((reason) => reason !== 'profile' && reason !== 'profileOrder'),
      changes,
      onWaiting: (problem) => {
        waitFor(problem, 'by itself');
      },
    });
    if (ownerId !== null) return standBy(ownerId, assessment);

    const due = assessment.next?.at ?? Infinity;
    const writer = keyWriter(
      state,
      changes,
      (problem) => {
        waitFor(problem, 'by itself: it is tried again within a minute');
      },
      {
        isOvertaken: woken,
        // What is past already by this clock would overtake each write before it is made.
        dueAt: due > Date.now() ? due : Infinity,
        // Thousands may wait before it in line.
        isOvertakenAtOnce: pass.isBatch ? () => isAwaited() || isOrdered() : isOrdered,
      },
      { ...byTheRules, isBatch: pass.isBatch },
    );
    const isLookDue = looksFor(assessment.unanswered ?? [], state.ledger).some((at) => at <= Date.now());
    const circumstances = { ...assessment, due: newsIn(assessment.due) };
    state.frozen = stillFrozen(state.frozen, assessment.rules, Date.now());
    if (pass.resync || isLookDue) {
      // A comparison may have to wait for Kisi's lists, and what is known to end does not.
      const ends = await applyAll(stepsOf(assessment).filter(isKnownEnd), assessment, writer, circumstances);
      if (ends === null || !(await writer.inspect())) return 'overtaken';
    }
    const problems = await applyAll(stepsOf(assessment), assessment, writer, circumstances);
    if (problems === null) return 'overtaken';
    // What is refused for one group keeps nobody from the others.
    const refused = problems.find(({ problem }) => problem !== 'Stopped');
    if (refused !== undefined) throw refused;
    const looks = looksFor(assessment.unanswered ?? [], state.ledger).filter((at) => at > Date.now());
    const next = settle(assessment, problems, looks.length === 0);
    return Math.min(next, ...looks);
  }

  function stepsOf({ keys, holds, emailDigest }: Assessment): Step[] {
    const userId = state.kisiUser?.emailDigest === emailDigest ? state.kisiUser.id : null;
    return planSteps(state.ledger, keys, holds, userId, state.frozen);
  }

  /** Does all of these; answers what cannot be done. Null: the rest is out of date. Throws a Problem that a retry may mend. */
  async function applyAll(
    steps: readonly Step[],
    assessment: Assessment,
    writer: KeyWriter,
    circumstances: Circumstances,
  ): Promise<Problem[] | null> {
    const problems: Problem[] = [];
    for (const step of steps) {
      if (isOverdone(step, assessment)) return null;
      try {
        if (!(await writer.apply(step, circumstances))) return null;
        clearWaiting();
      } catch (error) {
        if (!(error instanceof Problem) || !error.final) throw error;
        problems.push(error);
      }
    }
    return problems;
  }

  /**
   * Whether a step would take away what a step before it has given: where the Kisi user was not known when the plan was
   * made, and has turned out to be the one of the key.
   */
  function isOverdone(step: Step, { keys, emailDigest }: Assessment): boolean {
    if (step.kind !== 'revoke' || state.kisiUser?.emailDigest !== emailDigest) return false;
    const { userId, groupId } = step.key;
    return userId === state.kisiUser.id && keys.some((wish) => wish.groupId === groupId);
  }

  /** What was not due already when all was done last. */
  function newsIn(due: readonly Due[] = []): Due[] {
    return due.filter(
      ({ groupId, since }) => !state.dueBefore.some((one) => one.groupId === groupId && one.since === since),
    );
  }

  /** What plans have this member do, before the rules have their say again. */
  async function runParts(): Promise<void> {
    for (let part = state.parts[0]; part !== undefined; part = state.parts[0]) {
      const { by, planId } = part;
      const due = outlook.next?.at ?? Infinity;
      const overtaking = {
        isOvertaken: () => state.wakes.length > 0,
        dueAt: due > Date.now() ? due : Infinity,
      };
      const onWaiting = (problem: Problem): void => {
        waitFor(problem, 'by itself, or is left undone when something changes');
      };
      const writer = keyWriter(state, changes, onWaiting, overtaking, { by, planId, isBatch: false });
      const done = { key: partKey(part), ...(await runPart(part, state, writer)) };
      clearWaiting();
      state.parts = state.parts.slice(1);
      state.partsDone = [...state.partsDone, done].slice(-mostPartsKept);
    }
  }

  /** Null: an order came, or is to be tried again, and does not wait for Nexudus. */
  async function look(pass: Pass): Promise<Assessed | null> {
    const { ledger, dropped, kisiUser } = state;
    const request = {
      memberId: state.memberId,
      notBefore: pass.notBefore,
      reference: pass.reference,
      isCheckIn: pass.isCheckIn,
      isBatch: pass.isBatch,
      siblingIds: state.siblingIds,
      ledger,
      dropped,
      kisiUser,
      newsFrom: state.newsFrom,
    };
    const assess = (set: typeof reads.quick) => set.assessMember(request);
    run.isLooking = true;
    const answer = await persist(
      () => assess(reads.quick),
      () => assess(reads.patient),
      (problem) => {
        waitFor(problem, 'by itself: it is read again within a minute. No key is taken away meanwhile.');
      },
      {
        isOvertaken: isOrdered,
        isOvertakenAtOnce: isOrdered,
        dueAt: state.blocksUndone ? Date.now() + blockRetryMs : Infinity,
      },
    ).finally(() => {
      run.isLooking = false;
    });
    if (answer === null) return null;
    clearWaiting();
    const assessed = answer.value;
    state.ledger = assessed.ledger;
    state.dropped = [];
    state.kisiUser = assessed.kisiUser;
    state.records = assessed.records ?? state.records;
    run.judged = { at: Date.now(), by: assessed.judgedAt };
    outlook.lastCheckedAt = assessed.readAt;
    outlook.locationId = assessed.locationId;
    return assessed;
  }

  /** Another profile owns the keys: this one only listens. */
  function standBy(ownerId: number, { gone }: Assessment): Instant {
    outlook.state = gone ? 'ended' : 'otherProfile';
    outlook.standing = `Profile ${ownerId} owns the keys of this person.`;
    outlook.next = null;
    state.blocksUndone = false;
    run.ended = gone;
    return idleWake();
  }

  /** After all writes: how things stand, and when to look again. */
  function settle(assessment: Assessment, [heldBack]: Problem[], isAllAnswered: boolean): Instant {
    clearWaiting();
    // What the rules make of the orders is done, or waits for a person.
    state.blocksUndone = false;
    if (outlook.blocks !== null && heldBack === undefined) outlook.blocks.waitsFor = null;
    outlook.lastError = null;
    outlook.state = state.ledger.some((key) => key.keyId !== null) ? 'access' : 'noAccess';
    outlook.standing =
      outlook.state === 'noAccess' && assessment.keys.length > 0
        ? 'By the rules there should be a key.'
        : assessment.standing;
    outlook.kept = [...assessment.holds, ...state.frozen].map(
      ({ groupId, why }) => `group ${groupId}: ${why}`,
    );
    outlook.next = nextWake(assessment.next, state.ledger, assessment.keys, state.frozen);
    const due = outlook.next === null ? Infinity : wakeAt(outlook.next.at, run.judged, Date.now());
    withheldAtOnce = assessment.holds.filter(({ byGuard }) => byGuard === true);
    // It is done now, or waits for a person.
    state.newsFrom = assessment.readAt - newsLagMs;
    state.dueBefore = assessment.due ?? [];
    const doubt = assessment.holds.find(({ byGuard }) => byGuard !== true);
    if (doubt !== undefined) {
      const since = (run.doubtSince ??= Date.now());
      const what = doubt.why;
      outlook.waiting = {
        problem: 'DoubtfulRead',
        what,
        since,
        wakes: 'by itself: it is read again every 30 s',
      };
      return Math.min(due, Date.now() + doubtRetryMs);
    }
    run.doubtSince = null;
    const [atOnce] = withheldAtOnce;
    if (atOnce !== undefined) {
      waitFor(new Problem('Stopped', atOnce.why, true), 'when that is approved, or not so any more');
      return Math.min(due, Date.now() + blockedRetryMs);
    }
    if (heldBack !== undefined) {
      waitFor(heldBack, 'when the order is taken back');
      return Math.min(due, Date.now() + heldRetryMs);
    }
    if (assessment.gone && state.ledger.length === 0 && isAllAnswered) {
      run.ended = true;
      outlook.state = 'ended';
    }
    return Math.min(due, idleWake());
  }

  function idleWake(): Instant {
    if (state.idleSince === null) return Infinity;
    if (Date.now() >= state.idleSince + idleEndMs) run.ended = true;
    return state.idleSince + idleEndMs;
  }

  function waitFor(problem: Problem, wakesBy: string): void {
    run.waits = true;
    const undone = outlook.blocks?.waitsFor ?? null;
    const what =
      undone === null || undone === problem.message ? problem.message : `${undone} ${problem.message}`;
    display.waitFor(new Problem(undone === null ? problem.problem : 'Block', what, problem.final), wakesBy);
  }

  async function sleepUntil(at: Instant): Promise<void> {
    const runEndsAt = startedAt + longestRunMs;
    const ms = Math.max(1, Math.min(at, runEndsAt) - Date.now());
    const summary =
      at > runEndsAt
        ? 'a fresh run'
        : markdownText(outlook.next?.at === at ? outlook.next.what : 'look again').slice(0, 190);
    await condition(woken, ms, { summary });
  }

  function runIsLong(): boolean {
    return isLong() || Date.now() >= startedAt + longestRunMs || workflowInfo().historyLength >= mostEvents;
  }
}

/** What a run starts with: the state that the run before handed on, or nothing yet but whose it is. */
function stateFrom(argument: unknown): MemberState {
  const { workflowId, taskQueue } = workflowInfo();
  const memberId = memberIdOf(workflowId) ?? started(fields({ memberId: id }), argument).memberId;
  const empty = newMember(memberId, taskQueue);
  return isHandedOn() ? { ...(argument as MemberState), memberId, taskQueue } : empty;
}

/** What the audit log keeps of it. Anybody can ask in Temporal's UI, by anything or nothing. */
function askingAct(asking: unknown, memberId: number, id: string): Act {
  const { by, why = '', account = null } = Object(asking) as Record<string, unknown>;
  const isSaid = giverProblem({ by, why, account }) === null;
  return {
    id,
    at: Date.now(),
    memberId,
    what: 'resync',
    by: isSaid ? String(by) : "somebody in Temporal's UI",
    why: isSaid ? String(why) : '',
    account: isSaid && typeof account === 'string' ? account : null,
    after: null,
  };
}

function nexudusActivities(taskQueue: string): Patient<MembershipActivities> {
  const options = {
    taskQueue: nexudusTaskQueue(taskQueue),
    startToCloseTimeout: '5m',
    heartbeatTimeout: '15s',
    summary: 'read Nexudus and decide',
    // A read that is given up has nothing to tell.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  };
  return retryingActivities<MembershipActivities>(options, 20_000);
}

/** Why a pass happens, and from when on a read may be used for it. */
interface Pass {
  notBefore: Instant;
  /** How old locations and pass types may be: a change of theirs is noticed on its own, and wakes with a reason of its own. */
  reference: 'kept' | 'recent' | 'anew';
  /** The member came or went, and nothing else is known. */
  isCheckIn: boolean;
  resync: boolean;
  /** Nobody waits for just this member. */
  isBatch: boolean;
  reasons: Wake['reason'][];
  /** The wakes that it is made of. */
  taken: Wake[];
}

/** All wakes so far become one pass; without any it is the clock's, for the instant that was due. */
function takeWakes(state: MemberState, dueAt: Instant): Pass {
  const taken = state.wakes;
  state.wakes = [];
  const clockOnly = taken.length === 0;
  return {
    notBefore: clockOnly
      ? Math.min(dueAt, Date.now())
      : Math.max(...taken.map((wake) => wake.notBefore ?? Date.now())),
    reference: referenceFor(taken),
    isCheckIn: !clockOnly && taken.every(({ reason }) => reason === 'checkIn'),
    resync: taken.some(({ reason }) => reason === 'resync' || reason === 'drift'),
    isBatch: !clockOnly && taken.every(({ isBatch }) => isBatch === true),
    reasons: taken.map((wake) => wake.reason),
    taken,
  };
}

function referenceFor(taken: readonly Wake[]): Pass['reference'] {
  const others = taken.filter(({ reason }) => !keptSufficesAt.includes(reason));
  if (others.length === 0) return 'kept';
  return others.every(({ reason }) => reason === 'resync') ? 'recent' : 'anew';
}

const keptSufficesAt: Wake['reason'][] = [
  'changed',
  'checkIn',
  'profile',
  'order',
  'released',
  'profileOrder',
  'drift',
];

/** An end of a key whose id in Kisi is known, so that nothing has to be read first. */
function isKnownEnd(step: Step): boolean {
  return step.kind === 'revoke' && step.key.keyId !== null;
}
