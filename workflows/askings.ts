import { log, workflowInfo } from '@temporalio/workflow';
import type { Act } from '../messages/to-activities.js';
import { giverProblem } from '../messages/to-control.js';
import { auditLogActivities } from './audit-log.js';
import { insist } from './retries.js';

const mostAskings = 50;

/** Has the audit log keep who asked for a fresh look at a member. The look does not wait for it. */
export class Askings {
  private unkept: Act[] = [];
  private count = 0;

  constructor(private readonly memberId: number) {}

  /** Keeps who asked. More than there is room for would only be a flood. */
  keep(asking: unknown): void {
    const act = askingAct(asking, this.memberId, `${workflowInfo().runId}/resync ${this.count++}`);
    if (this.unkept.length >= mostAskings) return;
    this.unkept = [...this.unkept, act];
    if (this.unkept.length === 1) void this.keepAll();
  }

  /** Whether all of them are kept. */
  areKept(): boolean {
    return this.unkept.length === 0;
  }

  /** Keeps one after another, since the server would not take thousands at once. */
  private async keepAll(): Promise<void> {
    for (let act = this.unkept[0]; act !== undefined; act = this.unkept[0]) {
      const kept = act;
      await insist(auditLogActivities(), (set) => set.noteAct(kept)).catch(() => {
        log.warn('who asked for a fresh look could not be kept in the audit log');
      });
      this.unkept = this.unkept.slice(1);
    }
  }
}

/** What the audit log keeps of an asking. Anybody can ask in Temporal's UI, with any argument or none. */
function askingAct(asking: unknown, memberId: number, id: string): Act {
  const { by, why = '', account = null } = Object(asking) as Record<string, unknown>;
  const isSaid = giverProblem({ by, why, account }) === null;
  return {
    id,
    at: Date.now(),
    memberId,
    what: 'resync',
    by: isSaid ? String(by) : "somebody in Temporal's UI",
    why: isSaid ? String(why) : '',
    account: isSaid && typeof account === 'string' ? account : null,
    after: null,
  };
}
