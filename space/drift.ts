/** What the comparison with Kisi found, and what people have done about it. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import {
  compareNow,
  driftQuery,
  driftWorkflowId,
  findingUpdate,
  type DriftView,
  type FindingView,
  type RuleOrder,
} from '../messages/to-drift.js';
import { CommandError } from './failure.js';
import { isUnanswered } from './member-workflows.js';
import { answered, type OrderId } from './order.js';

/** A worker answers in well under a second. */
const queryTimeoutMs = 5_000;
/** A comparison of a large space takes a minute, more where Kisi throttles. */
const comparisonTimeoutMs = 10 * 60_000;

/** What the last comparison found. Throws CommandError where no worker answers. */
export async function lastFindings(client: Client): Promise<DriftView> {
  const workflow = client.workflow.getHandle(driftWorkflowId);
  try {
    return await client.withDeadline(Date.now() + queryTimeoutMs, () => workflow.query(driftQuery));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) && !isUnanswered(error)) throw error;
    throw new CommandError(
      'no worker answered (is `latchkey worker` running?): only a worker knows the findings',
    );
  }
}

/** Compares now, and answers what is found, within ten minutes. Throws CommandError where no worker answers. */
export async function findingsNow(client: Client): Promise<DriftView> {
  // Asked first, so that nobody waits long for a worker that does not run.
  await lastFindings(client);
  const workflow = client.workflow.getHandle(driftWorkflowId);
  return answered(client, () => workflow.executeUpdate(compareNow), comparisonTimeoutMs);
}

/**
 * Rules on a finding, within ten minutes; answers what is done. Throws CommandError where it is refused or no worker takes it.
 */
export async function ruleFinding(client: Client, order: RuleOrder, id: OrderId = {}): Promise<FindingView> {
  await lastFindings(client);
  const workflow = client.workflow.getHandle(driftWorkflowId);
  return answered(
    client,
    () => workflow.executeUpdate(findingUpdate, { args: [order], ...id }),
    comparisonTimeoutMs,
  );
}

/**
 * Keys over which somebody else and Latchkey disagree, so that Latchkey stopped. Throws CommandError where no worker answers.
 */
export async function contested(client: Client): Promise<FindingView[]> {
  const { findings } = await lastFindings(client);
  return findings.filter((finding) => finding.contested);
}
