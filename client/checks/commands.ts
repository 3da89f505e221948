/** Commands that tell whether all is well, and fix what is not. */
import type { Command } from 'commander';
import type { DriftVerb } from '../../access/drift.js';
import type { DriftOptions } from './drift.js';
import type { StatusOptions } from './status.js';
import type { Giver } from '../../space/order.js';
import { command, jsonHelp, orderCommand } from '../command.js';

/** Adds the commands that tell whether all is well, and fix what is not. */
export function addCheckCommands(program: Command): void {
  program.commandsGroup('Check that all is well:');
  addStatus(program);
  addDrift(program);
  addRulings(program);
  addAlert(program);
}

function addStatus(program: Command): void {
  command(program, 'status', 'show how everything stands, and what needs somebody', [
    'Shows whether both APIs answer, when changes were last read and keys last compared, which keys are withheld, which',
    'members wait, what is paused, how Kisi differs, and which rules and version run where. Needs Temporal, but no running',
    'worker, and asks neither API.',
    'latchkey status',
    'latchkey status --check',
    'latchkey status --json',
  ])
    .option('--check', 'exit code 1 if something needs somebody')
    .option('--json', jsonHelp)
    .action(async (options: StatusOptions) => (await import('./status.js')).status(options));
}

function addDrift(program: Command): void {
  command(
    program,
    'drift',
    'show where Kisi differs from what Latchkey gave, and what Latchkey does about it',
    [
      'Latchkey compares itself with Kisi every LATCHKEY_COMPARISON_INTERVAL. Needs a running worker. Kinds of findings:',
      '  missing, changed         a key that Latchkey gave is gone, or ends at another time',
      '  extra                    a key to a mapped group that Latchkey did not give',
      '  orphan                   a Kisi user with such keys who is unknown to Nexudus',
      '  endUnreadable            a key with an end in Kisi that cannot be read',
      '  userSuspended, userDeleted, groupGone, groupRenamed',
      'An adopted or ignored finding is shown again when it changes, or when it goes away and comes back.',
      'latchkey drift',
      'latchkey drift --now      # compare now',
      'latchkey drift --all --json',
    ],
  )
    .option('--now', 'compare with Kisi now, and wait for the result')
    .option('--all', 'show adopted and ignored findings too')
    .option('--json', jsonHelp)
    .action(async (options: DriftOptions) => (await import('./drift.js')).drift(options));
}

function addRulings(program: Command): void {
  const verbs: [verb: DriftVerb, summary: string, more: string[]][] = [
    [
      'repair',
      'fix what a comparison found',
      [
        'missing, changed, userDeleted: Latchkey wakes the member, and gives, moves or makes it again.',
        'extra, orphan: Latchkey takes the keys away. It never deletes a Kisi user.',
        'Works for a contested finding too: one that was repaired, and undone again by somebody else.',
      ],
    ],
    [
      'adopt',
      'accept what a comparison found',
      [
        'extra: allows the group to the member, as `latchkey allow` does, until the key ends, for 90 days at most.',
        'missing: blocks it, as `latchkey block` does, for as long as the key would have lasted, 90 days at most.',
        'changed: keeps the end that the key has in Kisi, for 90 days at most.',
        'groupRenamed: remembers the new name. userSuspended: stops reporting it.',
      ],
    ],
    ['ignore', 'stop reporting a finding until it changes', ['Changes nothing else.']],
  ];
  for (const [verb, summary, more] of verbs) {
    orderCommand(program, verb, summary, [...more, `latchkey ${verb} 12 --why 'a test'`])
      .argument('<id>', 'the number of the finding, as `latchkey drift` shows it')
      .action(async (id: string, giver: Giver) => (await import('./drift.js')).rule(verb, id, giver));
  }
}

function addAlert(program: Command): void {
  command(program, 'alert', 'send a test message to every place that gets alerts', [
    'Alerts go to the webhooks of LATCHKEY_ALERT_URL, and by e-mail if LATCHKEY_ALERT_SMTP_URL is set. A worker sends',
    'them; `latchkey status` shows what they are about. Exit code 1 if a place did not take the message.',
    'latchkey alert --test',
  ])
    .requiredOption('--test', 'send it')
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => (await import('./alert.js')).testAlert(options));
}
