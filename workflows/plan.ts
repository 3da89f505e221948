import { allHandlersFinished, condition, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import { iso, type Instant } from '../access/types.js';
import type { PlanActivities } from '../messages/to-activities.js';
import { markdownText } from './markdown.js';
import { dropOthers, onQuery, onUpdate } from './hear.js';
import {
  addMembersUpdate,
  beforeOf,
  planReportQuery,
  undoUpdate,
  type ChangeDone,
  type KeyBefore,
  type PlanPart,
  type PlannedMember,
  type PlanOrder,
  type PlanReport,
} from '../messages/to-plan.js';
import type { Giver } from '../messages/to-control.js';
import { planOrderShape, plannedMembersShape } from './plan-shapes.js';
import { fields, giver } from './shapes.js';
import { checkPlace, started } from './start.js';
import { Acts } from './audit-log.js';

/** Each waits for Kisi, which takes 5 requests a second. */
const membersAtOnce = 20;
/** A command that died while it handed its members over is not waited for. */
const collectWithin = '5m';

const { sendPart } = proxyActivities<PlanActivities>({
  // A member that waits for Kisi answers when Kisi does.
  startToCloseTimeout: '30m',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '15s' },
});

/**
 * Applies a plan that a person saw and wanted, member by member, and holds on to how things were for as long as it can be
 * undone. Each member's own workflow does its part: it stays the one writer of its keys.
 */
export function plan(argument: PlanOrder): Promise<PlanReport> {
  checkPlace();
  return new PlanRun(started(planOrderShape, argument)).run();
}

/** A plan from its hand-over to its end. */
class PlanRun {
  private readonly acts = new Acts();
  private readonly members: PlannedMember[] = [];
  /** By member: how the keys were that were changed. */
  private readonly before = new Map<number, KeyBefore[]>();
  private readonly report: PlanReport;
  private undoOrder: Giver | null = null;

  constructor(private readonly order: PlanOrder) {
    const { memberCount } = order;
    this.report = { stage: 'collecting', members: [], memberCount, undoUntil: null };
  }

  /** Collects the members, applies the plan and, where a person orders it in time, undoes it. */
  async run(): Promise<PlanReport> {
    this.hear();
    this.publish();
    const { memberCount, undoWindowMs } = this.order;
    if (!(await condition(() => this.members.length >= memberCount, collectWithin))) return this.finish();
    const freezeUntil = Date.now() + undoWindowMs;
    await this.apply(freezeUntil);
    const undo = await this.undoOrderedUntil(freezeUntil);
    if (undo !== null) await this.undo(undo, freezeUntil);
    return this.finish();
  }

  private hear(): void {
    onUpdate(addMembersUpdate, {
      description: 'Sent by `latchkey apply` itself: a part of the members in the plan.',
      shape: plannedMembersShape,
      problemOf: (more) => this.problemOf(more),
      obey: (more) => void this.members.push(...more),
    });
    onQuery(planReportQuery, 'How far the plan is, and what was not done.', () => this.report);
    onUpdate(undoUpdate, {
      description: 'Gives the keys back as they were before the plan: {"by": who orders it, "why": "…"}.',
      shape: fields<Giver>(giver),
      problemOf: () => this.problemOfUndo(),
      obey: (order) => void (this.undoOrder = order),
    });
    dropOthers();
  }

  /** Why members cannot be added; null: they can. */
  private problemOf(more: readonly PlannedMember[]): string | null {
    const { planId, memberCount } = this.order;
    if (this.report.stage !== 'collecting')
      return `plan ${planId} is ${this.report.stage}, so nobody is added now`;
    if (more.length === 0) return 'nobody is in this part';
    if (this.members.length + more.length > memberCount)
      return `plan ${planId} is for ${memberCount} members only`;
    const known = new Set(this.members.map(({ memberId }) => memberId));
    for (const { memberId } of more) {
      if (known.has(memberId)) return `member ${memberId} is in plan ${planId} twice`;
      known.add(memberId);
    }
    return null;
  }

  /** Why the plan cannot be undone; null: it can. */
  private problemOfUndo(): string | null {
    const { planId } = this.order;
    if (this.report.stage !== 'applied')
      return `plan ${planId} is ${this.report.stage}, so it cannot be undone now`;
    return this.undoOrder === null ? null : `plan ${planId} is being undone already`;
  }

  private async apply(freezeUntil: Instant): Promise<void> {
    const { by, rules } = this.order;
    await this.noteAct('apply plan', this.order);
    this.report.stage = 'applying';
    await forEach(this.members, async (member) => {
      const { memberId, changes } = member;
      const done = await this.send(member, { by, freezeUntil, what: { does: 'apply', changes, rules } });
      this.before.set(
        memberId,
        changes.flatMap((change, i) => beforeOf(change, done[i])),
      );
    });
    this.report.stage = 'applied';
    this.report.undoUntil = freezeUntil;
    this.publish();
  }

  /** The order to undo the plan; null: nobody gave it in time. */
  private async undoOrderedUntil(freezeUntil: Instant): Promise<Giver | null> {
    await condition(() => this.undoOrder !== null, Math.max(1, freezeUntil - Date.now()), {
      summary: `plan ${this.order.planId} can be undone until ${iso(freezeUntil)}`,
    });
    return this.undoOrder;
  }

  private async undo(order: Giver, freezeUntil: Instant): Promise<void> {
    await this.noteAct('undo plan', order);
    this.report.stage = 'undoing';
    this.report.members = [];
    await forEach(this.members, async (member) => {
      const keys = this.before.get(member.memberId) ?? [];
      await this.send(member, { by: order.by, freezeUntil, what: { does: 'undo', keys } });
    });
    this.report.stage = 'undone';
  }

  private async send(
    { memberId, locationId, emailDigest }: PlannedMember,
    order: Pick<PlanPart, 'by' | 'freezeUntil' | 'what'>,
  ): Promise<ChangeDone[]> {
    const part = { planId: this.order.planId, locationId, emailDigest, ...order };
    const summary = `${part.what.does} for member ${memberId}`;
    const changes = await sendPart.executeWithOptions({ summary }, [memberId, part]);
    this.report.members = [...this.report.members, { memberId, changes }];
    this.publish();
    return changes;
  }

  private async noteAct(what: string, { by, why, account = null }: Giver): Promise<void> {
    this.acts.note({ memberId: null, what: `${what} ${this.order.planId}`, by, why, account, after: null });
    await this.acts.keep();
  }

  private publish(): void {
    setCurrentDetails(detailsOf(this.order, this.report));
  }

  private async finish(): Promise<PlanReport> {
    this.publish();
    await condition(allHandlersFinished);
    return this.report;
  }
}

/** Runs the job for each item, `membersAtOnce` at a time. */
async function forEach<T>(items: readonly T[], job: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await job(item);
  };
  await Promise.all(Array.from({ length: membersAtOnce }, work));
}

const stages: Record<PlanReport['stage'], string> = {
  collecting: 'is being handed over',
  applying: 'is being applied',
  applied: 'is applied',
  undoing: 'is being undone',
  undone: 'is undone',
};

function detailsOf({ planId, by, why, memberCount }: PlanOrder, report: PlanReport): string {
  const { stage, members, undoUntil } = report;
  const left = members.flatMap(({ memberId, changes }) =>
    changes.filter(({ done }) => !done).map((one) => ({ memberId, ...one })),
  );
  const reason = why === '' ? '' : `: ${markdownText(why)}`;
  return [
    `**Plan ${planId} ${stages[stage]}**, by ${markdownText(by)}${reason}. Members: ${members.length} of ${memberCount}.`,
    ...left.map(
      ({ memberId, groupId, why: because }) =>
        `Member ${memberId}, group ${groupId}: not done, ${markdownText(because ?? '')}.`,
    ),
    ...(undoUntil === null ? [] : [`It can be undone until ${iso(undoUntil)}: \`latchkey undo ${planId}\`.`]),
  ].join('\n\n');
}
