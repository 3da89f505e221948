/** Commands that print what was kept of the past. */
import { Option, type Command } from 'commander';
import type { ForgetOptions } from './forget.js';
import type { LatencyOptions } from './latency.js';
import type { AuditOptions } from './audit.js';
import { command, examples, jsonHelp, orderCommand } from '../command.js';

/** Adds the commands that look back. */
export function addRecordCommands(program: Command): void {
  program.commandsGroup('Look back:');
  addAudit(program);
  addForget(program);
  addLatency(program);
}

function addAudit(program: Command): void {
  command(program, 'audit', 'print the audit log: every decision, write to Kisi and order', [
    'Names members by their Nexudus id only. The audit log is where LATCHKEY_DATABASE_URL says. --verify tells whether all',
    'of it is as Latchkey wrote it, and exits with 1 where a record was changed, taken out, put in or set back. Who can',
    'write to the database can write all of it anew: with --head, an end that was told before must still be there.',
    '',
    ...examples(
      'latchkey audit --since 30d > auditLog.csv',
      'latchkey audit --since 2026-11-01 --format jsonl',
      'latchkey audit --verify',
    ),
  ])
    .option('--since <when>', 'only from then on: how long ago (24h, 30d), a date, or a time with a zone')
    .addOption(new Option('--format <format>', 'how to print').choices(['csv', 'jsonl']).default('csv'))
    .option('--verify', 'print no records, but whether all of them are as Latchkey wrote them')
    .option('--head <entry:hash>', 'with --verify: an end that the log or an earlier --verify told')
    .option(
      '--prune',
      'print nothing, and take out what is older than auditLogRetention, as the worker does where it may',
    )
    .action(async (options: AuditOptions) => {
      await (await import('./audit.js')).audit(options);
    });
}

function addForget(program: Command): void {
  orderCommand(program, 'forget', 'take a member out of the audit log, the database and Temporal', [
    'For somebody who wants to be forgotten, and whose keys are gone. Tells what there is of them, asks, deletes their',
    'records, strikes their id from others, deletes the histories of their workflow and the plans in this folder that',
    'name them, and says what stays where. The audit log keeps that somebody was forgotten, not who, and verifies.',
    '',
    ...examples("latchkey forget 1234 --why 'their letter of 3 March'", 'latchkey forget 1234 --yes'),
  ])
    .argument('<id>', 'the id of a coworker in Nexudus')
    .option('--yes', 'without being asked')
    .action(async (id: string, options: ForgetOptions) => {
      await (await import('./forget.js')).forgetMember(id, options);
    });
}

function addLatency(program: Command): void {
  command(program, 'latency', 'tell how long keys were waited for, and whether that is soon enough', [
    'From the instant in Nexudus by which a key was to be given or taken away to the answer of Kisi, by the audit log.',
    'Nexudus writes whole seconds, so a figure may be a second too long. What waited for people (a pause, a mode, a held',
    'key) is not counted, nor what no record tells of, such as a pass that was deleted. The objective: the policies',
    'latencyObjective and latencyShare.',
    '',
    ...examples(
      'latchkey latency',
      'latchkey latency --since 30d --json',
      'latchkey latency --since 1h --check',
    ),
  ])
    .option(
      '--since <when>',
      'only from then on: how long ago (24h, 30d), a date, or a time with a zone',
      '24h',
    )
    .option('--check', 'exit code 1 where the objective does not hold')
    .option('--json', jsonHelp)
    .action(async (options: LatencyOptions) => {
      await (await import('./latency.js')).latency(options);
    });
}
