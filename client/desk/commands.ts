/** The desk: to serve it, and to say who may use it. */
import { Option, type Command } from 'commander';
import { roles, type Role } from '../../lib/roles.js';
import { command, jsonHelp, orderCommand } from '../command.js';
import type { Giver } from '../../space/order.js';

/** Adds the commands of the desk. */
export function addDeskCommands(program: Command): void {
  const desk = command(
    program,
    'desk',
    'serve the web page of the front desk, without a worker, until stopped',
    [
      'A worker with LATCHKEY_DESK_PORT serves it by itself. Needs a Temporal server, and a running worker for acts.',
      'Without LATCHKEY_DESK_URL it is served to this machine only, and nobody signs in. With it everybody signs in, by a',
      'link that `latchkey desk invite` makes, or by OpenID Connect. Ctrl-C or SIGTERM ends it.',
      'latchkey desk',
      'latchkey desk invite Mia --role desk',
    ],
  ).action(async () => {
    await (await import('../start/desk.js')).desk();
  });
  addInvite(desk);
  addSessionCommands(desk);
}

function addInvite(desk: Command): void {
  orderCommand(desk, 'invite', 'make a link by which somebody signs in to the desk, once', [
    'The link is good for 15 minutes. Give it to nobody else: whoever opens it first is signed in as NAME, and the audit log',
    'names that person for what is done then. A viewer looks; the desk also looks afresh, allows for a while and resends',
    'invitations; an operator may do everything.',
    'latchkey desk invite Mia --role desk',
  ])
    .argument('<name>', 'who it is, as the audit log is to name the person')
    .addOption(new Option('--role <role>', 'what the person may do').choices(roles).default('viewer'))
    .option('--json', jsonHelp)
    .action(async (name: string, options: Giver & { role: Role; json?: boolean }) =>
      (await import('./sign-ins.js')).invite(name, options),
    );
}

function addSessionCommands(desk: Command): void {
  command(desk, 'sessions', 'list who is signed in to the desk, and the links that nobody has used', [
    'A session ends after LATCHKEY_DESK_IDLE_LIMIT without a page, and after LATCHKEY_DESK_SESSION_LIMIT in any case.',
    'latchkey desk sessions',
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => (await import('./sign-ins.js')).listSessions(options));
  orderCommand(desk, 'end', 'end a session of the desk, or take an unused link back', [
    'Holds at once: the next page of that browser asks to sign in. Names sessions and links as `sessions` lists them.',
    'latchkey desk end 3f9a2c1b',
  ])
    .argument('<session>', 'a session or a link, as `latchkey desk sessions` lists it')
    .action(async (id: string, giver: Giver) => (await import('./sign-ins.js')).endSession(id, giver));
}
