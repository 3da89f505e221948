import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { destination, pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { printable } from '../access/text.js';
import type { LogLevel } from '../config/variables.js';

export interface LoggerOptions {
  level: LogLevel;
  /** Coloured lines for a person instead of JSON; by default where stderr is a terminal. */
  pretty?: boolean;
  /** Where lines go instead of stderr. */
  to?: DestinationStream;
}

const censor = '[redacted]';
const secretKeys = ['authorization', 'apiKey', 'password', 'token', 'email', 'fullName', 'cookie'];
const redactedDepth = 4;
const errorKeys = ['err', 'error', 'cause', 'reason'];

/**
 * The process's logger. Lines go to stderr, so that stdout belongs to the answers of commands (`--json`).
 * Written synchronously: a crash loses no line, and the volume is low.
 * What looks like an e-mail or a credential is struck from the finished line, whoever put it there.
 */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      // As a mixin, because a forwarded entry brings its own time (see temporalLogger).
      timestamp: false,
      mixin: () => ({ time: new Date().toISOString() }),
      formatters: { level: (label) => ({ level: label }) },
      serializers: Object.fromEntries(errorKeys.map((key) => [key, describeError])),
      redact: { paths: redactedPaths(), censor },
      hooks: { streamWrite: (line) => `${withoutPersonalData(plainLine(line))}\n` },
    },
    options.to ?? stderrStream(options.pretty ?? process.stderr.isTTY),
  );
}

/** Temporal's own log (worker, core, and `log` of workflows and activities) written through `logger`. */
export function temporalLogger(logger: Logger): DefaultLogger {
  return new DefaultLogger(temporalLevels[logger.level] ?? 'ERROR', (entry) => {
    forward(logger, entry);
  });
}

/** What may be logged of an error: never its request, response, headers or configuration. */
export function describeError(error: unknown, depth = 0): unknown {
  if (typeof error !== 'object' || error === null) return error;
  // An object of unknown make may hold anything (an axios error's toJSON holds the headers).
  if (!(error instanceof Error)) return { name: 'not an Error' };
  return {
    name: error.name,
    ...pick(error, ['kind', 'code', 'type', 'status', 'method']),
    ...responseStatus(error),
    message: error.message,
    stack: firstFrames(error.stack),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

const temporalLevels: Record<string, 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'> = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
};
const pinoLevels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Workers without workflows, or without activities, are meant to be so. */
const ofNoUse = /^No (?:workflows|activities|Nexus services) registered, not polling/;
/** What an activity's context adds that no reader can use. */
const idle = ['taskToken', 'isLocal', 'activityId', 'namespace', 'sdkComponent'];
/** Types of failures whose message says all (activities/failures.ts). */
const foreseen = ['Nexudus', 'Kisi', 'Configuration', 'Stopped', 'AuditLog'];

function forward(logger: Logger, entry: LogEntry): void {
  if (ofNoUse.test(entry.message)) return;
  const { error, ...others } = entry.meta ?? {};
  if (entry.message === 'Workflow failed' && isOfActivity(error)) return;
  const kept = Object.entries(others).filter(([name]) => !idle.includes(name));
  // Entries of the native core are buffered: their own time is when it happened.
  const time = new Date(Number(entry.timestampNanos / 1_000_000n)).toISOString();
  const meta = { ...Object.fromEntries(kept), time };
  const level = entry.message === 'Worker state changed' ? 'debug' : pinoLevels[entry.level];
  if (error instanceof ApplicationFailure && foreseen.includes(error.type ?? ''))
    logger[level](meta, `${entry.message}: ${error.message}`);
  else logger[level](error === undefined ? meta : { ...meta, error }, entry.message);
}

/** Whether a workflow failed since one of its activities did, which has told why; one that timed out tells nothing. */
function isOfActivity(error: unknown): boolean {
  if (!(error instanceof Error) || error.message !== 'Activity task failed') return false;
  return error.cause instanceof Error && !/timeout/i.test(error.cause.message);
}

function stderrStream(forPeople: boolean): DestinationStream {
  if (!forPeople) return destination({ dest: 2, sync: true });
  return pretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.hasColors(),
    translateTime: 'SYS:HH:MM:ss.l',
  });
}

function redactedPaths(): string[] {
  const names = secretKeys.flatMap((key) => [key, key.charAt(0).toUpperCase() + key.slice(1)]);
  return Array.from({ length: redactedDepth + 1 }, (_, depth) => '*.'.repeat(depth)).flatMap((prefix) =>
    names.map((name) => prefix + name),
  );
}

/** How JSON writes a control character. */
const escape = /\\(?:u00[01][0-9a-f]|[bfnrt]|["\\])/g;

/**
 * A finished line without anything that a terminal would obey, whoever put it there. Control characters that JSON escapes are
 * taken out too: a program that shows the lines to a person (pretty here, others elsewhere) writes them out again, and a forged
 * line among them.
 */
function plainLine(line: string): string {
  return printable(line.replace(escape, (one) => (/["\\]$/.test(one) ? one : ' '))).trimEnd();
}

/** Bounded repetitions keep this linear on long lines. */
const emailLike = /[^\s"'<>:;,()@\\/]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
const credentialLike = /\b(Bearer|Basic|KISI-LOGIN)\s+[^\s"'\\]+/gi;

function withoutPersonalData(line: string): string {
  return line
    .replace(credentialLike, `$1 ${censor}`)
    .replace(emailLike, (found) => (isWorkerIdentity(found) ? found : censor));
}

/** Temporal's default identity is pid@host. */
function isWorkerIdentity(text: string): boolean {
  return /^\d+@/.test(text);
}

function pick(error: Error, names: string[]): Record<string, unknown> {
  const entries = Object.entries(error).filter(
    ([name, value]) => names.includes(name) && ['string', 'number'].includes(typeof value),
  );
  return Object.fromEntries(entries);
}

function responseStatus(error: Error): { status?: number } {
  if (!('response' in error) || typeof error.response !== 'object' || error.response === null) return {};
  const { response } = error;
  return 'status' in response && typeof response.status === 'number' ? { status: response.status } : {};
}

function firstFrames(stack: string | undefined): string | undefined {
  const frames = stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return frames
    ?.slice(0, 6)
    .map((line) => line.trim())
    .join(', ');
}
