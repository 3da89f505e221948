import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A secret that nobody guesses: 32 random bytes as text. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Whether a text can be such a secret. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{43}$/.test(text);
}

/** What is kept of a secret: it tells whether another is the same, and nothing else. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** A secret for one purpose, which only a holder of the token can work out. It does not tell the token. */
export function secretFor(purpose: string, token: string): string {
  return createHmac('sha256', token).update(purpose).digest('base64url');
}

/** Whether two secrets are the same. How long that takes tells nothing of them. */
export function areSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(one)), Buffer.from(digestOf(other)));
}
