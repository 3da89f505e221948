import type { Client } from '@temporalio/client';
import { holdingsQuery, memberWorkflowId, type Holdings } from '../workflows/messages.js';
import { inBatches } from './wake.js';

/** All must answer: a worker may have to replay each of a thousand first. */
const holdingsTimeoutMs = 20_000;

/** What one member's workflow holds. Throws where no worker answers in time. */
export async function askHoldings(client: Client, memberId: number): Promise<Holdings> {
  const handle = client.workflow.getHandle(memberWorkflowId(memberId));
  return client.withDeadline(Date.now() + holdingsTimeoutMs, () => handle.query(holdingsQuery));
}

/** What each of these members' workflows holds. Throws where one does not answer: what is not known would look gone. */
export async function holdingsOf(
  client: Client,
  memberIds: readonly number[],
): Promise<Map<number, Holdings>> {
  const holdings = new Map<number, Holdings>();
  await inBatches(memberIds, async (id) => {
    try {
      holdings.set(id, await askHoldings(client, id));
    } catch (cause) {
      throw new Error(`The workflow of member ${id} did not say which keys it holds.`, { cause });
    }
  });
  return holdings;
}
