import { z } from 'zod';
import { isKisiError } from './errors.js';
import { parse, type KisiRequest, type Send } from './http.js';

/** An API key, or a phone that is signed in to the app. Times in ms since the epoch, UTC; null: not said, or unreadable. */
export interface KisiLogin {
  id: number;
  /** Whose it is; null: not said. */
  userId: number | null;
  type: 'api' | 'device' | 'other';
  /** Whether it ends where nobody uses it; null: not said. */
  expires: boolean | null;
  createdAt: number | null;
  lastUsedAt: number | null;
}

/** A person has 10 API keys and 40 phones at most, so that one page is all. */
const mostLogins = 250;

const maybeInstant = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .nullable()
  .default(null)
  .catch(null);
const maybeId = z.int().nullable().default(null);

/** Without its name, which a person chose, and the phone, which is nobody's business. */
export const loginRecord = z
  .object({
    id: z.int().positive(),
    user_id: maybeId,
    user: z.object({ id: maybeId }).nullish(),
    type: z.string(),
    expire: z.boolean().nullable().default(null),
    created_at: maybeInstant,
    last_used_at: maybeInstant,
  })
  .transform((row): KisiLogin => ({
    id: row.id,
    userId: row.user_id ?? row.user?.id ?? null,
    type: row.type === 'api' || row.type === 'device' ? row.type : 'other',
    expires: row.expire,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  }));

/**
 * The logins of a person. Null: Kisi does not tell. Whether an administrator may ask for those of another person is not
 * documented, so a refusal, an unknown address, and an answer about somebody else are no errors: they tell nothing, and
 * nobody must be alarmed by them. An empty list may be true, or all that Kisi shows of other people. Throws KisiError where
 * the key is refused as a whole, where Kisi cannot be reached, and where it asks to wait.
 */
export async function listLogins(
  send: Send,
  userId: number | 'me',
  signal?: AbortSignal,
): Promise<KisiLogin[] | null> {
  const request: KisiRequest = {
    ...{ method: 'GET', path: '/logins' },
    query: { user_id: userId, limit: mostLogins },
  };
  try {
    const { body } = await send(request, signal);
    const logins = parse(request, z.array(loginRecord), body);
    return userId === 'me' || logins.every((login) => login.userId === userId) ? logins : null;
  } catch (error) {
    if (isKisiError(error, 'notFound', 'invalid', 'malformed')) return null;
    if (isKisiError(error, 'refused') && error.status === 403) return null;
    throw error;
  }
}
