/** Commands by which people go outside the rules. */
import type { Command } from 'commander';
import type { ExceptOptions } from './exceptions.js';
import type { Giver } from '../space/order.js';
import { command, examples, groupHelp, idHelp, jsonHelp, orderCommand } from '../command.js';

/** Adds the commands that go outside the rules. */
export function addExceptionCommands(program: Command): void {
  program.commandsGroup('Make an exception:');
  exceptCommand(program, 'allow', 'give a member a key outside the rules, for a while', [
    'Stands in for passes, and for nothing else: a member who is suspended, archived or without an e-mail gets no key by',
    'it. Its end is final, without any grace. It gives access, so Nexudus and Kisi must answer.',
    '',
    ...examples(
      "latchkey allow 1234 --group 12 --until tomorrow --reason 'the invoice is on its way'",
      "latchkey allow 1234 --group 'Trastevere, Rome – Day' --until 2026-12-01T18:00 --reason 'a tour' --by Mia",
    ),
  ]).requiredOption('--group <group>', groupHelp);

  exceptCommand(program, 'block', 'keep a member from a group, or from every group, for a while', [
    'Takes the key away whatever passes there are, and gives it back at the end. It goes before an `allow`. A key that a',
    'person gave by hand in Kisi stays.',
    'Works in an outage: with an id, and a group by its number, it needs Temporal only, and the key is taken away while',
    'Nexudus does not answer. Exit code 1: it holds, and is not carried out yet.',
    '',
    ...examples(
      "latchkey block 1234 --group 12 --until 2026-12-01 --reason 'the alarm was left off'",
      "latchkey block 1234 --until 3d --reason 'a lost phone'    # every group",
    ),
  ]).option('--group <group>', `${groupHelp}; left out: every group`);

  orderCommand(program, 'withdraw', 'end an exception (`allow` or `block`) before its time', [
    ...examples("latchkey withdraw 7 --why 'paid'"),
  ])
    .argument('<exception>', 'its number, as `latchkey exceptions` lists it')
    .action(async (id: string, giver: Giver) => {
      await (await import('./exceptions.js')).withdraw(id, giver);
    });

  command(program, 'exceptions', 'list what is allowed and blocked outside the rules, by whom and why', [
    'Those that end within 7 days are marked "soon".',
    '',
    ...examples('latchkey exceptions', 'latchkey exceptions --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./exceptions.js')).exceptions(options);
    });
}

/** A command by which a person goes outside the rules. */
function exceptCommand(
  program: Command,
  kind: 'allow' | 'block',
  summary: string,
  more: readonly string[],
): Command {
  return command(program, kind, summary, ['Holds at once and through restarts, and ends by itself.', ...more])
    .argument('<id>', idHelp)
    .requiredOption(
      '--until <time>',
      '2h, 3d, 18:00, today, tomorrow, a date (counts in full), or a time as for `explain --at`',
    )
    .requiredOption('--reason <reason>', 'why; it is shown and kept, so no names and no e-mails')
    .option('--by <name>', 'who orders it; your login by default')
    .action(async (id: string, options: ExceptOptions) => {
      if (kind === 'allow') await (await import('./allow.js')).allow(id, options);
      else await (await import('./block.js')).block(id, options);
    });
}
