import type { LedgerKey } from '../access/plan.js';
import type { Assessment, WakeActivities } from '../activities/contract.js';
import type { MemberState } from './messages.js';
import { never, patientActivities, persist, type Trouble } from './patience.js';

const others = patientActivities<WakeActivities>({ startToCloseTimeout: '20s' }, 20_000);

/** What handing over has to do with the rest of the member's story. */
export interface Handover {
  /** Whether the owner of the keys may not know yet why this profile woke. */
  isNews: boolean;
  /** What was done, in words; added to. */
  changes: string[];
  onWaiting: (trouble: Trouble) => void;
}

/**
 * Principle 3: one profile owns the keys of a person. Gives over what is another's to keep, notes the siblings, and wakes
 * whom that concerns. Answers the profile that owns the keys where it is another, else null.
 */
export async function leaveToOthers(
  state: MemberState,
  { profileIds, ownerId, readAt, emailDigest }: Assessment,
  { isNews, changes, onWaiting }: Handover,
): Promise<number | null> {
  const before = state.siblingIds;
  const [heir] = before.filter((id) => !profileIds.includes(id));
  state.siblingIds = profileIds.filter((id) => id !== state.memberId);
  if (ownerId !== null && ownerId !== state.memberId) {
    await giveKeys(ownerId, state.ledger);
    if (isNews) await tell('wakeOwner', [ownerId, readAt]);
    return ownerId;
  }
  const { kisiUser } = state;
  if (kisiUser !== null && kisiUser.emailDigest !== emailDigest && heir !== undefined) {
    await giveKeys(
      heir,
      state.ledger.filter((key) => key.userId === kisiUser.id),
    );
  }
  const joined = state.siblingIds.filter((id) => !before.includes(id));
  if (joined.length > 0) await tell('wakeSiblings', [joined, readAt]);
  return null;

  async function giveKeys(to: number, keys: LedgerKey[]): Promise<void> {
    if (keys.length === 0) return;
    await tell('handOver', [to, { keys, kisiUser: state.kisiUser }]);
    state.ledger = state.ledger.filter((key) => !keys.includes(key));
    changes.push(`gave ${keys.length} keys over to profile ${to}`);
  }

  async function tell<K extends keyof WakeActivities>(
    name: K,
    args: Parameters<WakeActivities[K]>,
  ): Promise<void> {
    type Call = (...a: Parameters<WakeActivities[K]>) => Promise<void>;
    const call = (set: unknown) => (set as Record<K, Call>)[name](...args);
    await persist(
      () => call(others.quick),
      () => call(others.patient),
      onWaiting,
      never,
    );
  }
}
