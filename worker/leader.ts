import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import type { LeaderActivities } from '../messages/to-activities.js';
import { described } from '../activities/described.js';
import { inForceOf } from '../activities/in-force.js';
import { heartbeating } from '../activities/remote.js';
import type { LeaderReport } from '../monitoring/facts.js';
import type { Monitor } from '../monitoring/monitor.js';
import { oneForAll, leaderWorkflowId, leaderWorkflowType } from '../messages/to-member.js';
import { inForceMemo } from '../messages/to-leader.js';

const beatMs = 1_000;
/** After this the activity ends and begins anew, so that no attempt lasts for ever. */
const termMs = 24 * 3_600_000;

/** After this the process tries again to tell its rules. */
const tellAgainMs = 1_000;

/** A term that this process must not have is offered to all again after this. */
const leftForMs = 1_000;

/** How long a process that stops waits for its last message: it should hand over at once. */
const lastWordMs = 2_000;

/** One try of the activity `lead`. */
export interface Term {
  runId: string;
  /** Counts the tries of this run. */
  term: number;
}

export interface LeaderDeps {
  /** Makes the workers that take the activities for both APIs, not yet running. */
  openWorkers: () => Promise<Worker[]>;
  /** Why this process must leave the term to another; null: it need not. */
  heldBack: () => Promise<string | null>;
  /** Says by which rules this process works, in each term anew. */
  tell: (term: Term) => Promise<void>;
  /** Looks after the space during a term; the heartbeats carry what it tells, for all to see who can reach Temporal. */
  monitor: Monitor;
}

/** This process's part in being the leader (workflows/leader.ts): at most one process of all has a term. */
export class Leader {
  readonly activities: LeaderActivities = {
    lead: () =>
      heartbeating(
        beatMs,
        () => this.lead(),
        () => this.deps.monitor.report(),
      ),
  };
  private readonly stopAsked = new AbortController();
  private readonly terms = new Set<Promise<unknown>>();

  constructor(private readonly deps: LeaderDeps) {}

  /** Whether this process is the leader now. */
  isLeading(): boolean {
    return this.terms.size > 0;
  }

  /** Ends the term at once, for another process to take over; resolves when what was under way is done. */
  async stop(): Promise<void> {
    this.stopAsked.abort();
    await Promise.allSettled(this.terms);
  }

  /**
   * Runs the workers until the term is over, and answers what is known of the APIs then; throws where one of them fails or the
   * term was given to another.
   */
  private async lead(): Promise<LeaderReport> {
    const { heldBack, monitor } = this.deps;
    const why = await heldBack();
    if (why !== null)
      throw ApplicationFailure.create({ message: why, type: 'OtherRules', nextRetryDelay: leftForMs });
    const term = new AbortController();
    const monitored = this.noted(monitor.run(term.signal));
    try {
      await this.work();
    } finally {
      term.abort();
      // A message under way is soon sent and noted, else the next process might send it again.
      await Promise.race([monitored, sleep(lastWordMs, undefined, { ref: false })]);
    }
    return monitor.report();
  }

  private async work(): Promise<void> {
    const { openWorkers, tell } = this.deps;
    const workers = await openWorkers();
    const drained = this.noted(Promise.all(workers.map((worker) => worker.run())));
    const termEnds = new AbortController();
    void untilTold(tell, termEnds.signal);
    try {
      await Promise.race([drained, Context.current().cancelled, termOver(this.stopAsked.signal)]);
    } finally {
      termEnds.abort();
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    }
  }

  /** Has `stop` wait for a job. */
  private noted<T>(job: Promise<T>): Promise<T> {
    this.terms.add(job);
    const forget = (): void => void this.terms.delete(job);
    job.then(forget, forget);
    return job;
  }
}

/** Tries to tell until that works or the term is over: nobody's key waits for that. Throws nothing. */
async function untilTold(tell: (term: Term) => Promise<void>, termEnds: AbortSignal): Promise<void> {
  const { info, log } = Context.current();
  const term = { runId: info.workflowExecution?.runId ?? '', term: info.attempt };
  while (!termEnds.aborted) {
    try {
      await tell(term);
      return;
    } catch (error) {
      log.warn('this process could not tell the workflow `leader` which rules it works by, and tries again', {
        error,
      });
      await sleep(tellAgainMs, undefined, { signal: termEnds, ref: false }).catch(() => undefined);
    }
  }
}

/** Resolves when the term has lasted its time, or the process is to stop. */
async function termOver(stopAsked: AbortSignal): Promise<void> {
  await sleep(termMs, undefined, { signal: stopAsked, ref: false }).catch(() => undefined);
}

/**
 * Starts the workflow that gives the terms, where it does not run yet. A workflow that was ended by hand leaves what it was
 * told to the next.
 */
export async function ensureLeader(client: Client, taskQueue: string): Promise<void> {
  const last = await described(client, leaderWorkflowId);
  if (last?.status.name === 'RUNNING') return;
  const inForce = inForceOf(last?.memo?.[inForceMemo]);
  await client.workflow.start(leaderWorkflowType, {
    workflowId: leaderWorkflowId,
    taskQueue,
    args: [inForce],
    ...(inForce === null ? {} : { memo: { [inForceMemo]: inForce } }),
    ...oneForAll,
    staticSummary: 'One worker process, the leader, asks Nexudus and Kisi',
  });
}
