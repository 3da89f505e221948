import { ApplicationFailure, log } from '@temporalio/activity';
import { isReminderDue, mailAgainProblem } from '../access/invitations.js';
import { keyHealthOf, refusedRole, type KeyHealth } from '../access/kisi-key.js';
import type { Instant } from '../access/types.js';
import { mailAgain } from '../database/audit-records.js';
import type { AuditLog } from '../database/audit-log.js';
import type { KisiClient } from '../kisi/client.js';
import { isKisiError } from '../kisi/errors.js';
import { giverWords } from '../messages/to-control.js';
import type {
  InvitationActivities,
  InvitationPolicy,
  ReminderCount,
  ResendOrder,
  Resent,
} from '../messages/to-invitations.js';
import { runningKey } from './asker.js';
import { finalFailure } from './failures.js';
import { nowhere, type Gate } from './gate.js';
import { readInvitation, readInvitations, type Invitation, type InvitationSources } from './invitations.js';
import { remote } from './remote.js';

export interface ReminderDeps extends InvitationSources {
  kisi: KisiClient;
  auditLog: Pick<AuditLog, 'writesAbout' | 'begin' | 'finish'>;
  gate: Gate;
  policy: InvitationPolicy;
  now: () => Instant;
}

/** The daily look at the API key, reminders, and invitations that a person has mailed again. */
export function createInvitationActivities(deps: ReminderDeps): InvitationActivities {
  return remote<InvitationActivities>({
    checkKisiKey: (before) => checkKisiKey(deps, before),
    remindInvited: () => remindInvited(deps),
    resendInvitation: (order) => resend(deps, order),
  });
}

async function checkKisiKey({ kisi, gate, now }: ReminderDeps, before: KeyHealth | null): Promise<KeyHealth> {
  await gate.admit('read', nowhere);
  const { id: userId } = await kisi.currentUser();
  const logins = await kisi.loginsOf({ userId: 'me' });
  const role = await roleOf(kisi, userId);
  const apiLogins = logins?.filter(({ type }) => type === 'api') ?? null;
  return keyHealthOf({ logins: apiLogins, role }, userId, before, now());
}

async function roleOf(kisi: KisiClient, userId: number): Promise<string | null> {
  try {
    return await kisi.organizationRole({ userId });
  } catch (error) {
    if (isKisiError(error, 'refused') && error.status === 403) return refusedRole;
    throw error;
  }
}

async function remindInvited(deps: ReminderDeps): Promise<ReminderCount> {
  const { gate, policy, now } = deps;
  const count: ReminderCount = { notAccepted: null, sent: 0, held: 0, failed: 0 };
  if (policy.reminders === 'off' || policy.mails === 'none') return count;
  await gate.admit('read', nowhere);
  const { open } = await readInvitations(deps);
  const notAccepted = open.filter(({ state }) => state === 'notAccepted');
  for (const invitation of notAccepted)
    if (!invitation.isSuspended && isReminderDue(invitation, invitation, now()))
      count[await remind(deps, invitation)]++;
  return { ...count, notAccepted: notAccepted.length };
}

/** Throws an error that may pass: the next try sends the reminders that are left. */
async function remind(deps: ReminderDeps, invitation: Invitation): Promise<'sent' | 'held' | 'failed'> {
  const { userId, mailedAgainAt } = invitation;
  const day = new Date(deps.now()).toISOString().slice(0, 10);
  const cause = `the invitation is not accepted: reminder ${mailedAgainAt.length + 1}`;
  try {
    const id = `${mailAgain}/${userId}/${mailedAgainAt.length + 1}/${day}`;
    await send(deps, invitation, { id, cause, by: 'inviteReminders' });
    return 'sent';
  } catch (error) {
    if (isStopped(error)) return 'held';
    if (!isKisiError(error) || error.canRetryHelp) throw error;
    log.warn('Kisi did not mail a reminder of an invitation', { memberId: invitation.memberId, err: error });
    return 'failed';
  }
}

const isStopped = (error: unknown): boolean =>
  error instanceof ApplicationFailure && error.type === 'Stopped';

async function resend(deps: ReminderDeps, order: ResendOrder): Promise<Resent> {
  const { memberId, why } = order;
  if (deps.policy.mails === 'none')
    throw finalFailure(
      'Configuration',
      'The policy inviteMails is none: Latchkey has Kisi mail nothing again.',
    );
  const invitation = await readInvitation(deps, memberId);
  if (invitation === null)
    throw finalFailure(
      'Configuration',
      `Member ${memberId} holds no key that Latchkey gave, so there is no invitation to mail again.`,
    );
  const problem = refusal(invitation, deps.now());
  if (problem !== null) throw finalFailure('Configuration', `Nothing was mailed: ${problem}.`);
  const id = `${mailAgain}/${runningKey()}`;
  const cause = why === '' ? 'asked for by a person' : why;
  const isSure = await send(deps, invitation, { id, cause, by: giverWords(order) });
  return { at: deps.now(), isSure };
}

function refusal(invitation: Invitation, now: Instant): string | null {
  if (invitation.isSuspended) return `Kisi user ${invitation.userId} is suspended in Kisi`;
  return mailAgainProblem(invitation, invitation, now);
}

/** Has Kisi mail, once for each `id`. Answers false where nobody knows whether Kisi has mailed; that is not repeated. */
async function send(
  { kisi, gate, auditLog, now }: ReminderDeps,
  { memberId, userId, key, locationId }: Invitation,
  { id, cause, by }: { id: string; cause: string; by: string },
): Promise<boolean> {
  const { id: keyId, groupId } = key;
  await gate.admit('grant', { memberId, locationId, planId: null });
  const [before, after] = [{ keyId }, { keyId, userId }];
  const about = { memberId, locationId, groupId, before, after, cause, by, planId: null };
  const { mayBeDone } = await auditLog.begin({ ...about, key: id, at: now(), what: mailAgain });
  if (mayBeDone) return false;
  try {
    await kisi.notifyOfKey({ id: keyId, userId, groupId });
  } catch (error) {
    if (isSurelyUndone(error)) await auditLog.finish(id, { state: 'failed', after, answer: error.message });
    // Kisi may have mailed. It is counted as sent and not tried again: rather one mail too few.
    if (isKisiError(error) && !isSurelyUndone(error)) return false;
    throw error;
  }
  await auditLog.finish(id, { state: 'done', after, answer: 'mailed again' });
  log.info('had Kisi mail an invitation again', { memberId, groupId, why: cause, by });
  return true;
}

/** After any other failure Kisi may have mailed. */
function isSurelyUndone(error: unknown): error is Error {
  if (isStopped(error)) return true;
  return (
    isKisiError(error) &&
    (error.isUnsent || error.method === 'GET' || !error.canRetryHelp || error.kind === 'throttled')
  );
}
