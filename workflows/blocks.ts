import type { BlockActivities } from '../messages/to-activities.js';
import type { Circumstances, KeyWriter } from './keys.js';
import { beforeMembers, type MemberState } from '../messages/to-member.js';
import { insist, isHeld, retryingActivities, Problem } from './retries.js';

/** By the queue that every process serves, since it needs Temporal only. */
const activities = retryingActivities<BlockActivities>(
  { startToCloseTimeout: '30s', priority: beforeMembers, summary: 'which keys are blocked' },
  5_000,
);

/** What carrying a block out takes from the rest of the member's story. */
export interface CarryingOut {
  writer: (onWaiting: (problem: Problem) => void) => KeyWriter;
  circumstances: Pick<Circumstances, 'emailDigest' | 'locationId'>;
  /** What is not done yet, and why; null: all is done. */
  tell: (problem: Problem | null) => void;
}

/**
 * Takes away what blocks of the member forbid, by the ledger alone, before anything is read: no API that is down keeps a
 * door open to who is blocked. It only takes away; what is to be given back is for the next look at Nexudus. Where it could
 * not be done `blocksUndone` says so; what a stop or a mode holds back is tried again when that is taken back.
 */
export async function carryOutBlocks(
  state: MemberState,
  { writer, circumstances, tell }: CarryingOut,
): Promise<void> {
  const { memberId, siblingIds, ledger, dropped, kisiUser } = state;
  const tellsProfiles = state.orderDue?.tellsProfiles ?? false;
  state.orderDue = null;
  state.blocksUndone = false;
  const request = { memberId, siblingIds, ledger, dropped, kisiUser, tellsProfiles };
  const known = await insist(activities, (set) => set.blockedKeys(request));
  state.ledger = known.ledger;
  state.kisiUser = known.kisiUser;
  if (known.isRecorded) state.dropped = [];
  const keys = writer((problem) => {
    tell(unfinished(problem));
  });
  let undone: Problem | null = null;
  for (const { key, why } of known.blocked) {
    try {
      const step = { kind: 'revoke', key } as const;
      const losses = [{ groupId: key.groupId, cause: 'exception' as const, why }];
      if (await keys.apply(step, { ...circumstances, losses })) continue;
      // Something else came first.
      state.blocksUndone = true;
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!isHeld(error)) state.blocksUndone = true;
      undone ??= unfinished(error);
    }
  }
  tell(undone);
}

function unfinished({ problem, message, final }: Problem): Problem {
  return new Problem(problem, `A block is not carried out yet: ${message}`, final);
}
