import type { Instant } from '../access/types.js';
import type { Opinion } from '../push/acs.js';
import type { AuditLog } from '../database/audit-log.js';

export interface OpinionKeeperOptions {
  auditLog: Pick<AuditLog, 'last' | 'note'>;
  now: () => Instant;
  /** Told once when opinions cannot be kept, until they can again. */
  onProblem: (error: unknown) => void;
}

type Dated = Opinion & { at: Instant };

const againAfterMs = 5_000;
/** Times may be in whole seconds: within one, the last that came counts. */
const sameMomentMs = 1_000;

/**
 * Keeps in the audit log what Nexudus works out itself, where that differs from what Nexudus last said of the member. What
 * waits here is bounded by the number of members.
 */
export class OpinionKeeper {
  private readonly waiting = new Map<number, Dated>();
  private running: Promise<void> | null = null;
  private isFailing = false;

  constructor(private readonly options: OpinionKeeperOptions) {}

  /** Returns at once. Where a member's opinion is not kept yet, the newest counts. */
  take(opinion: Opinion): void {
    const now = this.options.now();
    const at = Math.min(opinion.at ?? now, now);
    if ((this.waiting.get(opinion.memberId)?.at ?? 0) > at) return;
    this.waiting.set(opinion.memberId, { ...opinion, at });
    void this.goOn();
  }

  /** Resolves when all is kept, or cannot be. */
  async drain(): Promise<void> {
    await this.running;
    if (this.waiting.size > 0) await this.goOn();
  }

  private goOn(): Promise<void> {
    this.running ??= this.keepAll().finally(() => (this.running = null));
    return this.running;
  }

  private async keepAll(): Promise<void> {
    for (const [memberId, opinion] of this.waiting) {
      this.waiting.delete(memberId);
      try {
        await this.keep(opinion);
        this.isFailing = false;
      } catch (error) {
        if (!this.waiting.has(memberId)) this.waiting.set(memberId, opinion);
        if (!this.isFailing) this.options.onProblem(error);
        this.isFailing = true;
        setTimeout(() => void this.goOn(), againAfterMs).unref();
        return;
      }
    }
  }

  private async keep({ memberId, locationId, groupIds, at }: Dated): Promise<void> {
    const { auditLog } = this.options;
    const last = await auditLog.last('opinion', memberId);
    if (last !== null && at < last.at - sameMomentMs) return;
    if (last !== null && JSON.stringify(last.after) === JSON.stringify(groupIds)) return;
    const after = last === null ? at : Math.max(at, last.at + 1);
    await auditLog.note({
      key: `opinion/${memberId}/${after}`,
      at: after,
      kind: 'opinion',
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
}
