import { closeSync, fchmodSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { end, format, header, taped, type Tape } from './format.js';
import { standing } from './standing.js';

/** A tape of ten thousand members has some 30 MB, unpacked. */
const mostBytes = 1024 * 1024 * 1024;

/** A tape cannot be written, or is none that can be played. The message says what to do. */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}

/** The lines of a tape, for a file or a look at what is in it. */
export function linesOf({ header, standing, exchanges, end }: Tape): string {
  const lines = [header, { standing }, ...exchanges.map((exchange) => ({ exchange })), { end }];
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** Writes a tape for its owner alone. Throws TapeError where that cannot be. */
export function writeTape(path: string, lines: string): void {
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      // A file that was there keeps its mode.
      fchmodSync(file, 0o600);
      writeFileSync(file, gzipSync(lines));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new TapeError(`the tape cannot be written to ${path}: ${codeOf(error)}`);
  }
}

/** Reads a tape that anybody may have made. Throws TapeError where it is none, is not whole, or is of another release. */
export function readTape(path: string): Tape {
  const [first = '', second = '', ...others] = unpacked(path).trimEnd().split('\n');
  const head = parsed(first);
  refuseOther(path, head);
  const broken = new TapeError(`${path} is broken: have the tape made again and sent whole`);
  const last = ending.safeParse(parsed(others.pop() ?? ''));
  const known = header.safeParse(head);
  const own = knowing.safeParse(parsed(second));
  const lines = z.array(line).safeParse(others.map(parsed));
  if (!known.success || !own.success || !lines.success) throw broken;
  if (!last.success || last.data.end.exchanges !== lines.data.length)
    throw new TapeError(`${path} is cut short: have it sent again, whole`);
  return {
    header: known.data,
    standing: own.data.standing,
    exchanges: lines.data.map(({ exchange }) => exchange),
    end: last.data.end,
  };
}

const knowing = z.object({ standing: standing.nullable() });
const line = z.object({ exchange: taped });
const ending = z.object({ end });

/** Throws TapeError where the first line is of no tape, or of one that only another release can play. */
function refuseOther(path: string, head: unknown): void {
  const named = typeof head === 'object' && head !== null && 'format' in head ? head.format : null;
  if (named === format) return;
  if (typeof named !== 'string' || !/^latchkey tape \d{1,6}$/.test(named))
    throw new TapeError(`${path} is no tape that \`latchkey tape\` wrote`);
  throw new TapeError(
    `${path} was made by another release of Latchkey (${named}, this one plays ${format}): play it with that release`,
  );
}

function unpacked(path: string): string {
  const packed = contentOf(path);
  try {
    return gunzipSync(packed, { maxOutputLength: mostBytes }).toString('utf8');
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE')
      throw new TapeError(`${path} is too large to be a tape: it unpacks to more than ${mostBytes} bytes`);
    const isCut = codeOf(error) === 'Z_BUF_ERROR';
    throw new TapeError(
      isCut
        ? `${path} is cut short: have it sent again, whole`
        : `${path} is no tape, or is damaged: have it sent again`,
    );
  }
}

function contentOf(path: string): Buffer {
  try {
    if (statSync(path).size > mostBytes) throw new TapeError(`${path} is too large to be a tape`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof TapeError) throw error;
    throw new TapeError(`${path} cannot be read: ${codeOf(error)}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
