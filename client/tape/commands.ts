/** Commands that record what both APIs answer, for somebody else to look at, and that look at such a file. */
import { Argument, type Command } from 'commander';
import { questions, type Question } from './questions.js';
import type { ListenOptions } from './listen.js';
import type { TapeOptions } from './record.js';
import { command, idHelp, jsonHelp } from '../command.js';

/** Adds `latchkey tape` and what belongs to it. */
export function addTapeCommands(program: Command): void {
  const tape = command(
    program,
    'tape',
    'record what both APIs answer in a file that can be sent, and play it',
    [
      'A tape holds what Nexudus and Kisi answered, with ids and times, and the rules in force. Names, e-mails and free texts are',
      'replaced, the same by the same; logins are left out. Whoever gets it can play it without a network.',
      'latchkey tape explain 1234 --out case.tape',
      'latchkey tape explain --out space.tape          # of all members',
      'latchkey tape plan --out space.tape             # and what the plan stands on',
      'latchkey tape verify --out verify.tape          # of what both APIs are like',
      'latchkey tape --for 30m --out case.tape         # with what a worker asks meanwhile',
      'latchkey tape play case.tape explain 1234',
    ],
  )
    .option(
      '--for <time>',
      'listen for so long (30m) to what the workers of this folder ask, then read all members, and what `verify` asks',
    )
    .option('-o, --out <file>', 'the file to write')
    .action(async (options: ListenOptions) => (await import('./listen.js')).tapeFor(options));
  command(tape, 'explain', 'explain a member, and record what both APIs answer', [
    'Without an ID it reads all members, so that each can be explained by the tape. Changes nothing.',
    'latchkey tape explain 1234 --out case.tape',
  ])
    .argument('[id]', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string | undefined, _options: TapeOptions, self: Command) =>
      (await import('./record.js')).tapeExplain(id, self.optsWithGlobals<TapeOptions>()),
    );
  command(tape, 'plan', 'show the plan for all members, and record what both APIs answer', [
    'Records too what Latchkey itself knows of keys, and all that each member can be explained by. Needs a running worker.',
    'Changes nothing.',
    'latchkey tape plan --out space.tape',
  ])
    .option('--json', jsonHelp)
    .action(async (_options: TapeOptions, self: Command) =>
      (await import('./record.js')).tapePlan(self.optsWithGlobals<TapeOptions>()),
    );
  command(tape, 'verify', 'try what Latchkey takes to be so at both APIs, and record what they answer', [
    'Tries by reading, as `latchkey verify` does, needs no worker, and keeps no answers. Changes nothing.',
    'latchkey tape verify --out verify.tape',
  ])
    .option('--json', jsonHelp)
    .action(async (_options: TapeOptions, self: Command) =>
      (await import('./verify.js')).tapeVerify(self.optsWithGlobals<TapeOptions>()),
    );
  command(tape, 'play', 'answer a question by a tape alone, as it was answered then', [
    'Needs no settings, and sends nothing. Says what the tape lacks.',
    'latchkey tape play case.tape explain 1234',
  ])
    .argument('<file>', 'a file that `latchkey tape` wrote')
    .addArgument(new Argument('<question>', 'what to ask').choices(questions))
    .argument('[id]', 'a coworker id in Nexudus')
    .option('--json', jsonHelp)
    .action(async (file: string, question: Question, id: string | undefined, options: { json?: boolean }) =>
      (await import('./play.js')).playTape(file, question, id, options),
    );
}
