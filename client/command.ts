/** What all commands have in common. */
import type { Command } from 'commander';
import type { Giver } from '../space/order.js';

export const idHelp = 'a coworker id in Nexudus, an exact e-mail, or a name or part of one';
export const groupHelp = 'a group in Kisi, by id or name';
export const configHelp = 'use the rules in this file instead of the rules in force';
export const jsonHelp = 'print JSON, and nothing else on stdout';
export const sinceHelp = 'start there: how long ago (24h, 30d), a date, or a time with a zone';

/** A command that gives an order. It is refused before anything is done if it does not say who gives the order. */
export function orderCommand(...args: Parameters<typeof command>): Command {
  return command(...args)
    .option('--by <name>', 'who gives the order; your login by default')
    .option('--why <reason>', 'the reason, kept in the audit log')
    .hook('preAction', async (_program, action) => {
      (await import('../space/order.js')).named(action.opts<Giver>());
    });
}

/** A command with its help: a summary, what to know, and examples, which are the lines that begin with `latchkey`. */
export function command(program: Command, name: string, summary: string, more: readonly string[]): Command {
  const typed = more.filter((line) => line.startsWith('latchkey '));
  const known = more.filter((line) => !typed.includes(line));
  const blank = known.length === 0 || typed.length === 0 ? [] : [''];
  return program
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addHelpText('after', lines('', ...known, ...blank, ...(typed.length === 0 ? [] : examples(...typed))));
}

export function examples(...commands: string[]): string[] {
  return ['Examples:', ...commands.map((one) => `  ${one}`)];
}

export function lines(...text: string[]): string {
  return text.join('\n');
}
