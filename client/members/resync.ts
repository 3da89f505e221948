import { randomUUID } from 'node:crypto';
import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { reconciliationScheduleId, pollScheduleId, type PassReport } from '../../messages/to-member.js';
import type { Config } from '../../config/config.js';
import { actNote } from '../../activities/audit-log.js';
import { resyncsPerSecond } from '../../activities/wake.js';
import { CommandError, failureOf } from '../terminal/failure.js';
import { isRunning, resyncAll, resyncMember } from '../space/member-workflows.js';
import { named, type Giver } from '../space/order.js';
import { print, remark } from '../terminal/output.js';
import { withSession, type Session } from '../space/session.js';
import { nexudusOf, readConfig } from '../space/apis.js';
import { withAuditLog } from '../records/audit.js';
import { memberIdFor, parseWho, type Who } from '../space/who.js';

export interface ResyncOptions extends Giver {
  all?: boolean;
}

export interface PollOptions extends Giver {
  /** The reconciliation. */
  full?: boolean;
}

/**
 * `latchkey resync ID` or `--all`: a fresh look at Nexudus and at Kisi. Throws CommandError where it found a problem, or
 * where nobody knows yet.
 */
export async function resync(
  id: string | undefined,
  { all = false, ...giver }: ResyncOptions,
): Promise<void> {
  if (all === (id !== undefined)) throw new CommandError('give either an ID or --all', 2);
  const who = id === undefined ? null : parseWho(id);
  const config = readConfig();
  await withSession(config, (session) =>
    who === null ? resyncEveryone(session, config, giver) : resyncOne(session, config, who, giver),
  );
}

/** `latchkey poll`: runs the Schedule that notices changes now, instead of at its next turn. */
export async function poll({ full = false, ...giver }: PollOptions): Promise<void> {
  const config = readConfig();
  const scheduleId = full ? reconciliationScheduleId : pollScheduleId;
  try {
    await withSession(config, async ({ client }) => {
      // A run beside another one would know nothing of the runs before.
      await client.schedule.getHandle(scheduleId).trigger(ScheduleOverlapPolicy.BUFFER_ONE);
      await keepAct(config, full ? 'reconciliation' : 'poll', giver);
    });
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new CommandError('there is no poll to run yet: `latchkey worker` sets it up when it starts');
  }
  print(full ? 'The reconciliation is asked for.' : 'The poll is asked for.');
}

/**
 * Notes in the audit log who asked for everybody to be looked at: no workflow is told that would. Throws nothing: a look
 * harms nobody, and may be what mends the rest.
 */
async function keepAct(config: Config, what: string, giver: Giver): Promise<void> {
  const act = { id: randomUUID(), at: Date.now(), memberId: null, what, ...named(giver), after: null };
  try {
    await withAuditLog(config, (auditLog) => auditLog.note(actNote(act)));
  } catch (error) {
    remark(`the audit log does not say who asked for this: ${failureOf(error).lines.join(' ')}`);
  }
}

async function resyncOne(
  { client, taskQueue }: Session,
  config: Config,
  who: Who,
  giver: Giver,
): Promise<void> {
  const nexudus = nexudusOf(config);
  const memberId = await memberIdFor(who, nexudus);
  // A member who is gone from Nexudus may still hold keys; a number that was never one gets no workflow.
  if (!(await isRunning(client, memberId)) && (await nexudus.getOne('coworkers', memberId)) === null) {
    throw new CommandError('Nexudus has no coworker with this id, and Latchkey knows none');
  }
  const report = await resyncMember(client, taskQueue, memberId, named(giver));
  if (report === null) {
    throw new CommandError(
      'no answer in time: is `latchkey worker` running? If it is, `latchkey show ID` says how things stand',
    );
  }
  const { says, problem } = reportWords(memberId, report);
  print(says);
  if (problem !== null) throw new CommandError(problem);
}

/** What is said of a look, and what is in the way; null: nothing. Pure. */
export function reportWords(
  memberId: number,
  { changes, problem, isDone }: PassReport,
): { says: string; problem: string | null } {
  const member = `Member ${memberId}:`;
  const isWell = isDone && problem === null;
  const unchanged = `${member} ${isWell ? 'all is as it should be, ' : ''}nothing changed${isDone ? '' : ' so far'}.`;
  const says =
    changes.length === 0 ? unchanged : [member, ...changes.map((change) => `  ${change}`)].join('\n');
  if (isWell) return { says, problem: null };
  if (isDone) return { says, problem: `member ${memberId} waits: ${problem ?? ''}` };
  const waits = problem === null ? 'waiting for an answer of Nexudus or Kisi' : `waiting: ${problem}`;
  const then = `it goes on by itself, and \`latchkey show ${memberId}\` says how it ends`;
  return { says, problem: `member ${memberId} is not known yet, ${waits} (${then})` };
}

async function resyncEveryone({ client, taskQueue }: Session, config: Config, giver: Giver): Promise<void> {
  await keepAct(config, 'resync of all', giver);
  const { woken, ended, failed, later } = await resyncAll(client, taskQueue);
  print(`Woke ${woken} members${ended === 0 ? '' : `, ${ended} had ended meanwhile`}.`);
  if (later > 0) {
    const minutes = Math.ceil(later / resyncsPerSecond / 60);
    print(
      `${later} more are woken ${resyncsPerSecond} a second, as fast as Kisi answers: within ${minutes} minutes.`,
    );
  }
  if (failed > 0) throw new CommandError(`${failed} members could not be woken: run it again`);
  remark('each looks at Nexudus and Kisi on its own; `latchkey members` shows how things stand');
}
