import { createInterface } from 'node:readline/promises';
import { printable } from '../../access/text.js';

/** Whether there is somebody to ask. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Whether the person at the terminal says yes. Anything else is no, the end of the input too. */
export async function confirmed(question: string): Promise<boolean> {
  return isYes(await typed(`${question} [y/N]`));
}

/** What the person at the terminal knows. Anything but yes and no is `unknown`, the end of the input too. */
export async function told(question: string): Promise<'yes' | 'no' | 'unknown'> {
  const answer = await typed(`${question} [y/n/unknown]`);
  if (isYes(answer)) return 'yes';
  return /^\s*no?\s*$/i.test(answer) ? 'no' : 'unknown';
}

const isYes = (answer: string): boolean => /^\s*y(es)?\s*$/i.test(answer);

async function typed(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => {
    terminal.once('close', () => {
      resolve('');
    });
  });
  try {
    return await Promise.race([terminal.question(`latchkey: ${printable(question)} `), closed]);
  } finally {
    terminal.close();
  }
}
