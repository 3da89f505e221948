import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  setCurrentDetails,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import {
  defaultDriftPolicy,
  isMendedByMember,
  refusalOf,
  withRuling,
  type DriftVerb,
  type Finding,
} from '../access/drift.js';
import type { Instant } from '../access/types.js';
import type { DriftActivities } from '../messages/to-activities.js';
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
  type FindingView,
  type RuleOrder,
} from '../messages/to-drift.js';
import { Acts } from './audit-log.js';
import { DriftComparisons } from './drift-comparisons.js';
import { DriftNotes } from './drift-notes.js';
import { DriftRepairs } from './drift-repairs.js';
import { driftDetailsOf, driftSummaryOf, driftViewOf, findingViewOf } from './drift-view.js';
import { goOn } from './go-on.js';
import { dropOthers, onQuery, onSignal, onUpdate } from './hear.js';
import { isLong } from './long.js';
import { kisiTaskQueue, revisionMemo } from '../messages/to-member.js';
import { retryingActivities, type Retrying } from './retries.js';
import { refuse } from './refuse.js';
import { Keeper } from './remembered.js';
import { anything, duration, fields, giver, id as idShape, oneOf } from './shapes.js';
import { checkPlace, isHandedOn, started } from './start.js';

const minuteMs = 60_000;
const verbs = ['repair', 'adopt', 'ignore'] as const satisfies readonly DriftVerb[];
/** Comparing more often than each second would be a flood. */
const intervalShape = duration(1_000, 366 * 24 * 60 * minuteMs);

/** A ruling to be carried out. */
interface Job {
  /** The key of the finding. */
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
  return goOn(() => new DriftRun(stateFrom(initial)).run());
}

/**
 * What a run starts with: the state that the run before handed on. What somebody typed counts less than the record, which is
 * looked at first; only how often to compare is believed of it.
 */
function stateFrom(argument: DriftState): DriftState {
  if (isHandedOn()) return argument;
  const { intervalMs } = started(fields({ intervalMs: intervalShape }), argument);
  return firstDrift(intervalMs, defaultDriftPolicy);
}

/** The workflow `drift` until its next run: hears orders, compares, takes over what was found and shows it. */
class DriftRun {
  private readonly acts = new Acts();
  private readonly keeper = new Keeper(driftName, this);
  private readonly notes: DriftNotes;
  private readonly repairs: DriftRepairs;
  private readonly comparisons: DriftComparisons;
  private readonly jobs: Job[] = [];
  private dueAt: Instant;
  private isAsked = false;
  private isNewInterval = false;
  private comparisonsBegun = 0;
  private comparisonsDone = 0;
  /** What is on record by now, as far as this run knows. */
  private keptMemory: string;
  private shownSummary = JSON.stringify(workflowInfo().memo?.[driftMemo]);
  private shownRevision: number | null = null;

  constructor(private readonly state: DriftState) {
    const helpers = patientActivities();
    this.notes = new DriftNotes(helpers);
    this.repairs = new DriftRepairs(state, helpers, this.notes);
    this.comparisons = new DriftComparisons(state, this.repairs, this.notes);
    this.dueAt = state.dueAt ?? Date.now() + state.intervalMs;
    this.keptMemory = JSON.stringify(state.memory);
    this.hear();
  }

  /** Compares from time to time, and does what is ruled at once, until the history is long. */
  async run(): Promise<never> {
    this.publish();
    for (;;) {
      if (this.keeper.isDue()) await this.keeper.keep();
      await this.untilDue();
      await this.doJobs();
      if (this.isAsked || Date.now() >= this.dueAt) {
        await this.compare(this.isAsked);
        this.publish();
      }
      await this.acts.keep();
      await this.notes.keep();
      if (isLong() && !this.keeper.isDue()) await this.beginNextRun();
    }
  }

  /** What is kept on record. */
  memory(): Pick<DriftState, 'revision' | 'memory'> {
    const { revision, memory } = this.state;
    return { revision, memory };
  }

  /** Goes by what is on record, which is newer. */
  adopt(newer: Pick<DriftState, 'revision' | 'memory'>): void {
    Object.assign(this.state, newer);
    this.keptMemory = JSON.stringify(newer.memory);
    this.publish();
  }

  private hear(): void {
    onQuery(driftQuery, 'What the last comparison with Kisi found, and what is done about it.', () =>
      this.view(),
    );
    onSignal(comparisonInterval, {
      description: 'A worker sends it when it starts: how often to compare with Kisi, in ms.',
      shape: intervalShape,
      act: (intervalMs) => {
        this.setInterval(intervalMs);
      },
    });
    onSignal(compareSoon, {
      description: 'Has Kisi compared now. Needs no argument.',
      shape: anything,
      act: () => void (this.isAsked = true),
    });
    onUpdate(compareNow, {
      description: 'Has Kisi compared now, and answers what was found. Needs no argument.',
      shape: anything,
      obey: () => this.compareNow(),
    });
    onUpdate(findingUpdate, {
      description:
        `Rules of a finding: {"id": of the finding, "verb": one of ${verbs.join(', ')}, ` +
        '"by": who orders it, "why": "…"}.',
      shape: fields<RuleOrder>({ id: idShape, verb: oneOf(verbs), ...giver }),
      problemOf: ({ id, verb }) => refusalOf(this.findingOf(id), verb, Date.now()),
      obey: (order) => this.rule(order),
    });
    dropOthers();
  }

  private setInterval(intervalMs: number): void {
    if (intervalMs === this.state.intervalMs) return;
    this.state.intervalMs = intervalMs;
    this.dueAt = Date.now() + intervalMs;
    this.isNewInterval = true;
  }

  /** Answers what a comparison found that began after now. */
  private async compareNow(): Promise<DriftView> {
    this.isAsked = true;
    const mine = this.comparisonsBegun + 1;
    await condition(() => this.comparisonsDone >= mine);
    return this.view();
  }

  /** Has a ruling carried out, and answers what became of the finding. */
  private async rule(order: RuleOrder): Promise<FindingView> {
    const { id, verb, by, why, account = null } = order;
    const finding = this.findingOf(id);
    this.state.memory = withRuling(this.state.memory, finding, { verb, by, at: Date.now() });
    const { key, kind, memberId, groupId, what } = finding;
    const ruled = `${verb} finding ${id} (${kind})`;
    this.acts.note({ after: { what }, what: ruled, by, why, account, memberId, groupId });
    const job: Job = { key, done: false, refusal: null };
    this.jobs.push(job);
    await condition(() => job.done);
    if (job.refusal !== null) refuse(job.refusal);
    const left = this.state.memory.findings.find((one) => one.key === key);
    if (left === undefined) refuse(`finding ${id} is over: Kisi and the ledgers agree by now`);
    return findingViewOf(left, this.state);
  }

  private findingOf(id: number): Finding {
    const finding = this.state.memory.findings.find((one) => one.id === id);
    return finding ?? refuse(`there is no finding ${String(id)}: \`latchkey drift\` lists them`);
  }

  private async untilDue(): Promise<void> {
    const isDue = (): boolean =>
      this.isAsked || this.isNewInterval || this.jobs.length > 0 || this.keeper.isDue() || isLong();
    await condition(isDue, Math.max(1, this.dueAt - Date.now()), { summary: 'compare with Kisi' });
    this.isNewInterval = false;
  }

  private async doJobs(): Promise<void> {
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift()) {
      job.refusal = await this.carryOut(job.key);
      job.done = true;
      this.publish();
    }
  }

  /** Does what was ruled; answers why it cannot be done, or null. */
  private async carryOut(key: string): Promise<string | null> {
    const finding = this.state.memory.findings.find((one) => one.key === key);
    const verb = finding?.ruling?.verb;
    if (finding === undefined || verb === undefined || verb === 'ignore') return null;
    if (verb === 'adopt') return this.repairs.adopt(finding);
    if (isMendedByMember(finding.kind)) await this.repairs.repair([finding]);
    // Since it was found, the key may have come to serve a member.
    else await this.compare(true);
    return null;
  }

  private async compare(isAsked: boolean): Promise<void> {
    this.isAsked = false;
    this.comparisonsBegun++;
    const report = await this.comparisons.lookAtAll(isAsked);
    const now = Date.now();
    this.dueAt = now + this.state.intervalMs;
    if (report !== null) await this.comparisons.takeOver(report, now);
    this.comparisonsDone = this.comparisonsBegun;
  }

  private async beginNextRun(): Promise<void> {
    // Whoever asks meanwhile waits for an answer.
    await condition(() => allHandlersFinished() || this.isAsked || this.jobs.length > 0);
    if (!allHandlersFinished()) return;
    const { state } = this;
    // Who sent a signal does not wait.
    const dueAt = this.isAsked ? Date.now() : this.dueAt;
    await makeContinueAsNewFunc<typeof drift>({ memo: { [driftMemo]: driftSummaryOf(state) } })({
      ...state,
      dueAt,
    });
  }

  private view(): DriftView {
    return driftViewOf(this.state, this.dueAt);
  }

  /** Shows how things stand, and has the record know what has changed. */
  private publish(): void {
    const { state } = this;
    const memory = JSON.stringify(state.memory);
    if (memory !== this.keptMemory) {
      this.keptMemory = memory;
      state.revision++;
      this.keeper.change();
    }
    if (state.revision !== this.shownRevision) upsertMemo({ [revisionMemo]: state.revision });
    this.shownRevision = state.revision;
    setCurrentDetails(driftDetailsOf(this.view(), state.intervalMs));
    const summary = driftSummaryOf(state);
    const now = JSON.stringify(summary);
    if (now === this.shownSummary) return;
    this.shownSummary = now;
    upsertMemo({ [driftMemo]: summary });
  }
}

/** Activities that are tried for as long as it takes. */
function patientActivities(): Retrying<DriftActivities> {
  const taskQueue = kisiTaskQueue(workflowInfo().taskQueue);
  const options = { taskQueue, startToCloseTimeout: '1m', heartbeatTimeout: '15s' };
  return retryingActivities<DriftActivities>(options, 20_000);
}
