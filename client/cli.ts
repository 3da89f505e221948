import { Command, CommanderError } from 'commander';
import { addAlerting } from './commands/alerting.js';
import { addAuditing } from './records/commands.js';
import { lines } from './command.js';
import { addDrift } from './checks/commands.js';
import { addExcepting } from './exceptions/commands.js';
import { addHolding, addOrdering } from './stops/commands.js';
import { addPlanning, addReporting } from './rules/commands.js';
import { addHooks, addPushing } from './webhooks/commands.js';
import { addReading } from './members/commands.js';
import { addRunning } from './start/commands.js';
import { addWaking } from './commands/waking.js';
import { version } from '../lib/version.js';
import { CommandError, failureOf, type ExitCode } from './terminal/failure.js';
import { printFailure } from './terminal/output.js';

/** Runs the command that `argv` (as `process.argv`) names, and answers the exit code. Throws nothing. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  const result: { code: ExitCode } = { code: 0 };
  try {
    await createProgram((code) => (result.code = code)).parseAsync(argv);
    return result.code;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error);
    const failure = failureOf(error);
    printFailure(failure);
    return failure.exitCode;
  }
}

/** Help and version are no errors; what was typed wrongly is told without repeating it. */
function usage(error: CommanderError): ExitCode {
  if (error.exitCode === 0) return 0;
  // Without a command, the help itself has been printed.
  if (error.code === 'commander.help') return 2;
  const problem = error.message
    .replace(/^error: /, '')
    .replace(/^(unknown (?:command|option)) '[^]*?'(?=\n|$)/, '$1')
    .replace(/( argument) '[^]*' (is invalid)/, '$1 $2')
    .replace(/\.$/, '');
  printFailure(failureOf(new CommandError(`${problem}; see latchkey --help`, 2)));
  return 2;
}

/** The command line. Each command's code is loaded when it runs: `--help` need not wait for Temporal's SDK. */
function createProgram(setExitCode: (code: ExitCode) => void): Command {
  const program = new Command('latchkey')
    .description('Gives coworking members their Kisi door keys exactly as long as Nexudus says so.')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      lines(
        '',
        'Every command reads its settings from the environment and from .env in this folder (docs/configuration.md). The rules',
        'are those of the worker, which reads latchkey.yaml when it starts; a command says so where the file here differs.',
        'Exit codes: 0 done, 1 failed, 2 wrong use or configuration.',
        '',
        'First steps:',
        '  latchkey demo       see it work, without any account',
        '  latchkey check      try the settings; changes nothing',
        '  latchkey worker     run it',
      ),
    );
  addRunning(program, setExitCode);
  addReading(program);
  addPlanning(program);
  addReporting(program);
  addWaking(program);
  addOrdering(program);
  addHolding(program);
  addExcepting(program);
  addAuditing(program);
  addAlerting(program);
  addDrift(program);
  addHooks(program);
  addPushing(program);
  return program;
}
