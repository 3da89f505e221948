import type { BlockActivities } from '../messages/to-activities.js';
import { beforeMembers, type MemberState } from '../messages/to-member.js';
import type { KeyWriter, Writing } from './key-writer.js';
import { insist, isStopped, retryingActivities, Problem } from './retries.js';

/** In the queue that every process serves, since this needs Temporal only. */
const activities = retryingActivities<BlockActivities>(
  { startToCloseTimeout: '30s', priority: beforeMembers, summary: 'which keys are blocked' },
  5_000,
);

/**
 * Takes away the keys that blocks of the member forbid, by the ledger alone and before anything is read: an API that is down
 * keeps no door open to a blocked member. The next look at Nexudus gives back what is to be given back. `blocksUndone` says
 * that some keys could not be taken away; those that a stop or a mode holds back are tried again when that order ends.
 * `tell`: says what is not done yet, and why; null: all is done.
 */
export async function carryOutBlocks(
  state: MemberState,
  locationId: number | null,
  createWriter: (onWaiting: Writing['onWaiting']) => KeyWriter,
  tell: (problem: Problem | null) => void,
): Promise<void> {
  const { memberId, siblingIds, ledger, dropped, kisiUser } = state;
  const tellsProfiles = state.orderDue?.tellsProfiles ?? false;
  state.orderDue = null;
  state.blocksUndone = false;
  const request = { memberId, siblingIds, ledger, dropped, kisiUser, tellsProfiles };
  const emailDigest = kisiUser?.emailDigest ?? null;
  const known = await insist(activities, (set) => set.blockedKeys(request));
  state.ledger = known.ledger;
  state.kisiUser = known.kisiUser;
  if (known.isRecorded) state.dropped = [];
  const keys = createWriter((problem) => {
    tell(unfinished(problem));
  });
  let undone: Problem | null = null;
  for (const { key, why } of known.blocked) {
    try {
      const step = { kind: 'revoke', key } as const;
      const losses = [{ groupId: key.groupId, cause: 'exception' as const, why }];
      if (await keys.apply(step, { emailDigest, locationId, losses })) continue;
      // Something else came first.
      state.blocksUndone = true;
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!isStopped(error)) state.blocksUndone = true;
      undone ??= unfinished(error);
    }
  }
  tell(undone);
}

function unfinished({ problem, message, final }: Problem): Problem {
  return new Problem(problem, `A block is not carried out yet: ${message}`, final);
}
