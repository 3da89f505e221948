import { styleText } from 'node:util';
import { Argument, Command, CommanderError } from 'commander';
import { addCheckCommands } from './checks/commands.js';
import { command, examples, lines } from './command.js';
import { completionScript, shells, type Shell } from './completion.js';
import { addExceptionCommands } from './exceptions/commands.js';
import { addMemberCommands } from './members/commands.js';
import { addRecordCommands } from './records/commands.js';
import { addRuleCommands } from './rules/commands.js';
import { addStartCommands } from './start/commands.js';
import { addStopCommands } from './stops/commands.js';
import { addTapeCommands } from './tape/commands.js';
import { addWebhookCommands } from './webhooks/commands.js';
import { version } from '../lib/version.js';
import { CommandError, failureOf, type ExitCode } from '../space/failure.js';
import { print, printFailure } from './terminal/output.js';

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
    .replace(/(argument(?: value)?) '[^]*?' (is invalid)/, '$1 $2')
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
    // Taken out again where the terminal wants no colours.
    .configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) })
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      lines(
        '',
        'Every command reads its settings from the environment and from .env in this folder (docs/configuration.md). The rules',
        'are those of the worker, which reads latchkey.yaml when it starts; a command says so where the file here differs.',
        'Exit codes: 0 done; 1 it failed, or something needs somebody; 2 wrong use or configuration, or the order is refused.',
        '',
        'First steps:',
        '  latchkey demo       see it work, without any account',
        '  latchkey check      try the settings; changes nothing',
        '  latchkey worker     run it',
      ),
    );
  addStartCommands(program, setExitCode);
  addMemberCommands(program);
  addRuleCommands(program);
  addStopCommands(program);
  addExceptionCommands(program);
  addCheckCommands(program);
  addRecordCommands(program);
  addTapeCommands(program);
  addWebhookCommands(program);
  program.commandsGroup('Help:').helpCommand(true);
  addCompletion(program);
  return program;
}

function addCompletion(program: Command): void {
  command(program, 'completion', 'print what makes a shell complete commands and options', [
    ...examples(
      'latchkey completion bash >> ~/.bashrc',
      'latchkey completion zsh >> ~/.zshrc',
      'latchkey completion fish > ~/.config/fish/completions/latchkey.fish',
    ),
  ])
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action((shell: Shell) => {
      print(completionScript(shell, program));
    });
}
