import type { ActivityInterfaceFor } from '@temporalio/workflow';
import type { Assessed, WakeActivities } from '../messages/to-activities.js';
import type { MemberState } from '../messages/to-member.js';
import { never, persist, retryingActivities, type Problem } from './retries.js';

const others = retryingActivities<WakeActivities>({ startToCloseTimeout: '20s' }, 20_000);

/**
 * Principle 3: one profile owns the keys of a person. Notes the siblings, and wakes those concerned: the profile that owns
 * the keys, and profiles that were handed some. Returns the owner where it is another profile, else null. `isNews`: the owner
 * may not know yet why this profile woke. `changes`: what was done, in plain words; added to.
 */
export async function tellProfiles(
  state: MemberState,
  { profileIds, ownerId, readAt, handedTo }: Assessed,
  isNews: boolean,
  changes: string[],
  onWaiting: (problem: Problem) => void,
): Promise<number | null> {
  const tell = (wake: (profiles: ActivityInterfaceFor<WakeActivities>) => Promise<void>): Promise<unknown> =>
    persist(others, wake, onWaiting, never);
  const before = state.siblingIds;
  state.siblingIds = profileIds.filter((id) => id !== state.memberId);
  for (const id of handedTo) changes.push(`gave its keys over to profile ${id}`);
  const isOther = ownerId !== null && ownerId !== state.memberId;
  const woken = new Set(isOther && isNews ? [...handedTo, ownerId] : handedTo);
  for (const id of woken) await tell((profiles) => profiles.wakeOwner(id, readAt));
  if (isOther) return ownerId;
  const joined = state.siblingIds.filter((id) => !before.includes(id));
  if (joined.length > 0) await tell((profiles) => profiles.wakeSiblings(joined, readAt));
  return null;
}
