/** Commands by which people stop things, let them go on, and decide about withheld keys. */
import { Argument, type Command } from 'commander';
import type { Mode, StopLevel } from '../../messages/to-control.js';
import type { ModeOptions } from './mode.js';
import type { Giver } from '../../space/order.js';
import { command, jsonHelp, orderCommand } from '../command.js';

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
    'revokes: Latchkey takes no key away and shortens none; it still gives keys.',
    'writes:  Latchkey writes nothing to Kisi.',
    'all:     Latchkey reads nothing from Nexudus either.',
    'Holds for every worker at once, through restarts, until `latchkey resume`. What is due meanwhile waits, says so, and',
    'is done then. Keys still end in Kisi by themselves. A second pause replaces the first.',
    "latchkey pause revokes --why 'the import looks odd'",
  ])
    .addArgument(new Argument('<level>', 'what to stop').choices(stopLevels))
    .action(async (level: StopLevel, giver: Giver) => (await import('./pause.js')).pause(level, giver));
}

function addResume(program: Command): void {
  orderCommand(program, 'resume', 'let everything go on, and catch up', ['latchkey resume']).action(
    async (giver: Giver) => (await import('./pause.js')).resume(giver),
  );
}

function addMode(program: Command): void {
  orderCommand(program, 'mode', 'have keys written for nobody, for a few, or for everybody', [
    'observe: everything runs, but Latchkey writes nothing to Kisi; `latchkey plan` shows what it would write.',
    'canary:  Latchkey writes only the keys of some locations or members.',
    'live:    Latchkey writes the keys of all members.',
    'Holds for every worker at once and through restarts. canary and live tell first what they will write, by records',
    'read now, and ask.',
    "latchkey mode observe --why 'the old integration is still on'",
    'latchkey mode canary --location 12 --member 1234',
    'latchkey mode live',
    'latchkey mode live --yes                 # in a script',
  ])
    .addArgument(new Argument('<mode>', 'whose keys are written').choices(modes))
    .option('--location <ids...>', 'locations whose members are the canaries')
    .option('--member <ids...>', 'members who are canaries')
    .option('--yes', 'do it at once: tell nothing, and ask nobody')
    .action(async (mode: Mode, options: ModeOptions) => (await import('./mode.js')).setMode(mode, options));
}

function addWithheld(program: Command): void {
  command(
    program,
    'withheld',
    'list keys that Latchkey withholds from being taken away, since too many would be lost at once',
    [
      'Withholds a key that would be lost without a known end (a suspension, a cancelled contract, another mapping, a record',
      'that is gone) if, within an hour, more than 10 % of the people at the location, and more than 5, would lose a key to',
      'the same group, or if the read is in doubt. Latchkey still gives keys, and still takes them away at a known end.',
      'latchkey withheld',
      'latchkey withheld --json',
    ],
  )
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => (await import('./withheld.js')).withheld(options));
}

function addRulings(program: Command): void {
  const rulings = [
    ['approve', 'take the withheld keys away, and only those that are listed'],
    ['reject', 'keep the withheld keys until what speaks against them is gone'],
  ] as const;
  for (const [does, summary] of rulings) {
    orderCommand(program, does, summary, [`latchkey ${does} 3 --why 'I asked the front desk'`])
      .argument('<id>', 'the number that `latchkey withheld` prints')
      .action(async (id: string, giver: Giver) => (await import('./withheld.js')).rule(does, id, giver));
  }
}
