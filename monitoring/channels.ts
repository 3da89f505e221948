/**
 * Where alerts go: webhooks by HTTP, and e-mail by SMTP. Neither an address with its secret nor a password ever gets into an
 * error.
 */
import type { AlertConfig } from '../config/config.js';
import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { printable } from '../access/text.js';

/** A message to people. */
export interface Message {
  /** One line. */
  title: string;
  lines: string[];
  /** The same for programs. */
  alerts: { cause: string; state: 'begun' | 'lasts' | 'over'; since: string | null; text: string }[];
}

/** A place that alerts go to. */
export interface Channel {
  /** The same after a restart, and nothing secret. */
  id: string;
  /** As people read it: 'the webhook at hooks.slack.com'. */
  name: string;
  /** Tries once. Throws a ChannelError. */
  send(message: Message): Promise<void>;
}

/** A message did not get there. The text says why, without anything secret. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  constructor(
    message: string,
    /** How long to wait before another try, where the receiver says so. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

const timeoutMs = 10_000;

/** The channels of a configuration. `limitMs`: how long one try may take. */
export function createChannels({ urls, smtp }: AlertConfig, limitMs = timeoutMs): Channel[] {
  const all = [...urls.map((url) => webhook(url, limitMs)), ...(smtp === null ? [] : [mail(smtp, limitMs)])];
  return all.map((channel) => ({ ...channel, send: (message) => channel.send(plain(message)) }));
}

/** Names of groups and answers of the APIs come from outside. */
function plain({ title, lines, alerts }: Message): Message {
  return {
    title: printable(title),
    lines: lines.map(printable),
    alerts: alerts.map((alert) => ({ ...alert, text: printable(alert.text) })),
  };
}

const digestOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url').slice(0, 8);

function webhook(url: string, limitMs: number): Channel {
  const { host } = new URL(url);
  return {
    id: `webhook ${digestOf(url)}`,
    name: `the webhook at ${host}`,
    async send(message) {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(bodyFor(host, message)),
        // It would carry the message to an address that nobody configured.
        redirect: 'manual',
        signal: AbortSignal.timeout(limitMs),
      }).catch((error: unknown) => {
        throw new ChannelError(`no answer (${codeOf(error)}).`);
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      throw new ChannelError(
        `it answered ${answer.status}.`,
        retryAfterOf(answer.headers.get('retry-after')),
      );
    },
  };
}

/**
 * What each receiver takes. Slack, and receivers like it, take a text in which three characters are marked up. Google Chat
 * takes nothing beside the text, has no way to write a plain `<`, and `<users/all>` in a text calls everybody there. Discord
 * has another name for the text, and a name such as `@everyone` in it calls people unless told not to. Teams takes cards only.
 * Others may read the fields.
 */
function bodyFor(host: string, message: Message): object {
  const text = textOf(message);
  const isAt = (...names: string[]): boolean =>
    names.some((name) => host === name || host.endsWith(`.${name}`));
  if (isAt('hooks.slack.com', 'hooks.slack-gov.com')) return { text: escaped(text) };
  if (isAt('chat.googleapis.com')) return { text: text.replaceAll('<', '‹') };
  if (isAt('discord.com', 'discordapp.com'))
    return { content: text.slice(0, longestDiscord), allowed_mentions: { parse: [] } };
  if (
    isAt(
      'webhook.office.com',
      'logic.azure.com',
      'powerplatform.com',
      'powerautomate.com',
      'flow.microsoft.com',
    )
  )
    return card(message);
  return { text, source: 'latchkey', alerts: message.alerts };
}

const longestDiscord = 2000;

const textOf = ({ title, lines }: Message): string => [title, ...lines.map((line) => `• ${line}`)].join('\n');

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * A message as a Teams workflow ("when a Teams webhook request is received") posts it: an adaptive card for each. A TextBlock
 * would read Markdown, links among it; a TextRun does not.
 */
function card({ title, lines }: Message): object {
  const block = (text: string, more: object = {}): object => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...more }],
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [block(title, { weight: 'Bolder' }), ...lines.map((line) => block(line))],
        },
      },
    ],
  };
}

function mail({ url, from, to }: NonNullable<AlertConfig['smtp']>, limitMs: number): Channel {
  const { host } = new URL(url);
  return {
    id: `mail ${digestOf([url, from, ...to].join(' '))}`,
    name: `e-mail by ${host}`,
    async send(message) {
      const transport = createTransport({
        url,
        connectionTimeout: limitMs,
        greetingTimeout: limitMs,
        socketTimeout: limitMs,
        dnsTimeout: limitMs,
      });
      const text = [message.title, '', ...message.lines.map((line) => `- ${line}`), ''].join('\n');
      try {
        await transport.sendMail({ from, to, subject: message.title, text });
      } catch (error) {
        // The original may quote addresses.
        throw new ChannelError(`the mail was not taken (${codeOf(error)}).`);
      } finally {
        transport.close();
      }
    },
  };
}

/** The code of an error, wherever it is: never its text, which may hold an address. */
function codeOf(error: unknown): string {
  const { name, code, responseCode, cause } = Object(error) as Record<string, unknown>;
  const codes = [code, responseCode].filter((one) => typeof one === 'string' || typeof one === 'number');
  if (name === 'TimeoutError') return 'too late';
  if (codes.length > 0) return codes.join(' ');
  return cause === undefined ? 'no code' : codeOf(cause);
}

/** Seconds, or a date; null: neither. */
function retryAfterOf(header: string | null): number | null {
  if (header === null || header.trim() === '') return null;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}
