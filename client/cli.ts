import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError, Option } from 'commander';
import type { DriftVerb } from '../access/drift.js';
import type { Mode, StopLevel } from '../workflows/control-messages.js';
import type { ApplyOptions } from './apply.js';
import type { ModeOptions } from './control.js';
import type { DriftOptions } from './drift.js';
import type { ExceptOptions } from './exceptions.js';
import type { MembersOptions } from './list.js';
import type { LatencyOptions } from './latency.js';
import type { Giver } from './order.js';
import type { PlanOptions } from './plan.js';
import type { ReportOptions } from './report.js';
import type { AuditOptions } from './trail.js';
import type { AccessState } from '../workflows/messages.js';
import { CommandError, failureOf, type ExitCode } from './failure.js';
import type { InstallOptions } from './hooks.js';
import { printFailure } from './output.js';

/** The states that `--state` takes, and what can be paused; a new one that is missing here does not compile. */
const states = Object.keys({
  new: true,
  access: true,
  noAccess: true,
  otherProfile: true,
  ended: true,
} satisfies Record<AccessState, true>);

const stopLevels = Object.keys({
  revokes: true,
  writes: true,
  all: true,
} satisfies Record<StopLevel, true>);

const modes = Object.keys({ observe: true, canary: true, live: true } satisfies Record<Mode, true>);

const idHelp = 'a coworker id in Nexudus, or the exact e-mail';
const groupHelp = 'a group in Kisi, by id or exact name';
const jsonHelp = 'print JSON, and nothing else on stdout';

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
        'Every command reads its settings from the environment, from .env and from latchkey.yaml in this folder',
        '(docs/configuration.md). Exit codes: 0 done, 1 failed, 2 wrong use or configuration.',
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
  addDrift(program);
  addHooks(program);
  addPushing(program);
  return program;
}

function addRunning(program: Command, setExitCode: (code: ExitCode) => void): void {
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
    'trail must be the same as the workers’, and so a PostgreSQL one where they run elsewhere.',
    'Ctrl-C or SIGTERM: wakes all of whom it was told, then ends. A second one ends it at once.',
    '',
    ...examples('latchkey listen'),
  ]).action(async () => {
    await (await import('./listen.js')).listen();
  });

  command(program, 'demo', 'show everything at work on this machine, with simulated APIs', [
    'Needs no account and no settings.',
    '',
    ...examples('latchkey demo', 'latchkey demo --once      # check every outcome, then end'),
  ])
    .option('--once', 'end after the tour; exit code 1 if an outcome was not as promised')
    .action(async ({ once = false }: { once?: boolean }) => {
      setExitCode((await (await import('./demo.js')).demo({ once })) === 0 ? 0 : 1);
    });
}

function addReading(program: Command): void {
  command(program, 'check', 'try both APIs and the configuration; changes nothing', [
    'Shows each Kisi group with its doors and the pass types that open it, and warns of what is probably not meant.',
    'Exit code 2 where something must be mended before the worker can start.',
    '',
    ...examples('latchkey check', 'latchkey check --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./check.js')).check(options);
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
      await (await import('./list.js')).members(options);
    });

  command(program, 'show', 'show one member: keys, why, next change, what it waits for', [
    ...examples('latchkey show 1234', 'latchkey show 1234 --json'),
  ])
    .argument('<id>', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string, options: { json?: boolean }) => {
      await (await import('./list.js')).show(id, options);
    });

  command(program, 'explain', 'say why a member has or lacks access, by rule and record', [
    'Reads Nexudus now and applies the same rules as the worker. Needs no Temporal server and changes nothing.',
    'What it says is what the rules make of it; `latchkey show` says which keys are held.',
    '',
    ...examples(
      'latchkey explain 1234',
      "latchkey explain 1234 --at 2026-12-01T09:00:00Z    # today's records at that time",
    ),
  ])
    .argument('<id>', idHelp)
    .option('--at <time>', 'at this time (ISO 8601; without a zone: in the location’s) instead of now')
    .option('--json', jsonHelp)
    .action(async (id: string, options: { at?: string; json?: boolean }) => {
      await (await import('./explain.js')).explainMember(id, options);
    });
}

function addPlanning(program: Command): void {
  command(program, 'plan', 'show who would gain or lose which key, why, and what it costs; changes nothing', [
    'By the same rules and the same plan that the worker follows, from records read now and the keys held now.',
    'While the worker runs there is little to show: it does at once what is to be done. What it is for is --config,',
    'before an edit of the mapping is put in place, and --at, from the records of today. Needs a running worker.',
    '',
    ...examples(
      'latchkey plan',
      'latchkey plan 1234',
      'latchkey plan --location 12 --json',
      'latchkey plan --config other.yaml            # as if that were latchkey.yaml',
      'latchkey plan --at 2027-01-01T09:00          # at that time in each location’s own zone',
      'latchkey plan --out p.json                   # to be done by `latchkey apply p.json`',
    ),
  ])
    .argument('[id]', idHelp)
    .option('--location <id>', 'only members of this location')
    .option('--config <file>', 'with this file instead of latchkey.yaml')
    .option('--at <time>', 'at this time (ISO 8601; without a zone: in the location’s)')
    .option('--out <file>', 'keep the plan in this file, for `latchkey apply`')
    .option('--json', jsonHelp)
    .action(async (id: string | undefined, options: PlanOptions) => {
      await (await import('./plan.js')).plan(id, options);
    });

  orderCommand(program, 'apply', 'do what a plan says, and nothing else', [
    'Refused, with nothing done, where what the plan stands on has moved since it was made; it says what.',
    'Works in every mode, so also while Latchkey only observes; not past `latchkey pause`.',
    'A plan made with --config: its keys are left alone until the worker runs with that file, or the time for undo is over.',
    'Exit code 1 where something could not be done; the reasons are printed.',
    '',
    ...examples('latchkey plan --out p.json && latchkey apply p.json'),
  ])
    .argument('<file>', 'a file that `latchkey plan --out` wrote')
    .option('--json', jsonHelp)
    .action(async (file: string, options: ApplyOptions) => {
      await (await import('./apply.js')).apply(file, options);
    });

  orderCommand(program, 'undo', 'give back the keys as they were before a plan was applied', [
    'Within the policy undoWindow (24h by default). Nothing else is done to these keys until that is over: then the rules',
    'decide again, so put right before what the plan had wrong. People whom the plan made known to Kisi stay so.',
    '',
    ...examples('latchkey undo 1a2b3c4d'),
  ])
    .argument('<plan>', 'the id of the plan')
    .option('--json', jsonHelp)
    .action(async (planId: string, options: ApplyOptions) => {
      await (await import('./apply.js')).undo(planId, options);
    });
}

function addReporting(program: Command): void {
  command(program, 'report', 'compare what Kisi holds now with what the rules say; changes nothing', [
    'For a first run in mode observe, beside another integration: every key that is missing, too many, too short or too',
    'long in Kisi, grouped by why, with what Latchkey does about it once it is live. By the same rules and the same plan',
    'that the worker follows, from records read now. Keys of teams and guests, and keys to groups that no pass type',
    'opens, are left out. Needs a running worker. Exit code 0 whether or not anything differs.',
    '',
    ...examples('latchkey report', 'latchkey report --location 12', 'latchkey report --json'),
  ])
    .option('--location <id>', 'only members of this location')
    .option('--json', jsonHelp)
    .action(async (options: ReportOptions) => {
      await (await import('./report.js')).report(options);
    });
}

function addWaking(program: Command): void {
  command(program, 'resync', 'look at a member afresh, at Kisi too, and mend what differs', [
    'Works for members that Latchkey does not know yet. Needs a running worker.',
    'Exit code 1 where the member waits for something; the reason is printed.',
    '',
    ...examples(
      'latchkey resync 1234',
      'latchkey resync --all    # wakes every member, and does not wait for them',
    ),
  ])
    .argument('[id]', idHelp)
    .option('--all', 'every member that is watched')
    .action(async (id: string | undefined, options: { all?: boolean }) => {
      await (await import('./wake.js')).resync(id, options);
    });

  command(program, 'poll', 'ask Nexudus for changes now instead of at the next turn', [
    ...examples('latchkey poll', 'latchkey poll --full     # read everything: notices deletions too'),
  ])
    .option('--full', 'the full pass')
    .action(async (options: { full?: boolean }) => {
      await (await import('./wake.js')).poll(options);
    });
}

function addAuditing(program: Command): void {
  command(program, 'timeline', 'tell what befell a member: passes, decisions, keys, orders', [
    'Joins what Nexudus says now with what the audit trail keeps. Times are UTC.',
    '',
    ...examples('latchkey timeline 1234', 'latchkey timeline 1234 --json'),
  ])
    .argument('<id>', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string, options: { json?: boolean }) => {
      await (await import('./trail.js')).timeline(id, options);
    });

  command(program, 'audit', 'print the audit trail: every decision, write to Kisi and order', [
    'Names members by their Nexudus id only. The trail is where LATCHKEY_DATABASE_URL says.',
    '',
    ...examples('latchkey audit --since 30d > trail.csv', 'latchkey audit --since 2026-11-01 --format jsonl'),
  ])
    .option('--since <when>', 'only from then on: how long ago (24h, 30d), a date, or a time with a zone')
    .addOption(new Option('--format <format>', 'how to print').choices(['csv', 'jsonl']).default('csv'))
    .action(async (options: AuditOptions) => {
      await (await import('./trail.js')).audit(options);
    });

  command(program, 'latency', 'tell how long keys were waited for, and whether that is soon enough', [
    'From the instant in Nexudus by which a key was to be given or taken away to the answer of Kisi, by the audit trail.',
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

function addOrdering(program: Command): void {
  orderCommand(program, 'pause', 'stop taking keys away, stop every write, or stop everything', [
    'revokes: no key is taken away or shortened; keys are given as ever.',
    'writes:  nothing is written to Kisi.',
    'all:     nothing is read from Nexudus either.',
    'Holds for every worker at once, and until `latchkey resume`, restarts included. What is due meanwhile waits, says',
    'so, and is done then. Keys still end in Kisi by themselves. A second pause takes the place of the first.',
    '',
    ...examples("latchkey pause revokes --why 'the import looks odd'"),
  ])
    .addArgument(new Argument('<level>', 'what to stop').choices(stopLevels))
    .action(async (level: StopLevel, giver: Giver) => {
      await (await import('./control.js')).pause(level, giver);
    });

  orderCommand(program, 'resume', 'let everything go on, and catch up', [
    ...examples('latchkey resume'),
  ]).action(async (giver: Giver) => {
    await (await import('./control.js')).resume(giver);
  });

  orderCommand(program, 'mode', 'have keys written for nobody, for a few, or for everybody', [
    'observe: everything runs, and nothing is written to Kisi; `latchkey plan` shows what would be.',
    'canary:  only the keys of some locations or members are written.',
    'live:    the keys of all are written.',
    'Holds for every worker at once and through restarts.',
    '',
    ...examples(
      "latchkey mode observe --why 'the old integration is still on'",
      'latchkey mode canary --location 12 --member 1234',
      'latchkey mode live',
    ),
  ])
    .addArgument(new Argument('<mode>', 'whose keys are written').choices(modes))
    .option('--location <ids...>', 'locations whose members are the canaries')
    .option('--member <ids...>', 'members who are canaries')
    .action(async (mode: Mode, options: ModeOptions) => {
      await (await import('./control.js')).setMode(mode, options);
    });

  command(program, 'status', 'show the mode, what is stopped, what is held and which exceptions end soon', [
    ...examples('latchkey status --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./control.js')).status(options);
    });
}

function addHolding(program: Command): void {
  command(program, 'held', 'list keys that are held back, since too many would be lost at once', [
    'A key that is lost to what no known end foresaw (a suspension, a cancelled contract, another mapping, a record that',
    'is gone) is held where more than 10 % of the people at the location, and more than 5, would lose one to the same group',
    'within an hour, or where the read is in doubt. Grants and ends that were known go on.',
    '',
    ...examples('latchkey held', 'latchkey held --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./held.js')).held(options);
    });

  const rulings = [
    ['approve', 'let the keys go that are held, just those that are listed'],
    ['reject', 'keep the keys that are held, until what speaks against them is gone'],
  ] as const;
  for (const [does, summary] of rulings) {
    orderCommand(program, does, summary, [...examples(`latchkey ${does} 3 --why 'I asked the front desk'`)])
      .argument('<id>', 'the number that `latchkey held` prints')
      .action(async (id: string, giver: Giver) => {
        await (await import('./held.js')).rule(does, id, giver);
      });
  }
}

function addExcepting(program: Command): void {
  exceptCommand(program, 'allow', 'give a member a key outside the rules, for a while', [
    'Stands in for passes, and for nothing else: a member who is suspended, archived or without an e-mail gets no key by',
    'it. Its end is final, without any grace.',
    '',
    ...examples(
      "latchkey allow 1234 --group 12 --until 2026-12-01 --reason 'the invoice is on its way'",
      "latchkey allow 1234 --group 'Trastevere, Rome – Day' --until 2026-12-01T18:00 --reason 'a tour' --by Mia",
    ),
  ]).requiredOption('--group <group>', groupHelp);

  exceptCommand(program, 'block', 'keep a member from a group, or from every group, for a while', [
    'Takes the key away whatever passes there are, and gives it back at the end. It goes before an `allow`. A key that a',
    'person gave by hand in Kisi stays.',
    '',
    ...examples(
      "latchkey block 1234 --group 12 --until 2026-12-01 --reason 'the alarm was left off'",
      "latchkey block 1234 --until 2026-12-01T18:00Z --reason 'a lost phone'    # every group",
    ),
  ]).option('--group <group>', `${groupHelp}; left out: every group`);

  orderCommand(program, 'withdraw', 'end an exception (`allow` or `block`) before its time', [
    ...examples("latchkey withdraw 7 --why 'paid'"),
  ])
    .argument('<exception>', 'its number, as `latchkey exceptions` lists it')
    .action(async (id: string, giver: Giver) => {
      await (await import('./exceptions.js')).withdraw(id, giver);
    });

  command(program, 'exceptions', 'list what is allowed and blocked outside the rules, by whom and why', [
    'Those that end within 7 days are marked "soon". Times are UTC.',
    '',
    ...examples('latchkey exceptions', 'latchkey exceptions --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./exceptions.js')).exceptions(options);
    });
}

/** A command by which a person goes outside the rules. */
function exceptCommand(
  program: Command,
  kind: 'allow' | 'block',
  summary: string,
  more: readonly string[],
): Command {
  return command(program, kind, summary, ['Holds at once and through restarts, and ends by itself.', ...more])
    .argument('<id>', idHelp)
    .requiredOption('--until <time>', 'a time as for `explain --at`, or a date, whose day counts in full')
    .requiredOption('--reason <reason>', 'why; it is shown and kept, so no names and no e-mails')
    .option('--by <name>', 'who orders it; your login by default')
    .action(async (id: string, options: ExceptOptions) => {
      await (await import('./exceptions.js')).except(kind, id, options);
    });
}

function addDrift(program: Command): void {
  command(program, 'drift', 'show where Kisi differs from what Latchkey gave, and what is done about it', [
    'Latchkey compares itself with Kisi every LATCHKEY_AUDIT_INTERVAL. Needs a running worker. Kinds of findings:',
    '  missing, changed         a key that Latchkey gave is gone, or ends at another time',
    '  extra                    a key to a mapped group that Latchkey did not give',
    '  orphan                   a Kisi user with such keys whom Nexudus does not know',
    '  userSuspended, userDeleted, groupGone, groupRenamed',
    'What was adopted or ignored is not shown again until it changes, or is over and comes back.',
    '',
    ...examples('latchkey drift', 'latchkey drift --now      # compare now', 'latchkey drift --all --json'),
  ])
    .option('--now', 'compare with Kisi now, and wait for it')
    .option('--all', 'also what was adopted or ignored')
    .option('--json', jsonHelp)
    .action(async (options: DriftOptions) => {
      await (await import('./drift.js')).drift(options);
    });

  const verbs: [verb: DriftVerb, summary: string, more: string[]][] = [
    [
      'repair',
      'set right what an audit found',
      [
        'missing, changed, userDeleted: the member is woken to give, move or make it again.',
        'extra, orphan: the keys are taken away. A Kisi user is never deleted.',
        'Also for what is contested, that is, was repaired and undone again.',
      ],
    ],
    [
      'adopt',
      'take what an audit found for right',
      [
        'extra: the group is allowed to the member, as by `latchkey allow`, until the key ends, for 90 days at most.',
        'missing: it is blocked, as by `latchkey block`, for as long as the key would have lasted, 90 days at most.',
        'changed: the key keeps the end that it has in Kisi, for 90 days at most.',
        'groupRenamed: the new name is remembered. userSuspended: it is not told again.',
      ],
    ],
    ['ignore', 'have a finding not told again until it changes', ['Nothing is done about it.']],
  ];
  for (const [verb, summary, more] of verbs) {
    orderCommand(program, verb, summary, [...more, '', ...examples(`latchkey ${verb} 12 --why 'a test'`)])
      .argument('<id>', 'the number of the finding, as `latchkey drift` shows it')
      .action(async (id: string, giver: Giver) => {
        await (await import('./drift.js')).rule(verb, id, giver);
      });
  }
}

function addHooks(program: Command): void {
  const hooks = command(program, 'hooks', 'show and keep the webhooks by which Nexudus tells of changes', [
    'With them a change reaches Kisi in seconds; without them, or when one is lost, the poll notices it.',
    'The worker takes them in where LATCHKEY_PUSH_PORT is set.',
    '',
    ...examples('latchkey hooks status', 'latchkey hooks install'),
  ]);

  command(hooks, 'status', 'list the webhooks of Latchkey in Nexudus, and say what is not right', [
    'Nexudus switches a webhook off by itself after some calls in a row that were not taken.',
    'Exit code 1 where one is missing, switched off, or calls another address than LATCHKEY_PUSH_URL. Times are UTC.',
    '',
    ...examples('latchkey hooks status', 'latchkey hooks status --json'),
  ])
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('./hooks.js')).hooksStatus(options);
    });

  command(
    hooks,
    'install',
    'make the webhooks in Nexudus that are missing, and mend those that are not right',
    [
      'One for each action that says something about access, on the network where there is one, else on each location.',
      'Those of Latchkey are known by their names, which begin with "Latchkey: "; others are left alone. It may be run',
      'again at any time: it makes nothing twice, and switches on again what Nexudus switched off.',
      '',
      ...examples(
        'latchkey hooks install --dry-run',
        'latchkey hooks install --url https://push.example.com',
      ),
    ],
  )
    .option('--url <address>', 'where Nexudus reaches the listener; LATCHKEY_PUSH_URL by default')
    .option('--dry-run', 'only show what would be done')
    .action(async (options: InstallOptions) => {
      await (await import('./hooks.js')).installHooks(options);
    });
}

function addPushing(program: Command): void {
  command(program, 'disagreements', 'list members for whom Nexudus works out other groups than Latchkey', [
    'Where a Custom ACS is set up in Nexudus, it tells which groups it would give. Latchkey only takes that for a reason',
    'to look, and keeps it. "since" is when the two began to differ. Needs the audit trail, and a running worker where',
    'anything differs. Exit code 0 whether or not anything does.',
    '',
    ...examples('latchkey disagreements', 'latchkey disagreements 1234 --json'),
  ])
    .argument('[id]', idHelp)
    .option('--json', jsonHelp)
    .action(async (id: string | undefined, options: { json?: boolean }) => {
      await (await import('./disagreements.js')).disagreements(id, options);
    });
}

/** A command by which a person orders something. */
function orderCommand(program: Command, name: string, summary: string, more: readonly string[]): Command {
  return command(program, name, summary, more)
    .option('--by <name>', 'who orders it; your login by default')
    .option('--why <reason>', 'for those who wonder later');
}

function command(program: Command, name: string, summary: string, more: readonly string[]): Command {
  return program
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addHelpText('after', lines('', ...more));
}

function examples(...commands: string[]): string[] {
  return ['Examples:', ...commands.map((one) => `  ${one}`)];
}

function lines(...text: string[]): string {
  return text.join('\n');
}

function version(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof file === 'object' && file !== null && 'version' in file ? String(file.version) : 'unknown';
}
