/** Commands that show how the space and its members stand. */
import { Option, type Command } from 'commander';
import type { AccessState } from '../../messages/to-member.js';
import type { ExplainOptions } from './explain.js';
import type { MembersOptions } from './show.js';
import { command, configHelp, examples, idHelp, jsonHelp } from '../command.js';

/** The states that `--state` takes; a new one that is missing here does not compile. */
const states = Object.keys({
  new: true,
  access: true,
  noAccess: true,
  otherProfile: true,
  ended: true,
} satisfies Record<AccessState, true>);

export function addReading(program: Command): void {
  command(program, 'check', 'try both APIs and the configuration; changes nothing', [
    'Shows each Kisi group with its doors and the pass types that open it by latchkey.yaml here, warns of what is probably',
    'not meant, and says where the worker still works by other rules. Exit code 2 where something must be mended before the worker can start.',
    '',
    ...examples('latchkey check', 'latchkey check --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('../start/check.js')).check(options);
    });

  command(program, 'members', 'list all members that are watched, with their keys', [
    "Needs a Temporal server. Without a running worker, keys are left out: they are the workflows' own.",
    'Times are UTC. "until" is when the first of the keys ends if nothing changes.',
    '',
    ...examples(
      'latchkey members',
      'latchkey members --state access --location 12',
      'latchkey members --problem                # whatever the problem is',
      'latchkey members --problem Kisi           # only those that wait for Kisi',
    ),
  ])
    .addOption(new Option('--state <state>', 'only members in this state').choices(states))
    .option('--problem [kind]', 'only members that wait because of a problem')
    .option('--location <id>', 'only members of this location')
    .option('--json', jsonHelp)
    .action(async (options: MembersOptions) => {
      await (await import('./show.js')).members(options);
    });

  command(program, 'show', 'show one member: keys, why, next change, what it waits for', [
    ...examples('latchkey show 1234', 'latchkey show 1234 --json'),
  ])
    .argument('<id>', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string, options: { json?: boolean }) => {
      await (await import('./show.js')).show(id, options);
    });

  command(program, 'explain', 'say why a member has or lacks access, by rule and record', [
    'Reads Nexudus now and applies the rules in force: those of the worker, also when it has stopped. Where none has run, or',
    'Temporal cannot be reached, it applies latchkey.yaml, and says so. Changes nothing.',
    'What it says is what the rules make of it; `latchkey show` says which keys are held.',
    '',
    ...examples(
      'latchkey explain 1234',
      "latchkey explain 1234 --at 2026-12-01T09:00:00Z    # today's records at that time",
    ),
  ])
    .argument('<id>', idHelp)
    .option('--at <time>', 'at this time (ISO 8601; without a zone: in the location’s) instead of now')
    .option('--config <file>', configHelp)
    .option('--json', jsonHelp)
    .action(async (id: string, options: ExplainOptions) => {
      await (await import('./explain.js')).explainMember(id, options);
    });
}
