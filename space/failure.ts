import { KisiError } from '../kisi/errors.js';
import { NexudusError } from '../nexudus/errors.js';
import { DatabaseError } from '../database/errors.js';
import { BinaryNotFoundError } from '../temporal-server/binaries.js';
import { ConfigError } from '../config/config-error.js';

/**
 * 0: done. 1: it failed, or something needs somebody. 2: the command was used wrongly, the configuration is not usable, or the
 * order is refused.
 */
export type ExitCode = 0 | 1 | 2;

/** A command cannot do what was asked. The message says what happened and what to do, in one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

/** What an error comes down to for the one who typed the command. */
export interface Failure {
  lines: string[];
  exitCode: 1 | 2;
}

/** The lines for stderr and the exit code of any error: no stack, no secret, no e-mail. Throws nothing. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ConfigError) return { lines: error.lines.map(oneLine), exitCode: 2 };
  if (error instanceof CommandError) return { lines: [oneLine(error.message)], exitCode: error.exitCode };
  // Mostly an address that is wrong, or a place where this process may not write.
  if (error instanceof DatabaseError) return { lines: [oneLine(error.message)], exitCode: 2 };
  return { lines: [oneLine(wordsOf(error))], exitCode: 1 };
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'something went wrong that was not foreseen';
  if (forOperators.some((kind) => error instanceof kind)) return error.message;
  // The gRPC status of a Temporal call is in the cause; its own message only names the call.
  const details = error.cause instanceof Error && 'details' in error.cause ? error.cause.details : undefined;
  if (typeof details === 'string' && details !== '') return `Temporal did not do what was asked: ${details}`;
  return `${error.name}: ${error.message}`;
}

/** Errors of the other rooms whose message is written for an operator. */
const forOperators = [NexudusError, KisiError, BinaryNotFoundError];

/** The text in one line, with what looks like an e-mail struck out, whoever put it there. */
function oneLine(text: string): string {
  return text
    .replace(/[^\s"'<>]+@[^\s"'<>]+/g, '[redacted]')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
