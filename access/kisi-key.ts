/** How Kisi's API key is: what may end it, and when somebody must see to it. All of this is pure. */
import type { Instant } from './types.js';

/** An API key of the Kisi user whose key Latchkey uses. Null: not told. */
export interface ApiLogin {
  id: number;
  /** Whether it ends where nobody uses it. */
  expires: boolean | null;
  createdAt: Instant | null;
  lastUsedAt: Instant | null;
}

/** What was read of the key. */
export interface KeySigns {
  /** All API keys of that Kisi user, ours among them; null: Kisi does not tell. */
  logins: readonly ApiLogin[] | null;
  /** The person's role in the organization; null: none is shown. `refused`: the key may not even read roles. */
  role: string | null;
}

/** How the key is. Plain data, without names and secrets. */
export interface KeyHealth {
  checkedAt: Instant;
  /** The Kisi user that the key acts as. */
  userId: number;
  /** How many API keys that user has; null: not told. */
  keyCount: number | null;
  /** Whether ours ends where it is not used for six months; null: not told. */
  expires: boolean | null;
  /** API keys of that user that nobody has used for sixty days. `since`: when each was last used, or else made. */
  unused: { id: number; since: Instant }[];
  role: string | null;
  /** Whether the role lets the key do its work; null: that cannot be told. */
  mayManage: boolean | null;
}

/** Kisi makes no eleventh key for a user. */
export const mostKeys = 10;
/** From this number of keys on, somebody should delete some. */
const manyKeys = 8;

const dayMs = 24 * 3_600_000;
const unusedMs = 60 * dayMs;
/** Ours was used a moment ago. */
const justUsedMs = 3_600_000;
export const refusedRole = 'refused';

/** How the key is, by what was read now, and what was known before (null: nothing). */
export function keyHealthOf(
  { logins, role }: KeySigns,
  userId: number,
  before: KeyHealth | null,
  now: Instant,
): KeyHealth {
  return {
    ...{ checkedAt: now, userId, keyCount: logins?.length ?? null, role },
    expires: logins === null ? null : expiryOf(oursAmong(logins, now)),
    unused: (logins ?? []).flatMap((login) => {
      const since = login.lastUsedAt ?? login.createdAt;
      return since !== null && now - since >= unusedMs ? [{ id: login.id, since }] : [];
    }),
    mayManage: mayManage(role, before?.userId === userId ? before.mayManage : null),
  };
}

/** The keys that may be ours: Kisi does not say which one is, but it was used just now. */
function oursAmong(logins: readonly ApiLogin[], now: Instant): readonly ApiLogin[] {
  const justUsed = logins.filter(
    ({ lastUsedAt }) => lastUsedAt !== null && Math.abs(now - lastUsedAt) < justUsedMs,
  );
  return justUsed.length > 0 ? justUsed : logins;
}

/** Whether ours ends by itself; null: the keys that may be ours do not all say the same, or Kisi does not tell. */
function expiryOf(ours: readonly ApiLogin[]): boolean | null {
  const [first, ...others] = new Set(ours.map(({ expires }) => expires));
  return others.length > 0 ? null : (first ?? null);
}

/**
 * Kisi shows no role of somebody who has lost it, nor perhaps of somebody who never needed one. So a role counts as lost only
 * where there was one before.
 */
function mayManage(role: string | null, before: boolean | null): boolean | null {
  if (role === null) return before === null ? null : false;
  return role !== refusedRole && /(^|_)(owner|admin|administrator)$/.test(role);
}

/** What somebody must see to. */
export const keyProblems = ['expires', 'unused', 'role', 'many'] as const;
export type KeyProblem = (typeof keyProblems)[number];

/** The problems of a key. What is not known is no problem. */
export function problemsOf({ expires, unused, mayManage, keyCount }: KeyHealth): KeyProblem[] {
  return [
    ...(expires === true ? ['expires' as const] : []),
    ...(unused.length > 0 ? ['unused' as const] : []),
    ...(mayManage === false ? ['role' as const] : []),
    ...((keyCount ?? 0) >= manyKeys ? ['many' as const] : []),
  ];
}
