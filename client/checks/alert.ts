import { readConfig } from '../../space/settings.js';
import { ChannelError, createChannels, type Message } from '../../monitoring/channels.js';
import { CommandError } from '../../space/failure.js';
import { print, printJson } from '../terminal/output.js';

const message: Message = {
  title: 'Latchkey: a test',
  lines: ['This is a test of where alerts go: somebody typed `latchkey alert --test`. Nothing is wrong.'],
  alerts: [],
};

/**
 * `latchkey alert --test`: sends a message to each place that alerts go to, once, and says what came of it. Throws CommandError
 * where one did not take it, or none is set.
 */
export async function testAlert({ json = false }: { json?: boolean }): Promise<void> {
  const channels = createChannels(readConfig().alerts);
  if (channels.length === 0)
    throw new CommandError('no alerts go out: set LATCHKEY_ALERT_URL, or LATCHKEY_ALERT_SMTP_URL', 2);
  const results = await Promise.all(
    channels.map(async (channel) => {
      const { name } = channel;
      try {
        await channel.send(message);
        return { channel: name, problem: null };
      } catch (error) {
        if (!(error instanceof ChannelError)) throw error;
        return { channel: name, problem: error.message };
      }
    }),
  );
  if (json) printJson(results);
  else
    print(
      results
        .map(
          ({ channel, problem }) => `${channel}: ${problem === null ? 'it took the test message' : problem}`,
        )
        .join('\n'),
    );
  const failed = results.filter(({ problem }) => problem !== null);
  if (failed.length > 0)
    throw new CommandError(`the test message was not taken by ${failed.length} of ${results.length} places`);
}
