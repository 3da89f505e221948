/** Sessions whose roles are no longer those that the configuration gives. */
import { createHmac } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { DeskConfig } from '../../config/desk.js';
import { createKept } from '../../database/kept.js';
import { installationSecret } from '../../database/secret.js';
import type { Tables } from '../../database/tables.js';
import type { Sessions } from './sessions.js';

const keptName = 'who has which role at the desk';

/**
 * Ends all sessions that the sign-in service began, where `desk.people`, the service or its claim has changed since a desk
 * started last: these people sign in again, with the roles of now. A link's role is in no file, so sessions by a link go on.
 * Answers how many sessions were ended. Rejects with a DatabaseError.
 */
export async function endWhereRolesChanged(
  db: Kysely<Tables>,
  sessions: Pick<Sessions, 'endAllOfService'>,
  config: Pick<DeskConfig, 'openId' | 'people'>,
  now: () => number,
): Promise<number> {
  const kept = createKept(db);
  const digest = digestOf(config, await installationSecret(db));
  const before = await kept.read(keptName);
  if (before?.value === digest) return 0;
  // The sessions are ended first, then the digest is kept: what fails half-way is done by the next start.
  const ended = before === null ? 0 : await sessions.endAllOfService();
  await kept.write(keptName, digest, now());
  return ended;
}

/** The list names people by e-mail: nobody can try e-mails on the digest without the secret. */
function digestOf({ openId, people }: Pick<DeskConfig, 'openId' | 'people'>, secret: Buffer): string {
  const list = Object.entries(people).sort(([a], [b]) => (a < b ? -1 : 1));
  const service = [openId?.issuer ?? null, openId?.roleClaim ?? null];
  return createHmac('sha256', secret)
    .update(JSON.stringify([list, service]))
    .digest('hex');
}
