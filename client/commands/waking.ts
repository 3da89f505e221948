/** Commands that have something looked at now. */
import type { Command } from 'commander';
import type { PollOptions, ResyncOptions } from '../members/resync.js';
import { examples, idHelp, orderCommand } from '../command.js';

export function addWaking(program: Command): void {
  orderCommand(program, 'resync', 'look at a member afresh, at Kisi too, and mend what differs', [
    'Works for members that Latchkey does not know yet. Needs a running worker.',
    'Exit code 1 where the member waits for something, or it is not known yet how things stand; the reason is printed.',
    '',
    ...examples(
      'latchkey resync 1234',
      'latchkey resync --all    # wakes every member, and does not wait for them',
    ),
  ])
    .argument('[id]', idHelp)
    .option('--all', 'every member that is watched')
    .action(async (id: string | undefined, options: ResyncOptions) => {
      await (await import('../members/resync.js')).resync(id, options);
    });

  orderCommand(program, 'poll', 'ask Nexudus for changes now instead of at the next turn', [
    ...examples('latchkey poll', 'latchkey poll --full     # read everything: notices deletions too'),
  ])
    .option('--full', 'the reconciliation')
    .action(async (options: PollOptions) => {
      await (await import('../members/resync.js')).poll(options);
    });
}
