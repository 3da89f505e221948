/**
 * What the audit log keeps: every decision, every write to Kisi, every act of a person, every finding, and what Nexudus worked
 * out itself. A record names members by their Nexudus id only: e-mails and members' names have no place in it.
 */
import type { JsonValue } from '../access/json.js';
import type { Instant } from '../access/types.js';

/**
 * - `decision`: what the rules said of a member
 * - `write`: a request to Kisi that changes something
 * - `act`: what a person did or asked for
 * - `finding`: something that was come upon, such as a key that was changed by hand
 * - `opinion`: the groups that a member should have by Nexudus' own working out
 */
export type AuditKind = 'decision' | 'write' | 'act' | 'finding' | 'opinion';

/** The `what` of a write that has Kisi mail an invitation again: the key that the write names stays as it is. */
export const mailAgain = 'mailAgain';

export interface AuditRecord {
  /** Unique. What is told again under the same key stays one record. */
  key: string;
  at: Instant;
  kind: AuditKind;
  /** `begun`: noted before the write, its answer not known yet, or lost. */
  state: 'begun' | 'done' | 'failed';
  memberId: number | null;
  locationId: number | null;
  groupId: number | null;
  /** 'grant', 'revoke', 'move', 'pause' and the like. */
  what: string;
  before: JsonValue;
  after: JsonValue;
  /** Rule and record, in plain words. */
  cause: string;
  /** Who: 'rules', an admin's name, 'drift', 'plan 7'. */
  by: string | null;
  planId: string | null;
  /** What Kisi answered last. On a begun write: the answer to an earlier attempt that failed. */
  answer: string | null;
  /** How long somebody waited for this write. Left out: nobody did, or nobody knows since when. */
  waited?: Waited | undefined;
}

/** From the instant in Nexudus' records by which a key was to be given or taken away, to Kisi's answer. */
export interface Waited {
  since: Instant;
  until: Instant;
}

/** A write that is about to be made. `after` is what is wished. */
export type WriteAhead = Omit<AuditRecord, 'kind' | 'state' | 'answer' | 'waited'>;

/** What became of a write. `after` is what is there now. */
export interface Outcome {
  state: 'done' | 'failed';
  after: JsonValue;
  answer: string | null;
  waited?: Waited | undefined;
}

/** Something that is over when it is noted. */
export type Note = AuditRecord & { kind: Exclude<AuditKind, 'write'>; state: Outcome['state'] };

/** Which records are wanted. A field that is left out does not restrict, and an empty list of `kinds` neither. */
export interface AuditFilter {
  memberId?: number | undefined;
  groupId?: number | undefined;
  /** Who, as a record has it, or without the account behind the name: 'gina' finds 'gina (ada@desk-1)' too. */
  by?: string | undefined;
  /** At this instant or later. */
  since?: Instant | undefined;
  /** Before this instant. */
  until?: Instant | undefined;
  kinds?: readonly AuditKind[] | undefined;
  /** Only records that say something else than these. */
  exceptWhat?: readonly string[] | undefined;
  /** True: nothing that was tried and not done. */
  exceptFailed?: boolean | undefined;
  /** True: only writes that somebody waited for. */
  waited?: boolean | undefined;
}

/** A part of what a filter lets through. */
export interface AuditPage {
  /** Only what comes after this record (the last one of the page before). */
  after?: Pick<AuditRecord, 'at' | 'key'> | undefined;
  /** How many records at most. */
  limit: number;
}
