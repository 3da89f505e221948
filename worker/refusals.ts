import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { RefusalRecord, RefusedLogins } from '../nexudus/session.js';
import { fingerprintOf, fingerprintShape, isOf } from '../lib/fingerprint.js';

/** Which login was refused last, kept from one process to the next. */
export interface RefusalBook {
  /** What is known of a login, and how to note more. */
  of(credential: unknown): RefusalRecord;
}

/** Nothing is kept: where a person asks, and sees the answer. */
export const noRefusals: RefusalBook = { of: () => ({ before: null, note: () => undefined }) };

const shape = fingerprintShape.extend({ times: z.int().positive(), at: z.int(), says: z.string() });

/**
 * A book in a file. A worker whose login is wrong ends by that, and a process manager may start it again every few seconds: the
 * pause between two logins must be longer. `onProblem`: told where the file cannot be written, so that nothing outlives the
 * process.
 */
export function openRefusals(path: string, onProblem: (error: unknown) => void): RefusalBook {
  const kept = readKept(path);

  const write = (secret: string, refused: RefusedLogins | null): void => {
    try {
      if (refused === null) {
        rmSync(path, { force: true });
        return;
      }
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, JSON.stringify({ ...fingerprintOf(secret), ...refused }), { mode: 0o600 });
    } catch (error) {
      onProblem(error);
    }
  };

  return {
    of(credential) {
      const secret = JSON.stringify(credential);
      const isKnown = kept !== null && isOf(kept, secret);
      return {
        before: isKnown ? { times: kept.times, at: kept.at, says: kept.says } : null,
        note: (refused) => {
          write(secret, refused);
        },
      };
    },
  };
}

/** Null: there is none, or none that can be read, which costs one login more. */
function readKept(path: string): z.infer<typeof shape> | null {
  try {
    return shape.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}
