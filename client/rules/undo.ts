import { checkStops, follow, tell } from './plan-run.js';
import { readConfig } from '../../space/settings.js';
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { planWorkflowId, undoUpdate } from '../../messages/to-plan.js';
import { CommandError } from '../../space/failure.js';
import { answered, named, type Giver } from '../../space/order.js';
import { readZones, spaceZone } from '../../space/zones.js';
import { withSession } from '../../space/session.js';

export interface UndoOptions extends Giver {
  json?: boolean;
}

/** `latchkey undo PLAN`: gives back the keys as they were before the plan. Throws CommandError as `apply` does. */
export async function undo(planId: string, { json = false, ...giver }: UndoOptions): Promise<void> {
  if (!/^[0-9a-f]{8}$/.test(planId)) {
    throw new CommandError(
      'PLAN must be the id of a plan, as `latchkey plan --out` and `latchkey apply` print it',
      2,
    );
  }
  const { report, zones } = await withSession(readConfig(), async ({ client }) => {
    await checkStops(client);
    const handle = client.workflow.getHandle(planWorkflowId(planId));
    await checkUndoable(handle, planId);
    await answered(client, () => handle.executeUpdate(undoUpdate, { args: [named(giver)] }));
    const report = await follow(client, handle, ['undone']);
    return { report, zones: await readZones(client) };
  });
  await tell(planId, report, json, spaceZone(zones));
}

async function checkUndoable(handle: WorkflowHandle, planId: string): Promise<void> {
  try {
    const { status } = await handle.describe();
    if (status.name === 'RUNNING') return;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new CommandError(`no plan ${planId} was applied here`, 2);
  }
  throw new CommandError(
    `plan ${planId} cannot be undone any more: it was undone, or its time for that is over`,
    2,
  );
}
