import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { canonical } from '../access/canonical.js';
import { controlWorkflowId } from '../messages/to-control.js';
import { driftWorkflowId } from '../messages/to-drift.js';
import {
  accessProblemKey,
  accessStateKey,
  leaderWorkflowId,
  memberWorkflowId,
  memberWorkflowType,
} from '../messages/to-member.js';
import { guardWorkflowId } from '../messages/to-revocation-guard.js';
import { Watcher } from './watcher.js';

/** How long Temporal may be silent before it counts as down. */
const lookTimeoutMs = 5_000;
const minuteMs = 60_000;

/** What open pages are about, by the topics that they name: each thing is looked at once, however many pages show it. */
export class Watched {
  private readonly members = new Map<number, Watcher>();
  private readonly orders: Watcher;
  private readonly space: Watcher;

  /** `noted`: what is known of a member besides what Temporal shows, as a text that changes whenever that does. */
  constructor(
    private readonly client: Client,
    private readonly noted: (memberId: number) => string,
  ) {
    this.orders = this.watcherOf(() => this.lookAtOrders());
    this.space = this.watcherOf(() => this.lookAtSpace());
  }

  /** What a page with this topic, `member-123` or `space`, shows; null: there is no such topic. */
  of(topic: string): readonly Watcher[] | null {
    if (topic === 'space') return [this.orders, this.space];
    const id = /^member-([1-9]\d{0,14})$/.exec(topic)?.[1];
    return id === undefined ? null : [this.orders, this.memberOf(Number(id))];
  }

  private memberOf(id: number): Watcher {
    const known = this.members.get(id);
    if (known !== undefined) return known;
    this.dropIdle();
    const watcher = this.watcherOf(() => this.lookAtMember(id));
    this.members.set(id, watcher);
    return watcher;
  }

  /** Anybody may ask for any number of members, one after another. */
  private dropIdle(): void {
    for (const [id, watcher] of this.members) if (watcher.isIdle()) this.members.delete(id);
  }

  private watcherOf(look: () => Promise<string>): Watcher {
    return new Watcher(() => this.client.withDeadline(Date.now() + lookTimeoutMs, look));
  }

  /** Each step that a workflow takes makes its history longer. */
  private async lookAtMember(id: number): Promise<string> {
    try {
      const found = await this.client.workflow.getHandle(memberWorkflowId(id)).describe();
      return JSON.stringify([found.runId, found.status.name, found.historyLength, this.noted(id)]);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'no workflow';
      throw error;
    }
  }

  /** What people have ordered, and what is withheld, concerns everybody. */
  private async lookAtOrders(): Promise<string> {
    return canonical(await Promise.all([controlWorkflowId, guardWorkflowId].map((id) => this.shownBy(id))));
  }

  private async lookAtSpace(): Promise<string> {
    const shown = [driftWorkflowId, leaderWorkflowId].map((id) => this.shownBy(id));
    const counts = [
      `${accessStateKey.name} = 'access'`,
      `${accessStateKey.name} = 'noAccess'`,
      `${accessProblemKey.name} != 'none'`,
    ].map((clause) => this.countOf(clause));
    // Once a minute whatever happens: such a page tells how long ago things were.
    const minute = Math.floor(Date.now() / minuteMs);
    return canonical([...(await Promise.all([...shown, ...counts])), minute]);
  }

  /** The status of a workflow, and what it shows in its memo. */
  private async shownBy(workflowId: string): Promise<unknown> {
    try {
      const { status, memo } = await this.client.workflow.getHandle(workflowId).describe();
      return [status.name, memo];
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    }
  }

  private async countOf(clause: string): Promise<number> {
    const running = `WorkflowType = '${memberWorkflowType}' AND ExecutionStatus = 'Running'`;
    return (await this.client.workflow.count(`${running} AND ${clause}`)).count;
  }
}
