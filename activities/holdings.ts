import type { Client } from '@temporalio/client';
import {
  holdingsMemo,
  holdingsQuery,
  memberWorkflowId,
  shownOf,
  type Holdings,
  type ShownHoldings,
} from '../workflows/messages.js';
import { inBatches, listRunning } from './wake.js';

/** All must answer: a worker may have to replay each of a thousand first. */
const holdingsTimeoutMs = 20_000;

/** What one member's workflow holds. Throws where no worker answers in time. */
export async function askHoldings(client: Client, memberId: number): Promise<Holdings> {
  const handle = client.workflow.getHandle(memberWorkflowId(memberId));
  return client.withDeadline(Date.now() + holdingsTimeoutMs, () => handle.query(holdingsQuery));
}

/**
 * What each member shows of its keys whose workflow runs. `afresh`: these are asked, since a list may be seconds behind.
 * Throws where one of them does not answer: what is not known would look gone.
 */
export async function shownHoldings(
  client: Client,
  afresh: readonly number[],
): Promise<Map<number, ShownHoldings>> {
  const holdings = new Map<number, ShownHoldings>();
  const unsure: number[] = [];
  for await (const { memberId, memo } of listRunning(client)) {
    const shown = memo?.[holdingsMemo] as ShownHoldings | undefined;
    // One that an earlier release started shows nothing before its next change.
    if (shown === undefined || afresh.includes(memberId)) unsure.push(memberId);
    else holdings.set(memberId, shown);
  }
  await inBatches(unsure, async (id) => {
    try {
      holdings.set(id, shownOf(await askHoldings(client, id)));
    } catch (cause) {
      throw new Error(`The workflow of member ${id} did not say which keys it holds.`, { cause });
    }
  });
  return holdings;
}
