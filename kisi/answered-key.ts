import type { KisiClient } from './client.js';
import type { KisiKey } from './records.js';

/** Longer than a request takes, and than clocks may differ without an alert. */
const madeLatelyMs = 2 * 60_000;

/**
 * Whether the key that Kisi answered a grant with was there already, and so is not ours to take away: it is older than a new one
 * can be, or Kisi says that another user gave it. That costs a request, so ask only before a key is taken away. Throws KisiError.
 */
export async function wasThereBefore(
  client: Pick<KisiClient, 'currentUser'>,
  { createdAt, createdById }: KisiKey,
  signal?: AbortSignal,
): Promise<boolean> {
  if (createdAt !== null && createdAt < Date.now() - madeLatelyMs) return true;
  return createdById !== null && createdById !== (await client.currentUser(signal)).id;
}
