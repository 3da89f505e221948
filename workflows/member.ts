import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { nextWake, planSteps, stillFrozen, wakeAt, type Hold, type Step } from '../access/plan.js';
import type { Due, Instant } from '../access/types.js';
import type { Act, Assessed, Assessment, MembershipActivities } from '../activities/contract.js';
import { giverProblem } from './control-messages.js';
import { createDisplay } from './display.js';
import { goOn } from './go-on.js';
import { isLong } from './long.js';
import { markdownText } from './markdown.js';
import { byTheRules, keyWriter } from './keys.js';
import {
  freezeGroup,
  holdingsQuery,
  membershipChanged,
  newMember,
  nexudusTaskQueue,
  resync,
  resyncNow,
  stateQuery,
  wakeOf,
  type MemberState,
  type MemberView,
  type Wake,
} from './messages.js';
import { runErrand } from './plan-errand.js';
import { errandKey, planErrandUpdate, type ChangeDone } from './plan-messages.js';
import { insist, isHeld, never, patientActivities, persist, Trouble, type Patient } from './patience.js';
import { tellProfiles } from './profiles.js';
import { trailActivities } from './trail.js';

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
const mostErrandsKept = 4;
/** Nexudus' clock may be behind by so much, and its lists may show so late what was written. */
const newsLagMs = minuteMs;

/**
 * The story of one member: look, decide, write what differs, say how things stand, sleep until the next change.
 * One run after another for as long as the member holds or may hold anything.
 */
export function member(initial: MemberState): Promise<MemberView> {
  const asked = { at: null as Instant | null, told: (): void => undefined };
  return goOn(
    () => tellStory(initial, asked),
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
  // What an earlier release handed on may lack what came later.
  const empty = newMember(initial.memberId, initial.taskQueue);
  const state: MemberState = { ...empty, ...initial, wakes: [...initial.wakes] };
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
    doubtSince: null as Instant | null,
    /** When the last decision came, by Temporal's clock, and what time it was by the one that it was made by. */
    judged: { at: Date.now(), by: Date.now() },
    /** Fresh looks that people asked for, and those of which it is being kept who did. */
    asked: 0,
    keeping: 0,
  };
  let heldAtOnce: Hold[] = [];

  const wake = (w: Wake): void => void state.wakes.push({ ...w, notBefore: w.notBefore ?? Date.now() });
  const beginPass = (): void => {
    run.passesBegun++;
    run.waits = false;
    run.ended = false;
  };
  const woken = (): boolean => state.wakes.length > 0 || state.errands.length > 0;
  /** Whether somebody waits for just this member. */
  const isAwaited = (): boolean =>
    state.errands.length > 0 || state.wakes.some(({ inBulk }) => inBulk !== true);

  setHandler(membershipChanged, (w) => {
    wake(wakeOf(w));
  });
  setHandler(resync, (asking) => {
    wake({ reason: 'resync' });
    void keepAsking(asking);
  });
  setHandler(freezeGroup, (freeze) => {
    state.frozen = [...state.frozen.filter(({ groupId }) => groupId !== freeze.groupId), freeze];
    wake({ reason: 'drift' });
  });
  setHandler(stateQuery, view);
  setHandler(holdingsQuery, () => {
    const { ledger, dropped, kisiUser, siblingIds, frozen, comparedAt, records } = state;
    return { ledger, dropped, kisiUser, siblingIds, frozen, comparedAt, records, heldAtOnce };
  });
  setHandler(resyncNow, async (...[asking]: unknown[]) => {
    wake({ reason: 'resync' });
    void keepAsking(asking);
    const mine = run.passesBegun + 1;
    const done = (): boolean => run.passesDone >= mine || (run.passesBegun >= mine && run.waits) || run.ended;
    const isDone = await condition(done, '20s');
    return { changes, problem: outlook.waiting === null ? null : outlook.waiting.what, isDone };
  });

  setHandler(planErrandUpdate, async (errand) => {
    const key = errandKey(errand);
    const answer = (): ChangeDone[] | undefined => state.errandsDone.find((one) => one.key === key)?.changes;
    const isKnown = answer() !== undefined || state.errands.some((one) => errandKey(one) === key);
    if (!isKnown) state.errands.push(errand);
    await condition(() => answer() !== undefined);
    return answer() ?? [];
  });

  asked.told = () => {
    state.cancelAskedAt = asked.at;
    publish();
  };
  if (asked.at !== null) asked.told();

  let dueAt: Instant = Date.now();
  if (!woken()) wake({ reason: 'changed' });
  for (;;) {
    if (state.errands.length > 0) await runErrands();
    const pass = takeWakes(state, dueAt);
    beginPass();
    changes = [];
    try {
      const next = await lookAndApply(pass);
      if (next === 'overtaken') {
        // What this pass was to do goes into the next one.
        if (pass.resync)
          state.wakes.push({ reason: 'resync', notBefore: pass.notBefore, inBulk: pass.inBulk });
        else if (state.wakes.length === 0) wake({ reason: 'changed' });
      } else {
        dueAt = next;
        run.passesDone = run.passesBegun;
      }
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      waitFor(error, 'when something changes, on a resync, or in 10 minutes');
      dueAt = Date.now() + blockedRetryMs;
      run.passesDone = run.passesBegun;
    }
    publish();
    if (run.ended && !woken() && (await everyoneIsAnswered()) && !woken()) return view();
    if (!woken()) await sleepUntil(dueAt);
    if (runIsLong() && (await everyoneIsAnswered())) await continueAsNew<typeof member>(state);
  }

  /** Keeps in the audit trail who asked for a fresh look. The look does not wait for it. */
  async function keepAsking(asking: unknown): Promise<void> {
    const act = askingAct(asking, state.memberId, `${workflowInfo().runId}/resync ${run.asked++}`);
    run.keeping++;
    await insist(trailActivities(state.taskQueue), (set) => set.noteAct(act)).catch(() => {
      log.warn('who asked for a fresh look could not be kept in the audit trail');
    });
    run.keeping--;
  }

  /** False: something came that is to be done first. */
  async function everyoneIsAnswered(): Promise<boolean> {
    await condition(() => (allHandlersFinished() && run.keeping === 0) || state.errands.length > 0);
    return state.errands.length === 0;
  }

  /** One pass: look, hand over what is not ours to keep, write the differences. Answers when to look again. */
  async function lookAndApply(pass: Pass): Promise<Instant | 'overtaken'> {
    const assessment = await look(pass);
    state.idleSince =
      assessment.hasRecords || state.ledger.length > 0 ? null : (state.idleSince ?? Date.now());
    const ownerId = await tellProfiles(state, assessment, {
      isNews: pass.reasons.some((reason) => reason !== 'profile'),
      changes,
      onWaiting: (trouble) => {
        waitFor(trouble, 'by itself');
      },
    });
    if (ownerId !== null) return standBy(ownerId, assessment);

    const due = assessment.next?.at ?? Infinity;
    const writer = keyWriter(
      state,
      changes,
      (trouble) => {
        waitFor(trouble, 'by itself: it is tried again within a minute');
      },
      {
        isOvertaken: woken,
        // What is past already by this clock would overtake each write before it is made.
        dueAt: due > Date.now() ? due : Infinity,
        // Thousands may wait before it in line.
        ...(pass.inBulk ? { isOvertakenAtOnce: isAwaited } : {}),
      },
      { ...byTheRules, inBulk: pass.inBulk },
    );
    if (pass.resync && !(await writer.inspect())) return 'overtaken';
    const userId = state.kisiUser?.emailDigest === assessment.emailDigest ? state.kisiUser.id : null;
    const heldBack: Trouble[] = [];
    const refusals: Trouble[] = [];
    const { keys, holds, rules } = assessment;
    const circumstances = { ...assessment, due: newsIn(assessment.due) };
    state.frozen = stillFrozen(state.frozen, rules, Date.now());
    for (const step of planSteps(state.ledger, keys, holds, userId, state.frozen)) {
      if (isOverdone(step, assessment)) return 'overtaken';
      try {
        if (!(await writer.apply(step, circumstances))) return 'overtaken';
        clearWaiting();
      } catch (error) {
        if (!(error instanceof Trouble) || !error.final) throw error;
        const alike = isHeld(error) ? heldBack : refusals;
        alike.push(error);
      }
    }
    // What is refused for one group keeps nobody from the others.
    const [refused] = refusals;
    if (refused !== undefined) throw refused;
    return settle(assessment, heldBack);
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
  async function runErrands(): Promise<void> {
    for (let errand = state.errands[0]; errand !== undefined; errand = state.errands[0]) {
      const { by, planId } = errand;
      const due = outlook.next?.at ?? Infinity;
      const overtaking = {
        isOvertaken: () => state.wakes.length > 0,
        dueAt: due > Date.now() ? due : Infinity,
      };
      const onWaiting = (trouble: Trouble): void => {
        waitFor(trouble, 'by itself, or is left undone when something changes');
      };
      const writer = keyWriter(state, changes, onWaiting, overtaking, { by, planId, inBulk: false });
      const done = { key: errandKey(errand), changes: await runErrand(errand, state, writer) };
      clearWaiting();
      state.errands = state.errands.slice(1);
      state.errandsDone = [...state.errandsDone, done].slice(-mostErrandsKept);
    }
  }

  async function look(pass: Pass): Promise<Assessed> {
    const { ledger, dropped, kisiUser } = state;
    const request = {
      memberId: state.memberId,
      notBefore: pass.notBefore,
      mayReusePlaces: pass.mayReusePlaces,
      inBulk: pass.inBulk,
      siblingIds: state.siblingIds,
      ledger,
      dropped,
      kisiUser,
      newsFrom: state.newsFrom,
    };
    const assess = (set: typeof reads.quick) => set.assessMember(request);
    const answer = await persist(
      () => assess(reads.quick),
      () => assess(reads.patient),
      (trouble) => {
        waitFor(trouble, 'by itself: it is read again within a minute. No key is taken away meanwhile.');
      },
      never,
    );
    if (answer === null) throw new Trouble('Unknown', 'the read was given up', false);
    clearWaiting();
    const assessed = answer.value;
    state.ledger = assessed.ledger;
    state.dropped = [];
    state.kisiUser = assessed.kisiUser;
    state.records = assessed.records ?? state.records;
    run.judged = { at: Date.now(), by: assessed.judgedAt ?? Date.now() };
    outlook.lastCheckedAt = assessed.readAt;
    outlook.locationId = assessed.locationId;
    return assessed;
  }

  /** Another profile owns the keys: this one only listens. */
  function standBy(ownerId: number, { gone }: Assessment): Instant {
    outlook.state = gone ? 'ended' : 'otherProfile';
    outlook.standing = `Profile ${ownerId} owns the keys of this person.`;
    outlook.next = null;
    run.ended = gone;
    return idleWake();
  }

  /** After all writes: how things stand, and when to look again. */
  function settle(assessment: Assessment, [heldBack]: Trouble[]): Instant {
    clearWaiting();
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
    heldAtOnce = assessment.holds.filter(({ byBreaker }) => byBreaker === true);
    // It is done now, or waits for a person.
    state.newsFrom = assessment.readAt - newsLagMs;
    state.dueBefore = assessment.due ?? [];
    const doubt = assessment.holds.find(({ byBreaker }) => byBreaker !== true);
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
    const [atOnce] = heldAtOnce;
    if (atOnce !== undefined) {
      waitFor(new Trouble('Held', atOnce.why, true), 'when that is approved, or not so any more');
      return Math.min(due, Date.now() + blockedRetryMs);
    }
    if (heldBack !== undefined) {
      waitFor(heldBack, 'when the order is taken back');
      return Math.min(due, Date.now() + heldRetryMs);
    }
    if (assessment.gone && state.ledger.length === 0) {
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

  function waitFor(trouble: Trouble, wakesBy: string): void {
    run.waits = true;
    display.waitFor(trouble, wakesBy);
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

/** What the audit trail keeps of it. Anybody can ask in Temporal's UI, by anything or nothing. */
function askingAct(asking: unknown, memberId: number, id: string): Act {
  const { by, why = '' } = Object(asking) as { by?: unknown; why?: unknown };
  const isSaid = giverProblem({ by, why }) === null;
  return {
    id,
    at: Date.now(),
    memberId,
    what: 'resync',
    by: isSaid ? String(by) : "somebody in Temporal's UI",
    why: isSaid ? String(why) : '',
    after: null,
  };
}

function nexudusActivities(taskQueue: string): Patient<MembershipActivities> {
  const options = {
    taskQueue: nexudusTaskQueue(taskQueue),
    startToCloseTimeout: '5m',
    heartbeatTimeout: '15s',
    summary: 'read Nexudus and decide',
  };
  return patientActivities<MembershipActivities>(options, 20_000);
}

/** Why a pass happens, and from when on a read may be used for it. */
interface Pass {
  notBefore: Instant;
  /** Locations may be as last read: a change of theirs is noticed on its own, and wakes with a reason of its own. */
  mayReusePlaces: boolean;
  resync: boolean;
  /** Nobody waits for just this member. */
  inBulk: boolean;
  reasons: Wake['reason'][];
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
    mayReusePlaces: taken.every(({ reason }) => ['changed', 'profile', 'order', 'drift'].includes(reason)),
    resync: taken.some(({ reason }) => reason === 'resync' || reason === 'drift'),
    inBulk: !clockOnly && taken.every(({ inBulk }) => inBulk === true),
    reasons: taken.map((wake) => wake.reason),
  };
}
