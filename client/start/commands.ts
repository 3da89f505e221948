/** Commands that run something until it is stopped. */
import type { Command } from 'commander';
import type { ExitCode } from '../terminal/failure.js';
import { command, examples } from '../command.js';

export function addRunning(program: Command, setExitCode: (code: ExitCode) => void): void {
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
    'auditLog must be the same as the workers’, and so a PostgreSQL one where they run elsewhere.',
    'Ctrl-C or SIGTERM: wakes all of whom it was told, then ends. A second one ends it at once.',
    '',
    ...examples('latchkey listen'),
  ]).action(async () => {
    await (await import('./listen.js')).listen();
  });

  command(program, 'demo', 'show everything at work on this machine, with simulated APIs', [
    'Needs no account and no settings. Ctrl-C or SIGTERM ends it, a second one at once.',
    '',
    ...examples('latchkey demo', 'latchkey demo --once      # check every outcome, then end'),
  ])
    .option('--once', 'end after the tour; exit code 1 if an outcome was not as promised')
    .action(async ({ once = false }: { once?: boolean }) => {
      setExitCode((await (await import('./demo.js')).demo({ once })) === 0 ? 0 : 1);
    });
}
