/** Where the groups that Nexudus worked out last (Custom ACS) are not those that Latchkey decides. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { keyOwner } from '../access/ownership.js';
import type { Instant } from '../access/types.js';
import { askHoldings } from '../activities/holdings.js';
import type { AuditLog } from '../database/audit-log.js';
import type { AuditRecord } from '../database/audit-records.js';
import { atOnce } from '../lib/at-once.js';
import { CommandError } from './failure.js';
import { isUnanswered } from './member-workflows.js';

/** A member with other groups by Nexudus than by Latchkey. */
export interface Disagreement {
  /** The profile that owns the keys. */
  memberId: number;
  onlyNexudus: number[];
  onlyLatchkey: number[];
  since: Instant;
  /** Why Latchkey decides so; null: it has given no key so far. */
  why: string | null;
}

const queriesAtOnce = 10;

/** All disagreements. Throws CommandError where a member does not answer, and DatabaseError. */
export async function readDisagreements(auditLog: AuditLog, client: Client): Promise<Disagreement[]> {
  const apart = await differing(auditLog, await lastOpinions(auditLog));
  return compared(auditLog, await profilesOf(client, apart), null);
}

/** The last opinion about each member. */
export async function lastOpinions(auditLog: AuditLog): Promise<Map<number, AuditRecord>> {
  const opinions = new Map<number, AuditRecord>();
  for await (const opinion of auditLog.all({ kinds: ['opinion'] })) {
    if (opinion.memberId !== null) opinions.set(opinion.memberId, opinion);
  }
  return opinions;
}

/** Members with a last opinion that differs from the last decision, each profile by itself. */
export async function differing(
  auditLog: AuditLog,
  opinions: ReadonlyMap<number, AuditRecord>,
): Promise<number[]> {
  const ids: number[] = [];
  for (const [memberId, opinion] of opinions) {
    const decision = await auditLog.last('decision', memberId);
    if (disagreementOf([opinion, ...(decision === null ? [] : [decision])], [memberId]) !== null)
      ids.push(memberId);
  }
  return ids;
}

/**
 * All profiles of each of these people. One of them owns the keys of all, while Nexudus tells of each apart. Throws CommandError
 * where a member does not answer.
 */
export async function profilesOf(client: Client, memberIds: readonly number[]): Promise<number[][]> {
  const all = await atOnce(queriesAtOnce, memberIds, async (id) => {
    const ids = [id, ...(await siblingsOf(client, id))];
    return [keyOwner(ids) ?? id, ids] as const;
  });
  return [...new Map(all)].sort(([a], [b]) => a - b).map(([, ids]) => ids);
}

async function siblingsOf(client: Client, memberId: number): Promise<number[]> {
  try {
    return (await askHoldings(client, memberId)).siblingIds;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    if (!isUnanswered(error)) throw error;
    throw new CommandError(
      `member ${memberId} did not answer: is \`latchkey worker\` running? Only it knows which profiles belong together`,
    );
  }
}

/** The disagreements of these people; `wanted`: only of whoever has this profile. */
export async function compared(
  auditLog: AuditLog,
  profiles: readonly number[][],
  wanted: number | null,
): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  for (const ids of profiles) {
    if (wanted !== null && !ids.includes(wanted)) continue;
    const records: AuditRecord[] = [];
    for (const memberId of ids)
      for await (const record of auditLog.all({ memberId, kinds: ['opinion', 'decision'] }))
        records.push(record);
    const one = disagreementOf(records, ids);
    if (one !== null) found.push(one);
  }
  return found;
}

/**
 * What the opinions about all profiles of a person and the decisions about the one that owns the keys come to; null: they
 * agree, or there is no opinion. Pure.
 */
export function disagreementOf(
  records: readonly AuditRecord[],
  profileIds: readonly number[],
): Disagreement | null {
  const memberId = keyOwner(profileIds);
  if (memberId === null) return null;
  const told = new Map<number, readonly number[]>();
  let decision: AuditRecord | null = null;
  let since: Instant | null = null;
  for (const record of records.toSorted((a, b) => a.at - b.at)) {
    if (record.kind === 'opinion' && record.memberId !== null) told.set(record.memberId, opinionOf(record));
    else if (record.kind === 'decision' && record.memberId === memberId) decision = record;
    const { onlyNexudus, onlyLatchkey } = difference(told, decision);
    const agrees = told.size === 0 || onlyNexudus.length + onlyLatchkey.length === 0;
    since = agrees ? null : (since ?? record.at);
  }
  if (since === null) return null;
  return { memberId, ...difference(told, decision), since, why: decision?.cause ?? null };
}

function difference(
  told: ReadonlyMap<number, readonly number[]>,
  decision: AuditRecord | null,
): Pick<Disagreement, 'onlyNexudus' | 'onlyLatchkey'> {
  const ours = new Set(decisionOf(decision));
  const theirs = new Set([...told.values()].flat());
  const ordered = (ids: ReadonlySet<number>): number[] => [...ids].sort((a, b) => a - b);
  return {
    onlyNexudus: ordered(theirs).filter((id) => !ours.has(id)),
    onlyLatchkey: ordered(ours).filter((id) => !theirs.has(id)),
  };
}

const opinionOf = ({ after }: AuditRecord): readonly number[] => after as readonly number[];
const decisionOf = (decision: AuditRecord | null): number[] =>
  ((decision?.after ?? []) as readonly { groupId: number }[]).map(({ groupId }) => groupId);
