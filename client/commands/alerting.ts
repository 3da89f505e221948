/** Commands about the alerts that go out. */
import type { Command } from 'commander';
import { command, examples, jsonHelp } from '../command.js';

export function addAlerting(program: Command): void {
  command(program, 'alert', 'send a test message to where alerts go', [
    'Alerts go to the webhooks of LATCHKEY_ALERT_URL, and by e-mail where LATCHKEY_ALERT_SMTP_URL is set. A worker sends',
    'them; `latchkey status` says what they are about.',
    'Exit code 1 where a place did not take the message.',
    '',
    ...examples('latchkey alert --test'),
  ])
    .requiredOption('--test', 'send it')
    .option('--json', jsonHelp)
    .action(async (options: { json?: boolean }) => {
      await (await import('../checks/alert.js')).testAlert(options);
    });
}
