import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actNote } from '../../activities/audit-log.js';
import type { Desk, Viewer } from '../desk.js';
import type { Attempt } from './attempts.js';
import type { Cookies } from './cookies.js';
import type { Session, Sessions } from './sessions.js';

/** What the pages on which people sign in and out work with. */
export interface SignInParts {
  desk: Desk;
  sessions: Sessions;
  cookies: Cookies;
  /** Counts tries to sign in. */
  attempt: Attempt;
}

/** Gives the browser its new session, which the audit log keeps, and sends it on. The session that it had before is ended. */
export async function signedIn(
  { desk, sessions, cookies }: SignInParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { session, token, to }: { session: Session; token: string; to: string },
): Promise<FastifyReply> {
  const before = cookies.sessionIn(request);
  if (before !== undefined) await sessions.leave(before);
  await keepInAuditLog(desk, session, `sign in to the desk as ${session.role}, session ${session.id}`);
  cookies.setSession(reply, token);
  return reply.redirect(to, 303);
}

/** Keeps in the audit log what somebody did about signing in. Rejects with a DatabaseError. */
export async function keepInAuditLog(
  { auditLog, now }: Desk,
  { name, account }: Pick<Viewer, 'name' | 'account'>,
  what: string,
): Promise<void> {
  const act = { id: randomUUID(), at: now(), memberId: null, what, by: name, why: '', account, after: null };
  await auditLog.note(actNote(act));
}
