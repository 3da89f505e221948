import { readConfig } from '../../space/settings.js';
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import { described } from '../../activities/described.js';
import { readOrders } from '../../activities/orders.js';
import { mayExist, openDatabase } from '../../database/database.js';
import { forget, tracesOf, type Traces } from '../../database/forget.js';
import { resendWorkflowId } from '../../messages/to-invitations.js';
import { holdingsMemo, memberWorkflowId, type ShownHoldings } from '../../messages/to-member.js';
import { confirmed, hasTerminal } from '../terminal/ask.js';
import { CommandError } from '../../space/failure.js';
import { named, type Giver } from '../../space/order.js';
import { print } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { groupNamesIfAny, idsWords } from '../../space/names.js';
import { isPlanAbout } from '../rules/plan-file.js';
import { withSession } from '../../space/session.js';
import { parseId } from '../../space/who.js';

export interface ForgetOptions extends Giver {
  /** Do it without asking. */
  yes?: boolean;
}

/** All that Latchkey keeps of a member. */
interface Found extends Traces {
  /** Runs of the member's workflow; `isRunning`: the last one has not ended. */
  runs: number;
  isRunning: boolean;
  /** Plans in this folder that name the member. */
  planFiles: string[];
}

/**
 * `latchkey forget ID`: tells what Latchkey keeps of a member, asks, and deletes it from the database, Temporal and the plans
 * in this folder. Throws CommandError where the member has keys or an order names the member, with what to do first; or where
 * nobody agrees.
 */
export async function forgetMember(id: string, { yes = false, ...giver }: ForgetOptions): Promise<void> {
  const memberId = parseId(id, 'ID must be the id of a coworker in Nexudus (a whole number)');
  const { by, why } = named(giver);
  const config = readConfig();
  if (!mayExist(config.databaseUrl))
    throw new CommandError('there is nobody to forget: no database is here yet');
  await withSession(config, async ({ client }) => {
    const db = await openDatabase(config.databaseUrl);
    try {
      const found = await lookFor(client, memberId, await tracesOf(db, memberId));
      await refuseEarly(client, memberId, found);
      remark(foundWords(memberId, found));
      await agree(memberId, yes);
      // First, since a workflow that still runs would write new records.
      const runs = await deleteRuns(client, memberId);
      const order = { key: `act/${randomUUID()}`, at: Date.now(), by, cause: why };
      const traces = await forget(db, memberId, order);
      for (const path of found.planFiles) rmSync(path);
      print(doneWords(memberId, { ...found, ...traces, runs }));
    } finally {
      await db.destroy();
    }
  });
}

async function lookFor(client: Client, memberId: number, traces: Traces): Promise<Found> {
  const last = await described(client, memberWorkflowId(memberId));
  const isRunning = last?.status.name === 'RUNNING';
  const shown = last?.memo?.[holdingsMemo] as ShownHoldings | undefined;
  const held = isRunning ? (shown?.ledger ?? []).map(({ groupId }) => groupId) : [];
  return {
    ...traces,
    heldGroupIds: [...new Set([...traces.heldGroupIds, ...held])],
    ...{ isRunning, runs: last === null ? 0 : (await runIds(client, memberWorkflowId(memberId))).length },
    planFiles: plansAbout(memberId),
  };
}

/** Throws CommandError where the member would be back at once, or a key would be nobody's. */
async function refuseEarly(client: Client, memberId: number, { heldGroupIds }: Found): Promise<void> {
  if (heldGroupIds.length > 0)
    throw new CommandError(
      `member ${memberId} still has keys from Latchkey (groups ${idsWords(heldGroupIds, await groupNamesIfAny()) ?? ''}). ` +
        'End or delete their passes and contracts in Nexudus, and wait until `latchkey show` says that the keys are gone',
      2,
    );
  const { exceptions, mode } = await readOrders(client);
  const about = exceptions.filter((one) => one.memberId === memberId && one.until > Date.now());
  if (about.length > 0)
    throw new CommandError(
      `an order names member ${memberId}: \`latchkey withdraw ${about.map((one) => one.id).join(', ')}\` first`,
      2,
    );
  if (mode.memberIds.includes(memberId))
    throw new CommandError(
      `mode ${mode.name} names member ${memberId}: order the mode without them first`,
      2,
    );
}

async function agree(memberId: number, yes: boolean): Promise<void> {
  if (yes) return;
  if (!hasTerminal())
    throw new CommandError('what is removed does not come back: give --yes, or order it at a terminal', 2);
  if (await confirmed(`Remove all of that about member ${memberId} for good?`)) return;
  throw new CommandError('nothing was removed');
}

async function runIds(client: Client, workflowId: string): Promise<string[]> {
  const ids: string[] = [];
  const query = `WorkflowId = '${workflowId}'`;
  for await (const { runId } of client.workflow.list({ query })) ids.push(runId);
  return ids;
}

/** Deletes the histories of the member's workflow, and of invitations that were mailed again. Answers how many runs that were. */
async function deleteRuns(client: Client, memberId: number): Promise<number> {
  const runs = await deleteRunsOf(client, memberWorkflowId(memberId));
  return runs + (await deleteRunsOf(client, resendWorkflowId(memberId)));
}

/** Ends a workflow and deletes its histories. */
async function deleteRunsOf(client: Client, workflowId: string): Promise<number> {
  const last = await described(client, workflowId);
  if (last === null) return 0;
  if (last.status.name === 'RUNNING')
    await client.workflow.getHandle(workflowId).terminate('the member is to be forgotten');
  // The list may lack the newest run.
  const ids = [...new Set([last.runId, ...(await runIds(client, workflowId))])];
  for (const runId of ids)
    await client.workflowService.deleteWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId },
    });
  return ids.length;
}

/** Plans in this folder that name the member. Whatever is no plan is left alone. */
function plansAbout(memberId: number): string[] {
  return readdirSync('.').filter((name) => name.endsWith('.json') && isPlanAbout(name, memberId));
}

function countsOf({ records, mentions, past, knowsUser, runs, planFiles }: Found): string[] {
  return [
    `${records} records of the audit log, and their id in ${mentions} others`,
    `${past} keys of the past, and which Kisi user they ${knowsUser ? 'have' : 'had'}`,
    `${runs} runs of their workflow in Temporal`,
    ...planFiles.map((path) => `the plan ${path}`),
  ];
}

function foundWords(memberId: number, found: Found): string {
  return `about member ${memberId} there is: ${countsOf(found).join('; ')}.`;
}

function doneWords(memberId: number, found: Found): string {
  return [
    `Member ${memberId} is forgotten. Removed:`,
    ...countsOf(found).map((one) => `  - ${one}`),
    'What stays, and where to remove it:',
    '  - the record in Nexudus and the user in Kisi, with its events: in Nexudus and in Kisi',
    '  - backups of both databases, logs, exports of the audit log and plans elsewhere: at the place that keeps them',
    '  - histories of workflows about all members (polls, orders, findings, plans): until Temporal’s retention ends',
    '  - their e-mail in the memory of workers: for a day at most, or until a restart',
    'If Nexudus shows a pass or contract of theirs again, Latchkey looks after them again.',
  ].join('\n');
}
