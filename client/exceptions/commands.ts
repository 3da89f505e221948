/** Commands by which people go outside the rules. */
import type { Command } from 'commander';
import type { ExceptOptions } from './exceptions.js';
import type { Giver } from '../../space/order.js';
import { command, groupHelp, idHelp, jsonHelp, orderCommand } from '../command.js';

/** Adds the commands that go outside the rules. */
export function addExceptionCommands(program: Command): void {
  program.commandsGroup('Make an exception:');
  exceptCommand(program, 'allow', 'give a member a key outside the rules, for a while', [
    'Replaces a missing pass, and nothing else: a member who is suspended, archived or without an e-mail still gets no',
    'key. The end is final, without any grace. Gives access, so Nexudus and Kisi must answer.',
    "latchkey allow 1234 --group 12 --until tomorrow --reason 'the invoice is on its way'",
    "latchkey allow 1234 --group 'Trastevere, Rome – Day' --until 2026-12-01T18:00 --reason 'a tour' --by Mia",
  ]).requiredOption('--group <group>', groupHelp);

  exceptCommand(program, 'block', 'keep a member from a group, or from every group, for a while', [
    'Takes the key away whatever the passes say, and gives it back at the end. A block wins over an `allow`. A key that a',
    'person gave by hand in Kisi stays.',
    'Works in an outage: with the id of the member and the number of the group it needs Temporal only, and takes the key',
    'away while Nexudus does not answer. Exit code 1: the block holds, and is not carried out yet.',
    "latchkey block 1234 --group 12 --until 2026-12-01 --reason 'the alarm was left off'",
    "latchkey block 1234 --until 3d --reason 'a lost phone'    # every group",
  ]).option('--group <group>', `${groupHelp}; left out: every group`);

  orderCommand(program, 'withdraw', 'end an exception (`allow` or `block`) before its time', [
    "latchkey withdraw 7 --why 'paid'",
  ])
    .argument('<exception>', 'its number, as `latchkey exceptions` lists it')
    .action(async (id: string, giver: Giver) => (await import('./exceptions.js')).withdraw(id, giver));

  command(
    program,
    'exceptions',
    'list what is allowed and blocked outside the rules, who ordered it and why',
    ['Marks those that end within 7 days with "soon".', 'latchkey exceptions', 'latchkey exceptions --json'],
  )
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => (await import('./exceptions.js')).exceptions(options));
}

/** A command by which a person goes outside the rules. */
function exceptCommand(
  program: Command,
  kind: 'allow' | 'block',
  summary: string,
  more: readonly string[],
): Command {
  const holds = 'Holds at once and through restarts, and ends by itself.';
  return command(program, kind, summary, [holds, ...more])
    .argument('<id>', idHelp)
    .requiredOption(
      '--until <time>',
      '2h, 3d, 18:00, today, tomorrow, a date (counts in full), or a time as for `explain --at`',
    )
    .requiredOption('--reason <reason>', 'why; it is shown and kept, so write no names and no e-mails')
    .option('--by <name>', 'who gives the order; your login by default')
    .action(async (id: string, options: ExceptOptions) => {
      if (kind === 'allow') await (await import('./allow.js')).allow(id, options);
      else await (await import('./block.js')).block(id, options);
    });
}
