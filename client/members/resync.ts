import { keepAct } from '../../space/audit-log.js';
import { readConfig } from '../../space/settings.js';
import type { Config } from '../../config/config.js';
import { resyncsPerSecond } from '../../activities/wake.js';
import { CommandError } from '../../space/failure.js';
import { resyncAll, resyncMember } from '../../space/member-workflows.js';
import { named, type Giver } from '../../space/order.js';
import { withProgress } from '../../space/progress.js';
import { checkMember, reportWords } from '../../space/resync.js';
import { print } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { withSession, type Session } from '../../space/session.js';
import { nexudusOf } from '../../space/apis.js';
import { memberIdFor, parseWho, type Who } from '../../space/who.js';

export interface ResyncOptions extends Giver {
  all?: boolean;
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

async function resyncOne(
  { client, taskQueue }: Session,
  config: Config,
  who: Who,
  giver: Giver,
): Promise<void> {
  const nexudus = nexudusOf(config);
  const memberId = await memberIdFor(who, nexudus);
  await checkMember(client, nexudus, memberId);
  const report = await withProgress(`Looking at member ${memberId}`, () =>
    resyncMember(client, taskQueue, memberId, named(giver)),
  );
  if (report === null) {
    throw new CommandError(
      'no answer in time: is `latchkey worker` running? If it is, `latchkey show ID` says how things stand',
    );
  }
  const { says, problem } = reportWords(memberId, report);
  print(says);
  if (problem !== null) throw new CommandError(problem);
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
