/** What all commands have in common. */
import type { Command } from 'commander';
import type { Giver } from './space/order.js';

export const idHelp = 'a coworker id in Nexudus, the exact e-mail, or (part of) the name';
export const groupHelp = 'a group in Kisi, by id or name';
export const configHelp = 'by the rules of this file instead of those in force';
export const jsonHelp = 'print JSON, and nothing else on stdout';

/** A command by which a person orders something: refused before anything is done where it does not say who does. */
export function orderCommand(
  program: Command,
  name: string,
  summary: string,
  more: readonly string[],
): Command {
  return command(program, name, summary, more)
    .option('--by <name>', 'who orders it; your login by default')
    .option('--why <reason>', 'for those who wonder later')
    .hook('preAction', async (_program, action) => {
      (await import('./space/order.js')).named(action.opts<Giver>());
    });
}

export function command(program: Command, name: string, summary: string, more: readonly string[]): Command {
  return program
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addHelpText('after', lines('', ...more));
}

export function examples(...commands: string[]): string[] {
  return ['Examples:', ...commands.map((one) => `  ${one}`)];
}

export function lines(...text: string[]): string {
  return text.join('\n');
}
