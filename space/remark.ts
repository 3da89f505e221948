import { printable } from '../access/text.js';

/** Prints a remark for the person at the terminal, or for whoever reads a process' log, in one line, to stderr. */
export function remark(text: string): void {
  process.stderr.write(`latchkey: ${printable(text)}\n`);
}
