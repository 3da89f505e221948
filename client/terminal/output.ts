import { styleText } from 'node:util';
import { jsonText, printable } from '../../access/text.js';
import type { Failure } from './failure.js';

/** Prints an answer in its lines, and nothing in them that a terminal obeys. Stdout holds nothing else, for a pipe. */
export function print(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
}

/** Prints an answer as JSON, wholly in characters that can be seen. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value, 2)}\n`);
}

/** Prints a remark for the person at the terminal, in one line, to stderr. */
export function remark(text: string): void {
  process.stderr.write(`latchkey: ${printable(text)}\n`);
}

/** Prints why a command failed, to stderr. */
export function printFailure(failure: Failure): void {
  const isColoured = process.stderr.isTTY && process.stderr.hasColors();
  const name = isColoured ? styleText('red', 'latchkey:', { validateStream: false }) : 'latchkey:';
  for (const line of failure.lines) process.stderr.write(`${name} ${printable(line)}\n`);
}
