import { looksFor } from '../access/ownership.js';
import { planSteps, stillFrozen, type Step } from '../access/plan.js';
import type { Due } from '../access/types.js';
import type { Assessed } from '../messages/to-activities.js';
import type { MemberState } from '../messages/to-member.js';
import type { Display } from './display.js';
import type { Circumstances, KeyWriter } from './key-writer.js';
import { Problem } from './retries.js';

/** The differences between what the rules want and the ledger, written one by one. */
export class Differences {
  private readonly circumstances: Circumstances;

  constructor(
    private readonly state: MemberState,
    private readonly assessed: Assessed,
    private readonly writer: KeyWriter,
    private readonly display: Display,
  ) {
    this.circumstances = { ...assessed, due: this.findNews(assessed.due) };
  }

  /**
   * Writes all of them. `isResync`: the ledger is compared with Kisi first. Returns the problems of keys that an order stops;
   * null: the rest is out of date. Throws a Problem where a write is refused, or a retry may mend it.
   */
  async write(isResync: boolean): Promise<Problem[] | null> {
    const { state, assessed } = this;
    const isLookDue = looksFor(assessed.unanswered ?? [], state.ledger).some((at) => at <= Date.now());
    state.frozen = stillFrozen(state.frozen, assessed.rules, Date.now());
    if (isResync || isLookDue) {
      // A comparison may have to wait for Kisi's lists. An end of access that is known does not wait with it.
      if ((await this.apply(this.plan().filter((step) => this.isKnownEnd(step)))) === null) return null;
      if (!(await this.writer.inspect())) return null;
    }
    const problems = await this.apply(this.plan());
    // What is refused for one group keeps the member from no other group.
    const refused = problems?.find(({ problem }) => problem !== 'Stopped');
    if (refused !== undefined) throw refused;
    return problems;
  }

  private plan(): Step[] {
    const { ledger, kisiUser, frozen } = this.state;
    const { keys, holds, emailDigest } = this.assessed;
    const userId = kisiUser?.emailDigest === emailDigest ? kisiUser.id : null;
    return planSteps(ledger, keys, holds, userId, frozen);
  }

  /** Does all steps; returns the final problems. Null: the rest is out of date. Throws a Problem that a retry may mend. */
  private async apply(steps: readonly Step[]): Promise<Problem[] | null> {
    const problems: Problem[] = [];
    for (const step of steps) {
      if (this.isOverdone(step)) return null;
      try {
        if (!(await this.writer.apply(step, this.circumstances))) return null;
        this.display.clearWaiting();
      } catch (error) {
        if (!(error instanceof Problem) || !error.final) throw error;
        problems.push(error);
      }
    }
    return problems;
  }

  /**
   * Whether a step ends access to a group by a key whose id in Kisi is known, so that nothing has to be read first. A key that
   * may only seem to be another user's goes once the wished one is there: where the installation's secret is lost, every e-mail
   * seems new.
   */
  private isKnownEnd(step: Step): boolean {
    if (step.kind !== 'revoke' || step.key.keyId === null) return false;
    return !this.assessed.keys.some((wish) => wish.groupId === step.key.groupId);
  }

  /**
   * Whether a step would take away what a step before it has given. That is so where the steps were planned before the Kisi
   * user was known, and the key turned out to be that user's.
   */
  private isOverdone(step: Step): boolean {
    const { kisiUser } = this.state;
    const { keys, emailDigest } = this.assessed;
    if (step.kind !== 'revoke' || kisiUser?.emailDigest !== emailDigest) return false;
    const { userId, groupId } = step.key;
    return userId === kisiUser.id && keys.some((wish) => wish.groupId === groupId);
  }

  /** The keys that were not yet due when all was last done. */
  private findNews(due: readonly Due[] = []): Due[] {
    const { dueBefore } = this.state;
    const isKnown = ({ groupId, since }: Due): boolean =>
      dueBefore.some((one) => one.groupId === groupId && one.since === since);
    return due.filter((one) => !isKnown(one));
  }
}
