/** Commands that have something looked at now. */
import type { Command } from 'commander';
import { command, examples, idHelp } from './command.js';

export function addWaking(program: Command): void {
  command(program, 'resync', 'look at a member afresh, at Kisi too, and mend what differs', [
    'Works for members that Latchkey does not know yet. Needs a running worker.',
    'Exit code 1 where the member waits for something; the reason is printed.',
    '',
    ...examples(
      'latchkey resync 1234',
      'latchkey resync --all    # wakes every member, and does not wait for them',
    ),
  ])
    .argument('[id]', idHelp)
    .option('--all', 'every member that is watched')
    .action(async (id: string | undefined, options: { all?: boolean }) => {
      await (await import('../wake.js')).resync(id, options);
    });

  command(program, 'poll', 'ask Nexudus for changes now instead of at the next turn', [
    ...examples('latchkey poll', 'latchkey poll --full     # read everything: notices deletions too'),
  ])
    .option('--full', 'the full pass')
    .action(async (options: { full?: boolean }) => {
      await (await import('../wake.js')).poll(options);
    });
}
