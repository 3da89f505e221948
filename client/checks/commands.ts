/** Commands that tell whether all is well, and mend what is not. */
import type { Command } from 'commander';
import type { DriftVerb } from '../../access/drift.js';
import type { DriftOptions } from './drift.js';
import type { StatusOptions } from './status.js';
import type { Giver } from '../space/order.js';
import { command, examples, jsonHelp, orderCommand } from '../command.js';

/** Adds the commands that tell whether all is well, and mend what is not. */
export function addCheckCommands(program: Command): void {
  program.commandsGroup('Check that all is well:');
  addStatus(program);
  addDrift(program);
  addRulings(program);
  addAlert(program);
}

function addStatus(program: Command): void {
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
      await (await import('./status.js')).status(options);
    });
}

function addDrift(program: Command): void {
  command(program, 'drift', 'show where Kisi differs from what Latchkey gave, and what is done about it', [
    'Latchkey compares itself with Kisi every LATCHKEY_COMPARISON_INTERVAL. Needs a running worker. Kinds of findings:',
    '  missing, changed         a key that Latchkey gave is gone, or ends at another time',
    '  extra                    a key to a mapped group that Latchkey did not give',
    '  orphan                   a Kisi user with such keys whom Nexudus does not know',
    '  endUnreadable            a key whose end in Kisi cannot be read',
    '  userSuspended, userDeleted, groupGone, groupRenamed',
    'What was adopted or ignored is not shown again until it changes, or is over and comes back.',
    '',
    ...examples('latchkey drift', 'latchkey drift --now      # compare now', 'latchkey drift --all --json'),
  ])
    .option('--now', 'compare with Kisi now, and wait for it')
    .option('--all', 'also what was adopted or ignored')
    .option('--json', jsonHelp)
    .action(async (options: DriftOptions) => {
      await (await import('./drift.js')).drift(options);
    });
}

function addRulings(program: Command): void {
  const verbs: [verb: DriftVerb, summary: string, more: string[]][] = [
    [
      'repair',
      'set right what a comparison found',
      [
        'missing, changed, userDeleted: the member is woken to give, move or make it again.',
        'extra, orphan: the keys are taken away. A Kisi user is never deleted.',
        'Also for what is contested, that is, was repaired and undone again.',
      ],
    ],
    [
      'adopt',
      'take what a comparison found for right',
      [
        'extra: the group is allowed to the member, as by `latchkey allow`, until the key ends, for 90 days at most.',
        'missing: it is blocked, as by `latchkey block`, for as long as the key would have lasted, 90 days at most.',
        'changed: the key keeps the end that it has in Kisi, for 90 days at most.',
        'groupRenamed: the new name is remembered. userSuspended: it is not told again.',
      ],
    ],
    ['ignore', 'have a finding not told again until it changes', ['Nothing is done about it.']],
  ];
  for (const [verb, summary, more] of verbs) {
    orderCommand(program, verb, summary, [...more, '', ...examples(`latchkey ${verb} 12 --why 'a test'`)])
      .argument('<id>', 'the number of the finding, as `latchkey drift` shows it')
      .action(async (id: string, giver: Giver) => {
        await (await import('./drift.js')).rule(verb, id, giver);
      });
  }
}

function addAlert(program: Command): void {
  command(program, 'alert', 'send a test message to where alerts go', [
    'Alerts go to the webhooks of LATCHKEY_ALERT_URL, and by e-mail where LATCHKEY_ALERT_SMTP_URL is set. A worker sends',
    'them; `latchkey status` says what they are about.',
    'Exit code 1 where a place did not take the message.',
    '',
    ...examples('latchkey alert --test'),
  ])
    .requiredOption('--test', 'send it')
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./alert.js')).testAlert(options);
    });
}
