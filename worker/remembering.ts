import type { Client } from '@temporalio/client';
import { defaultDriftPolicy } from '../access/drift.js';
import type { Remembered } from '../messages/to-activities.js';
import { described } from '../activities/described.js';
import { rememberedIn } from '../activities/audit-log.js';
import type { Config } from '../config/config.js';
import type { Kept } from '../database/kept.js';
import { guardMemo, guardName, guardWorkflowId, guardWorkflowType } from '../messages/to-revocation-guard.js';
import {
  controlMemo,
  controlWorkflowId,
  controlWorkflowType,
  firstOrders,
  ordersName,
  type Orders,
} from '../messages/to-control.js';
import {
  driftName,
  driftWorkflowId,
  driftWorkflowType,
  firstDrift,
  type DriftState,
} from '../messages/to-drift.js';
import { compareWithRecord, oneForAll, revisionMemo } from '../messages/to-member.js';

/** What a workflow starts with. */
interface Start {
  args: unknown[];
  memo?: Record<string, unknown>;
}

/** A workflow whose memory is on record under a name. `start`: what it starts with, by what is remembered (null: nothing). */
interface Remembering {
  name: string;
  workflowId: string;
  workflowType: string;
  staticSummary: string;
  start: (remembered: Remembered | null) => Start;
}

/** The last run of such a workflow, as Temporal knows it. */
interface LastRun {
  isRunning: boolean;
  revision: number | null;
  memo: Record<string, unknown>;
}

/** `initialMode`: the mode that a new space starts in. */
type RememberingOptions = Pick<Config, 'taskQueue' | 'initialMode' | 'comparisonIntervalMs'>;

/**
 * Starts the workflows that hold orders, withheld keys and findings, where one does not run (somebody may have ended it,
 * or Temporal's data may be lost), with what is on record of them; and has one that runs compare itself with the record,
 * where the two differ (either may have been restored from a backup).
 */
export async function ensureRemembering(
  client: Client,
  kept: Kept,
  options: RememberingOptions,
): Promise<void> {
  for (const one of rememberingWorkflows(options)) await ensure(client, kept, options.taskQueue, one);
}

async function ensure(client: Client, kept: Kept, taskQueue: string, one: Remembering): Promise<void> {
  const { name, workflowId, workflowType, staticSummary, start } = one;
  const last = await lastRun(client, workflowId);
  const recorded = rememberedIn((await kept.read(name))?.value ?? null);
  if (last?.isRunning === true) {
    if (last.revision !== null && last.revision !== (recorded?.revision ?? null))
      await client.workflow.getHandle(workflowId).signal(compareWithRecord);
    return;
  }
  const { args, memo } = start(newest(recorded, ordersIn(last)));
  await client.workflow.start(workflowType, {
    ...{ workflowId, taskQueue, args, staticSummary, ...oneForAll },
    ...(memo === undefined ? {} : { memo }),
  });
}

function rememberingWorkflows({ initialMode, comparisonIntervalMs }: RememberingOptions): Remembering[] {
  return [
    {
      ...{ name: ordersName, workflowId: controlWorkflowId, workflowType: controlWorkflowType },
      staticSummary: 'What people have ordered for the whole space',
      // With its memo from the first instant on: no write may slip through before an order holds again.
      start(remembered) {
        const orders =
          remembered === null ? firstOrders(initialMode, Date.now()) : (remembered as Remembered & Orders);
        return { args: [orders], memo: { [controlMemo]: orders, [revisionMemo]: orders.revision } };
      },
    },
    {
      ...{ name: guardName, workflowId: guardWorkflowId, workflowType: guardWorkflowType },
      staticSummary: 'Holds keys back that would be lost at once, unforeseen',
      start: (remembered) => ({
        args: [remembered],
        memo: { [guardMemo]: [] },
      }),
    },
    {
      ...{ name: driftName, workflowId: driftWorkflowId, workflowType: driftWorkflowType },
      staticSummary: 'What differs between the members’ ledgers and Kisi',
      start: (remembered) => ({
        args: [
          {
            ...firstDrift(comparisonIntervalMs, defaultDriftPolicy),
            ...(remembered as Pick<DriftState, 'memory' | 'revision'> | null),
          },
        ],
      }),
    },
  ];
}

async function lastRun(client: Client, workflowId: string): Promise<LastRun | null> {
  const last = await described(client, workflowId);
  if (last === null) return null;
  const { status, memo = {} } = last;
  const revision = memo[revisionMemo];
  return {
    isRunning: status.name === 'RUNNING',
    revision: typeof revision === 'number' ? revision : null,
    memo,
  };
}

/** The orders that a run left in its memo when it was ended. */
function ordersIn(last: LastRun | null): Remembered | null {
  return (last?.memo[controlMemo] as Orders | undefined) ?? null;
}

function newest(one: Remembered | null, other: Remembered | null): Remembered | null {
  if (one === null || other === null) return one ?? other;
  return other.revision > one.revision ? other : one;
}
