/** Commands that show what the rules would have changed, and do just that. */
import type { Command } from 'commander';
import type { ApplyOptions } from './apply.js';
import type { UndoOptions } from './undo.js';
import type { PlanOptions } from './plan.js';
import type { ReportOptions } from './report.js';
import { command, configHelp, examples, idHelp, jsonHelp, orderCommand } from '../command.js';

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
    'By the rules in force (those of the worker) and the same plan that it follows, from records read now and the keys',
    'held now. While the worker runs there is little to show: it does at once what is to be done. What it is for is',
    '--config, before an edit of latchkey.yaml is put in force by a restart of the worker, and --at, from the records of',
    'today. Needs a running worker.',
    '',
    ...examples(
      'latchkey plan',
      'latchkey plan 1234',
      'latchkey plan --location 12 --json',
      'latchkey plan --config latchkey.yaml         # as if the worker ran by the file as it is now',
      'latchkey plan --at 2027-01-01T09:00          # at that time in each location’s own zone',
      'latchkey plan --out p.json                   # to be done by `latchkey apply p.json`',
    ),
  ])
    .argument('[id]', idHelp)
    .option('--location <id>', 'only members of this location')
    .option('--config <file>', configHelp)
    .option('--at <time>', 'at this time (ISO 8601; without a zone: in the location’s)')
    .option('--out <file>', 'keep the plan in this file, for `latchkey apply`')
    .option('--json', jsonHelp)
    .action(async (id: string | undefined, options: PlanOptions) => {
      await (await import('./plan.js')).plan(id, options);
    });
}

function addApply(program: Command): void {
  orderCommand(program, 'apply', 'do what a plan says, and nothing else', [
    'Tells first what is about to be written to Kisi, and asks; in a script: --yes.',
    'Plans are signed by the installation (its database): one that somebody edited or made, or that another installation',
    'signed, is refused.',
    'Refused, with nothing done, where what the plan stands on has moved since it was made; it says what.',
    'Works in every mode, so also while Latchkey only observes; not past `latchkey pause`.',
    'A plan by other rules than those in force (--config) is refused unless --by-rules names them by their digest, which',
    '`latchkey plan --out` prints. Its keys are then left alone until the worker runs by these rules, or the time for undo',
    'is over.',
    'Exit code 1 where something could not be done; the reasons are printed.',
    '',
    ...examples('latchkey plan --out p.json && latchkey apply p.json'),
  ])
    .argument('<file>', 'a file that `latchkey plan --out` wrote')
    .option('--by-rules <digest>', 'by these rules, although others are in force')
    .option('--yes', 'without being asked')
    .option('--json', jsonHelp)
    .action(async (file: string, options: ApplyOptions) => {
      await (await import('./apply.js')).apply(file, options);
    });
}

function addUndo(program: Command): void {
  orderCommand(program, 'undo', 'give back the keys as they were before a plan was applied', [
    'Possible for as long as the policy undoWindow says (24h by default). Until that time is over Latchkey changes nothing',
    'else about these keys; then the rules decide again, so mend by then what was wrong in the plan. People whom the plan',
    'made known to Kisi stay known there.',
    '',
    ...examples('latchkey undo 1a2b3c4d'),
  ])
    .argument('<plan>', 'the id of the plan')
    .option('--json', jsonHelp)
    .action(async (planId: string, options: UndoOptions) => {
      await (await import('./undo.js')).undo(planId, options);
    });
}

function addReport(program: Command): void {
  command(program, 'report', 'compare what Kisi holds now with what the rules say; changes nothing', [
    'For a first run in mode observe, beside another integration: every key that is missing, too many, too short or too',
    'long in Kisi, grouped by why, with what Latchkey does about it once it is live. By the rules in force (those of the',
    'worker) and the same plan that it follows, from records read now. Keys of teams and guests, and keys to groups that no',
    'pass type opens, are left out. Needs a running worker. Exit code 0 whether or not anything differs.',
    '',
    ...examples(
      'latchkey report',
      'latchkey report --location 12',
      'latchkey report --config latchkey.yaml       # as if the worker ran by the file as it is now',
      'latchkey report --json',
    ),
  ])
    .option('--location <id>', 'only members of this location')
    .option('--config <file>', configHelp)
    .option('--json', jsonHelp)
    .action(async (options: ReportOptions) => {
      await (await import('./report.js')).report(options);
    });
}
