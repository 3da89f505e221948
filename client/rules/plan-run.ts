/** A plan that Temporal carries out, as `apply` and `undo` follow it. */
import { groupNamesIfAny, idWords, type Names } from '../../space/names.js';
import { timeWords } from '../../space/times.js';
import { type Client, type WorkflowHandle } from '@temporalio/client';
import { SingleBar } from 'cli-progress';
import { readOrders } from '../../activities/orders.js';
import { iso } from '../../access/types.js';
import { planReportQuery, type PlanReport } from '../../messages/to-plan.js';
import { CommandError } from '../../space/failure.js';
import { answered } from '../../space/order.js';
import { print, printJson } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { table } from '../terminal/table.js';

const lookEveryMs = 300;

/** Throws CommandError where somebody has stopped writing. */
export async function checkStops(client: Client): Promise<void> {
  const { stop } = await readOrders(client);
  if (stop === null) return;
  throw new CommandError(
    `nothing was done: ${stop.by} has paused ${stop.level}; \`latchkey resume\` lets it go on`,
  );
}

/** Waits until the plan is at one of these stages, with a bar on a terminal. */
export async function follow(
  client: Client,
  handle: WorkflowHandle,
  stages: readonly PlanReport['stage'][],
): Promise<PlanReport> {
  const bar = new SingleBar({
    format: '{stage} {bar} {value}/{total} members',
    stream: process.stderr,
    noTTYOutput: false,
    clearOnComplete: true,
  });
  try {
    for (let begun = false; ; begun = true) {
      const report = await answered(client, () => handle.query(planReportQuery));
      const { stage, members, memberCount } = report;
      if (!begun) bar.start(memberCount, members.length, { stage });
      bar.update(members.length, { stage });
      if (stages.includes(stage)) return report;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  } finally {
    bar.stop();
  }
}

/** Prints what was done; throws CommandError where something was not. */
export async function tell(
  planId: string,
  report: PlanReport,
  json: boolean,
  zone: string | null,
): Promise<void> {
  const { stage, members, undoUntil } = report;
  const changes = members.flatMap((member) =>
    member.changes.map((one) => ({ memberId: member.memberId, ...one })),
  );
  const left = changes.filter(({ done }) => !done);
  if (json) {
    printJson({ planId, stage, undoUntil: undoUntil === null ? null : iso(undoUntil), changes });
  } else {
    print(words(planId, report, changes.length - left.length, zone));
    if (left.length > 0) print(leftTable(left, await groupNamesIfAny()));
  }
  if (stage === 'applied' && undoUntil !== null) {
    const until = timeWords(undoUntil, zone);
    remark(`\`latchkey undo ${planId}\` gives the keys back as they were, until ${until}`);
  }
  if (left.length > 0) throw new CommandError(`${left.length} of ${changes.length} changes were not done`);
}

function leftTable(
  left: readonly { memberId: number; groupId: number; why: string | null }[],
  names: Names,
): string {
  return table(
    ['member', 'group', 'not done, because'],
    left.map(({ memberId, groupId, why }) => [memberId, idWords(groupId, names), why]),
  );
}

function words(planId: string, { stage, undoUntil }: PlanReport, done: number, zone: string | null): string {
  if (stage === 'applied') return `Plan ${planId} is applied: ${done} changes.`;
  const until = undoUntil === null ? '' : timeWords(undoUntil, zone);
  return [
    `Plan ${planId} is undone: ${done} changes.`,
    `Nothing else is done to these keys until ${until}; then the rules decide again.`,
  ].join('\n');
}
