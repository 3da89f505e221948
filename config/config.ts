import { resolve } from 'node:path';
import type { Mode } from '../messages/to-control.js';
import { isLoopback } from '../lib/loopback.js';
import { ConfigError } from './config-error.js';
import { readAuth, type NexudusAuth } from './credentials.js';
import { deskOf, deskProblems, type DeskConfig } from './desk.js';
import { emptyFile, readRulesFile, type DeskPeople, type FileConfig, type RulesFile } from './rules-file.js';
import { withSecretFiles } from './secret-files.js';
import { isMissing, readTextFile, whyUnread } from './text-file.js';
import {
  environment,
  isBareUrl,
  setVariables,
  valueOf,
  type Env,
  type LogLevel,
  type Values,
  type Variable,
} from './variables.js';

/** Where alerts go, as configured. Holds secrets. */
export interface AlertConfig {
  urls: string[];
  smtp: { url: string; from: string; to: string[] } | null;
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
  desk: DeskConfig;
  /** Where pushes are taken in; null: nowhere. */
  push: PushConfig | null;
  /** The address at which pushes reach that port from outside, without a slash at its end; null: not said. */
  pushUrl: string | null;
  logLevel: LogLevel;
  /** The mode that a new space starts in. */
  initialMode: Mode;
  /** Where the audit log is: `file:<path>` or `postgres://...`. May hold a password. */
  databaseUrl: string;
  /** Where alerts go. */
  alerts: AlertConfig;
  file: FileConfig;
}

/** What is needed to speak to Temporal, and to nobody else. */
export type TemporalConfig = Pick<Config, 'temporalAddress' | 'taskQueue'>;

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

const pushSecrets = ['NEXUDUS_WEBHOOK_SECRET', 'NEXUDUS_ACS_TOKEN', 'KISI_WEBHOOK_KEY'] as const;
const mailSettings = ['LATCHKEY_ALERT_SMTP_URL', 'LATCHKEY_ALERT_FROM', 'LATCHKEY_ALERT_TO'] as const;

/**
 * The configuration from `env` and the file that LATCHKEY_CONFIG names. An empty variable counts as not set.
 * Throws ConfigError with every problem at once.
 */
export function loadConfig(given: Env, readFile: (path: string) => string = readTextFile): Config {
  const problems: string[] = [];
  const env = withSecretFiles(given, readFile, problems);
  const auth = readAuth(env, problems);
  const parsed = environment.safeParse(setVariables(env));
  for (const { path, message } of parsed.error?.issues ?? []) problems.push(`${path.join('.')} ${message}`);
  problems.push(
    ...pushProblems(env),
    ...unencryptedProblems(env),
    ...mailProblems(env),
    ...deskProblems(env),
  );
  const { file, people } = readConfigFile(env, readFile, problems);
  if (problems.length > 0 || auth === null || !parsed.success) throw new ConfigError(problems);
  return configOf(parsed.data, auth, file, people);
}

/** Where Temporal is. Nothing else of the settings needs to be right for it. Throws nothing. */
export function loadTemporalConfig(env: Env): TemporalConfig {
  const values = environment
    .pick({ TEMPORAL_ADDRESS: true, LATCHKEY_TASK_QUEUE: true })
    .parse(setVariables(env));
  return { temporalAddress: values.TEMPORAL_ADDRESS ?? null, taskQueue: values.LATCHKEY_TASK_QUEUE };
}

function configOf(values: Values, auth: NexudusAuth, file: FileConfig, people: DeskPeople): Config {
  return {
    nexudus: { baseUrl: values.NEXUDUS_BASE_URL, auth },
    kisi: { baseUrl: values.KISI_BASE_URL, apiKey: values.KISI_API_KEY },
    temporalAddress: values.TEMPORAL_ADDRESS ?? null,
    temporalUi: values.LATCHKEY_TEMPORAL_UI === 'yes',
    taskQueue: values.LATCHKEY_TASK_QUEUE,
    desk: deskOf(values, people),
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

function pushProblems(env: Env): string[] {
  const isWanted = isSet(env, 'LATCHKEY_PUSH_PORT') && !pushSecrets.some((name) => isSet(env, name));
  return isWanted ? [`one of ${pushSecrets.join(', ')} must be set, as LATCHKEY_PUSH_PORT is`] : [];
}

function mailProblems(env: Env): string[] {
  const missing = mailSettings.filter((name) => !isSet(env, name));
  if (missing.length === 0 || missing.length === mailSettings.length) return [];
  return [`${missing.join(', ')} must be set, as the others of ${mailSettings.join(', ')} are`];
}

/** A login or a key on its way through a network must not be readable there. */
function unencryptedProblems(env: Env): string[] {
  if (valueOf(env, 'LATCHKEY_ALLOW_HTTP') === 'yes') return [];
  return (['NEXUDUS_BASE_URL', 'KISI_BASE_URL', 'LATCHKEY_DESK_URL', 'LATCHKEY_OIDC_ISSUER'] as const)
    .filter((name) => isReadableOnTheWay(valueOf(env, name) ?? ''))
    .map(
      (name) =>
        `${name} is plain http, so anybody on the way can read the login: use https, or set LATCHKEY_ALLOW_HTTP=yes if you want that`,
    );
}

function isReadableOnTheWay(address: string): boolean {
  if (!isBareUrl(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !isLoopback(hostname);
}

function pushOf(values: Values): PushConfig | null {
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

function alertsOf(values: Values): AlertConfig {
  const {
    LATCHKEY_ALERT_URL: urls = [],
    LATCHKEY_ALERT_SMTP_URL: url,
    LATCHKEY_ALERT_FROM: from,
    LATCHKEY_ALERT_TO: to = [],
  } = values;
  return { urls, smtp: url === undefined || from === undefined ? null : { url, from, to } };
}

function readConfigFile(
  env: Env,
  readFile: (path: string) => string,
  problems: string[],
): Pick<RulesFile, 'file' | 'people'> {
  const named = valueOf(env, 'LATCHKEY_CONFIG');
  const path = environment.shape.LATCHKEY_CONFIG.parse(named);
  let text: string;
  try {
    text = readFile(resolve(path));
  } catch (error) {
    if (!isMissing(error)) problems.push(`${path} cannot be read: ${whyUnread(error)}`);
    else if (named !== undefined) problems.push(`LATCHKEY_CONFIG names ${path}, which does not exist`);
    return { file: emptyFile(path), people: {} };
  }
  const read = readRulesFile(path, text);
  problems.push(...read.problems);
  return read;
}

function isSet(env: Env, name: Variable): boolean {
  return valueOf(env, name) !== undefined;
}
