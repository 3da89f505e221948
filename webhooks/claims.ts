import type { Instant } from '../access/types.js';
import type { Claim } from '../push/acs.js';
import type { Trail } from '../trail/trail.js';

/** Keeps what Nexudus works out itself in the audit trail, where it is not what it said of the member last. */
export interface ClaimKeeper {
  /** Returns at once. Of a member that is told of again before it was kept, the newest counts. */
  take(claim: Claim): void;
  /** Resolves when all is kept, or cannot be. */
  drain(): Promise<void>;
}

export interface ClaimKeeperOptions {
  trail: Pick<Trail, 'last' | 'note'>;
  now: () => Instant;
  /** Told once when claims cannot be kept, until they can again. */
  onTrouble: (error: unknown) => void;
}

type Dated = Claim & { at: Instant };

const againAfterMs = 5_000;
/** Times may be in whole seconds: within one, the last that came counts. */
const sameMomentMs = 1_000;

/** A keeper. What waits in it is bounded by the number of members. */
export function createClaimKeeper({ trail, now, onTrouble }: ClaimKeeperOptions): ClaimKeeper {
  const waiting = new Map<number, Dated>();
  let running: Promise<void> | null = null;
  let troubled = false;

  function goOn(): Promise<void> {
    running ??= keepAll().finally(() => (running = null));
    return running;
  }

  async function keepAll(): Promise<void> {
    for (const [memberId, claim] of waiting) {
      waiting.delete(memberId);
      try {
        await keep(claim);
        troubled = false;
      } catch (error) {
        if (!waiting.has(memberId)) waiting.set(memberId, claim);
        if (!troubled) onTrouble(error);
        troubled = true;
        setTimeout(() => void goOn(), againAfterMs).unref();
        return;
      }
    }
  }

  async function keep({ memberId, locationId, groupIds, at }: Dated): Promise<void> {
    const last = await trail.last('claim', memberId);
    if (last !== null && at < last.at - sameMomentMs) return;
    if (last !== null && JSON.stringify(last.after) === JSON.stringify(groupIds)) return;
    const after = last === null ? at : Math.max(at, last.at + 1);
    await trail.note({
      key: `claim/${memberId}/${after}`,
      at: after,
      kind: 'claim',
      state: 'done',
      memberId,
      locationId,
      groupId: null,
      what: groupIds.length === 0 ? 'no group' : `groups ${groupIds.join(', ')}`,
      before: last?.after ?? null,
      after: groupIds,
      cause: 'Nexudus worked it out itself (Custom ACS)',
      by: 'nexudus',
      planId: null,
      answer: null,
    });
  }

  return {
    take(claim) {
      const at = Math.min(claim.at ?? now(), now());
      if ((waiting.get(claim.memberId)?.at ?? 0) > at) return;
      waiting.set(claim.memberId, { ...claim, at });
      void goOn();
    },
    async drain() {
      await running;
      if (waiting.size > 0) await goOn();
    },
  };
}
