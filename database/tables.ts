import type { JsonValue } from '../access/json.js';
import type { AuditRecord } from './audit-records.js';

/** A record as the database keeps it: JSON as text, and no column that has to be quoted by hand. */
export interface AuditRow {
  key: string;
  at: number;
  kind: AuditRecord['kind'];
  state: AuditRecord['state'];
  member_id: number | null;
  location_id: number | null;
  group_id: number | null;
  what: string;
  before_json: string | null;
  after_json: string | null;
  cause: string;
  done_by: string | null;
  plan_id: string | null;
  answer: string | null;
  /** Of a write: the key in Kisi that it was made to, the key that was there after it, and the user that it made. */
  key_before: number | null;
  key_after: number | null;
  user_after: number | null;
  waited_since: number | null;
  waited_until: number | null;
}

/** A row of the audit log, and the entry of the journal that says what it holds (database/journal.ts). */
export interface JournaledRow extends AuditRow {
  seq: number;
  /** Random, and gone with the row: without it the entry's digest tells nothing of what the row held. */
  salt: string;
}

/** An entry of the journal. Never changed, and taken out only from its beginning on. */
export interface JournalRow {
  /** 1, 2, 3 … without a gap. */
  seq: number;
  /** The instant of the record; else when the prune, the cut or the forgetting was done. */
  at: number;
  what: 'record' | 'prune' | 'cut' | 'forget';
  /** The earlier entry for the same record, which this one replaces; null: there is none. */
  replaces: number | null;
  /** Of the record. */
  digest: string | null;
  about_json: string | null;
  /** Over all of this and the hash of the entry before. */
  hash: string;
}

/** The last entry, in one row: whoever adds to the journal locks it first. */
export interface JournalHeadRow {
  id: number;
  seq: number;
  hash: string;
}

/** Who owns a key to a group; Kisi holds one key for each user and group (database/ownership.ts). */
export interface OwnedKeyRow {
  user_id: number;
  group_id: number;
  member_id: number;
  at: number;
  version: number;
  /** A LedgerKey; null: it was taken away, or given up. */
  entry_json: string | null;
}

/** A write to Kisi whose answer never came (database/ownership.ts). */
export interface UnansweredWriteRow {
  user_id: number;
  group_id: number;
  /** What was asked for there, to tell it from other writes to the same place. */
  asked: string;
  member_id: number;
  does: 'put' | 'giveBack' | 'remove';
  at: number;
  looked_at: number | null;
  /** A LedgerKey. */
  entry_json: string;
}

/** Which Kisi user a member's keys are made for (database/ownership.ts). */
export interface KisiUserRow {
  member_id: number;
  user_id: number;
  email_digest: string;
  at: number;
}

/** What must outlive the workflow that works with it (database/kept.ts). */
export interface KeptRow {
  name: string;
  at: number;
  value_json: string;
}

/** A link by which somebody may sign in to the desk, once (desk/sign-in/sessions.ts). */
export interface DeskLinkRow {
  /** What people call it by. It opens nothing. */
  id: string;
  /** Of the secret in the link. */
  digest: string;
  name: string;
  role: string;
  until: number;
}

/** Somebody who is signed in to the desk (desk/sign-in/sessions.ts). */
export interface DeskSessionRow {
  id: string;
  /** Of the secret in the browser's cookie. */
  digest: string;
  name: string;
  role: string;
  account: string;
  at: number;
  seen_at: number;
  until: number;
}

/** A webhook that came in lately (database/webhooks-seen.ts). */
export interface WebhookSeenRow {
  id: string;
  at: number;
  seen_json: string;
}

export interface Tables {
  audit_log: JournaledRow;
  journal: JournalRow;
  journal_head: JournalHeadRow;
  owned_key: OwnedKeyRow;
  unanswered_write: UnansweredWriteRow;
  kisi_user: KisiUserRow;
  kept: KeptRow;
  desk_link: DeskLinkRow;
  desk_session: DeskSessionRow;
  webhook_seen: WebhookSeenRow;
}

export function rowOf(record: AuditRecord): AuditRow {
  return {
    key: record.key,
    at: record.at,
    kind: record.kind,
    state: record.state,
    member_id: record.memberId,
    location_id: record.locationId,
    group_id: record.groupId,
    what: plain(record.what),
    before_json: toJson(record.before),
    after_json: toJson(record.after),
    cause: plain(record.cause),
    done_by: plain(record.by),
    plan_id: plain(record.planId),
    answer: plain(record.answer),
    key_before: idIn(record, record.before, 'keyId'),
    ...idsAfter(record, record.after),
    waited_since: record.waited?.since ?? null,
    waited_until: record.waited?.until ?? null,
  };
}

/** What a write left in Kisi. */
export function idsAfter(
  of: Pick<AuditRecord, 'kind'>,
  after: JsonValue,
): Pick<AuditRow, 'key_after' | 'user_after'> {
  return { key_after: idIn(of, after, 'keyId'), user_after: idIn(of, after, 'userId') };
}

function idIn({ kind }: Pick<AuditRecord, 'kind'>, value: JsonValue, name: string): number | null {
  if (kind !== 'write' || typeof value !== 'object' || value === null) return null;
  const id = (value as Record<string, JsonValue>)[name];
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : null;
}

export function recordOf(row: AuditRow): AuditRecord {
  const { waited_since: since, waited_until: until } = row;
  return {
    key: row.key,
    at: row.at,
    kind: row.kind,
    state: row.state,
    memberId: row.member_id,
    locationId: row.location_id,
    groupId: row.group_id,
    what: row.what,
    before: fromJson(row.before_json),
    after: fromJson(row.after_json),
    cause: row.cause,
    by: row.done_by,
    planId: row.plan_id,
    answer: row.answer,
    ...(since === null || until === null ? {} : { waited: { since, until } }),
  };
}

export function toJson(value: JsonValue): string | null {
  return value === null ? null : JSON.stringify(value);
}

/**
 * The text without what a database cannot hold: PostgreSQL refuses a zero character, SQLite ends the text there, and
 * half of a surrogate pair is no UTF-8. Texts of others, such as an answer, may hold either.
 */
export function plain<T extends string | null>(text: T): T {
  return (text === null ? null : text.replace(/[\0\p{Surrogate}]/gu, '\uFFFD')) as T;
}

function fromJson(text: string | null): JsonValue {
  return text === null ? null : (JSON.parse(text) as JsonValue);
}
