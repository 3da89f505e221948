import type { Kysely } from 'kysely';
import {
  placeName,
  type OwnedKey,
  type Place,
  type UnansweredWrite,
  type WriteSent,
} from '../access/ownership.js';
import type { LedgerKey } from '../access/plan.js';
import type { Instant } from '../access/types.js';
import { tried } from './errors.js';
import type { OwnedKeyRow, Tables, UnansweredWriteRow } from './tables.js';

/** A Kisi user, and a digest of the e-mail that it was found by. */
export interface KnownUser {
  id: number;
  emailDigest: string;
}

/** How long a removal, or an end given back, may still be carried out without an answer: nothing holds a request for longer. */
const heldAtMostMs = 24 * 3_600_000;
/** The most ids in one statement. */
const mostIds = 500;

/** The record in a database that `openDatabase` opened. */
export const createOwnership = (db: Kysely<Tables>, now: () => Instant): Ownership => new Ownership(db, now);

/**
 * Whose each key is, outside of any workflow: what Latchkey made or adopted, for which member, and which keys it has taken
 * away. Every promise rejects with a DatabaseError where the database does not do what was asked.
 */
export class Ownership {
  constructor(
    private readonly db: Kysely<Tables>,
    private readonly now: () => Instant,
  ) {}

  /** All that is on record of a member, and of these places, whoever they belong to. */
  read(memberId: number, places: readonly Place[]): Promise<OwnedKey[]> {
    return reading(async () => {
      const own = await this.ofMember(memberId);
      const known = new Set(own.map(placeName));
      const others: OwnedKey[] = [];
      for (const place of places.filter((one) => !known.has(placeName(one)))) {
        const owned = await this.atPlace(place);
        if (owned !== null) others.push(owned);
      }
      return [...own, ...others];
    });
  }

  /** What is on record of one place; null: nothing. */
  at(place: Place): Promise<OwnedKey | null> {
    return reading(() => this.atPlace(place));
  }

  /** All that is on record. */
  all(): Promise<OwnedKey[]> {
    return reading(async () => (await this.keys().execute()).map(ownedOf));
  }

  /** Those of these members who own a key. */
  ownersAmong(memberIds: readonly number[]): Promise<number[]> {
    return reading(async () => {
      const found: number[] = [];
      for (let i = 0; i < memberIds.length; i += mostIds) {
        const rows = await this.db
          .selectFrom('owned_key')
          .select('member_id')
          .distinct()
          .where('entry_json', 'is not', null)
          .where('member_id', 'in', memberIds.slice(i, i + mostIds))
          .execute();
        found.push(...rows.map(({ member_id }) => member_id));
      }
      return found;
    });
  }

  /** Keeps what is known of these places, in place of what was. */
  put(owned: readonly OwnedKey[]): Promise<void> {
    return writing(async () => {
      for (const one of owned) await this.putOne(one);
    });
  }

  /** Notes a write to a place: the key is this member's from now on. Answers the new number of writes. */
  own(memberId: number, key: LedgerKey): Promise<number> {
    return writing(async () => {
      const earlier = await this.atPlace(key);
      const version = Math.max(earlier?.version ?? 0, key.version) + 1;
      const { userId, groupId } = key;
      await this.putOne({ userId, groupId, memberId, version, key: { ...key, version } });
      return version;
    });
  }

  /** Notes that nobody owns the key at a place any more. */
  release(place: Place, memberId: number | null): Promise<void> {
    return writing(async () => {
      const owned = await this.atPlace(place);
      const owner = owned?.memberId ?? memberId;
      // A key that was nobody's stays so.
      if (owner === null) return;
      await this.putOne({ ...place, memberId: owner, version: (owned?.version ?? 0) + 1, key: null });
    });
  }

  /** Hands the keys of a member over to another; `userId`: only those of this Kisi user. Answers how many. */
  handOver(from: number, to: number, userId?: number): Promise<number> {
    return writing(async () => {
      const keys = (await this.ofMember(from)).filter(
        ({ key, ...place }) => key !== null && (userId === undefined || place.userId === userId),
      );
      for (const { key, ...row } of keys) {
        const version = row.version + 1;
        await this.putOne({ ...row, memberId: to, version, key: key && { ...key, version } });
      }
      let writes = this.db.updateTable('unanswered_write').set({ member_id: to });
      if (userId !== undefined) writes = writes.where('user_id', '=', userId);
      await writes.where('member_id', '=', from).execute();
      return keys.length;
    });
  }

  /**
   * Notes a write that is about to be sent, until it is answered. Answers whether it is the first that asks for this: an
   * earlier one may never have been answered, and Kisi may carry it out yet, whatever it answers to this one.
   */
  sending(write: WriteSent): Promise<boolean> {
    return writing(async () => {
      const { userId, groupId, memberId, does, key } = write;
      const asked = askedBy(write);
      const values = { member_id: memberId, at: this.now(), entry_json: JSON.stringify(key) };
      const earlier = await this.db
        .selectFrom('unanswered_write')
        .select('at')
        .where('user_id', '=', userId)
        .where('group_id', '=', groupId)
        .where('asked', '=', asked)
        .executeTakeFirst();
      await this.db
        .insertInto('unanswered_write')
        .values({ user_id: userId, group_id: groupId, asked, does, looked_at: null, ...values })
        .onConflict((existing) => existing.columns(['user_id', 'group_id', 'asked']).doUpdateSet(values))
        .execute();
      return earlier === undefined;
    });
  }

  /** Notes that it is known what became of a write. */
  answered(write: WriteSent): Promise<void> {
    return writing(async () => {
      await this.db
        .deleteFrom('unanswered_write')
        .where('user_id', '=', write.userId)
        .where('group_id', '=', write.groupId)
        .where('asked', '=', askedBy(write))
        .execute();
    });
  }

  /** The writes whose answers never came: a member's, those to one place, or all. */
  unanswered(of: { memberId: number } | { place: Place } | 'all'): Promise<UnansweredWrite[]> {
    return reading(async () => {
      let query = this.db.selectFrom('unanswered_write').selectAll().orderBy('at').orderBy('asked');
      if (of !== 'all' && 'memberId' in of) query = query.where('member_id', '=', of.memberId);
      if (of !== 'all' && 'place' in of)
        query = query.where('user_id', '=', of.place.userId).where('group_id', '=', of.place.groupId);
      return (await query.execute()).map(unansweredOf);
    });
  }

  /** Notes that a member's keys were looked at in Kisi. */
  looked(memberId: number): Promise<void> {
    return writing(async () => {
      await this.db
        .updateTable('unanswered_write')
        .set({ looked_at: this.now() })
        .where('member_id', '=', memberId)
        .execute();
    });
  }

  /** The Kisi user that a member's keys are made for; null: not known. */
  userOf(memberId: number): Promise<KnownUser | null> {
    return reading(async () => {
      const row = await this.db
        .selectFrom('kisi_user')
        .selectAll()
        .where('member_id', '=', memberId)
        .executeTakeFirst();
      return row === undefined ? null : knownUserOf(row);
    });
  }

  /** The Kisi users of all members who have one. */
  users(): Promise<Map<number, KnownUser>> {
    return reading(async () => {
      const rows = await this.db.selectFrom('kisi_user').selectAll().execute();
      return new Map(rows.map((row) => [row.member_id, knownUserOf(row)]));
    });
  }

  noteUser(memberId: number, { id, emailDigest }: KnownUser): Promise<void> {
    return writing(async () => {
      const values = { user_id: id, email_digest: emailDigest, at: this.now() };
      await this.db
        .insertInto('kisi_user')
        .values({ member_id: memberId, ...values })
        .onConflict((existing) => existing.column('member_id').doUpdateSet(values))
        .execute();
    });
  }

  /** Notes that a Kisi user is gone, and with it all its keys. */
  userGone(userId: number): Promise<void> {
    return writing(async () => {
      const rows = await this.keys().where('user_id', '=', userId).execute();
      for (const owned of rows.map(ownedOf))
        if (owned.key !== null) await this.putOne({ ...owned, version: owned.version + 1, key: null });
      await this.db.deleteFrom('kisi_user').where('user_id', '=', userId).execute();
      await this.db.deleteFrom('unanswered_write').where('user_id', '=', userId).execute();
    });
  }

  /** Forgets keys that were taken away before this instant, and unanswered writes that can do no harm any more. */
  prune(before: Instant): Promise<void> {
    return writing(async () => {
      await this.db
        .deleteFrom('owned_key')
        .where('entry_json', 'is', null)
        .where('at', '<', before)
        .execute();
      await this.db.deleteFrom('unanswered_write').where('at', '<', before).execute();
      await this.db
        .deleteFrom('unanswered_write')
        .where('does', '!=', 'put')
        .where('at', '<', this.now() - heldAtMostMs)
        .execute();
    });
  }

  private keys() {
    return this.db.selectFrom('owned_key').selectAll();
  }

  private async atPlace({ userId, groupId }: Place): Promise<OwnedKey | null> {
    const row = await this.keys()
      .where('user_id', '=', userId)
      .where('group_id', '=', groupId)
      .executeTakeFirst();
    return row === undefined ? null : ownedOf(row);
  }

  private async ofMember(memberId: number): Promise<OwnedKey[]> {
    return (await this.keys().where('member_id', '=', memberId).execute()).map(ownedOf);
  }

  private async putOne({ userId, groupId, memberId, version, key }: OwnedKey): Promise<void> {
    const values = { member_id: memberId, at: this.now(), version, entry_json: key && JSON.stringify(key) };
    await this.db
      .insertInto('owned_key')
      .values({ user_id: userId, group_id: groupId, ...values })
      .onConflict((existing) => existing.columns(['user_id', 'group_id']).doUpdateSet(values))
      .execute();
  }
}

const reading = <T>(act: () => Promise<T>): Promise<T> =>
  tried('The record of whose each key is could not be read', act);
const writing = <T>(act: () => Promise<T>): Promise<T> =>
  tried('The record of whose each key is could not be written', act);

function knownUserOf(row: Tables['kisi_user']): KnownUser {
  return { id: row.user_id, emailDigest: row.email_digest };
}

function ownedOf(row: OwnedKeyRow): OwnedKey {
  return {
    userId: row.user_id,
    groupId: row.group_id,
    memberId: row.member_id,
    version: row.version,
    key: row.entry_json === null ? null : (JSON.parse(row.entry_json) as LedgerKey),
  };
}

/** Tells a write from others to the same place. */
function askedBy({ does, key }: WriteSent): string {
  return `${does} ${key.keyId ?? 'new'} ${key.validUntil ?? 'endless'}`;
}

function unansweredOf(row: UnansweredWriteRow): UnansweredWrite {
  return {
    userId: row.user_id,
    groupId: row.group_id,
    memberId: row.member_id,
    does: row.does,
    key: JSON.parse(row.entry_json) as LedgerKey,
    at: row.at,
    lookedAt: row.looked_at,
  };
}
