import {
  allHandlersFinished,
  condition,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { iso } from '../access/types.js';
import type { PlanActivities } from '../messages/to-activities.js';
import { markdownText } from './markdown.js';
import { dropOthers, onQuery, onUpdate } from './hear.js';
import { insist } from './retries.js';
import {
  addMembersUpdate,
  beforeOf,
  planReportQuery,
  undoUpdate,
  type ChangeDone,
  type KeyBefore,
  type MemberDone,
  type PlanPart,
  type PlannedMember,
  type PlanOrder,
  type PlanReport,
} from '../messages/to-plan.js';
import type { Giver } from '../messages/to-control.js';
import { planOrderShape, plannedMembersShape } from './plan-shapes.js';
import { refuse } from './refuse.js';
import { fields, giver } from './shapes.js';
import { checkPlace, started } from './start.js';
import { logOrder, auditLogActivities } from './audit-log.js';

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
export async function plan(argument: PlanOrder): Promise<PlanReport> {
  checkPlace();
  const order = started(planOrderShape, argument);
  const { planId, memberCount } = order;
  const members: PlannedMember[] = [];
  const applied = new Map<number, KeyBefore[]>();
  const report: PlanReport = { stage: 'collecting', members: [], memberCount, undoUntil: null };
  let undo: Giver | null = null;
  const auditLog = auditLogActivities(workflowInfo().taskQueue);

  onUpdate(
    addMembersUpdate,
    {
      description: '`latchkey apply` itself sends it: a part of the members whom the plan is for.',
      shape: plannedMembersShape,
      check: (more) => {
        if (report.stage !== 'collecting')
          refuse(`plan ${planId} is ${report.stage}, so nobody is added now`);
        if (more.length === 0) refuse('nobody is in this part');
        if (members.length + more.length > memberCount)
          refuse(`plan ${planId} is for ${memberCount} members only`);
        const known = new Set(members.map(({ memberId }) => memberId));
        for (const { memberId } of more) {
          if (known.has(memberId)) refuse(`member ${memberId} is in plan ${planId} twice`);
          known.add(memberId);
        }
      },
    },
    (more) => void members.push(...more),
  );
  onQuery(planReportQuery, 'How far the plan is, and what was not done.', () => report);
  onUpdate(
    undoUpdate,
    {
      description: 'Gives the keys back as they were before the plan: {"by": who orders it, "why": "…"}.',
      shape: fields(giver),
      check: () => {
        if (report.stage !== 'applied')
          refuse(`plan ${planId} is ${report.stage}, so it cannot be undone now`);
        if (undo !== null) refuse(`plan ${planId} is being undone already`);
      },
    },
    (by) => void (undo = by),
  );
  dropOthers();

  publish();
  if (!(await condition(() => members.length >= memberCount, collectWithin))) return finish();
  const freezeUntil = Date.now() + order.undoWindowMs;
  await noteAct('apply plan', order);
  report.stage = 'applying';
  await forEach(members, async (member) => {
    const changes = await send(member.memberId, {
      ...of(member, order.by),
      what: { does: 'apply', changes: member.changes, rules: order.rules },
    });
    applied.set(
      member.memberId,
      member.changes.flatMap((change, i) => beforeOf(change, changes[i])),
    );
  });
  report.stage = 'applied';
  report.undoUntil = freezeUntil;
  publish();

  await condition(() => undo !== null, Math.max(1, freezeUntil - Date.now()), {
    summary: `plan ${planId} can be undone until ${iso(freezeUntil)}`,
  });
  const undone = undo as Giver | null;
  if (undone === null) return finish();
  await noteAct('undo plan', undone);
  report.stage = 'undoing';
  report.members = [];
  await forEach(members, async (member) => {
    const keys = applied.get(member.memberId) ?? [];
    await send(member.memberId, { ...of(member, undone.by), what: { does: 'undo', keys } });
  });
  report.stage = 'undone';
  return finish();

  function of({ locationId, emailDigest }: PlannedMember, by: string): Omit<PlanPart, 'what'> {
    return { planId, by, locationId, emailDigest, freezeUntil };
  }

  async function send(memberId: number, part: PlanPart): Promise<ChangeDone[]> {
    const changes = await sendPart.executeWithOptions(
      { summary: `${part.what.does} for member ${memberId}` },
      [memberId, part],
    );
    const done: MemberDone = { memberId, changes };
    report.members = [...report.members, done];
    publish();
    return changes;
  }

  async function noteAct(what: string, { by, why, account = null }: Giver): Promise<void> {
    const { runId } = workflowInfo();
    const about = { memberId: null, what: `${what} ${planId}`, by, why, account, after: null };
    logOrder(about);
    await insist(auditLog, (set) => set.noteAct({ id: `${runId}/${what}`, at: Date.now(), ...about }));
  }

  function publish(): void {
    setCurrentDetails(detailsOf(order, report));
  }

  async function finish(): Promise<PlanReport> {
    publish();
    await condition(allHandlersFinished);
    return report;
  }
}

/** Runs the job for each, so many at a time. */
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
