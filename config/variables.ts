/** The environment variables that Latchkey itself reads: the one table of how each is read, its default, and what it means. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { modes } from '../messages/to-control.js';
import { parseDuration } from '../lib/durations.js';
import { setting, settingRows, unset, type SettingRow } from './settings.js';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** An address as variables and options give it; the slash at its end is dropped. */
export const httpUrl = z
  .string()
  .refine(isBareUrl, 'must be an http(s) address without a user name, query or fragment')
  .transform((text) => text.replace(/\/+$/, ''));
/** The same without a path: what is served there has none. */
const origin = httpUrl.refine(
  (given) => !URL.canParse(given) || new URL(given).pathname === '/',
  'must be an http(s) address without a path',
);
/** Compared as it is, with the slash at its end. */
const issuer = z
  .string()
  .refine(isBareUrl, 'must be an http(s) address without a user name, query or fragment');
const text = z.string();
const oneOf = <const T extends readonly [string, ...string[]]>(hint: string, words: T) =>
  z.enum(words, { error: `must be ${hint}` });
const yesOrNo = oneOf('yes or no', ['yes', 'no']);
const interval = text
  // Temporal's Schedules know no shorter ones.
  .refine(
    (given) => durationOrZero(given) >= 1_000,
    'must be a duration of at least 1s, like 30s, 5m, 2h or 7d',
  )
  .transform(parseDuration);
const port = text
  .refine((given) => /^\d{1,5}$/.test(given) && Number(given) <= 65_535, 'must be a port from 0 to 65535')
  .transform(Number);
const host = text.refine(
  (given) => isIP(given) !== 0 || given === 'localhost',
  'must be an IP address of this machine',
);
const proxy = text.refine(
  (given) => isIP(given) !== 0,
  'must be the IP address of the proxy, as its calls come from it',
);
/** Anybody may try the ports that pushes come in by. */
const secret = text
  .min(16, { error: 'must be at least 16 characters long' })
  // The sender that signs may fold other characters, all to the same one.
  .regex(/^[\x20-\x7e]*$/, { error: 'must be of letters, digits and signs of the English keyboard' });
const webhooks = text
  .transform((given) => given.split(/\s+/))
  .refine((urls) => urls.every(isWebhook), 'must be http(s) addresses, with blanks between them');
const mailServer = text.refine(
  isMailServer,
  'must be like smtp://user:password@host:587, or smtps:// and port 465',
);
const mailAddress = text.refine(isMailAddress, 'must be one e-mail address');
const mailAddresses = text
  .transform((given) => given.split(/[\s,]+/))
  .refine((all) => all.every(isMailAddress), 'must be e-mail addresses, with blanks between them');

export const environment = z.object({
  NEXUDUS_BASE_URL: setting(
    httpUrl,
    'https://spaces.nexudus.com/api',
    'Where the Nexudus API is; it ends in `/api`.',
  ),
  NEXUDUS_EMAIL: unset(text, 'E-mail of the Nexudus API user. Goes with `NEXUDUS_PASSWORD`.'),
  NEXUDUS_PASSWORD: unset(text, 'The password of that user.'),
  NEXUDUS_PASSWORD_FILE: unset(text, 'A file that holds that password, instead of the variable.'),
  NEXUDUS_TOKEN: unset(
    text,
    'A Nexudus access token, instead of e-mail and password. It lives seven days, and must be replaced by hand: the log, `latchkey status` and an alert say so a day before. One of the two ways is needed, not both.',
  ),
  NEXUDUS_TOKEN_FILE: unset(text, 'A file that holds that token, instead of the variable.'),
  KISI_BASE_URL: setting(httpUrl, 'https://api.kisi.io', 'Where the Kisi API is.'),
  KISI_API_KEY: z.string({ error: 'must be set' }).describe('Kisi API key. Needed.'),
  KISI_API_KEY_FILE: unset(text, 'A file that holds that key, instead of the variable.'),
  LATCHKEY_ALLOW_HTTP: setting(
    yesOrNo,
    'no',
    '`yes`: `NEXUDUS_BASE_URL` and `KISI_BASE_URL` may be plain http to another machine, by which anybody on the way can read the login. To this machine they may be in any case.',
  ),
  TEMPORAL_ADDRESS: unset(
    text,
    'host:port of a Temporal server. Not set: the worker runs its own, see below.',
  ),
  LATCHKEY_TEMPORAL_UI: setting(yesOrNo, 'no', '`yes`: that one serves its UI, see below.'),
  LATCHKEY_CONFIG: setting(
    text,
    './latchkey.yaml',
    'The file described below. It may be missing, unless this variable names it.',
  ),
  LATCHKEY_POLL_INTERVAL: setting(interval, '30s', 'How often Nexudus is asked for changes.'),
  LATCHKEY_RECONCILIATION_INTERVAL: setting(
    interval,
    '10m',
    'How often everything is read, which also notices what was deleted.',
  ),
  LATCHKEY_COMPARISON_INTERVAL: setting(
    interval,
    '15m',
    'How often the keys that were given are compared with Kisi, the first time so long after the start. A changed one holds from the next start of a worker on.',
  ),
  LATCHKEY_TASK_QUEUE: setting(
    text,
    'latchkey',
    'The Temporal task queue of the workflows; those of the activities are named after it. Two Latchkeys on one machine each need one of their own.',
  ),
  LATCHKEY_HEALTH_HOST: setting(
    host,
    '127.0.0.1',
    'The address of this machine at which health and metrics are served: `0.0.0.0` for probes from other machines, and in a container. Whoever reaches it may read them.',
  ),
  LATCHKEY_HEALTH_PORT: setting(
    port,
    '8088',
    'Port of `/healthz`, `/readyz` and `/metrics`. `0`: any free port. `/readyz` says whether this process is the leader, and what it waits for.',
  ),
  LATCHKEY_DESK_PORT: unset(
    port,
    'Port on which a worker serves the desk, the web page of the front desk. `0`: any free port. Not set: a worker serves none, and `latchkey desk` serves it on 8089.',
  ),
  LATCHKEY_DESK_HOST: setting(
    host,
    '127.0.0.1',
    'The address of this machine at which the desk is served. Any other than `127.0.0.1`, `::1` and `localhost` needs `LATCHKEY_DESK_URL`.',
  ),
  LATCHKEY_DESK_URL: unset(
    origin,
    'The address at which browsers reach the desk, such as `https://desk.example.com`. With it everybody must sign in, see below.',
  ),
  LATCHKEY_DESK_TRUSTED_PROXY: unset(
    proxy,
    'The IP address of a proxy in front of the desk. The last address in its `X-Forwarded-For` is taken for where a browser is, so that strangers are told apart.',
  ),
  LATCHKEY_DESK_IDLE_LIMIT: setting(
    interval,
    '12h',
    'How long a session of the desk lasts while nobody opens a page.',
  ),
  LATCHKEY_DESK_SESSION_LIMIT: setting(
    interval,
    '7d',
    'How long a session of the desk lasts at most. Then the person signs in again.',
  ),
  LATCHKEY_OIDC_ISSUER: unset(
    issuer,
    'The issuer of the sign-in service (OpenID Connect), such as `https://accounts.google.com`. Goes with the two below, and with `LATCHKEY_DESK_URL`.',
  ),
  LATCHKEY_OIDC_CLIENT_ID: unset(text, 'What that service knows the desk by.'),
  LATCHKEY_OIDC_CLIENT_SECRET: unset(text, 'The secret that the desk shows to that service.'),
  LATCHKEY_OIDC_CLIENT_SECRET_FILE: unset(text, 'A file that holds that secret, instead of the variable.'),
  LATCHKEY_OIDC_ROLE_CLAIM: unset(
    text,
    'The claim that holds a person’s roles (`viewer`, `desk`, `operator`), such as `roles`, or `realm_access.roles`. Not set: only `desk.people` in `latchkey.yaml` gives roles.',
  ),
  LATCHKEY_PUSH_HOST: setting(
    host,
    '0.0.0.0',
    'The address of this machine at which pushes are taken in: `127.0.0.1` where what ends TLS for them runs here too.',
  ),
  LATCHKEY_PUSH_PORT: unset(
    port,
    'Port on which pushes are taken in. `0`: any free port. Not set: none are. Goes with at least one of the three secrets below, each of at least 16 characters.',
  ),
  LATCHKEY_PUSH_TRUSTED_PROXY: unset(
    proxy,
    'The IP address of a proxy in front of that port: the last address in its `X-Forwarded-For` is taken for where a call came from, so that strangers are told apart. Without it an address of a private network is never limited by itself.',
  ),
  LATCHKEY_PUSH_URL: unset(
    httpUrl,
    'The address at which Nexudus reaches that port from outside, such as `https://push.example.com`. For `latchkey hooks`.',
  ),
  NEXUDUS_WEBHOOK_SECRET: unset(
    secret,
    "The shared secret that signs Nexudus' webhooks (`POST /nexudus/<event>`).",
  ),
  NEXUDUS_WEBHOOK_SECRET_FILE: unset(text, 'A file that holds that secret, instead of the variable.'),
  NEXUDUS_ACS_TOKEN: unset(
    secret,
    "The bearer token of Nexudus' Custom ACS (`GET /acs/groups`, `POST /acs/changes`).",
  ),
  NEXUDUS_ACS_TOKEN_FILE: unset(text, 'A file that holds that token, instead of the variable.'),
  KISI_WEBHOOK_KEY: unset(secret, "The signature key of Kisi's event webhook (`POST /kisi/events`)."),
  KISI_WEBHOOK_KEY_FILE: unset(text, 'A file that holds that key, instead of the variable.'),
  LATCHKEY_LOG_LEVEL: setting(
    oneOf(`one of ${logLevels.join(', ')}`, logLevels),
    'info',
    '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`. The log goes to stderr: JSON, or coloured lines where stderr is a terminal. `info` has one line for each start (version, mode, digest of the rules), each key given, moved or taken away, and each order.',
  ),
  LATCHKEY_INITIAL_MODE: setting(
    oneOf(`one of ${modes.join(', ')}`, modes),
    'observe',
    'What a new space starts in: `observe`, `canary` or `live`. From then on `latchkey mode` rules.',
  ),
  LATCHKEY_DATABASE_URL: setting(
    text,
    'file:.latchkey/latchkey.db',
    'Where the audit log is kept: a file on a disk of this machine, or `postgres://user@host/database` (the password also as `PGPASSWORD`). With workers on several machines: PostgreSQL.',
  ),
  LATCHKEY_DATABASE_URL_FILE: unset(text, 'A file that holds that address, instead of the variable.'),
  LATCHKEY_ALERT_URL: unset(
    webhooks,
    'Webhooks that alerts are posted to, with blanks between them: Slack, Teams (a workflow), Google Chat, Discord, or any that takes JSON with a `text`.',
  ),
  LATCHKEY_ALERT_URL_FILE: unset(text, 'A file that holds those addresses, instead of the variable.'),
  LATCHKEY_ALERT_SMTP_URL: unset(
    mailServer,
    'The mail server that alerts are also sent by: `smtp://user:password@host:587`, or `smtps://` and port 465. Goes with the two below.',
  ),
  LATCHKEY_ALERT_SMTP_URL_FILE: unset(text, 'A file that holds that address, instead of the variable.'),
  LATCHKEY_ALERT_FROM: unset(mailAddress, 'The e-mail address that alerts come from.'),
  LATCHKEY_ALERT_TO: unset(
    mailAddresses,
    'The e-mail addresses that alerts go to, with blanks between them.',
  ),
});

/** The variables as they are read. */
export type Values = z.output<typeof environment>;
/** A variable by its name. */
export type Variable = keyof typeof environment.shape;
/** Variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Each variable with its default and what it means. The documentation is tested against these. */
export const variableRows: readonly SettingRow[] = settingRows(environment.shape);

/** The value of a variable without blanks around it. An empty one counts as not set. */
export function valueOf(env: Env, name: Variable | `${Variable}_FILE`): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

/** The variables of the table that are set. */
export function setVariables(env: Env): Record<string, string> {
  const values = Object.keys(environment.shape).map((name) => [name, env[name]?.trim() ?? ''] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== ''));
}

/** Whether a text is an http(s) address and nothing else. */
export function isBareUrl(given: string): boolean {
  if (!URL.canParse(given)) return false;
  const { protocol, username, password, search, hash } = new URL(given);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}

/** A webhook address may hold its secret anywhere but in a user name. */
function isWebhook(given: string): boolean {
  return URL.canParse(given) && /^https?:\/\//.test(given) && new URL(given).username === '';
}

function isMailServer(given: string): boolean {
  return URL.canParse(given) && /^smtps?:\/\//.test(given) && new URL(given).hostname !== '';
}

function isMailAddress(given: string): boolean {
  return /^[^\s@<>]+@[^\s@<>]+$/.test(given);
}

function durationOrZero(given: string): number {
  try {
    return parseDuration(given);
  } catch {
    return 0;
  }
}
