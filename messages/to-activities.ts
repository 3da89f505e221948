import type { Loss } from '../access/losses.js';
import type { Drift, DriftMemory, DriftPolicy } from '../access/drift.js';
import type { KeyInKisi, KeyWish, KeyWritten } from '../access/ledger.js';
import type { UnansweredWrite } from '../access/ownership.js';
import type { Freeze, KeptKey, LedgerKey } from '../access/plan.js';
import type { Due, Entitlement, Instant, NextChange } from '../access/types.js';
import type { JsonValue } from '../access/json.js';
import type { ExceptionWish, Giver } from './to-control.js';
import type { MemberState, Wake } from './to-member.js';
import type { ChangeDone, PlanPart } from './to-plan.js';

/** What the member workflow asks of the activities, and what they answer. Plain data, no personal data. */

/** A member, and the workflow's copy of what is on record of its keys. */
type KnownMember = Pick<MemberState, 'memberId' | 'siblingIds' | 'ledger' | 'dropped' | 'kisiUser'>;

export interface AssessRequest extends KnownMember {
  /** A read that began before this is not used. */
  notBefore: Instant;
  /** How old locations, pass types and allowances may be, see nexudus/person.ts. */
  reference: 'kept' | 'recent' | 'anew';
  /** The member came or went, and nothing else is known, so that no record but a pass can be another. */
  isCheckIn?: boolean;
  /** Nobody waits for just this member. */
  isBatch?: boolean;
  /** What Nexudus tells of before this is no news. Null: all is. */
  newsFrom?: Instant | null;
}

export interface Assessment {
  readAt: Instant;
  /** The profile that owns this person's keys; null when the profile is gone and nobody shares its e-mail. */
  ownerId: number | null;
  /** True: Nexudus has no such profile any more. */
  gone: boolean;
  /** Every profile of the person, lowest id first. */
  profileIds: number[];
  /** Digest of the e-mail, to notice that it changed without keeping it. */
  emailDigest: string | null;
  locationId: number | null;
  hasRecords: boolean;
  keys: Entitlement[];
  next: NextChange | null;
  /** The held keys that the rules do not want any more, and why. */
  losses: Loss[];
  /** Since when each key is due to be given or taken away, as far as the records tell. */
  due?: Due[];
  holds: KeptKey[];
  /** Digest of the rules by which it was decided. */
  rules: string;
  /** Fingerprint of the records that it stands on, as the reconciliation makes it; null: the read is in doubt. */
  records: string | null;
  /** Why there is no key, or 'has access', in plain words. */
  standing: string;
}

/** An assessment, and the member's keys as they are on record by now. */
export interface Assessed extends Assessment, Pick<MemberState, 'ledger' | 'kisiUser'> {
  /** What time it was for the decision: by the clock that is believed, which need not be Temporal's. */
  judgedAt: Instant;
  /** Other profiles of the person who own keys of this one from now on. */
  handedTo: number[];
  /** Writes to the member's keys that may be carried out yet; left out: there are none. */
  unanswered?: UnansweredWrite[];
}

export interface MembershipActivities {
  assessMember(request: AssessRequest): Promise<Assessed>;
}

/** The member whose blocks are asked for, and what its workflow knows of the keys. */
export interface BlocksRequest extends KnownMember {
  /** Whether other profiles of the person are to be told of a block that names this one. */
  tellsProfiles: boolean;
}

/** What blocks take from a member now, by what is known without Nexudus and Kisi. */
export interface Blocks extends Pick<Assessed, 'ledger' | 'kisiUser'> {
  /** False: the record could not be read, so that the ledger is the workflow's, and the record was told nothing. */
  isRecorded: boolean;
  /** The keys of the ledger that are blocked, and by what. A key that a person gave by hand is none of them. */
  blocked: { key: LedgerKey; why: string }[];
}

export interface BlockActivities {
  /** Needs Temporal only: a block is carried out while Nexudus, Kisi's lists or the database are down. */
  blockedKeys(request: BlocksRequest): Promise<Blocks>;
}

/** `userGone`: someone deleted the person in Kisi; a new user must be made. */
export type GrantResult = KeyWritten | { outcome: 'userGone' };

/** The end that a key is to have. */
export type KeyEnd = Pick<KeyWish, 'userId' | 'groupId' | 'validUntil'>;

/** `keyId` null: the answer of the grant was lost; the key is found by its end. */
export type KeyToRemove = Pick<LedgerKey, 'keyId' | 'userId' | 'groupId' | 'validUntil'>;

/** What a write is about, for the audit log. */
export interface WriteNote {
  /** True: nobody knows what the write before did to the same key. Left out: that is known. */
  unsure?: boolean;
  /** The same for every try of one change. */
  id: string;
  /** Rule and record, in plain words. */
  cause: string;
  locationId: number | null;
  /** 'rules', or who asked for it. */
  by: string;
  planId: string | null;
  /** Since when it is due by the records; null, or left out: nobody knows, or nobody waits for it. */
  since?: Instant | null;
  /** Whose key it is; left out: the member's whose workflow writes. */
  memberId?: number | null;
  /** A person ordered it: what is on record is believed where Kisi's reads fail. Left out: nobody did. */
  isOrdered?: boolean;
}

export interface KeyActivities {
  /**
   * The Kisi user with the member's e-mail, exactly; null: this way of asking finds none, and only both ways are sure.
   * 'nobody': there surely is none, so that the other way need not be asked.
   */
  findKisiUser(
    memberId: number,
    how: 'filter' | 'search',
    about: Pick<WriteNote, 'locationId' | 'planId'>,
  ): Promise<number | 'nobody' | null>;
  /** Makes the Kisi user; Kisi mails the invitation. */
  createKisiUser(memberId: number, note: WriteNote): Promise<number>;
  /** `triedUntil`: the end that an earlier try with a lost answer asked for; a key with it is ours. */
  createKey(wish: KeyWish, triedUntil: Instant | null, note: WriteNote): Promise<GrantResult>;
  /**
   * Moves a key's end in Kisi, or replaces the key where Kisi does not heed that; one that is gone is made anew.
   * `was`: its end as last known; null: none.
   */
  moveKey(keyId: number, wish: KeyWish, was: Instant | null, note: WriteNote): Promise<GrantResult>;
  /** Moves a key back to the end that a person had given it; one that is gone stays gone. */
  giveBackKey(keyId: number, wish: KeyEnd, was: Instant | null, note: WriteNote): Promise<void>;
  /** Takes a key away; one that is another member's by now stays. */
  removeKey(key: KeyToRemove, note: WriteNote): Promise<void>;
  /**
   * All keys of a user to groups, as Kisi has them; null: the user is gone. A key whose end cannot be read can be compared by
   * its id only. `knownIds`: keys that are looked up by their ids where the list lacks them. `isLate`: a write whose answer was
   * lost made it since the key was taken away; it is on record as the member's now, and the next look at the records shows it.
   */
  inspectKeys(userId: number, knownIds?: readonly number[]): Promise<KeyInKisi[] | null>;
}

export interface WakeActivities {
  /** Wakes the profile that owns the keys, starting its workflow if there is none. */
  wakeOwner(memberId: number, notBefore: Instant): Promise<void>;
  /** Wakes profiles that already have a workflow. */
  wakeSiblings(memberIds: number[], notBefore: Instant): Promise<void>;
  /** Wakes a member that an order is about, starting its workflow if there is none. */
  wakeOrdered(memberId: number): Promise<void>;
  /**
   * Wakes these members about an order, where they have a workflow; answers those who have none. `isAgain`: they were woken
   * before, and a look of theirs that is under way goes on.
   */
  wakeRunning(memberIds: number[], isAgain?: boolean): Promise<number[]>;
  /** Wakes more members than can be woken at once. */
  wakeBatch(batch: Batch): Promise<void>;
  /** Wakes all members that an order stopped; a look of theirs that is under way goes on. */
  wakeStopped(): Promise<void>;
  /** Pauses the Schedules that read Nexudus, or lets those go on that this paused. */
  letPoll(allowed: boolean): Promise<void>;
}

export interface PlanActivities {
  /** Has a member's workflow do its part of a plan, starting it where there is none. */
  sendPart(memberId: number, part: PlanPart): Promise<ChangeDone[]>;
}

/** Members who are woken by one thing that was noticed. */
export interface Batch {
  /** Their workflows are started where there are none. */
  mayStart: number[];
  /** Woken only where they have one. */
  others: number[];
  wake: Wake;
}

/** What the poll remembers between its runs. */
export interface PollMemory {
  /** By collection: changes up to here have been noticed. */
  readTo: Record<string, Instant>;
  /** By collection: fingerprints of the records seen in the overlap, so that they wake nobody twice. */
  seen: Record<string, string[]>;
  /** Who pays and who borrows, by lending team, to notice who left. */
  lending: Record<string, { payerId: number; borrowerIds: number[] }>;
  woken: number;
}

/** What the reconciliation remembers between its runs. */
export interface ReconciliationMemory {
  at: Instant;
  /** How many members Nexudus shows. */
  members: number;
  /** By member: the difference, for one who was judged otherwise than Nexudus shows, or whose ledger is not as on record. */
  told: Record<string, string>;
  reference: string;
  /** Digest of the configured rules, so that an edit wakes everyone. */
  rules: string;
  /** Rows of each collection at the last read that was believed. */
  baselines: Record<string, { count: number; at: Instant }>;
  /** Collections whose last read is not believed yet: what it counted, since when. */
  suspects: Record<string, { count: number; since: Instant }>;
  woken: number;
}

export interface PollActivities {
  /** `batches`, here and of `reconcile`: members that are not woken yet, since that would keep the next run waiting. */
  pollChanges(memory: PollMemory | null): Promise<PollMemory & { batches?: Batch[] }>;
  reconcile(memory: ReconciliationMemory | null): Promise<ReconciliationMemory & { batches?: Batch[] }>;
}

/** What a person ordered. */
export interface Act extends Giver {
  /** Unique. */
  id: string;
  at: Instant;
  /** Null: it is about the whole space. */
  memberId: number | null;
  what: string;
  /** What holds from then on. */
  after: JsonValue;
  groupId?: number | null;
}

/** What a workflow remembers, and how often it has changed. Plain data. */
export interface Remembered {
  revision: number;
}

export interface AuditLogActivities {
  /** Keeps what a person ordered in the audit log. */
  noteAct(act: Act): Promise<void>;
  /**
   * Keeps what a workflow remembers under a name, in place of what was kept there before. Where the kept value has changed more
   * often, it stays and is the answer; else null.
   */
  remember(name: string, value: Remembered): Promise<Remembered | null>;
}

/** What a comparison is to know of the ones before. */
export interface DriftRequest extends Pick<DriftMemory, 'groupNames'> {
  /** Findings that lead to no action, so that they need no second look (`signatureOf`). */
  settled: string[];
  /** True: all lists are read now, since a person asks. */
  isAsked: boolean;
}

/** What a comparison found. */
export interface DriftReport {
  found: Drift[];
  /** How many more there are than `found` has room for. */
  more: number;
  /** How many keys the ledgers hold, and how many of them Kisi lacks. */
  held: number;
  lost: number;
  groupNames: Record<number, string>;
  policy: DriftPolicy;
}

/** A finding's beginning or end, or what was done about it, for the audit log. */
export interface FindingNote extends Pick<Act, 'id' | 'at' | 'memberId' | 'what' | 'by' | 'after'> {
  groupId: number | null;
  cause: string;
}

export interface DriftActivities {
  /** Compares what the members' workflows hold with Kisi's lists, and has members see to late writes. Writes nothing to Kisi. */
  compareWithKisi(request: DriftRequest): Promise<DriftReport>;
  /** Has members compare themselves with Kisi, and mend what differs. */
  wakeToMend(memberIds: number[]): Promise<void>;
  /** Has a member leave a group as it is in Kisi. */
  freeze(memberId: number, freeze: Freeze): Promise<void>;
  /** Orders an exception to the rules, once for each `id`; answers why it is refused, or null. */
  except(wish: ExceptionWish, id: string): Promise<string | null>;
  noteFindings(notes: FindingNote[]): Promise<void>;
}

export interface LeaderActivities {
  /**
   * Takes what is queued for Nexudus and Kisi, for as long as this process may. What it tells of them is in its heartbeats,
   * and at last in its answer.
   */
  lead(): Promise<unknown>;
}

/** Error types that an activity failure carries; the workflow tells by them what it waits for. */
export type FailureType = 'Nexudus' | 'Kisi' | 'LongWait' | 'Configuration' | 'Stopped' | 'AuditLog';
