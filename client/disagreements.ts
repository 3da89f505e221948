import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Instant } from '../access/types.js';
import { askHoldings } from '../activities/holdings.js';
import type { TrailRecord } from '../trail/records.js';
import type { Trail } from '../trail/trail.js';
import { atOnce } from './at-once.js';
import { CommandError } from './failure.js';
import { isUnanswered } from './members.js';
import { print, printJson } from './output.js';
import { withSession } from './session.js';
import { readSettings } from './rules.js';
import { nexudusOf } from './space.js';
import { shortTime, table } from './table.js';
import { withTrail } from './trail.js';
import { memberIdFor, parseWho } from './who.js';

/** Whom Nexudus' own working out and Latchkey give other groups. */
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

/**
 * `latchkey disagreements [ID]`: where the groups that Nexudus worked out last (Custom ACS) are not those that Latchkey
 * decides. Throws CommandError where it cannot be told whose profiles belong together.
 */
export async function disagreements(
  id: string | undefined,
  { json = false }: { json?: boolean },
): Promise<void> {
  const who = id === undefined ? null : parseWho(id);
  // What is compared was decided by the worker: the file of this folder does not matter.
  const { config } = readSettings();
  const wanted = who === null ? null : await memberIdFor(who, nexudusOf(config));
  const { found, claimed } = await withTrail(config, async (trail) => {
    const claims = await lastClaims(trail);
    const apart = await differing(trail, claims);
    const profiles =
      apart.length === 0 ? [] : await withSession(config, ({ client }) => profilesOf(client, apart));
    return { claimed: claims.size, found: await compared(trail, profiles, wanted) };
  });
  if (json) printJson(found.map(({ since, ...one }) => ({ ...one, since: new Date(since).toISOString() })));
  else print(words(found, claimed));
}

/** The last claim of each member of whom there is one. */
async function lastClaims(trail: Trail): Promise<Map<number, TrailRecord>> {
  const claims = new Map<number, TrailRecord>();
  for await (const claim of trail.all({ kinds: ['claim'] })) {
    if (claim.memberId !== null) claims.set(claim.memberId, claim);
  }
  return claims;
}

/** Members of whom the last claim and the last decision differ, each profile by itself. */
async function differing(trail: Trail, claims: ReadonlyMap<number, TrailRecord>): Promise<number[]> {
  const ids: number[] = [];
  for (const [memberId, claim] of claims) {
    const decision = await trail.last('decision', memberId);
    if (disagreementOf([claim, ...(decision === null ? [] : [decision])], [memberId]) !== null)
      ids.push(memberId);
  }
  return ids;
}

/** All profiles of each of these people. One of them owns the keys of all, while Nexudus tells of each apart. */
async function profilesOf(client: Client, memberIds: readonly number[]): Promise<number[][]> {
  const all = await atOnce(queriesAtOnce, memberIds, async (id) => [id, ...(await siblingsOf(client, id))]);
  const byOwner = new Map(all.map((ids) => [Math.min(...ids), ids]));
  return [...byOwner].sort(([a], [b]) => a - b).map(([, ids]) => ids);
}

async function siblingsOf(client: Client, memberId: number): Promise<number[]> {
  try {
    return (await askHoldings(client, memberId)).siblingIds;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    if (!isUnanswered(error)) throw error;
    throw new CommandError(
      `member ${memberId} did not answer: is \`latchkey worker\` running? Only it knows whose profiles belong together`,
    );
  }
}

async function compared(
  trail: Trail,
  profiles: readonly number[][],
  wanted: number | null,
): Promise<Disagreement[]> {
  const found: Disagreement[] = [];
  for (const ids of profiles) {
    if (wanted !== null && !ids.includes(wanted)) continue;
    const records: TrailRecord[] = [];
    for (const memberId of ids)
      for await (const record of trail.all({ memberId, kinds: ['claim', 'decision'] })) records.push(record);
    const one = disagreementOf(records, ids);
    if (one !== null) found.push(one);
  }
  return found;
}

/**
 * What the claims about all profiles of a person and the decisions about the one that owns the keys come to; null: they
 * agree, or there is no claim. Pure.
 */
export function disagreementOf(
  records: readonly TrailRecord[],
  profileIds: readonly number[],
): Disagreement | null {
  const memberId = Math.min(...profileIds);
  const claimed = new Map<number, readonly number[]>();
  let decision: TrailRecord | null = null;
  let since: Instant | null = null;
  for (const record of records.toSorted((a, b) => a.at - b.at)) {
    if (record.kind === 'claim' && record.memberId !== null) claimed.set(record.memberId, claimOf(record));
    else if (record.kind === 'decision' && record.memberId === memberId) decision = record;
    const { onlyNexudus, onlyLatchkey } = difference(claimed, decision);
    const agrees = claimed.size === 0 || onlyNexudus.length + onlyLatchkey.length === 0;
    since = agrees ? null : (since ?? record.at);
  }
  if (since === null) return null;
  return { memberId, ...difference(claimed, decision), since, why: decision?.cause ?? null };
}

function difference(
  claimed: ReadonlyMap<number, readonly number[]>,
  decision: TrailRecord | null,
): Pick<Disagreement, 'onlyNexudus' | 'onlyLatchkey'> {
  const ours = new Set(decisionOf(decision));
  const theirs = new Set([...claimed.values()].flat());
  const ordered = (ids: ReadonlySet<number>): number[] => [...ids].sort((a, b) => a - b);
  return {
    onlyNexudus: ordered(theirs).filter((id) => !ours.has(id)),
    onlyLatchkey: ordered(ours).filter((id) => !theirs.has(id)),
  };
}

const claimOf = ({ after }: TrailRecord): readonly number[] => after as readonly number[];
const decisionOf = (decision: TrailRecord | null): number[] =>
  ((decision?.after ?? []) as readonly { groupId: number }[]).map(({ groupId }) => groupId);

function words(found: readonly Disagreement[], claimed: number): string {
  if (claimed === 0)
    return 'Nexudus has told of nobody yet: set up its Custom ACS (NEXUDUS_ACS_TOKEN, docs/configuration.md).';
  if (found.length === 0) return `Nexudus and Latchkey agree, of ${claimed} members of whom Nexudus told.`;
  const listed = (ids: readonly number[]): string | null => (ids.length === 0 ? null : ids.join(', '));
  const rows = found.map(({ memberId, onlyNexudus, onlyLatchkey, since, why }) => [
    memberId,
    listed(onlyNexudus),
    listed(onlyLatchkey),
    shortTime(since),
    why ?? 'has given no key so far',
  ]);
  return [
    table(['member', 'only Nexudus', 'only Latchkey', 'since', 'why Latchkey does so'], rows),
    '',
    `${found.length} of ${claimed} members of whom Nexudus told; \`latchkey explain ID\` says why, pass by pass.`,
  ].join('\n');
}
