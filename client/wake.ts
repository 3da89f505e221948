import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { fullPassScheduleId, pollScheduleId, type PassReport } from '../workflows/messages.js';
import type { Config } from '../worker/config.js';
import { resyncsPerSecond } from '../activities/wake.js';
import { CommandError } from './failure.js';
import { isRunning, resyncAll, resyncMember } from './members.js';
import { print, remark } from './output.js';
import { withSession, type Session } from './session.js';
import { nexudusOf, readConfig } from './space.js';
import { memberIdFor, parseWho, type Who } from './who.js';

/** `latchkey resync ID` or `--all`: a fresh look at Nexudus and at Kisi. Throws CommandError where it found a problem. */
export async function resync(id: string | undefined, { all = false }: { all?: boolean }): Promise<void> {
  if (all === (id !== undefined)) throw new CommandError('give either an ID or --all', 2);
  const who = id === undefined ? null : parseWho(id);
  const config = readConfig();
  await withSession(config, (session) =>
    who === null ? resyncEveryone(session) : resyncOne(session, config, who),
  );
}

/** `latchkey poll`: runs the Schedule that notices changes now, instead of at its next turn. */
export async function poll({ full = false }: { full?: boolean }): Promise<void> {
  const scheduleId = full ? fullPassScheduleId : pollScheduleId;
  try {
    // A run beside another one would know nothing of the runs before.
    await withSession(readConfig(), ({ client }) =>
      client.schedule.getHandle(scheduleId).trigger(ScheduleOverlapPolicy.BUFFER_ONE),
    );
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new CommandError('there is no poll to run yet: `latchkey worker` sets it up when it starts');
  }
  print(full ? 'The full pass is asked for.' : 'The poll is asked for.');
}

async function resyncOne({ client, taskQueue }: Session, config: Config, who: Who): Promise<void> {
  const nexudus = nexudusOf(config);
  const memberId = await memberIdFor(who, nexudus);
  // A member who is gone from Nexudus may still hold keys; a number that was never one gets no workflow.
  if (!(await isRunning(client, memberId)) && (await nexudus.getOne('coworkers', memberId)) === null) {
    throw new CommandError('Nexudus has no coworker with this id, and Latchkey knows none');
  }
  const report = await resyncMember(client, taskQueue, memberId);
  if (report === null) {
    throw new CommandError(
      'no answer in time: is `latchkey worker` running? If it is, `latchkey show ID` says how things stand',
    );
  }
  print(reportWords(memberId, report));
  if (report.problem !== null) throw new CommandError(`member ${memberId} waits: ${report.problem}`);
}

function reportWords(memberId: number, { changes, problem }: PassReport): string {
  if (changes.length > 0)
    return [`Member ${memberId}:`, ...changes.map((change) => `  ${change}`)].join('\n');
  return problem === null
    ? `Member ${memberId}: all is as it should be, nothing changed.`
    : `Member ${memberId}: nothing changed.`;
}

async function resyncEveryone({ client, taskQueue }: Session): Promise<void> {
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
