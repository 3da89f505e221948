import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { RefusalRecord, RefusedLogins } from '../nexudus/session.js';

/** Which login was refused last, kept from one process to the next. */
export interface RefusalBook {
  /** What is known of a login, and what notes more of it. */
  of(credential: unknown): RefusalRecord;
}

/** Nothing is kept: where a person asks, and sees the answer. */
export const noRefusals: RefusalBook = { of: () => ({ before: null, note: () => undefined }) };

/** Neither e-mail nor password: what tells whether they are the same is salted, and slow to guess by. */
const shape = z.object({
  salt: z.base64(),
  digest: z.base64(),
  times: z.int().positive(),
  at: z.int(),
  says: z.string(),
});

/**
 * A book in a file. A process manager may start a worker again every few seconds whose login is wrong, and which ends by that:
 * the pause between two logins must be longer. `onTrouble`: told where the file cannot be written, so that nothing outlives
 * the process.
 */
export function openRefusals(path: string, onTrouble: (error: unknown) => void): RefusalBook {
  const kept = readKept(path);

  const write = (credential: unknown, refused: RefusedLogins | null): void => {
    try {
      if (refused === null) rmSync(path, { force: true });
      else {
        const salt = randomBytes(16);
        const digest = digestOf(credential, salt).toString('base64');
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        writeFileSync(path, JSON.stringify({ salt: salt.toString('base64'), digest, ...refused }), {
          mode: 0o600,
        });
      }
    } catch (error) {
      onTrouble(error);
    }
  };

  return {
    of(credential) {
      const isSame =
        kept !== null &&
        timingSafeEqual(
          digestOf(credential, Buffer.from(kept.salt, 'base64')),
          Buffer.from(kept.digest, 'base64'),
        );
      return {
        before: isSame ? { times: kept.times, at: kept.at, says: kept.says } : null,
        note: (refused) => {
          write(credential, refused);
        },
      };
    },
  };
}

const digestBytes = 32;

const digestOf = (credential: unknown, salt: Buffer): Buffer =>
  scryptSync(JSON.stringify(credential), salt, digestBytes);

/** Null: there is none, or none that can be read, which costs one login more. */
function readKept(path: string): z.infer<typeof shape> | null {
  try {
    const kept = shape.parse(JSON.parse(readFileSync(path, 'utf8')));
    return Buffer.from(kept.digest, 'base64').length === digestBytes ? kept : null;
  } catch {
    return null;
  }
}
