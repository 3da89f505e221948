/** One member taken out of the database: their records, and what other records say of them. */
import type { Kysely, Transaction } from 'kysely';
import type { Instant } from '../access/types.js';
import { tried } from './errors.js';
import { addRow, changeRow, journaled, newSalt, type Journal } from './journal.js';
import type { JsonValue } from '../access/json.js';
import type { Note } from './audit-records.js';
import { rowOf, toJson, type JournaledRow, type AuditRow, type Tables } from './tables.js';

/** What the database holds of a member. */
export interface Traces {
  /** Records about the member, and others that name them. */
  records: number;
  mentions: number;
  /** Keys on record that were taken away, and those that are held: by group. */
  past: number;
  heldGroupIds: number[];
  /** Whether it is on record which Kisi user the member has. */
  knowsUser: boolean;
}

/** Reads only. Throws DatabaseError. */
export function tracesOf(db: Kysely<Tables>, memberId: number): Promise<Traces> {
  return tried('What is on record of the member could not be read', async () => {
    const keys = await db.selectFrom('owned_key').selectAll().where('member_id', '=', memberId).execute();
    const held = keys.filter(({ entry_json }) => entry_json !== null);
    const user = await db
      .selectFrom('kisi_user')
      .select('user_id')
      .where('member_id', '=', memberId)
      .executeTakeFirst();
    return {
      records: (await ownRows(db, memberId)).length,
      mentions: (await mentions(db, memberId)).length,
      past: keys.length - held.length,
      heldGroupIds: held.map(({ group_id }) => group_id),
      knowsUser: user !== undefined,
    };
  });
}

/**
 * Takes a member out: deletes their records, strikes their id from others, and forgets which Kisi user they have. All of it,
 * or nothing; the audit log still verifies. `order`: the record that says that somebody was forgotten, not who. Answers
 * what was there. Throws DatabaseError.
 */
export async function forget(
  db: Kysely<Tables>,
  memberId: number,
  order: Pick<Note, 'key' | 'at' | 'by' | 'cause'>,
): Promise<Traces> {
  const traces = await tracesOf(db, memberId);
  await tried('The member could not be taken out of the database', () =>
    journaled(db, null, async (trx, journal) => {
      await deleteOwn(trx, journal, memberId, order.at);
      for (const row of await mentions(trx, memberId))
        // With another salt: by the old one somebody could try which text the old digest is of.
        await changeRow(trx, journal, row, { ...struck(row, memberId), salt: newSalt() });
      await trx.deleteFrom('owned_key').where('member_id', '=', memberId).execute();
      await trx.deleteFrom('unanswered_write').where('member_id', '=', memberId).execute();
      await trx.deleteFrom('kisi_user').where('member_id', '=', memberId).execute();
      await addRow(trx, journal, rowOf(noteOf(order, traces)));
    }),
  );
  return traces;
}

function noteOf(
  order: Pick<Note, 'key' | 'at' | 'by' | 'cause'>,
  { records, mentions: named }: Traces,
): Note {
  return {
    ...{ kind: 'act', state: 'done', memberId: null, locationId: null, groupId: null, planId: null },
    ...{ what: 'forget a member', before: null, after: { records, mentions: named }, answer: null },
    ...order,
  };
}

async function deleteOwn(
  trx: Transaction<Tables>,
  journal: Journal,
  memberId: number,
  at: Instant,
): Promise<void> {
  const seqs = (await ownRows(trx, memberId)).map(({ seq }) => seq);
  if (seqs.length === 0) return;
  await journal.append({ at, what: 'forget', about_json: JSON.stringify({ seqs }) });
  await trx.deleteFrom('audit_log').where('member_id', '=', memberId).execute();
}

function ownRows(db: Kysely<Tables>, memberId: number): Promise<Pick<JournaledRow, 'seq'>[]> {
  return db.selectFrom('audit_log').select('seq').where('member_id', '=', memberId).orderBy('seq').execute();
}

const texts = ['what', 'cause', 'done_by', 'answer'] as const;
const jsons = ['before_json', 'after_json'] as const;

/** Records of other members, or of nobody, that name the member. */
async function mentions(db: Kysely<Tables>, memberId: number): Promise<JournaledRow[]> {
  const rows = await db
    .selectFrom('audit_log')
    .selectAll()
    .where((row) => row('member_id', 'is', null).or('member_id', '!=', memberId))
    .where((row) => row.or([...texts, ...jsons].map((column) => row(column, 'like', `%${memberId}%`))))
    .orderBy('seq')
    .execute();
  return rows.filter((row) => Object.keys(struck(row, memberId)).length > 0);
}

/** The columns of a record that change where a member's id is struck out. Pure. */
function struck(row: AuditRow, memberId: number): Partial<AuditRow> {
  const changes: Partial<AuditRow> = {};
  for (const column of texts) {
    const text = row[column];
    const next = text === null ? null : struckText(text, memberId);
    if (next !== null && next !== text) changes[column] = next;
  }
  for (const column of jsons) {
    const json = row[column];
    if (json === null) continue;
    const next = toJson(strike(JSON.parse(json) as JsonValue, memberId));
    if (next !== json) changes[column] = next;
  }
  return changes;
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

function struckText(text: string, memberId: number): string {
  return text.replace(new RegExp(`\\b((?:member|coworker|profile)s? )${memberId}\\b`, 'gi'), '$1(forgotten)');
}

/** Names under which a member's id stands, alone or in a list. */
const ids = ['memberId', 'memberIds', 'ownerId', 'profileIds', 'siblingIds', 'handedTo'];
/** Names under which stands what a person wrote of a member. */
const words = ['reason', 'why'];

function strike(value: JsonValue, memberId: number): JsonValue {
  if (typeof value === 'string') return struckText(value, memberId);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((one) => strike(one, memberId));
  const fields = Object.entries(value);
  const isAbout = fields.some(([name, field]) => name === 'memberId' && field === memberId);
  return Object.fromEntries(
    fields.map(([name, field]) => {
      if (isAbout && words.includes(name)) return [name, ''];
      if (!ids.includes(name)) return [name, strike(field, memberId)];
      if (isList(field)) return [name, field.filter((one) => one !== memberId)];
      return [name, field === memberId ? null : field];
    }),
  );
}
