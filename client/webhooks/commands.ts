/** Commands about what Nexudus tells by itself. */
import type { Command } from 'commander';
import type { InstallOptions } from './hooks.js';
import { command, examples, idHelp, jsonHelp } from '../command.js';

/** Adds the commands about what Nexudus tells by itself. */
export function addWebhookCommands(program: Command): void {
  program.commandsGroup('Webhooks:');
  addHooks(program);
  addDisagreements(program);
}

function addHooks(program: Command): void {
  const hooks = command(program, 'hooks', 'show and keep the webhooks by which Nexudus tells of changes', [
    'With them a change reaches Kisi in seconds; without them, or when one is lost, the poll notices it.',
    'The worker takes them in where LATCHKEY_PUSH_PORT is set.',
    '',
    ...examples('latchkey hooks status', 'latchkey hooks install'),
  ]);
  command(hooks, 'status', 'list the webhooks of Latchkey in Nexudus, and say what is not right', [
    'Nexudus switches a webhook off by itself after some calls in a row that were not taken.',
    'Exit code 1 where one is missing, switched off, or calls another address than LATCHKEY_PUSH_URL.',
    '',
    ...examples('latchkey hooks status', 'latchkey hooks status --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./hooks.js')).hooksStatus(options);
    });
  command(
    hooks,
    'install',
    'make the webhooks in Nexudus that are missing, and mend those that are not right',
    [
      'One for each action that says something about access, on the network where there is one, else on each location.',
      'Those of Latchkey are known by their names, which begin with "Latchkey: "; others are left alone. It may be run',
      'again at any time: it makes nothing twice, and switches on again what Nexudus switched off.',
      '',
      ...examples(
        'latchkey hooks install --dry-run',
        'latchkey hooks install --url https://push.example.com',
      ),
    ],
  )
    .option('--url <address>', 'where Nexudus reaches the listener; LATCHKEY_PUSH_URL by default')
    .option('--dry-run', 'only show what would be done')
    .action(async (options: InstallOptions) => {
      await (await import('./hooks.js')).installHooks(options);
    });
}

function addDisagreements(program: Command): void {
  command(program, 'disagreements', 'list members for whom Nexudus works out other groups than Latchkey', [
    'Where a Custom ACS is set up in Nexudus, it tells which groups it would give. Latchkey only takes that for a reason',
    'to look, and keeps it. "since" is when the two began to differ. Needs the audit log, and a running worker where',
    'anything differs. Exit code 0 whether or not anything does.',
    '',
    ...examples('latchkey disagreements', 'latchkey disagreements 1234 --json'),
  ])
    .argument('[id]', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string | undefined, options: { json?: boolean }) => {
      await (await import('./disagreements.js')).disagreements(id, options);
    });
}
