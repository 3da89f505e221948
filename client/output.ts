import type { Failure } from './failure.js';

/** Prints an answer. Stdout holds nothing else, so that it can be piped. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints an answer as JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Prints a remark for the person at the terminal, to stderr. */
export function remark(text: string): void {
  process.stderr.write(`latchkey: ${text}\n`);
}

/** Prints why a command failed, to stderr. */
export function printFailure(failure: Failure): void {
  for (const line of failure.lines) remark(line);
}
