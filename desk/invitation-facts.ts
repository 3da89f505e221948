import { setTimeout as sleep } from 'node:timers/promises';
import {
  readInvitation,
  readInvitations,
  type Invitation,
  type Invitations,
  type InvitationSources,
} from '../activities/invitations.js';
import type { Instant } from '../access/types.js';
import { createOwnership } from '../database/ownership.js';
import { invitationWords } from '../space/invitations.js';
import type { Desk } from './desk.js';
import { LastKnown, type Shown } from './last-known.js';
import { personWords } from './person-words.js';

/** How old an answer about one member may be. */
const memberMaxAgeMs = 60_000;
/** A page is there without the answer by then; the open page is drawn anew when it has come. */
const memberWaitMs = 250;
/** Two who press "read again" at once share a read. */
const sharedMs = 1_000;
/** How long after a read that failed it is tried again. */
const retryMs = 15_000;
const mostMembers = 300;
/** How old an answer about everybody may be: to read it, Kisi is asked of each person who never opened a door. */
const everybodyMaxAgeMs = 10 * 60_000;
const everybodyWaitMs = 300;
/** The rest before each person: members and pages ask Kisi in between. */
const gapMs = 1_000;

/** Whether Kisi's invitation was accepted, as far as that can be told. */
export interface InvitationTold {
  isAccepted: boolean | null;
  /** When Kisi was asked to send it; null: not known. */
  invitedAt: Instant | null;
  /** How that is known, in words. */
  evidence: string;
}

type Sources = Pick<Desk, 'kisi' | 'db' | 'auditLog' | 'now'>;

/** Reads whether a member has accepted Kisi's invitation, now; null: there is no key of Latchkey's. Throws KisiError and DatabaseError. */
export function invitationNow(desk: Sources, memberId: number): Promise<Invitation | null> {
  return readInvitation(sourcesOf(desk), memberId);
}

function sourcesOf({ kisi, db, auditLog, now }: Sources): InvitationSources {
  return { kisi, auditLog, now, ownership: createOwnership(db, now) };
}

/** Who has accepted Kisi's invitation, as the pages of this process know it. No page waits for Kisi to tell of logins. */
export class InvitationWatch {
  private readonly members = new Map<number, LastKnown<Invitation | null>>();
  private readonly everybody: LastKnown<Invitations>;

  constructor(private readonly desk: Sources) {
    const terms = { maxAgeMs: everybodyMaxAgeMs, waitMs: everybodyWaitMs, retryMs, now: desk.now };
    this.everybody = new LastKnown(() => readInvitations(unhurried(sourcesOf(desk))), terms);
  }

  /** All invitations that are not known to be accepted, as read in the last ten minutes. Throws nothing. */
  all(): Promise<Shown<Invitations>> {
    return this.everybody.get();
  }

  /**
   * The invitation of one member, as read within the last minute; `isFresh`: as read now. `waitMs`: the longest wait for it.
   * Null in it: the member has no key of Latchkey's. Throws nothing.
   */
  of(memberId: number, isFresh = false, waitMs = memberWaitMs): Promise<Shown<Invitation | null>> {
    const known = this.members.get(memberId) ?? this.begin(memberId);
    if (isFresh) known.renew(sharedMs);
    return known.get(waitMs);
  }

  /** A text that differs whenever something else is known of the member: an open page is drawn anew then. */
  markOf(memberId: number): string {
    const { value, problem } = this.members.get(memberId)?.shown() ?? { value: null, problem: null };
    return JSON.stringify([value, problem]);
  }

  private begin(memberId: number): LastKnown<Invitation | null> {
    const { desk, members } = this;
    // Anybody can ask for a member with any id.
    if (members.size >= mostMembers) members.clear();
    const terms = { maxAgeMs: memberMaxAgeMs, waitMs: memberWaitMs, retryMs, now: desk.now };
    const known = new LastKnown(() => invitationNow(desk, memberId), terms);
    members.set(memberId, known);
    return known;
  }
}

/** The same sources, with a rest before each person that Kisi is asked about. */
function unhurried(sources: InvitationSources): InvitationSources {
  const { kisi } = sources;
  return {
    ...sources,
    kisi: {
      inviteesByUnlock: (signal) => kisi.inviteesByUnlock(signal),
      inviteesByLastUnlock: (signal) => kisi.inviteesByLastUnlock(signal),
      getInvitee: (id, signal) => kisi.getInvitee(id, signal),
      async loginsOf(whose, signal) {
        await sleep(gapMs, undefined, { ref: false });
        return kisi.loginsOf(whose, signal);
      },
    },
  };
}

/** What is known of an invitation, as a person's page tells it, in this time zone; null: there is none to tell of. */
export function toldOf(
  { value, readAt, problem }: Shown<Invitation | null>,
  zone: string | null,
): InvitationTold | null {
  if (readAt === null) {
    const { isReading, unread } = personWords.invitation;
    return { isAccepted: null, invitedAt: null, evidence: problem === null ? isReading : unread(problem) };
  }
  if (value === null) return null;
  const { state, invitedAt } = value;
  const isAccepted = state === 'unknown' ? null : state === 'accepted';
  return { isAccepted, invitedAt, evidence: invitationWords(value, zone) };
}
