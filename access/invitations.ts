/** Whether a person has accepted Kisi's invitation, and when Kisi is to mail it again. All of this is pure. */
import { iso, type Instant } from './types.js';

/** `unknown`: what Kisi tells is not enough to say. */
export type InvitationState = 'accepted' | 'notAccepted' | 'unknown';

/** What Kisi tells of a person who was invited. */
export interface InvitationSigns {
  /** When the person last opened a door. */
  lastUnlockAt: Instant | 'never' | 'unknown';
  /** Whether the account is confirmed; null: not told. */
  confirmed: boolean | null;
  /** Since when a phone is signed in to the app; `some`: one is, nobody knows since when. */
  phone: Instant | 'some' | 'none' | 'unknown';
}

/** A state, and what shows it, in plain words; times in them are ISO 8601, UTC. */
export interface Acceptance {
  state: InvitationState;
  evidence: string;
}

/**
 * Whether an invitation is accepted. A door that was opened, or a phone that is signed in to the app, shows that it is. A person
 * without a phone there has not accepted it. Where Kisi does not show phones, an account that is not confirmed shows
 * the same. A confirmed one shows nothing, since Latchkey makes accounts that are confirmed from the start.
 */
export function acceptanceOf({ lastUnlockAt, confirmed, phone }: InvitationSigns): Acceptance {
  if (typeof lastUnlockAt === 'number') return accepted(`last opened a door at ${iso(lastUnlockAt)}`);
  if (typeof phone === 'number') return accepted(`signed in to the Kisi app at ${iso(phone)}`);
  if (phone === 'some') return accepted('is signed in to the Kisi app');
  const doors = lastUnlockAt === 'never' ? 'has never opened a door' : 'may have opened a door';
  if (phone === 'none')
    return { state: 'notAccepted', evidence: `has no phone signed in to the Kisi app, and ${doors}` };
  if (lastUnlockAt === 'never' && confirmed === false)
    return { state: 'notAccepted', evidence: `${doors}, and has not confirmed the account` };
  const account =
    confirmed === true ? 'the account is confirmed from the start' : 'nothing tells of the account';
  return { state: 'unknown', evidence: `${doors}; Kisi does not show phones, and ${account}` };
}

const accepted = (evidence: string): Acceptance => ({ state: 'accepted', evidence });

/** What was mailed about an invitation. */
export interface InvitationMails {
  /** When Kisi mailed the invitation; null: not known. */
  invitedAt: Instant | null;
  /** When it was mailed again, the oldest first: reminders, and mails that people asked for. */
  mailedAgainAt: readonly Instant[];
}

const dayMs = 24 * 3_600_000;
/** When a reminder is due, counted from the invitation. With the invitation these are three mails. */
const reminderMs = [2 * dayMs, 7 * dayMs];
/** An older invitation has no reminder: whoever turns reminders on must not have a thousand old ones mailed. */
const oldestMs = 30 * dayMs;

/** Whether a reminder is due: days 2 and 7, three mails in all, at most one a day, until the invitation is accepted. */
export function isReminderDue(
  { state }: Pick<Acceptance, 'state'>,
  { invitedAt, mailedAgainAt }: InvitationMails,
  now: Instant,
): boolean {
  const dueMs = reminderMs[mailedAgainAt.length];
  if (state !== 'notAccepted' || invitedAt === null || dueMs === undefined) return false;
  const age = now - invitedAt;
  return age >= dueMs && age <= oldestMs && !isMailedToday({ invitedAt, mailedAgainAt }, now);
}

/** Why a person may not have an invitation mailed again now, in words that say what helps; null: it may be. */
export function mailAgainProblem(
  { state, evidence }: Acceptance,
  mails: InvitationMails,
  now: Instant,
): string | null {
  if (state === 'accepted')
    return `the invitation is accepted: the member ${evidence}. Who has a new phone signs in with the e-mail in the Kisi app (add account)`;
  if (!isMailedToday(mails, now)) return null;
  return `Kisi mailed the member less than a day ago, at ${iso(lastMailAt(mails) ?? now)}. At most one mail a day is sent, since mail servers block a sender that insists. Ask the member to look among the unwanted mails, or to sign in with the e-mail in the Kisi app (add account)`;
}

function isMailedToday(mails: InvitationMails, now: Instant): boolean {
  const last = lastMailAt(mails);
  // A clock that was set back must not make this last for long.
  return last !== null && Math.abs(now - last) < dayMs;
}

function lastMailAt({ invitedAt, mailedAgainAt }: InvitationMails): Instant | null {
  return mailedAgainAt.at(-1) ?? invitedAt;
}
