import type { Assessed, WakeActivities } from '../messages/to-activities.js';
import type { MemberState } from '../messages/to-member.js';
import { never, retryingActivities, persist, type Problem } from './retries.js';

const others = retryingActivities<WakeActivities>({ startToCloseTimeout: '20s' }, 20_000);

/** What the person's other profiles have to do with the rest of the member's story. */
export interface Telling {
  /** Whether the owner of the keys may not know yet why this profile woke. */
  isNews: boolean;
  /** What was done, in words; added to. */
  changes: string[];
  onWaiting: (problem: Problem) => void;
}

/**
 * Principle 3: one profile owns the keys of a person. Notes the siblings, and wakes those who are concerned: who owns the
 * keys, and who was handed some. Answers the profile that owns the keys where it is another, else null.
 */
export async function tellProfiles(
  state: MemberState,
  { profileIds, ownerId, readAt, handedTo }: Assessed,
  { isNews, changes, onWaiting }: Telling,
): Promise<number | null> {
  const before = state.siblingIds;
  state.siblingIds = profileIds.filter((id) => id !== state.memberId);
  for (const id of handedTo) changes.push(`gave its keys over to profile ${id}`);
  const isOther = ownerId !== null && ownerId !== state.memberId;
  const woken = new Set(isOther && isNews ? [...handedTo, ownerId] : handedTo);
  for (const id of woken) await tell((set) => set.wakeOwner(id, readAt));
  if (isOther) return ownerId;
  const joined = state.siblingIds.filter((id) => !before.includes(id));
  if (joined.length > 0) await tell((set) => set.wakeSiblings(joined, readAt));
  return null;

  async function tell(call: (set: typeof others.quick) => Promise<void>): Promise<void> {
    await persist(
      () => call(others.quick),
      () => call(others.patient),
      onWaiting,
      never,
    );
  }
}
