/** Members as Temporal's lists show them: nobody's workflow is asked. */
import type { Client } from '@temporalio/client';
import type { Instant } from '../access/types.js';
import {
  accessProblemKey,
  holdingsMemo,
  locationIdKey,
  memberIdOf,
  memberWorkflowId,
  memberWorkflowType,
  nextChangeAtKey,
  type ShownHoldings,
} from '../messages/to-member.js';

/** A member whose workflow runs, with the keys that it shows. */
export interface ListedMember {
  memberId: number;
  /** What it waits for, as a kind; null: nothing. */
  problem: string | null;
  locationId: number | null;
  nextChangeAt: Instant | null;
  /** The groups of the keys that it holds. */
  groupIds: number[];
}

/** Some of the members that a question is about, and how many there are. */
export interface MemberList {
  members: ListedMember[];
  count: number;
}

const running = `WorkflowType = '${memberWorkflowType}' AND ExecutionStatus = 'Running'`;
const isWaiting = `${accessProblemKey.name} != 'none' AND ${accessProblemKey.name} != 'Stopped'`;

/** Members who wait for something, at most this many, without those that an order stops. Throws where Temporal cannot list. */
export function waitingMembers(client: Client, most: number): Promise<MemberList> {
  return listed(client, isWaiting, most);
}

/**
 * Members with a change in this time, the first to change first. Where there are more than `most`, those of the
 * first hour are listed, or of the first minutes. Throws where Temporal cannot list.
 */
export async function changingMembers(
  client: Client,
  from: Instant,
  until: Instant,
  most: number,
): Promise<MemberList> {
  const { count } = await client.workflow.count(`${running} AND ${isBetween(from, until)}`);
  // Temporal's lists have no order by a search attribute, and of ten thousand only the first matter.
  for (let end = until; ; end = from + Math.floor((end - from) / 4)) {
    const few = end === until ? count : await countOf(client, isBetween(from, end));
    if (few > most && end - from > shortestMs) continue;
    const { members } = await listed(client, isBetween(from, end), most);
    return { members: members.sort((a, b) => (a.nextChangeAt ?? 0) - (b.nextChangeAt ?? 0)), count };
  }
}

const shortestMs = 60_000;

/** The location of each of these members whose workflow runs. Throws where Temporal cannot list. */
export async function locationsOf(
  client: Client,
  memberIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const ids = [...new Set(memberIds)];
  if (ids.length === 0) return new Map();
  const those = ids.map((id) => `'${memberWorkflowId(id)}'`).join(', ');
  const { members } = await listed(client, `WorkflowId IN (${those})`, ids.length);
  return new Map(
    members.flatMap(({ memberId, locationId }) =>
      locationId === null ? [] : [[memberId, locationId] as const],
    ),
  );
}

function isBetween(from: Instant, until: Instant): string {
  const name = nextChangeAtKey.name;
  return `${name} >= '${new Date(from).toISOString()}' AND ${name} < '${new Date(until).toISOString()}'`;
}

async function countOf(client: Client, clause: string): Promise<number> {
  return (await client.workflow.count(`${running} AND ${clause}`)).count;
}

async function listed(client: Client, clause: string, most: number): Promise<MemberList> {
  const members: ListedMember[] = [];
  const query = `${running} AND ${clause}`;
  for await (const { workflowId, typedSearchAttributes, memo } of client.workflow.list({
    ...{ query, pageSize: most },
  })) {
    const memberId = memberIdOf(workflowId);
    if (memberId === null) continue;
    if (members.length === most) return { members, count: await countOf(client, clause) };
    const problem = typedSearchAttributes.get(accessProblemKey) ?? 'none';
    const locationId = typedSearchAttributes.get(locationIdKey);
    const shown = memo?.[holdingsMemo] as ShownHoldings | undefined;
    members.push({
      memberId,
      problem: problem === 'none' ? null : problem,
      locationId: locationId === undefined ? null : Number(locationId),
      nextChangeAt: typedSearchAttributes.get(nextChangeAtKey)?.getTime() ?? null,
      groupIds: (shown?.ledger ?? []).map(({ groupId }) => groupId),
    });
  }
  return { members, count: members.length };
}
