/** Commands by which people stop things, let them go on, and rule of what is held. */
import { Argument, type Command } from 'commander';
import type { Mode, StopLevel } from '../../messages/to-control.js';
import type { ModeOptions } from './orders.js';
import type { Giver } from '../space/order.js';
import type { StatusOptions } from '../checks/status.js';
import { command, examples, jsonHelp, orderCommand } from '../command.js';

/** What can be paused, and the modes; a new one that is missing here does not compile. */
const stopLevels = Object.keys({
  revokes: true,
  writes: true,
  all: true,
} satisfies Record<StopLevel, true>);

const modes = Object.keys({ observe: true, canary: true, live: true } satisfies Record<Mode, true>);

export function addOrdering(program: Command): void {
  orderCommand(program, 'pause', 'stop taking keys away, stop every write, or stop everything', [
    'revokes: no key is taken away or shortened; keys are given as ever.',
    'writes:  nothing is written to Kisi.',
    'all:     nothing is read from Nexudus either.',
    'Holds for every worker at once, and until `latchkey resume`, restarts included. What is due meanwhile waits, says',
    'so, and is done then. Keys still end in Kisi by themselves. A second pause takes the place of the first.',
    '',
    ...examples("latchkey pause revokes --why 'the import looks odd'"),
  ])
    .addArgument(new Argument('<level>', 'what to stop').choices(stopLevels))
    .action(async (level: StopLevel, giver: Giver) => {
      await (await import('./orders.js')).pause(level, giver);
    });

  orderCommand(program, 'resume', 'let everything go on, and catch up', [
    ...examples('latchkey resume'),
  ]).action(async (giver: Giver) => {
    await (await import('./orders.js')).resume(giver);
  });

  orderCommand(program, 'mode', 'have keys written for nobody, for a few, or for everybody', [
    'observe: everything runs, and nothing is written to Kisi; `latchkey plan` shows what would be.',
    'canary:  only the keys of some locations or members are written.',
    'live:    the keys of all are written.',
    'Holds for every worker at once and through restarts. canary and live tell first what is about to be written, from',
    'records read now, and ask.',
    '',
    ...examples(
      "latchkey mode observe --why 'the old integration is still on'",
      'latchkey mode canary --location 12 --member 1234',
      'latchkey mode live',
      'latchkey mode live --yes                 # in a script',
    ),
  ])
    .addArgument(new Argument('<mode>', 'whose keys are written').choices(modes))
    .option('--location <ids...>', 'locations whose members are the canaries')
    .option('--member <ids...>', 'members who are canaries')
    .option('--yes', 'do it at once: tell nothing, and ask nobody')
    .action(async (mode: Mode, options: ModeOptions) => {
      await (await import('./orders.js')).setMode(mode, options);
    });

  command(program, 'status', 'show how everything stands, and what needs somebody', [
    'Whether both APIs answer, when changes were last read and keys last compared, what is withheld, waits, drifts or is',
    'paused, and which rules and version run where. Asks neither API: needs only Temporal, and no running worker.',
    'Exit code with --check: 1 where something needs somebody.',
    '',
    ...examples('latchkey status', 'latchkey status --check', 'latchkey status --json'),
  ])
    .option('--check', 'exit code 1 where something needs somebody')
    .option('--json', jsonHelp)
    .action(async (options: StatusOptions) => {
      await (await import('../checks/status.js')).status(options);
    });
}

export function addHolding(program: Command): void {
  command(program, 'held', 'list keys that are held back, since too many would be lost at once', [
    'A key that is lost to what no known end foresaw (a suspension, a cancelled contract, another mapping, a record that',
    'is gone) is held where more than 10 % of the people at the location, and more than 5, would lose one to the same group',
    'within an hour, or where the read is in doubt. Grants and ends that were known go on.',
    '',
    ...examples('latchkey withheld', 'latchkey withheld --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./withheld.js')).withheld(options);
    });

  const rulings = [
    ['approve', 'let the keys go that are held, just those that are listed'],
    ['reject', 'keep the keys that are held, until what speaks against them is gone'],
  ] as const;
  for (const [does, summary] of rulings) {
    orderCommand(program, does, summary, [...examples(`latchkey ${does} 3 --why 'I asked the front desk'`)])
      .argument('<id>', 'the number that `latchkey withheld` prints')
      .action(async (id: string, giver: Giver) => {
        await (await import('./withheld.js')).rule(does, id, giver);
      });
  }
}
