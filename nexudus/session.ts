import { joined } from '../lib/shared.js';
import type { Limit } from '../lib/within.js';
import { NexudusError } from './errors.js';

/** What a login buys. */
export interface Token {
  value: string;
  /** By `performance.now`. */
  renewAtMs: number;
}

/** Logins of one user that were refused in a row. */
export interface RefusedLogins {
  times: number;
  /** When the last one was sent, in milliseconds since the epoch. */
  at: number;
  /** Nexudus' last answer, for an operator. */
  says: string;
}

/** What outlives a process, so that a process that is started again and again locks no account. */
export interface RefusalRecord {
  /** Null: no refused login is known. */
  before: RefusedLogins | null;
  /** Null: a login was taken. */
  note: (refused: RefusedLogins | null) => void;
}

/**
 * The bearer token of one user, shared by all who ask as that user. However many ask, however often, a login that was refused
 * is not sent again before a pause of about 1, 2, 4, 8, then 16 minutes: a user whose login fails too often may be locked.
 */
export interface Session {
  /** The token to ask with. `logIn` buys one. Throws what `logIn` throws, and, during a pause, what Nexudus answered last. */
  token(logIn: () => Promise<Token>): Promise<string>;
  /**
   * A token in place of one that was refused; null: the refused one was new itself, so that a right is missing, and the token
   * is not to blame. Throws as `token` does.
   */
  renewed(refused: string, logIn: () => Promise<Token>): Promise<string | null>;
  /** A token that was bought in place of another is refused too. */
  noteFutile(token: string): void;
}

/** Where refused logins are answered, and what paths of errors name. */
export const tokenPath = '/token';

const loginLimit: Limit = { limitMs: 60_000, of: 'Nexudus' };
/** A little less than the pauses between the tries of worker/login.ts, so that each of those tries sends a login. */
const firstPauseMs = 55_000;
/** The longest pause, as a multiple of the first. */
const longestPause = 16;
/** How long a new token that is refused is not replaced: a right that is missing is missing for the next token too. */
const futileLastsMs = 5 * 60_000;

/** A session without a token. `nowMs`: the time of day. */
export function createSession(
  { before, note }: RefusalRecord = { before: null, note: () => undefined },
  nowMs: () => number = Date.now,
): Session {
  let current: Token | null = null;
  let refused = before;
  let futile: { token: string; at: number } | null = null;

  function noteRefused(next: RefusedLogins | null): void {
    if (refused === null && next === null) return;
    refused = next;
    note(next);
  }

  function throwDuringPause(): void {
    if (refused === null) return;
    const { times, at, says } = refused;
    const sinceMs = nowMs() - at;
    const pauseMs = firstPauseMs * Math.min(longestPause, 2 ** (times - 1));
    // A clock that was set back must not make this wait for hours.
    if (sinceMs < 0 || sinceMs >= pauseMs) return;
    throw new NexudusError({ kind: 'refused', path: tokenPath, status: 400, says });
  }

  async function attempt(logIn: () => Promise<Token>): Promise<Token> {
    const at = nowMs();
    try {
      current = await logIn();
      noteRefused(null);
      return current;
    } catch (error) {
      if (error instanceof NexudusError && error.kind === 'refused')
        noteRefused({ times: (refused?.times ?? 0) + 1, at, says: error.says });
      throw error;
    }
  }

  const attemptOnce = joined(attempt, loginLimit);

  async function buy(logIn: () => Promise<Token>): Promise<string> {
    throwDuringPause();
    return (await attemptOnce(logIn)).value;
  }

  const usable = (): string | null =>
    current !== null && performance.now() < current.renewAtMs ? current.value : null;

  return {
    token: async (logIn) => usable() ?? buy(logIn),
    async renewed(spent, logIn) {
      const other = usable();
      if (other !== null && other !== spent) return other;
      if (futile !== null && Math.abs(nowMs() - futile.at) < futileLastsMs) return null;
      return buy(logIn);
    },
    noteFutile(token) {
      if (futile?.token !== token) futile = { token, at: nowMs() };
    },
  };
}
