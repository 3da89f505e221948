import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** Tells whether a secret is the same as one before, without keeping it: salted, and slow to guess by. */
export interface Fingerprint {
  salt: string;
  digest: string;
}

/** A fingerprint as it was kept. */
export const fingerprintShape = z.object({ salt: z.base64(), digest: z.base64() });

const digestBytes = 32;

export function fingerprintOf(secret: string): Fingerprint {
  const salt = randomBytes(16);
  return { salt: salt.toString('base64'), digest: digestOf(secret, salt).toString('base64') };
}

/** Whether this is the fingerprint of that secret. */
export function isOf({ salt, digest }: Fingerprint, secret: string): boolean {
  const known = Buffer.from(digest, 'base64');
  return (
    known.length === digestBytes && timingSafeEqual(known, digestOf(secret, Buffer.from(salt, 'base64')))
  );
}

const digestOf = (secret: string, salt: Buffer): Buffer => scryptSync(secret, salt, digestBytes);
