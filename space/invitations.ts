/** Who has accepted Kisi's invitation, for whoever asks: a command or a page. */
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type Client } from '@temporalio/client';
import type { InvitationState } from '../access/invitations.js';
import { readInvitations, type Invitation, type Invitations } from '../activities/invitations.js';
import type { Config } from '../config/config.js';
import { createAuditLog } from '../database/audit-log.js';
import { mayExist, openDatabase } from '../database/database.js';
import { createOwnership } from '../database/ownership.js';
import type { Giver } from '../messages/to-control.js';
import {
  resendInvitationType,
  resendWorkflowId,
  type ResendOrder,
  type Resent,
} from '../messages/to-invitations.js';
import { kisiOf } from './apis.js';
import { CommandError } from './failure.js';
import { isUnanswered } from './member-workflows.js';
import { UnansweredError } from './order.js';
import type { Session } from './session.js';
import { timeWords, withLocalTimes } from './times.js';
import { readZones, spaceZone } from './zones.js';

/** The states as people read them. */
export const invitationStates: Record<InvitationState, string> = {
  accepted: 'accepted',
  notAccepted: 'not accepted',
  unknown: 'cannot be told',
};

/** One invitation in a sentence or two, in this IANA time zone: how it stands, by what that is told, and since when it lasts. */
export function invitationWords(
  { state, evidence, invitedAt, mailedAgainAt }: Invitation,
  zone: string | null,
): string {
  const because = withLocalTimes(evidence, zone);
  if (state === 'accepted') return `Kisi's invitation is accepted: the member ${because}.`;
  const of = invitedAt === null ? '' : ` of ${timeWords(invitedAt, zone)}`;
  const last = mailedAgainAt.at(-1);
  const again =
    last === undefined ? '' : ` Kisi was last asked to mail it again at ${timeWords(last, zone)}.`;
  return state === 'notAccepted'
    ? `Kisi's invitation${of} is not accepted: the member ${because}.${again}`
    : `Whether Kisi's invitation${of} is accepted cannot be told: the member ${because}.${again}`;
}

/**
 * All invitations that are not known to be accepted. Throws CommandError where there is no database yet, KisiError and
 * DatabaseError.
 */
export async function readAllInvitations(config: Config): Promise<Invitations> {
  const { databaseUrl } = config;
  if (!mayExist(databaseUrl))
    throw new CommandError('nobody was given a key yet: `latchkey worker` keeps who was, in its database');
  const db = await openDatabase(databaseUrl);
  try {
    const record = { ownership: createOwnership(db, Date.now), auditLog: createAuditLog(db) };
    return await readInvitations({ ...record, kisi: kisiOf(config), now: Date.now });
  } finally {
    await db.destroy();
  }
}

const answerWithinMs = 45_000;

/**
 * Has Kisi mail one invitation again, by the leader, and keeps in the audit log who asked for it. Throws CommandError where that
 * may not be now (with exit code 2), and UnansweredError where no worker answers within `withinMs`.
 */
export async function resendInvitation(
  { client, taskQueue }: Pick<Session, 'client' | 'taskQueue'>,
  memberId: number,
  giver: Giver,
  withinMs = answerWithinMs,
): Promise<Resent> {
  const order: ResendOrder = { memberId, ...giver };
  try {
    return await client.withDeadline(Date.now() + withinMs, () => mailAgain(client, taskQueue, order));
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError)
      throw new CommandError(`somebody is having Kisi mail member ${memberId} at this very moment`, 2);
    if (error instanceof WorkflowFailedError) {
      const zone = spaceZone(await readZones(client));
      throw new CommandError(withLocalTimes(innermost(error), zone), 2);
    }
    if (!isUnanswered(error)) throw error;
    throw new UnansweredError(
      'no answer in time (is `latchkey worker` running?): what was asked for lapses within a minute, unless Kisi was asked already; `latchkey invitations` tells when it was last mailed',
    );
  }
}

function mailAgain(client: Client, taskQueue: string, order: ResendOrder): Promise<Resent> {
  return client.workflow.execute(resendInvitationType, {
    workflowId: resendWorkflowId(order.memberId),
    ...{ taskQueue, args: [order], workflowExecutionTimeout: 60_000 },
    staticSummary: 'Has Kisi mail an invitation again',
  }) as Promise<Resent>;
}

/** What the activity said, which is written for a person. */
function innermost(error: Error): string {
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}
