/** Commands by which people stop things, let them go on, and rule on what is withheld. */
import { Argument, type Command } from 'commander';
import type { Mode, StopLevel } from '../../messages/to-control.js';
import type { ModeOptions } from './mode.js';
import type { Giver } from '../space/order.js';
import { command, examples, jsonHelp, orderCommand } from '../command.js';

/** What can be paused, and the modes; a new one that is missing here does not compile. */
const stopLevels = Object.keys({
  revokes: true,
  writes: true,
  all: true,
} satisfies Record<StopLevel, true>);

const modes = Object.keys({ observe: true, canary: true, live: true } satisfies Record<Mode, true>);

/** Adds the commands that stop and go on. */
export function addStopCommands(program: Command): void {
  program.commandsGroup('Stop and go on:');
  addPause(program);
  addResume(program);
  addMode(program);
  addWithheld(program);
  addRulings(program);
}

function addPause(program: Command): void {
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
      await (await import('./pause.js')).pause(level, giver);
    });
}

function addResume(program: Command): void {
  orderCommand(program, 'resume', 'let everything go on, and catch up', [
    ...examples('latchkey resume'),
  ]).action(async (giver: Giver) => {
    await (await import('./pause.js')).resume(giver);
  });
}

function addMode(program: Command): void {
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
      await (await import('./mode.js')).setMode(mode, options);
    });
}

function addWithheld(program: Command): void {
  command(program, 'withheld', 'list keys that are withheld, since too many would be lost at once', [
    'A key that is lost to what no known end foresaw (a suspension, a cancelled contract, another mapping, a record that',
    'is gone) is withheld where more than 10 % of the people at the location, and more than 5, would lose one to the same group',
    'within an hour, or where the read is in doubt. Grants and ends that were known go on.',
    '',
    ...examples('latchkey withheld', 'latchkey withheld --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./withheld.js')).withheld(options);
    });
}

function addRulings(program: Command): void {
  const rulings = [
    ['approve', 'let the keys go that are withheld, just those that are listed'],
    ['reject', 'keep the keys that are withheld, until what speaks against them is gone'],
  ] as const;
  for (const [does, summary] of rulings) {
    orderCommand(program, does, summary, [...examples(`latchkey ${does} 3 --why 'I asked the front desk'`)])
      .argument('<id>', 'the number that `latchkey withheld` prints')
      .action(async (id: string, giver: Giver) => {
        await (await import('./withheld.js')).rule(does, id, giver);
      });
  }
}
