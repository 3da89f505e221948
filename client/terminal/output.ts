import { styleText } from 'node:util';
import { jsonText, printable } from '../../access/text.js';
import { iso, type Instant } from '../../access/types.js';
import type { Failure } from '../../space/failure.js';

/** Prints an answer in its lines, and nothing in them that a terminal obeys. Stdout holds nothing else, for a pipe. */
export function print(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
}

/** Prints an answer as JSON, wholly in characters that can be seen. */
export function printJson(value: unknown): void {
  process.stdout.write(`${jsonText(value, 2)}\n`);
}

/** The same value with each instant as ISO 8601 in UTC: those are the numbers that are named as times. */
export function isoTimes(value: unknown, textOf: (at: Instant) => string = iso): unknown {
  if (Array.isArray(value)) return value.map((one) => isoTimes(one, textOf));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, one]: [string, unknown]) => [
    name,
    typeof one === 'number' && isTime.test(name) ? textOf(one) : isoTimes(one, textOf),
  ]);
  return Object.fromEntries(entries) as object;
}

/** To the millisecond. */
export const exactIso = (at: Instant): string => new Date(at).toISOString();

const isTime = /^(at|from|since|until)$|At$|Since$/;

/** Prints why a command failed, to stderr. */
export function printFailure(failure: Failure): void {
  const isColoured = process.stderr.isTTY && process.stderr.hasColors();
  const name = isColoured ? styleText('red', 'latchkey:', { validateStream: false }) : 'latchkey:';
  for (const line of failure.lines) process.stderr.write(`${name} ${printable(line)}\n`);
}
