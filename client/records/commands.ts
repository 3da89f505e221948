/** Commands that look back. */
import { Option, type Command } from 'commander';
import type { ForgetOptions } from './forget.js';
import type { LatencyOptions } from './latency.js';
import type { AuditOptions } from './audit.js';
import { command, jsonHelp, orderCommand, sinceHelp } from '../command.js';

/** Adds the commands that look back. */
export function addRecordCommands(program: Command): void {
  program.commandsGroup('Look back:');
  addAudit(program);
  addForget(program);
  addLatency(program);
}

function addAudit(program: Command): void {
  command(program, 'audit', 'print the audit log: every decision, write to Kisi and order', [
    'Names members by their Nexudus id only. LATCHKEY_DATABASE_URL says where the audit log is. --verify tells whether',
    'all of it is as Latchkey wrote it, and exits with 1 if a record was changed, removed, added or set back. Whoever can',
    'write to the database can write all of it anew: --head proves that an end you were told earlier is still there.',
    'latchkey audit --since 30d > auditLog.csv',
    'latchkey audit --since 2026-11-01 --format jsonl',
    'latchkey audit --verify',
  ])
    .option('--since <when>', sinceHelp)
    .addOption(new Option('--format <format>', 'how to print').choices(['csv', 'jsonl']).default('csv'))
    .option('--verify', 'print no records; say whether all of them are as Latchkey wrote them')
    .option('--head <entry:hash>', 'with --verify: an end that the log or an earlier --verify told')
    .option(
      '--prune',
      'print no records; remove those older than auditLogRetention, as the worker does if it may',
    )
    .action(async (options: AuditOptions) => (await import('./audit.js')).audit(options));
}

function addForget(program: Command): void {
  orderCommand(program, 'forget', 'remove a member from the audit log, the database and Temporal', [
    'Is for a member who asks to be forgotten, and who has no keys left. Tells what there is about the member, asks, and',
    'deletes their records, the histories of their workflow, and the plans in this folder that name them. Removes their id',
    'from other records, and says what stays where. The audit log keeps that somebody was forgotten, not who, and verifies.',
    "latchkey forget 1234 --why 'their letter of 3 March'",
    'latchkey forget 1234 --yes',
  ])
    .argument('<id>', 'the id of a coworker in Nexudus')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: ForgetOptions) =>
      (await import('./forget.js')).forgetMember(id, options),
    );
}

function addLatency(program: Command): void {
  command(program, 'latency', 'tell how long members waited for keys, and whether that is soon enough', [
    'Counts, by the audit log, from the instant in Nexudus that gives or ends a key to the answer of Kisi.',
    'Nexudus writes whole seconds, so a figure may be a second too long. Leaves out what waited for people (a pause, a',
    'mode, a withheld key), and what no record tells, such as a deleted pass. The policies latencyObjective and',
    'latencyShare set the objective.',
    'latchkey latency',
    'latchkey latency --since 30d --json',
    'latchkey latency --since 1h --check',
  ])
    .option('--since <when>', sinceHelp, '24h')
    .option('--check', 'exit code 1 if the objective does not hold')
    .option('--json', jsonHelp)
    .action(async (options: LatencyOptions) => (await import('./latency.js')).latency(options));
}
