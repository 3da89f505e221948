/** When NEXUDUS_TOKEN ends, which a person got by hand and must replace by hand. */
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Instant } from '../access/types.js';
import type { Kept } from '../database/kept.js';
import { tokenEndWords, tokenSoonMs } from './api-alerts.js';
import { fingerprintOf, fingerprintShape, isOf } from '../lib/fingerprint.js';

export interface TokenWatchOptions {
  /** Null: none is in use. */
  tokenInUse: () => string | null;
  /** Keeps since when the token is known, from one process to the next: never the token itself. */
  kept: Kept;
  log: Logger;
  now: () => Instant;
}

const keptName = 'NEXUDUS_TOKEN was first seen';
/** `expires_in` of each login is 604799 s, as seen of Nexudus. Whoever got the token by hand did so before it was seen here. */
const tokenLifeMs = 7 * 24 * 3_600_000;

const seenShape = fingerprintShape.extend({ seenAt: z.int() });

/** Watches the token that is in use. */
export class TokenWatch {
  private known: { token: string; endsAt: Instant; isKept: boolean; isTold: boolean } | null = null;

  constructor(private readonly options: TokenWatchOptions) {}

  /** Looks at the token now, and logs once that it ends soon. Never rejects. */
  async look(): Promise<void> {
    const { tokenInUse, log, now } = this.options;
    const token = tokenInUse();
    if (token === null) {
      this.known = null;
      return;
    }
    if (this.known?.token !== token) this.known = { token, ...(await this.endOf(token)), isTold: false };
    else if (!this.known.isKept) {
      const { endsAt, isKept } = await this.endOf(token);
      // A count that began earlier goes on.
      this.known = { ...this.known, isKept, endsAt: Math.min(this.known.endsAt, endsAt) };
    }
    if (this.known.isTold || now() < this.known.endsAt - tokenSoonMs) return;
    this.known.isTold = true;
    log.warn(tokenEndWords(this.known.endsAt));
  }

  /** When the token ends, as found by the last look; null: there is none, as where an e-mail and a password are used. */
  endsAt(): Instant | null {
    return this.known?.endsAt ?? null;
  }

  private async endOf(token: string): Promise<{ endsAt: Instant; isKept: boolean }> {
    const { now } = this.options;
    const said = expiryIn(token);
    if (said !== null) return { endsAt: said, isKept: true };
    try {
      return { endsAt: (await this.seenSince(token)) + tokenLifeMs, isKept: true };
    } catch {
      // The monitor reports the database; the next look tries again.
      return { endsAt: now() + tokenLifeMs, isKept: false };
    }
  }

  /** When the token was first seen; a token that is not kept yet counts from now. Throws DatabaseError. */
  private async seenSince(token: string): Promise<Instant> {
    const { kept, now } = this.options;
    const found = seenShape.safeParse((await kept.read(keptName))?.value);
    // A clock that was set back must not make it last longer.
    if (found.success && isOf(found.data, token)) return Math.min(found.data.seenAt, now());
    const seenAt = now();
    await kept.write(keptName, { ...fingerprintOf(token), seenAt }, seenAt);
    return seenAt;
  }
}

/** What a JSON Web Token says of its own end (RFC 7519, `exp`); null: it is none, or says nothing that makes sense. */
export function expiryIn(token: string): Instant | null {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token)?.[1];
  if (payload === undefined) return null;
  try {
    const { exp } = Object(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))) as {
      exp?: unknown;
    };
    const endsAt = typeof exp === 'number' ? Math.round(exp * 1000) : NaN;
    return endsAt > Date.UTC(2000, 0) && endsAt < Date.UTC(2100, 0) ? endsAt : null;
  } catch {
    return null;
  }
}
