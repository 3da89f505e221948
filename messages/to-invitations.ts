/** Messages about invitations, and about the API key of Kisi: names and answers. */
import type { KeyHealth } from '../access/kisi-key.js';
import type { Instant } from '../access/types.js';
import type { Giver } from './to-control.js';
import type { ApiLook } from './to-verify.js';

/** The look once a day, run by a Schedule. */
export const dailyCheckType = 'dailyCheck';
export const dailyCheckScheduleId = 'daily-check';

/** What a daily check found, and did; the next one is given it. */
export interface DailyMemory {
  key: KeyHealth;
  reminders: ReminderCount;
  /** Whether both APIs are as they were verified to be. Null, or left out by an earlier release: nobody knows. */
  apis?: ApiLook | null;
}

/** What came of the reminders of one day. */
export interface ReminderCount {
  /** How many invitations are known not to be accepted; null: nobody looked, since reminders are off. */
  notAccepted: number | null;
  sent: number;
  /** Held back by the mode or by a pause. */
  held: number;
  failed: number;
}

/** A person has an invitation mailed again, by a workflow of this type. */
export const resendInvitationType = 'resendInvitation';

export interface ResendOrder extends Giver {
  memberId: number;
}

/** The workflow id: for each member at most one such workflow runs at a time. */
export const resendWorkflowId = (memberId: number): string => `resend-invitation-${memberId}`;

/** What came of mailing an invitation again. */
export interface Resent {
  at: Instant;
  /** False: the answer of Kisi was lost, so that the mail may or may not be on its way. */
  isSure: boolean;
}

/** What the policies say of mails about invitations. */
export interface InvitationPolicy {
  /** Whether reminders are sent without anybody asking. */
  reminders: 'off' | 'on';
  /** How Latchkey has Kisi mail an invitation again; `none`: not at all. */
  mails: 'keyUpdate' | 'none';
}

export interface InvitationActivities {
  /** Looks how the API key is. `before`: how it was last; null: nobody has looked. */
  checkKisiKey(before: KeyHealth | null): Promise<KeyHealth>;
  /** Has Kisi mail invitations again that are due by the policy `inviteReminders`. */
  remindInvited(): Promise<ReminderCount>;
  /** Has Kisi mail one again, since a person asks. Fails, with why, where that may not be. */
  resendInvitation(order: ResendOrder): Promise<Resent>;
}
