/**
 * The words of Latchkey as data. Everything that the rules read (a snapshot) and everything that they say
 * (a decision) is a value of one of these types. Plain JSON throughout, so that it crosses Temporal unchanged.
 */

/** Milliseconds since the Unix epoch, UTC. */
export type Instant = number;

/** An instant as people and logs read it: ISO 8601 in UTC, without empty milliseconds. */
export const iso = (at: Instant): string => new Date(at).toISOString().replace('.000Z', 'Z');

/** When the record was last written (UpdatedOn, to the second); null: it does not say. It decides nothing. */
type ChangedAt = Instant | null;

/** A person who may hold keys (Nexudus Coworker). E-mail and name are personal data: never log them. */
export interface Member {
  id: number;
  fullName: string;
  /** Trimmed and lower-cased; empty when the record has none. */
  email: string;
  /** False: suspended in Nexudus. */
  active: boolean;
  archived: boolean;
  /** False: the record is a company, which holds no keys itself. */
  individual: boolean;
  /** Home location (InvoicingBusinessId), if known. */
  homeLocationId: number | null;
  changedAt: ChangedAt;
}

/** A stretch of time in which a contract is frozen: [from, until). `until` null: no end known. */
export interface Pause {
  from: Instant;
  until: Instant | null;
}

/** A running instance of a price plan (Nexudus CoworkerContract). */
export interface Contract {
  id: number;
  uniqueId: string;
  memberId: number;
  planId: number;
  planName: string;
  locationId: number | null;
  startsAt: Instant | null;
  /** The contract runs until here; null: no cancellation known. */
  cancelledAt: Instant | null;
  /** Nexudus' own flag. A cancelled contract without a date has ended. */
  cancelled: boolean;
  /** Whether Nexudus calls it active, by rules that are not published; left out: it does not say. Only a policy heeds it. */
  active?: boolean;
  renewsAt: Instant | null;
  pauses: Pause[];
  /** Its own or that of one of its pauses, whichever is later. */
  changedAt: ChangedAt;
}

/** One issued pass (Nexudus CoworkerTimePass). */
export interface Pass {
  id: number;
  uniqueId: string;
  memberId: number;
  passTypeId: number;
  /** Where it was issued; its time zone rules the day ends. */
  locationId: number;
  used: boolean;
  usedAt: Instant | null;
  checkedIn: boolean;
  remainingUses: number | null;
  expiresAt: Instant | null;
  fromPlan: boolean;
  /** UniqueId of the contract that issued it, if any. */
  contractUniqueId: string | null;
  /** UniqueId of the plan's allowance (TariffTimePass) that issued it, if any. */
  allowanceUniqueId: string | null;
  changedAt: ChangedAt;
}

/** How often a plan hands out new passes (Nexudus TariffTimePass.PassRenewalTime). */
export type RenewalPeriod = 'day' | 'week' | 'calendarMonth' | 'billingCycle' | 'year';

/** The passes that a plan includes (Nexudus TariffTimePass). */
export interface Allowance {
  uniqueId: string;
  planId: number;
  passTypeId: number;
  renews: RenewalPeriod;
}

/** The kind of pass that is sold; the thing that is mapped (Nexudus TimePass). */
export interface PassType {
  id: number;
  name: string;
  ownerLocationId: number;
  /** Null: a day pass. A number: the minutes of a minute pass. */
  minutes: number | null;
  /** Where the type is valid, networks already spread into their locations. */
  locationIds: number[];
  /** The Kisi groups that Nexudus' own field names (TimePass.KisiGroupId). */
  kisiGroupIds: number[];
  /** Why the field may name more groups, or the type be valid at more places, in plain words. Left out: neither may be. */
  unclear?: { groups: string | null; locations: string | null };
}

/** A space with an address and a time zone (Nexudus Business). */
export interface Location {
  id: number;
  name: string;
  /** IANA name; null when Nexudus' zone name could not be resolved. */
  timeZone: string | null;
  /** Start of the location's day in minutes after midnight (Checkin.DailyCutOffTime; 0 by default). */
  dayStartsAtMinute: number;
}

/** A team whose paying member lends passes to every member (Nexudus Team with ShareTimePasses). */
export interface Loan {
  teamId: number;
  teamName: string;
  payer: Member;
  passes: Pass[];
  contracts: Contract[];
}

/** One Nexudus profile with all that may give it access. */
export interface Profile {
  member: Member;
  passes: Pass[];
  contracts: Contract[];
  loans: Loan[];
}

/** One person's records as read at one instant: every profile that shares the e-mail, lowest id first. */
export interface Snapshot {
  /** When the earliest of its reads began. */
  readAt: Instant;
  profiles: Profile[];
  passTypes: PassType[];
  allowances: Allowance[];
  locations: Location[];
}

/** One line of the configured mapping, names already resolved to ids. */
export interface MappingRule {
  /** Null: at every location where the type is valid. */
  locationId: number | null;
  passTypeId: number;
  groupIds: number[];
}

/** What a space can choose; the defaults are in `config/policies.ts`. */
export interface Policies {
  /** How long access is held after a plan's pass expired, waiting for the renewal. */
  renewalGraceMs: number;
  /** How long after a final end the key's own validity ends in Kisi. */
  doorGraceMs: number;
  /** How far ahead a key's validity reaches where access is expected to go on. */
  doorHorizonMs: number;
  usedPass: 'endOfDay' | 'atOnce';
  lastDay: 'inclusive' | 'exclusive';
  /** What becomes of a key that a person or another integration gave, where the rules give one too. */
  existingKeys: 'keep' | 'adopt';
  /** What becomes of the passes of a contract that runs by its dates, and that Nexudus does not call active. */
  inactiveContract: 'ignore' | 'ends';
}

/** A part of the mapping that names what is not there now. It opens nothing, and nothing is lost by it. */
export interface Unresolved {
  /** Null: it may be about any type, since it names one that nobody knows. */
  passTypeId: number | null;
  /** A group that Kisi does not have, where its id is known. */
  groupId: number | null;
  /** What is named where, in plain words. */
  why: string;
}

/** The configuration of the rules: which pass type opens which groups, and the policies. */
export interface Rules {
  mapping: MappingRule[];
  policies: Policies;
  /** Left out: all that the mapping names is there. */
  unresolved?: Unresolved[];
}

/**
 * What a person ordered for one member outside the rules, for a while: `allow` opens a group without a pass, `block`
 * takes a group (or all) away whatever there is. It counts from `from` until right before `until`.
 */
export interface Exception {
  id: number;
  kind: 'allow' | 'block';
  memberId: number;
  /** Null, of a block only: every group. */
  groupId: number | null;
  from: Instant;
  until: Instant;
  /** Who ordered it, and why: one line each, without personal data. */
  by: string;
  reason: string;
  /** The account and the machine that the order came from, 'ada@desk-1'; null, or left out: nobody says. */
  account?: string | null;
}

/** The records that a key stands on, so that each can be looked up when it is missing from a list. */
export interface StandsOn {
  passId: number;
  passTypeId: number;
  memberId: number;
  contractId: number | null;
  teamId: number | null;
}

/** Why access to a group ends where it ends. */
export type EndKind = 'expiry' | 'used' | 'cancelled' | 'paused' | 'exception' | 'none';

/** A key that the rules say the person should hold now, and why. */
export interface Entitlement {
  groupId: number;
  /** End of access if nothing changes, renewal grace included; null: no end known. */
  until: Instant | null;
  /** True: the last counting pass has ended and access is held for the renewal. */
  awaitingRenewal: boolean;
  /** Plain words, no personal data: 'pass 123 (Day pass), expires 2026-11-25T00:00Z'. */
  because: string;
  /** Empty: it stands on an exception alone. */
  standsOn: StandsOn[];
  /** A key that is there already becomes Latchkey's own. */
  takesOver?: boolean;
  /** What Kisi must be told: a key whose end lies within [atLeast, atMost] is left alone, else `set` is written. */
  kisiEnd: { set: Instant; atLeast: Instant; atMost: Instant | null; renewLeadMs: number };
}

/** Why a pass or an exception counts, or does not. `rule` is one of the table in docs/rules.md. */
export interface Verdict {
  /** Why nobody can tell all that the pass opens: keys that stand on it stay, and it gives no further key. */
  doubt?: string;
  memberId: number;
  /** Null: it is about the member as a whole, or about an exception. */
  passId: number | null;
  passTypeName: string | null;
  teamId: number | null;
  counts: boolean;
  rule: 'member' | 'uses' | 'expiry' | 'contract' | 'mapping' | 'exception' | 'ok' | 'noPass';
  /** The record and field that decided: 'CoworkerTimePass 123 ExpireDate 2026-11-25T00:00:00Z is past'. */
  reason: string;
  groupIds: number[];
  until: Instant | null;
  /** Since when it is so, as far as the records tell; null: they do not. It decides nothing. */
  since: Instant | null;
}

/** The next instant at which the answer changes, and what will happen then. */
export interface NextChange {
  at: Instant;
  what: string;
}

/** A key that is due to be given, or to be taken away, and since when. */
export interface Due {
  groupId: number;
  since: Instant;
}

/** What to assume for a question about the future. A decision that is acted on assumes nothing. */
export interface WhatIf {
  /** That live plans hand out their next passes as their allowances say. */
  assumeRenewals: boolean;
}

/** What the rules say about one person at one instant. */
export interface Decision {
  keys: Entitlement[];
  next: NextChange | null;
  verdicts: Verdict[];
}

/** What readers of records must know of the rules, so as to look up only what matters. */
export interface ReadingRules {
  /** Whether no pass or contract of this coworker gives or keeps a key, whoever holds the key. */
  isSuspended: (coworker: Pick<Member, 'id' | 'active' | 'archived'>) => boolean;
  /** Whether a contract decides about the pass. */
  comesFromPlan: (pass: Pick<Pass, 'contractUniqueId' | 'fromPlan'>) => boolean;
}
