import {
  allHandlersFinished,
  condition,
  log,
  makeContinueAsNewFunc,
  proxyActivities,
  setCurrentDetails,
  upsertMemo,
  uuid4,
  workflowInfo,
  type ActivityInterfaceFor,
} from '@temporalio/workflow';
import {
  afterComparison,
  defaultDriftPolicy,
  isMendedByMember,
  isTooMuch,
  refusalOf,
  settledKeys,
  withRepair,
  type DriftKind,
  type DriftVerb,
  type Finding,
} from '../access/drift.js';
import type { Instant } from '../access/types.js';
import type {
  Act,
  DriftActivities,
  DriftReport,
  FindingNote,
  KeyActivities,
  WriteNote,
} from '../messages/to-activities.js';
import {
  comparisonInterval,
  compareNow,
  compareSoon,
  driftMemo,
  driftName,
  driftQuery,
  findingUpdate,
  firstDrift,
  type DriftState,
  type DriftView,
  type RuleOrder,
} from '../messages/to-drift.js';
import { driftDetailsOf, driftSummaryOf, driftViewOf, findingViewOf } from './drift-view.js';
import { goOn } from './go-on.js';
import { dropOthers, onQuery, onSignal, onUpdate } from './hear.js';
import { isLong } from './long.js';
import { kisiTaskQueue, revisionMemo } from '../messages/to-member.js';
import { insist, retryingActivities, problemOf, type Retrying } from './retries.js';
import { refuse } from './refuse.js';
import { createKeeper } from './remembered.js';
import { anything, duration, fields, giver, id as idShape, oneOf } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';
import { logOrder, auditLogActivities } from './audit-log.js';

const minuteMs = 60_000;
/** What is doubted is believed when a comparison so much later still finds it. */
const doubtLastsMs = 10 * minuteMs;
/** What was adopted holds against the rules for at most this long. */
const longestAdoptionMs = 90 * 24 * 60 * minuteMs;
/** By what kind of exception a key is adopted that is there, or that is gone. */
const exceptionKinds: Partial<Record<DriftKind, 'allow' | 'block'>> = { extra: 'allow', missing: 'block' };
const verbs = ['repair', 'adopt', 'ignore'] as const satisfies readonly DriftVerb[];
/** Comparing more often than each second would be a flood. */
const intervalShape = duration(1_000, 366 * 24 * 60 * minuteMs);

/** A ruling to be carried out. */
interface Job {
  /** Of the finding. */
  key: string;
  done: boolean;
  /** Why it cannot be carried out; null: it is. */
  refusal: string | null;
}

/**
 * Compares the members' ledgers with Kisi from time to time, or when asked, and keeps what differs and what was ruled of
 * it. A member's keys are mended by the member's own workflow, which it wakes; what is in nobody's ledger it takes away
 * itself, where that was chosen. What is undone twice it leaves alone, and says so.
 */
export function drift(initial: DriftState): Promise<void> {
  checkPlace();
  return goOn(() => compareForEver(stateFrom(initial)));
}

/**
 * What a run starts with: what the run before handed on. What somebody typed is less than whatever is on record, which is
 * looked at first; only how often to compare is believed.
 */
function stateFrom(argument: DriftState): DriftState {
  const { taskQueue } = workflowInfo();
  if (isHandedOn()) return { ...argument, taskQueue };
  const { intervalMs } = started(fields({ intervalMs: intervalShape }), argument);
  return firstDrift(taskQueue, intervalMs, defaultDriftPolicy);
}

async function compareForEver(initial: DriftState): Promise<void> {
  const state: DriftState = { ...initial };
  const { runId } = workflowInfo();
  const comparisons = comparisonActivities(state.taskQueue);
  const help = helpers(state.taskQueue);
  const keys = keyActivities(state.taskQueue);
  const auditLog = auditLogActivities(state.taskQueue);
  let dueAt: Instant = initial.dueAt ?? Date.now() + state.intervalMs;
  const run = { asked: false, isNewInterval: false, comparisonsBegun: 0, comparisonsDone: 0, notes: 0 };
  const jobs: Job[] = [];
  let shownMemo = JSON.stringify(workflowInfo().memo?.[driftMemo]);
  let acts: Act[] = [];
  let notes: FindingNote[] = [];

  let shownRevision: number | null = null;
  /** What is on record by now, as far as this run knows. */
  let kept = JSON.stringify(state.memory);
  const keeper = createKeeper(
    driftName,
    auditLog,
    () => ({ revision: state.revision, memory: state.memory }),
    ({ revision, memory }) => {
      state.revision = revision;
      state.memory = memory;
      kept = JSON.stringify(memory);
      publish();
    },
  );

  const view = (): DriftView => driftViewOf(state, dueAt);

  onQuery(driftQuery, 'What the last comparison with Kisi found, and what is done about it.', view);
  onSignal(
    comparisonInterval,
    {
      description: 'A worker sends it when it starts: how often to compare with Kisi, in ms.',
      shape: intervalShape,
    },
    (intervalMs) => {
      if (intervalMs === state.intervalMs) return;
      state.intervalMs = intervalMs;
      dueAt = Date.now() + intervalMs;
      run.isNewInterval = true;
    },
  );
  onSignal(compareSoon, { description: 'Has Kisi compared now. Needs no argument.', shape: anything }, () => {
    run.asked = true;
  });
  onUpdate(
    compareNow,
    { description: 'Has Kisi compared now, and answers what was found. Needs no argument.', shape: anything },
    async () => {
      run.asked = true;
      const mine = run.comparisonsBegun + 1;
      await condition(() => run.comparisonsDone >= mine);
      return view();
    },
  );
  onUpdate(
    findingUpdate,
    {
      description:
        `Rules of a finding: {"id": of the finding, "verb": one of ${verbs.join(', ')}, ` +
        '"by": who orders it, "why": "…"}.',
      shape: fields<RuleOrder>({ id: idShape, verb: oneOf(verbs), ...giver }),
      check: checkRule,
    },
    async (order) => {
      const { key } = findingOf(order.id);
      const job: Job = { key, done: false, refusal: null };
      rule(order);
      jobs.push(job);
      await condition(() => job.done);
      if (job.refusal !== null) refuse(job.refusal);
      const left = state.memory.findings.find((finding) => finding.key === key);
      if (left === undefined) refuse(`finding ${order.id} is over: Kisi and the ledgers agree by now`);
      return findingViewOf(left, state);
    },
  );
  dropOthers();

  publish();
  for (;;) {
    if (keeper.isDue()) await keeper.keep();
    const isDue = (): boolean =>
      run.asked || run.isNewInterval || jobs.length > 0 || keeper.isDue() || isLong();
    await condition(isDue, Math.max(1, dueAt - Date.now()), { summary: 'compare with Kisi' });
    run.isNewInterval = false;
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      job.refusal = await carryOut(job.key);
      job.done = true;
      publish();
    }
    if (run.asked || Date.now() >= dueAt) {
      await comparison(run.asked);
      publish();
    }
    await keepNotes();
    if (!isLong() || keeper.isDue()) continue;
    // Whoever asks meanwhile waits for an answer.
    await condition(() => allHandlersFinished() || run.asked || jobs.length > 0);
    if (!allHandlersFinished()) continue;
    // Who sent a signal does not wait.
    await makeContinueAsNewFunc<typeof drift>({ memo: { [driftMemo]: driftSummaryOf(state) } })({
      ...state,
      dueAt: run.asked ? Date.now() : dueAt,
    });
  }

  async function comparison(isAsked: boolean): Promise<void> {
    run.asked = false;
    run.comparisonsBegun++;
    const report = await lookAtAll(isAsked);
    const now = Date.now();
    dueAt = now + state.intervalMs;
    if (report !== null) await settle(report, now);
    run.comparisonsDone = run.comparisonsBegun;
  }

  async function lookAtAll(isAsked: boolean): Promise<DriftReport | null> {
    const { memory } = state;
    const request = { settled: settledKeys(memory), groupNames: memory.groupNames, isAsked };
    const options = { summary: 'compare with Kisi', priority: { priorityKey: 5 } };
    try {
      const report = await comparisons.compareWithKisi.executeWithOptions(options, [request]);
      state.failure = null;
      return report;
    } catch (error) {
      const why = problemOf(error).message;
      state.failure = { since: state.failure?.since ?? Date.now(), why };
      return null;
    }
  }

  /** Takes over what a comparison found, unless it is too much to be believed, and has repaired what is to be. */
  async function settle(report: DriftReport, now: Instant): Promise<void> {
    const { found, held, lost, policy, more, groupNames } = report;
    state.lastComparedAt = now;
    state.policy = policy;
    const since = state.doubt?.since ?? now;
    if (isTooMuch(lost, held) && now - since < doubtLastsMs) {
      const isNew = state.doubt === null;
      state.doubt = { since, lost, held };
      const alert = view().alert ?? '';
      if (isNew) log.warn(alert);
      if (isNew) note(nobody, 'too much is missing at once', alert);
      return;
    }
    state.doubt = null;
    state.more = more;
    const update = afterComparison(state.memory, found, policy, now);
    state.memory = { ...update.memory, groupNames };
    forgetAdoptedNames();
    for (const one of update.begun) note(one, `finding ${one.id}: ${one.kind}`, one.what);
    for (const one of update.ended) note(one, `finding ${one.id}: ${one.kind} is over`, one.what);
    for (const one of update.contested) {
      const { doing } = findingViewOf(one, state);
      note(one, `finding ${one.id}: ${one.kind} is contested`, doing);
      log.warn(`Finding ${one.id} (${one.kind}, ${whoWords(one)}): ${doing}`);
    }
    await repair(update.due);
  }

  /** Does what was ruled; answers why it cannot be done, or null. */
  async function carryOut(key: string): Promise<string | null> {
    const finding = state.memory.findings.find((one) => one.key === key);
    const verb = finding?.ruling?.verb;
    if (finding === undefined || verb === undefined || verb === 'ignore') return null;
    if (verb === 'adopt') return adopt(finding);
    if (isMendedByMember(finding.kind)) await repair([finding]);
    // Since it was found, the key may have come to serve a member.
    else await comparison(true);
    return null;
  }

  /** Members mend their own keys; keys in nobody's ledger are taken away here. */
  async function repair(due: readonly Finding[]): Promise<void> {
    const mended = due.filter(({ kind }) => isMendedByMember(kind));
    const memberIds = [...new Set(mended.flatMap(({ memberId }) => memberId ?? []))];
    for (const finding of mended) {
      const { key, id, memberId } = finding;
      if (state.memory.repairs[key] === undefined)
        note(
          finding,
          `finding ${id}: repair`,
          `member ${memberId ?? ''} is woken to mend it`,
          giverOf(finding),
        );
      const keyIds = finding.keys.map(({ keyId }) => keyId);
      state.memory = withRepair(state.memory, key, giverOf(finding), Date.now(), keyIds);
    }
    if (memberIds.length > 0) await insist(help, (set) => set.wakeToMend(memberIds));
    for (const finding of due) if (!mended.includes(finding)) await takeAway(finding);
  }

  async function takeAway(finding: Finding): Promise<void> {
    const { id, key, userId, kind, what } = finding;
    if (userId === null) return;
    const cause = `finding ${id} (${kind}): ${what}`;
    for (const { keyId, groupId, validUntil } of finding.keys) {
      const options = { summary: `take key ${keyId} to group ${groupId} away (finding ${id})` };
      const writeNote = noteOf(cause, giverOf(finding), finding.memberId);
      try {
        await keys.removeKey.executeWithOptions(options, [{ keyId, userId, groupId, validUntil }, writeNote]);
        state.memory = withRepair(state.memory, key, giverOf(finding), Date.now(), [keyId]);
      } catch (error) {
        replace({ ...finding, problem: problemOf(error).message });
      }
    }
  }

  /** Kisi's state is taken for right: what the rules say against it does not hold until the key's end. */
  async function adopt(finding: Finding): Promise<string | null> {
    const {
      id,
      kind,
      memberId,
      groupId,
      what,
      keys: [key],
    } = finding;
    forgetAdoptedNames();
    if (memberId === null || groupId === null) return null;
    const latest = Date.now() + longestAdoptionMs;
    const until = Math.min(key?.validUntil ?? latest, latest);
    if (kind === 'changed') {
      const why = 'its end was changed by hand in Kisi, and a person said to leave it so';
      await insist(help, (set) => set.freeze(memberId, { groupId, until, why, endsWithRules: null }));
    }
    const exceptionKind = exceptionKinds[kind];
    if (exceptionKind === undefined) return null;
    const reason = `finding ${id} was adopted: ${what}`;
    const wish = { kind: exceptionKind, memberId, groupId, until, by: giverOf(finding), reason };
    const answer = { refusal: null as string | null };
    const once = uuid4();
    await insist(help, async (set) => {
      answer.refusal = await set.except(wish, once);
    });
    if (answer.refusal !== null) replace({ ...finding, ruling: null });
    return answer.refusal;
  }

  /** The next comparison then remembers the new one. */
  function forgetAdoptedNames(): void {
    const adopted = state.memory.findings.filter(
      ({ kind, ruling }) => kind === 'groupRenamed' && ruling?.verb === 'adopt',
    );
    const kept = Object.entries(state.memory.groupNames).filter(
      ([id]) => !adopted.some(({ groupId }) => String(groupId) === id),
    );
    state.memory = { ...state.memory, groupNames: Object.fromEntries(kept) };
  }

  function rule({ id, verb, by, why, account = null }: RuleOrder): void {
    const finding = findingOf(id);
    const at = Date.now();
    const { [finding.key]: repaired, ...repairs } = state.memory.repairs;
    // Who orders it again has it done anew.
    if (verb === 'repair' && repaired !== undefined) state.memory = { ...state.memory, repairs };
    const contested = verb !== 'repair' && finding.contested;
    replace({ ...finding, ruling: { verb, by, at }, contested });
    const { memberId, groupId, what } = finding;
    const ruled = { what: `${verb} finding ${id} (${finding.kind})`, by, why, account, memberId, groupId };
    acts.push({ id: `${runId}/${run.notes++}`, at, after: { what }, ...ruled });
    logOrder(ruled);
  }

  function replace(finding: Finding): void {
    const findings = state.memory.findings.map((one) => (one.key === finding.key ? finding : one));
    state.memory = { ...state.memory, findings };
  }

  function findingOf(id: number): Finding {
    const finding = state.memory.findings.find((one) => one.id === id);
    return finding ?? refuse(`there is no finding ${String(id)}: \`latchkey drift\` lists them`);
  }

  function checkRule({ id, verb }: RuleOrder): void {
    const refusal = refusalOf(findingOf(id), verb, Date.now());
    if (refusal !== null) refuse(refusal);
  }

  function note(
    { memberId, groupId, keys: found }: Pick<Finding, 'memberId' | 'groupId' | 'keys'>,
    what: string,
    cause: string,
    by = 'drift',
  ): void {
    const about = { memberId, groupId, what, cause, by, after: found.map((key) => ({ ...key })) };
    notes.push({ id: `${runId}/${run.notes++}`, at: Date.now(), ...about });
  }

  async function keepNotes(): Promise<void> {
    const [keptActs, keptNotes] = [acts, notes];
    acts = [];
    notes = [];
    for (const act of keptActs) await insist(auditLog, (set) => set.noteAct(act));
    if (keptNotes.length > 0) await insist(help, (set) => set.noteFindings(keptNotes));
  }

  function publish(): void {
    const memory = JSON.stringify(state.memory);
    if (memory !== kept) {
      kept = memory;
      state.revision++;
      keeper.changed();
    }
    if (state.revision !== shownRevision) upsertMemo({ [revisionMemo]: state.revision });
    shownRevision = state.revision;
    setCurrentDetails(driftDetailsOf(view(), state.intervalMs));
    const summary = driftSummaryOf(state);
    const now = JSON.stringify(summary);
    if (now === shownMemo) return;
    shownMemo = now;
    upsertMemo({ [driftMemo]: summary });
  }
}

/** What concerns no member. */
const nobody = { memberId: null, groupId: null, keys: [] };

/** A removal is told as the member's whose key it was. */
function noteOf(cause: string, by: string, memberId: number | null): WriteNote {
  return { id: uuid4(), cause, locationId: null, by, planId: null, memberId };
}

const giverOf = ({ ruling }: Finding): string => ruling?.by ?? 'drift';

const whoWords = ({ memberId, userId, groupId }: Finding): string =>
  [
    ...(memberId === null ? [`Kisi user ${userId ?? ''}`] : [`member ${memberId}`]),
    ...(groupId === null ? [] : [`group ${groupId}`]),
  ].join(', ');

function comparisonActivities(taskQueue: string): ActivityInterfaceFor<DriftActivities> {
  return proxyActivities<DriftActivities>({
    taskQueue: kisiTaskQueue(taskQueue),
    startToCloseTimeout: '15m',
    heartbeatTimeout: '15s',
    // Nobody waits for it.
    priority: { priorityKey: 5 },
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '20s', maximumAttempts: 4 },
  });
}

/** A removal that cannot be made is tried again at the next comparison. */
function keyActivities(taskQueue: string): ActivityInterfaceFor<KeyActivities> {
  return proxyActivities<KeyActivities>({
    taskQueue: kisiTaskQueue(taskQueue),
    startToCloseTimeout: '2m',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumAttempts: 2 },
  });
}

function helpers(taskQueue: string): Retrying<DriftActivities> {
  const options = { taskQueue: kisiTaskQueue(taskQueue), startToCloseTimeout: '1m', heartbeatTimeout: '15s' };
  return retryingActivities<DriftActivities>(options, 20_000);
}
