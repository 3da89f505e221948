/** Commands to start with, and those that run until they are stopped. */
import { Argument, type Command } from 'commander';
import type { ExitCode } from '../../space/failure.js';
import { command, examples, jsonHelp } from '../command.js';
import { addDeskCommands } from '../desk/commands.js';
import { enterDemo } from './demo-file.js';
import { acts, play, type Play } from './play.js';
import type { VerifyOptions } from './verify.js';

/** Adds the commands to start with. */
export function addStartCommands(program: Command, setExitCode: (code: ExitCode) => void): void {
  addDemoCommands(program, setExitCode);
  addServiceCommands(program);
}

function addDemoCommands(program: Command, setExitCode: (code: ExitCode) => void): void {
  program
    .option('--demo', 'in the space of the demo that runs in this folder')
    .hook('preAction', async () => {
      if (program.opts<{ demo?: true }>().demo) await enterDemo();
    })
    .commandsGroup('Start:');
  command(program, 'demo', 'show everything at work on this machine, with simulated APIs', [
    'Needs no account and no settings. After its tour it stays: with --demo every other command works in its space.',
    'Ctrl-C or SIGTERM ends it, a second one at once.',
    '',
    ...examples(
      'latchkey demo',
      'latchkey demo --once      # check every outcome, then end',
      'latchkey demo --as profile.json',
    ),
  ])
    .option('--once', 'end after the tour; exit code 1 if an outcome was not as promised')
    .option(
      '--as <file>',
      'behave like the account of a profile, as `latchkey verify --show --json` prints it',
    )
    .action(async ({ once = false, ...more }: { once?: boolean; as?: string }) => {
      setExitCode((await (await import('./demo.js')).demo({ once, ...more })) === 0 ? 0 : 1);
    });

  command(program, 'play', 'change the simulated Nexudus and Kisi of the demo', [
    '  join NAME           a new member, with a plan that gives a pass a day',
    '  buy NAME, use NAME  buys a day pass, also as a new member; uses the newest pass up',
    '  suspend NAME        a member is suspended; admit NAME lets the member in again',
    '  kisi down, kisi up  Kisi fails, and works again; nexudus likewise',
    '',
    'Only the demo that runs in this folder is changed (`npm run demo`), never a real space.',
    '',
    ...examples('latchkey play buy bob', 'latchkey play kisi down'),
  ])
    .addArgument(new Argument('<act>', 'what happens').choices(acts))
    .argument('<who>', 'a first name; after kisi and nexudus: down or up')
    .action(async (act: Play['act'], who: string) => {
      await play({ act, who });
    });
}

function addVerify(program: Command): void {
  command(
    program,
    'verify',
    'try what Latchkey takes to be so at both APIs; reads only, unless --write is given',
    [
      'Within the limits of both, in half a minute. Each assumption holds, differs, or could not be told: with what',
      'was seen, what it means, and what to do (docs/verify.md). The answers are kept. Run it at first contact and after an upgrade.',
      'Exit code 1 where something could not be tried or needs somebody, 2 where a login is refused.',
      '--write makes a user with the e-mail in Kisi and keys to the group, and takes all of that away again. It asks first.',
      '--push waits for a webhook of each kind, and says what a person may do to cause one. Ctrl-C keeps what came.',
      'latchkey verify',
      'latchkey verify --show',
      'latchkey verify --write --group 12 --email kisi-test@space.example',
      'latchkey verify --push --for 10m',
    ],
  )
    .option('--show', 'print what was found last, and ask nobody')
    .option('--write', 'also try at Kisi what only writing tells; needs --group and --email')
    .option('--group <group>', 'the group to try keys in, by id or name')
    .option('--email <email>', 'an e-mail that you can read, and that nobody has in Nexudus or Kisi')
    .option('--yes', 'do not ask before writing')
    .option('--push', 'also wait for webhooks of each kind, and look at them')
    .option('--for <time>', 'how long to wait for webhooks; 10m by default')
    .option('--clean', 'only take away what a --write that was cut off has left in Kisi')
    .option('--json', jsonHelp)
    .action(async (options: VerifyOptions) => {
      await (await import('./verify.js')).verify(options);
    });
}

function addServiceCommands(program: Command): void {
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

  addVerify(program);

  command(program, 'worker', 'run the service until stopped', [
    'Checks both APIs and the configuration first, and starts nothing where something must be mended.',
    'Without TEMPORAL_ADDRESS it runs a Temporal server of its own and keeps its data in .latchkey/.',
    'Ctrl-C or SIGTERM: finishes what is under way, then ends. A second one ends it at once.',
  ]).action(async () => {
    await (await import('./worker.js')).worker();
  });

  command(program, 'listen', 'take pushes of Nexudus and Kisi in, without a worker, until stopped', [
    'A worker with LATCHKEY_PUSH_PORT listens by itself: this is for where only another machine can be reached from',
    'outside, or may take long to answer in a flood. Any number may listen side by side, and beside workers. The audit',
    'log must be the same as the workers’, and so a PostgreSQL one where they run elsewhere.',
    'Ctrl-C or SIGTERM: wakes all members that pushes have named, then ends. A second one ends it at once.',
    '',
    ...examples('latchkey listen'),
  ]).action(async () => {
    await (await import('./listen.js')).listen();
  });

  addDeskCommands(program);
}
