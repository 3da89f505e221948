import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { modes, type Mode } from '../messages/to-control.js';
import { parseDotEnv } from './dotenv.js';
import { parseDuration } from '../lib/durations.js';
import { emptyFile, readRulesFile, type FileConfig } from './rules-file.js';
import { readTextFile, whyUnread } from './text-file.js';

export { parseDuration } from '../lib/durations.js';

/** How Nexudus is told who asks: an e-mail and password that buy a token, or a ready token. */
export type NexudusAuth =
  { kind: 'password'; email: string; password: string } | { kind: 'token'; token: string };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Where alerts go, as configured. Holds secrets. */
export interface AlertConfig {
  urls: string[];
  smtp: { url: string; from: string; to: string[] } | null;
}

/** What both APIs are shown. Secrets: never logged. */
export interface Credentials {
  nexudus: NexudusAuth;
  kisi: string;
}

/** All that the process is told from outside. Holds secrets: never log it whole. */
export interface Config {
  nexudus: { baseUrl: string; auth: NexudusAuth };
  kisi: { baseUrl: string; apiKey: string };
  /** host:port of a Temporal server; null: run an embedded one. */
  temporalAddress: string | null;
  /** Whether the embedded one serves its UI. */
  temporalUi: boolean;
  taskQueue: string;
  pollIntervalMs: number;
  reconciliationIntervalMs: number;
  /** How often the ledgers are compared with Kisi. */
  comparisonIntervalMs: number;
  /** The address of this machine at which health and metrics are served; port 0: any free one. */
  healthHost: string;
  healthPort: number;
  /** Where pushes are taken in; null: nowhere. */
  push: PushConfig | null;
  /** At which address they reach that from outside, without a slash at its end; null: not said. */
  pushUrl: string | null;
  logLevel: LogLevel;
  /** What a new space starts in. */
  initialMode: Mode;
  /** Where the audit log is: `file:<path>` or `postgres://...`. May hold a password. */
  databaseUrl: string;
  /** Where alerts go. */
  alerts: AlertConfig;
  file: FileConfig;
}

/** What is needed to speak to Temporal, and to nobody else. */
export type TemporalConfig = Pick<Config, 'temporalAddress' | 'taskQueue'>;

/** The configuration is unusable. `lines` has one message for each problem, all found at once, without values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly lines: string[]) {
    super(['The configuration is not usable:', ...lines.map((line) => `  ${line}`)].join('\n'));
  }
}

/** Where pushes are taken in (at an address of this machine; port 0: any free one), and what each kind is known by; null: none of that kind is taken. */
export interface PushConfig {
  host: string;
  port: number;
  /** The address of the proxy in front of it whose word is taken for where a call came from; null: none is. */
  trustedProxy: string | null;
  /** Signs Nexudus' webhooks. */
  nexudusSecret: string | null;
  /** The bearer token of Nexudus' Custom ACS. */
  acsToken: string | null;
  /** Signs Kisi's events. */
  kisiKey: string | null;
}

/** Every variable that Latchkey itself reads, with its default; null: none. docs/configuration.md is tested against it. */
export const variableDefaults = {
  NEXUDUS_BASE_URL: 'https://spaces.nexudus.com/api',
  NEXUDUS_EMAIL: null,
  NEXUDUS_PASSWORD: null,
  NEXUDUS_PASSWORD_FILE: null,
  NEXUDUS_TOKEN: null,
  NEXUDUS_TOKEN_FILE: null,
  KISI_BASE_URL: 'https://api.kisi.io',
  KISI_API_KEY: null,
  KISI_API_KEY_FILE: null,
  LATCHKEY_ALLOW_HTTP: 'no',
  TEMPORAL_ADDRESS: null,
  LATCHKEY_TEMPORAL_UI: 'no',
  LATCHKEY_CONFIG: './latchkey.yaml',
  LATCHKEY_POLL_INTERVAL: '30s',
  LATCHKEY_RECONCILIATION_INTERVAL: '10m',
  LATCHKEY_COMPARISON_INTERVAL: '15m',
  LATCHKEY_TASK_QUEUE: 'latchkey',
  LATCHKEY_HEALTH_HOST: '127.0.0.1',
  LATCHKEY_HEALTH_PORT: '8088',
  LATCHKEY_PUSH_HOST: '0.0.0.0',
  LATCHKEY_PUSH_PORT: null,
  LATCHKEY_PUSH_TRUSTED_PROXY: null,
  LATCHKEY_PUSH_URL: null,
  NEXUDUS_WEBHOOK_SECRET: null,
  NEXUDUS_WEBHOOK_SECRET_FILE: null,
  NEXUDUS_ACS_TOKEN: null,
  NEXUDUS_ACS_TOKEN_FILE: null,
  KISI_WEBHOOK_KEY: null,
  KISI_WEBHOOK_KEY_FILE: null,
  LATCHKEY_LOG_LEVEL: 'info',
  LATCHKEY_INITIAL_MODE: 'observe',
  LATCHKEY_DATABASE_URL: 'file:.latchkey/latchkey.db',
  LATCHKEY_DATABASE_URL_FILE: null,
  LATCHKEY_ALERT_URL: null,
  LATCHKEY_ALERT_URL_FILE: null,
  LATCHKEY_ALERT_SMTP_URL: null,
  LATCHKEY_ALERT_SMTP_URL_FILE: null,
  LATCHKEY_ALERT_FROM: null,
  LATCHKEY_ALERT_TO: null,
} as const;

type Variable = keyof typeof variableDefaults;
/** Variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;
type ReadFile = (path: string) => string;

/**
 * Secrets that may be in a file of their own, as Docker hands them in: `<name>_FILE` names it. What stands in for one that
 * cannot be read, so that nothing else is said of it.
 */
const secretsInFiles = {
  NEXUDUS_PASSWORD: 'unread',
  NEXUDUS_TOKEN: 'unread',
  KISI_API_KEY: 'unread',
  NEXUDUS_WEBHOOK_SECRET: 'unread-unread-unread',
  NEXUDUS_ACS_TOKEN: 'unread-unread-unread',
  KISI_WEBHOOK_KEY: 'unread-unread-unread',
  LATCHKEY_DATABASE_URL: 'file:unread',
  LATCHKEY_ALERT_URL: 'https://unread.invalid',
  LATCHKEY_ALERT_SMTP_URL: 'smtp://unread.invalid:587',
} as const;
type Secret = keyof typeof secretsInFiles;
const credentialNames: readonly Secret[] = ['NEXUDUS_PASSWORD', 'NEXUDUS_TOKEN', 'KISI_API_KEY'];

/** An address as variables and options give it; the slash at its end is dropped. */
export const httpUrl = z
  .string()
  .refine(isBareUrl, 'must be an http(s) address without a user name, query or fragment')
  .transform(withoutTrailingSlash);
const interval = z
  .string()
  // Temporal's Schedules know no shorter ones.
  .refine(
    (text) => durationOrZero(text) >= 1_000,
    'must be a duration of at least 1s, like 30s, 5m, 2h or 7d',
  )
  .transform(parseDuration);
const port = z
  .string()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, 'must be a port from 0 to 65535')
  .transform(Number);
const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || text === 'localhost', 'must be an IP address of this machine');
const needed = z.string({ error: 'must be set' });
/** Anybody may try the ports that pushes come in by. */
const secret = z
  .string()
  .min(16, { error: 'must be at least 16 characters long' })
  // Whoever signs may fold other characters, all to the same one.
  .regex(/^[\x20-\x7e]*$/, { error: 'must be of letters, digits and signs of the English keyboard' });

const pushSecrets = ['NEXUDUS_WEBHOOK_SECRET', 'NEXUDUS_ACS_TOKEN', 'KISI_WEBHOOK_KEY'] as const;

const environment = z.object({
  NEXUDUS_BASE_URL: httpUrl,
  KISI_BASE_URL: httpUrl,
  KISI_API_KEY: needed,
  LATCHKEY_ALLOW_HTTP: z.enum(['yes', 'no'], { error: 'must be yes or no' }),
  TEMPORAL_ADDRESS: z.string().optional(),
  LATCHKEY_TEMPORAL_UI: z.enum(['yes', 'no'], { error: 'must be yes or no' }),
  LATCHKEY_CONFIG: z.string(),
  LATCHKEY_POLL_INTERVAL: interval,
  LATCHKEY_RECONCILIATION_INTERVAL: interval,
  LATCHKEY_COMPARISON_INTERVAL: interval,
  LATCHKEY_TASK_QUEUE: z.string(),
  LATCHKEY_HEALTH_HOST: host,
  LATCHKEY_HEALTH_PORT: port,
  LATCHKEY_PUSH_HOST: host,
  LATCHKEY_PUSH_PORT: port.optional(),
  LATCHKEY_PUSH_TRUSTED_PROXY: z
    .string()
    .refine((text) => isIP(text) !== 0, 'must be the IP address of the proxy, as its calls come from it')
    .optional(),
  LATCHKEY_PUSH_URL: httpUrl.optional(),
  NEXUDUS_WEBHOOK_SECRET: secret.optional(),
  NEXUDUS_ACS_TOKEN: secret.optional(),
  KISI_WEBHOOK_KEY: secret.optional(),
  LATCHKEY_INITIAL_MODE: z.enum(modes, { error: `must be one of ${modes.join(', ')}` }),
  LATCHKEY_DATABASE_URL: z.string(),
  LATCHKEY_ALERT_URL: z
    .string()
    .transform((text) => text.split(/\s+/))
    .refine((urls) => urls.every(isWebhook), 'must be http(s) addresses, with blanks between them')
    .optional(),
  LATCHKEY_ALERT_SMTP_URL: z
    .string()
    .refine(isMailServer, 'must be like smtp://user:password@host:587, or smtps:// and port 465')
    .optional(),
  LATCHKEY_ALERT_FROM: z.string().refine(isMailAddress, 'must be one e-mail address').optional(),
  LATCHKEY_ALERT_TO: z
    .string()
    .transform((text) => text.split(/[\s,]+/))
    .refine((all) => all.every(isMailAddress), 'must be e-mail addresses, with blanks between them')
    .optional(),
  LATCHKEY_LOG_LEVEL: z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }),
});

/**
 * Adds the variables of a `.env` file to the process; those that are set already win, and a missing file is fine. What Docker
 * Compose would read otherwise is refused. Throws ConfigError when the file is there but cannot be read so. Answers how to read
 * the same again: the variables that were set before, over the file as it is then.
 */
export function loadDotEnv(path = '.env'): () => Env {
  const own = { ...process.env };
  const read = (): Env => {
    const text = textOfDotEnv(path);
    if (text === null) return own;
    const { variables, problems } = parseDotEnv(text);
    if (problems.length === 0) return { ...variables, ...own };
    const words = problems.map(({ line, name, what }) =>
      [`${path} line ${line}:`, ...(name === null ? ['it'] : [name]), what].join(' '),
    );
    throw new ConfigError(words);
  };
  // Temporal's SDK and the driver of the audit log read the process's own environment.
  Object.assign(process.env, read());
  return read;
}

/** Null: there is none. */
function textOfDotEnv(path: string): string | null {
  try {
    return readTextFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ConfigError([`${path} cannot be read: ${whyUnread(error)}`]);
  }
}

/**
 * The configuration from `env` and the file that LATCHKEY_CONFIG names. An empty variable counts as not set.
 * Throws ConfigError with every problem at once.
 */
export function loadConfig(given: Env, readFile: ReadFile = readTextFile): Config {
  const lines: string[] = [];
  const env = withSecretFiles(given, readFile, lines);
  const auth = readAuth(env, lines);
  const parsed = environment.safeParse(withDefaults(env));
  for (const issue of parsed.error?.issues ?? []) lines.push(`${issue.path.join('.')} ${issue.message}`);
  if (
    valueOf(env, 'LATCHKEY_PUSH_PORT') !== undefined &&
    pushSecrets.every((name) => valueOf(env, name) === undefined)
  )
    lines.push(`one of ${pushSecrets.join(', ')} must be set, as LATCHKEY_PUSH_PORT is`);
  lines.push(...unencryptedProblems(env));
  const mailSettings = ['LATCHKEY_ALERT_SMTP_URL', 'LATCHKEY_ALERT_FROM', 'LATCHKEY_ALERT_TO'] as const;
  const missing = mailSettings.filter((name) => valueOf(env, name) === undefined);
  if (missing.length > 0 && missing.length < mailSettings.length)
    lines.push(`${missing.join(', ')} must be set, as the others of ${mailSettings.join(', ')} are`);
  const file = readConfigFile(env, readFile, lines);
  if (lines.length > 0 || auth === null || !parsed.success) throw new ConfigError(lines);

  const values = parsed.data;
  return {
    nexudus: { baseUrl: values.NEXUDUS_BASE_URL, auth },
    kisi: { baseUrl: values.KISI_BASE_URL, apiKey: values.KISI_API_KEY },
    temporalAddress: values.TEMPORAL_ADDRESS ?? null,
    temporalUi: values.LATCHKEY_TEMPORAL_UI === 'yes',
    taskQueue: values.LATCHKEY_TASK_QUEUE,
    pollIntervalMs: values.LATCHKEY_POLL_INTERVAL,
    reconciliationIntervalMs: values.LATCHKEY_RECONCILIATION_INTERVAL,
    comparisonIntervalMs: values.LATCHKEY_COMPARISON_INTERVAL,
    healthHost: values.LATCHKEY_HEALTH_HOST,
    healthPort: values.LATCHKEY_HEALTH_PORT,
    push: pushOf(values),
    pushUrl: values.LATCHKEY_PUSH_URL ?? null,
    logLevel: values.LATCHKEY_LOG_LEVEL,
    initialMode: values.LATCHKEY_INITIAL_MODE,
    databaseUrl: values.LATCHKEY_DATABASE_URL,
    alerts: alertsOf(values),
    file,
  };
}

/** Where Temporal is. Nothing else of the settings needs to be right for it. Throws nothing. */
export function loadTemporalConfig(env: Env): TemporalConfig {
  return {
    temporalAddress: valueOf(env, 'TEMPORAL_ADDRESS') ?? null,
    taskQueue: valueOf(env, 'LATCHKEY_TASK_QUEUE') ?? variableDefaults.LATCHKEY_TASK_QUEUE,
  };
}

/** A login or a key on its way through a network must not be readable there. */
function unencryptedProblems(env: Env): string[] {
  if (valueOf(env, 'LATCHKEY_ALLOW_HTTP') === 'yes') return [];
  return (['NEXUDUS_BASE_URL', 'KISI_BASE_URL'] as const)
    .filter((name) => {
      const address = valueOf(env, name) ?? variableDefaults[name];
      if (!isBareUrl(address)) return false;
      const { protocol, hostname } = new URL(address);
      return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
    })
    .map(
      (name) =>
        `${name} is plain http, by which anybody on the way can read the login: use https, or set LATCHKEY_ALLOW_HTTP=yes where that is meant`,
    );
}

/** The credentials in `env` and the files that it names. Throws ConfigError where they are not whole. */
export function loadCredentials(env: Env, readFile: ReadFile = readTextFile): Credentials {
  const lines: string[] = [];
  const whole = withSecretFiles(env, readFile, lines, credentialNames);
  const nexudus = readAuth(whole, lines);
  const kisi = valueOf(whole, 'KISI_API_KEY');
  if (kisi === undefined) lines.push('KISI_API_KEY must be set');
  if (lines.length > 0 || nexudus === null || kisi === undefined) throw new ConfigError(lines);
  return { nexudus, kisi };
}

/** The variables, with the secrets that are in files of their own: there the line end after one does not belong to it. */
function withSecretFiles(
  env: Env,
  readFile: ReadFile,
  lines: string[],
  names: readonly Secret[] = Object.keys(secretsInFiles) as Secret[],
): Env {
  const secrets = names.flatMap((name): [string, string][] => {
    const path = valueOf(env, `${name}_FILE`);
    if (path === undefined) return [];
    if (valueOf(env, name) !== undefined) {
      lines.push(`${name} and ${name}_FILE are both set: keep one of the two`);
      return [];
    }
    const read = secretIn(readFile, path, name === 'LATCHKEY_ALERT_URL');
    if (!('problem' in read)) return [[name, read.secret]];
    lines.push(`${name}_FILE names ${path}, which ${read.problem}`);
    // Set to something, so that it is not said to be missing too.
    return [[name, secretsInFiles[name]]];
  });
  return { ...env, ...Object.fromEntries(secrets) };
}

/** What is in the one line of a file, or its lines. What an editor or a shell puts around it does not belong to it. */
function secretIn(
  readFile: ReadFile,
  path: string,
  mayHaveLines: boolean,
): { secret: string } | { problem: string } {
  let text: string;
  try {
    text = readFile(resolve(path)).replace(/^\ufeff/, '');
  } catch (error) {
    return { problem: `cannot be read: ${whyUnread(error)}` };
  }
  if (text.trim() === '') return { problem: 'is empty' };
  const last = text.replace(/\r?\n$/, '');
  const secret = mayHaveLines ? last.replace(/[\r\n]+/g, ' ') : last;
  if (/[\r\n]/.test(secret)) return { problem: 'has more than one line' };
  return /[\0-\x1f\x7f\ufffd]/.test(secret) ? { problem: 'is not plain text (UTF-8)' } : { secret };
}

function pushOf(values: z.infer<typeof environment>): PushConfig | null {
  const { LATCHKEY_PUSH_HOST: host, LATCHKEY_PUSH_PORT: port } = values;
  if (port === undefined) return null;
  return {
    host,
    port,
    trustedProxy: values.LATCHKEY_PUSH_TRUSTED_PROXY ?? null,
    nexudusSecret: values.NEXUDUS_WEBHOOK_SECRET ?? null,
    acsToken: values.NEXUDUS_ACS_TOKEN ?? null,
    kisiKey: values.KISI_WEBHOOK_KEY ?? null,
  };
}

function alertsOf(values: z.infer<typeof environment>): AlertConfig {
  const {
    LATCHKEY_ALERT_URL: urls = [],
    LATCHKEY_ALERT_SMTP_URL: url,
    LATCHKEY_ALERT_FROM: from,
    LATCHKEY_ALERT_TO: to = [],
  } = values;
  return { urls, smtp: url === undefined || from === undefined ? null : { url, from, to } };
}

function readAuth(env: Env, lines: string[]): NexudusAuth | null {
  const token = valueOf(env, 'NEXUDUS_TOKEN');
  const email = valueOf(env, 'NEXUDUS_EMAIL');
  // Spaces may belong to a password.
  const password = env['NEXUDUS_PASSWORD'] ?? '';
  if (token !== undefined && (email !== undefined || password !== '')) {
    lines.push('NEXUDUS_TOKEN and NEXUDUS_EMAIL/NEXUDUS_PASSWORD are both set: keep one of the two');
    return null;
  }
  if (token !== undefined) return { kind: 'token', token };
  if (email !== undefined && password !== '') return { kind: 'password', email, password };
  if (email !== undefined) lines.push('NEXUDUS_PASSWORD must be set, as NEXUDUS_EMAIL is');
  else if (password !== '') lines.push('NEXUDUS_EMAIL must be set, as NEXUDUS_PASSWORD is');
  else lines.push('NEXUDUS_EMAIL and NEXUDUS_PASSWORD must be set, or NEXUDUS_TOKEN');
  return null;
}

function readConfigFile(env: Env, readFile: ReadFile, lines: string[]): FileConfig {
  const named = valueOf(env, 'LATCHKEY_CONFIG');
  const path = named ?? variableDefaults.LATCHKEY_CONFIG;
  let text: string;
  try {
    text = readFile(resolve(path));
  } catch (error) {
    if (!isMissing(error)) lines.push(`${path} cannot be read: ${whyUnread(error)}`);
    else if (named !== undefined) lines.push(`LATCHKEY_CONFIG names ${path}, which does not exist`);
    return emptyFile(path);
  }
  const read = readRulesFile(path, text);
  lines.push(...read.problems);
  return read.file;
}

/** The variables with defaults filled in, empty ones left out. */
function withDefaults(env: Env): Partial<Record<Variable, string>> {
  const values: Partial<Record<Variable, string>> = {};
  for (const name of variableNames()) {
    const value = valueOf(env, name) ?? variableDefaults[name];
    if (value !== null) values[name] = value;
  }
  return values;
}

function variableNames(): Variable[] {
  return Object.keys(variableDefaults).filter((name): name is Variable => name in variableDefaults);
}

function valueOf(env: Env, name: Variable): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function isBareUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const parsed = new URL(text);
  const plain =
    parsed.username === '' && parsed.password === '' && parsed.search === '' && parsed.hash === '';
  return plain && /^https?:$/.test(parsed.protocol);
}

/** A webhook's address may hold its secret anywhere but in a user name. */
function isWebhook(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\//.test(text) && new URL(text).username === '';
}

function isMailServer(text: string): boolean {
  return URL.canParse(text) && /^smtps?:\/\//.test(text) && new URL(text).hostname !== '';
}

function isMailAddress(text: string): boolean {
  return /^[^\s@<>]+@[^\s@<>]+$/.test(text);
}

function withoutTrailingSlash(text: string): string {
  return text.replace(/\/+$/, '');
}

function durationOrZero(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return 0;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
