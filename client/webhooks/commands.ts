/** Commands about what Nexudus tells by itself. */
import type { Command } from 'commander';
import type { InstallOptions } from './hooks.js';
import { command, idHelp, jsonHelp } from '../command.js';

/** Adds the commands about what Nexudus tells by itself. */
export function addWebhookCommands(program: Command): void {
  program.commandsGroup('Webhooks:');
  addHooks(program);
  addDisagreements(program);
}

function addHooks(program: Command): void {
  const hooks = command(program, 'hooks', 'show and keep the webhooks by which Nexudus tells of changes', [
    'With them a change reaches Kisi in seconds. Without them, or when a call is lost, the poll notices it.',
    'The worker takes the calls if LATCHKEY_PUSH_PORT is set.',
    'latchkey hooks status',
    'latchkey hooks install',
  ]);
  command(hooks, 'status', 'list the webhooks of Latchkey in Nexudus, and say what is wrong', [
    'Nexudus switches a webhook off by itself after some failed calls in a row.',
    'Exit code 1 if one is missing, switched off, or calls another address than LATCHKEY_PUSH_URL.',
    'latchkey hooks status',
    'latchkey hooks status --json',
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => (await import('./hooks.js')).hooksStatus(options));
  command(hooks, 'install', 'make the webhooks that are missing in Nexudus, and fix those that are wrong', [
    'Makes one for each action that concerns access, on the network if there is one, else on each location. Knows those of',
    'Latchkey by their names, which begin with "Latchkey: ", and leaves others alone. You may run it again at any time: it',
    'makes nothing twice, and switches on again what Nexudus switched off.',
    'latchkey hooks install --dry-run',
    'latchkey hooks install --url https://push.example.com',
  ])
    .option('--url <address>', 'where Nexudus reaches the listener; LATCHKEY_PUSH_URL by default')
    .option('--dry-run', 'only show what would be done')
    .action(async (options: InstallOptions) => (await import('./hooks.js')).installHooks(options));
}

function addDisagreements(program: Command): void {
  command(program, 'disagreements', 'list members with other groups by Nexudus than by Latchkey', [
    'If a Custom ACS is set up in Nexudus, Nexudus tells which groups it would give. Latchkey keeps that, and takes it only',
    'as a reason to look. "since" is when the two began to differ. Needs the audit log, and a running worker if anything',
    'differs. Exit code 0 whether or not anything does.',
    'latchkey disagreements',
    'latchkey disagreements 1234 --json',
  ])
    .argument('[id]', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string | undefined, options: { json?: boolean }) =>
      (await import('./disagreements.js')).disagreements(id, options),
    );
}
