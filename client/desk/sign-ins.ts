import type { Config } from '../../config/config.js';
import { mayExist, openDatabase } from '../../database/database.js';
import { Sessions, type Link, type Session } from '../../desk/sign-in/sessions.js';
import type { Role } from '../../lib/roles.js';
import { giverProblem } from '../../messages/to-control.js';
import { keepAct } from '../../space/audit-log.js';
import { CommandError } from '../../space/failure.js';
import type { Giver } from '../../space/order.js';
import { remark } from '../../space/remark.js';
import { zonesIfAny } from '../../space/rules-in-force.js';
import { readConfig } from '../../space/settings.js';
import { timeWords } from '../../space/times.js';
import { spaceZone } from '../../space/zones.js';
import { usualDeskPort } from '../start/serve-desk.js';
import { isoTimes, print, printJson } from '../terminal/output.js';
import { table } from '../terminal/table.js';

/** `latchkey desk invite`: prints a link by which somebody signs in. Throws CommandError where the name cannot be kept. */
export async function invite(
  typed: string,
  { role, json = false, ...giver }: Giver & { role: Role; json?: boolean },
): Promise<void> {
  const name = typed.trim();
  if (giverProblem({ by: name, why: '' }) !== null)
    throw new CommandError(
      'NAME must be a name in one line, with at most 100 characters and without an e-mail',
      2,
    );
  const config = readConfig();
  const address = addressOf(config);
  const { link, token } = await withSessions(config, (sessions) => sessions.invite({ name, role }));
  await keepAct(config, `invite ${name} to the desk as ${role}, link ${link.id}`, giver);
  const url = `${address}/link/${token}`;
  const until = timeWords(link.until, spaceZone(await zonesIfAny(config)));
  if (json) printJson({ id: link.id, name, role, url, until: new Date(link.until).toISOString() });
  else print(`${name} signs in as ${role} by this link, once, until ${until}:\n${url}`);
  if (config.desk.url === null)
    remark(
      'without LATCHKEY_DESK_URL the desk is served to this machine only, and whoever uses this machine is an operator without any link',
    );
}

/** `latchkey desk sessions`: who is signed in. */
export async function listSessions({ json = false }: { json?: boolean }): Promise<void> {
  const config = readConfig();
  const { sessions, links } = await withSessions(config, async (all) => ({
    sessions: await all.list(),
    links: await all.links(),
  }));
  if (json) printJson(isoTimes({ sessions, links }));
  else printSignIns(sessions, links, spaceZone(await zonesIfAny(config)));
}

function printSignIns(sessions: readonly Session[], links: readonly Link[], zone: string | null): void {
  const signedIn = sessions.map(({ id, name, role, account, beganAt, seenAt, until }) => [
    ...[id, name, role, account],
    ...[beganAt, seenAt, until].map((at) => timeWords(at, zone)),
  ]);
  const headings = ['session', 'name', 'role', 'signed in by', 'since', 'last page', 'until'];
  print(signedIn.length === 0 ? 'Nobody is signed in.' : table(headings, signedIn));
  if (links.length === 0) return;
  const unused = links.map(({ id, name, role, until }) => [id, name, role, timeWords(until, zone)]);
  print(`\nLinks that nobody has used:\n${table(['link', 'name', 'role', 'until'], unused)}`);
}

/** `latchkey desk end`: ends a session, or takes a link back. Throws CommandError where there is none. */
export async function endSession(id: string, giver: Giver): Promise<void> {
  if (!/^[0-9a-f]{8}$/.test(id))
    throw new CommandError('SESSION must be a session or a link as `latchkey desk sessions` lists it', 2);
  const config = readConfig();
  if (!(await withSessions(config, (sessions) => sessions.end(id))))
    throw new CommandError(`there is no session ${id}, nor a link: \`latchkey desk sessions\` lists them`);
  await keepAct(config, `end session ${id} of the desk`, giver);
  print(`Session ${id} is ended.`);
}

/** Where browsers reach the desk. Throws CommandError where nothing says so. */
function addressOf({ desk }: Config): string {
  if (desk.url !== null) return desk.url;
  if (desk.port !== 0) return `http://127.0.0.1:${desk.port ?? usualDeskPort}`;
  throw new CommandError(
    'LATCHKEY_DESK_PORT is 0, so nothing says where the desk is: set LATCHKEY_DESK_URL',
    2,
  );
}

/** Throws CommandError where there is no database yet: one that a command made would not be that of the desk. */
async function withSessions<T>(config: Config, job: (sessions: Sessions) => Promise<T>): Promise<T> {
  if (!mayExist(config.databaseUrl))
    throw new CommandError(
      'there is no database here yet: start `latchkey worker` first, or set LATCHKEY_DATABASE_URL as the worker has it',
      2,
    );
  const db = await openDatabase(config.databaseUrl);
  try {
    return await job(new Sessions(db, config.desk, Date.now));
  } finally {
    await db.destroy();
  }
}
