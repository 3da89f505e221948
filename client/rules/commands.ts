/** Commands that show what the rules would change, and do just that. */
import type { Command } from 'commander';
import type { ApplyOptions } from './apply.js';
import type { UndoOptions } from './undo.js';
import type { PlanOptions } from './plan.js';
import type { ReportOptions } from './report.js';
import { command, configHelp, idHelp, jsonHelp, orderCommand } from '../command.js';

/** Adds the commands that change the rules. */
export function addRuleCommands(program: Command): void {
  program.commandsGroup('Change the rules:');
  addPlan(program);
  addApply(program);
  addUndo(program);
  addReport(program);
}

function addPlan(program: Command): void {
  command(program, 'plan', 'show who would gain or lose which key, why, and what it costs; changes nothing', [
    'Uses the rules in force (those of the worker), the records in Nexudus and the keys of now. Needs a running worker.',
    'A running worker does at once what is due, so a plain plan shows little. Use --config before you restart the worker',
    'with an edited latchkey.yaml, and --at for a time to come, by the records of today.',
    'latchkey plan',
    'latchkey plan 1234',
    'latchkey plan --location 12 --json',
    'latchkey plan --config latchkey.yaml         # as if the worker ran by the file as it is now',
    'latchkey plan --at 2027-01-01T09:00          # at that time in each location’s own zone',
    'latchkey plan --out p.json                   # then do it with `latchkey apply p.json`',
  ])
    .argument('[id]', idHelp)
    .option('--location <id>', 'only members of this location')
    .option('--config <file>', configHelp)
    .option('--at <time>', 'at this time (ISO 8601; without a zone: in the location’s)')
    .option('--out <file>', 'keep the plan in this file, for `latchkey apply`')
    .option('--json', jsonHelp)
    .action(async (id: string | undefined, options: PlanOptions) =>
      (await import('./plan.js')).plan(id, options),
    );
}

function addApply(program: Command): void {
  orderCommand(program, 'apply', 'do what a plan says, and nothing else', [
    'Tells first what it will write to Kisi, and asks; in a script: --yes.',
    'Works in every mode, so also while Latchkey only observes, but not past `latchkey pause`.',
    'The installation (its database) signs each plan. Refuses a plan that somebody edited or made by hand, or that another',
    'installation signed. Refuses a plan if something has changed since it was made, does nothing, and says what changed.',
    'Refuses a plan by other rules than those in force (--config), unless --by-rules names them by the digest that',
    '`latchkey plan --out` prints. Latchkey then leaves the keys of that plan alone until the worker runs by these rules, or',
    'the time for undo is over.',
    'Exit code 1 if something could not be done; the reasons are printed.',
    'latchkey plan --out p.json && latchkey apply p.json',
  ])
    .argument('<file>', 'a file that `latchkey plan --out` wrote')
    .option('--by-rules <digest>', 'use these rules, although others are in force')
    .option('--yes', 'do not ask')
    .option('--json', jsonHelp)
    .action(async (file: string, options: ApplyOptions) => (await import('./apply.js')).apply(file, options));
}

function addUndo(program: Command): void {
  orderCommand(program, 'undo', 'give back the keys as they were before a plan was applied', [
    'Works for as long as the policy undoWindow says (24h by default). Until that time is over Latchkey changes nothing',
    'else about these keys. Then the rules decide again, so correct by then what was wrong in the plan. Users that the',
    'plan made in Kisi stay there.',
    'latchkey undo 1a2b3c4d',
  ])
    .argument('<plan>', 'the id of the plan')
    .option('--json', jsonHelp)
    .action(async (planId: string, options: UndoOptions) =>
      (await import('./undo.js')).undo(planId, options),
    );
}

function addReport(program: Command): void {
  command(program, 'report', 'compare the keys in Kisi now with what the rules say; changes nothing', [
    'Is for a first run in mode observe, beside another integration. Lists every key that is missing, extra, too short or',
    'too long in Kisi, grouped by the reason, with what Latchkey does about it once it is live. Uses the rules in force',
    '(those of the worker) and records read now. Leaves out keys of teams and guests, and keys to groups that no pass type',
    'opens. Needs a running worker. Exit code 0 whether or not anything differs.',
    'latchkey report',
    'latchkey report --location 12',
    'latchkey report --config latchkey.yaml       # as if the worker ran by the file as it is now',
    'latchkey report --json',
  ])
    .option('--location <id>', 'only members of this location')
    .option('--config <file>', configHelp)
    .option('--json', jsonHelp)
    .action(async (options: ReportOptions) => (await import('./report.js')).report(options));
}
