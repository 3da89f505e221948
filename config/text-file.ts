/** Small files of text that an operator writes: settings and secrets. */
import { closeSync, openSync, readSync } from 'node:fs';

/** No file of settings or secrets is larger; a device or a log that is named by mistake is. */
const mostBytes = 1024 * 1024;

class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** The text of a file, by path. Throws as `openSync` and `readSync` do, and where it is larger than 1 MB. */
export function readTextFile(path: string): string {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ;) {
      const chunk = Buffer.alloc(64 * 1024);
      const length = readSync(file, chunk);
      if (length === 0) return Buffer.concat(chunks).toString('utf8');
      total += length;
      if (total > mostBytes) throw new TooLargeError(`${path} is larger than 1 MB`);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
};

/** Why a file could not be read, in plain words. */
export function whyUnread(error: unknown): string {
  if (error instanceof TooLargeError) return 'it is larger than 1 MB';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return reasons[code] ?? code;
}

/** Whether there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
