/** Who is signed in to the desk, and the links by which people sign in, as the database has them. */
import { randomBytes } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Instant } from '../../access/types.js';
import type { DeskConfig } from '../../config/desk.js';
import { tried } from '../../database/errors.js';
import type { DeskSessionRow, Tables } from '../../database/tables.js';
import { isRole, type Role } from '../../lib/roles.js';
import { digestOf, newToken } from './tokens.js';

/** A person as a sign-in tells. */
export interface Person {
  /** As the audit log names the person. */
  name: string;
  role: Role;
  /** By which sign-in the person is known, without an e-mail. */
  account: string;
}

/** Somebody who is signed in. */
export interface Session extends Person {
  /** What people call the session by. It opens nothing. */
  id: string;
  beganAt: Instant;
  /** When the person last opened a page, to the minute. */
  seenAt: Instant;
  until: Instant;
}

/** A link that nobody has used yet. */
export interface Link {
  id: string;
  name: string;
  role: Role;
  until: Instant;
}

/** How long a link is good for. */
export const linkMs = 15 * 60_000;
/** To write at each page would be many writes. */
const seenEveryMs = 60_000;

/**
 * The sessions and links in a database. Of each secret it holds a digest only. Every promise rejects with a DatabaseError where
 * the database does not do what was asked.
 */
export class Sessions {
  constructor(
    private readonly db: Kysely<Tables>,
    private readonly limits: Pick<DeskConfig, 'idleLimitMs' | 'sessionLimitMs'>,
    private readonly now: () => Instant,
  ) {}

  /** Makes a link for somebody. Its secret is told once, here. */
  async invite({ name, role }: Pick<Person, 'name' | 'role'>): Promise<{ link: Link; token: string }> {
    const token = newToken();
    const link: Link = { id: newId(), name, role, until: this.now() + linkMs };
    await tried('The link could not be kept', async () => {
      await this.dropEnded();
      await this.db
        .insertInto('desk_link')
        .values({ ...link, digest: digestOf(token) })
        .execute();
    });
    return { link, token };
  }

  /** The link with this secret, without using it up; null: there is none, or it was used, or its time is over. */
  async link(token: string): Promise<Link | null> {
    const found = await tried('The link could not be read', () =>
      this.db.selectFrom('desk_link').selectAll().where('digest', '=', digestOf(token)).executeTakeFirst(),
    );
    return found === undefined ? null : this.linkOf(found);
  }

  /** Signs in the person that a link was made for, and uses the link up. Of several tries at once one succeeds. Null, as above. */
  async useLink(token: string): Promise<{ session: Session; token: string } | null> {
    const link = await this.link(token);
    if (link === null) return null;
    const { id, name, role } = link;
    const person = { name, role, account: linkAccount(id) };
    return tried('The session could not be kept', () =>
      this.db.transaction().execute(async (db) => {
        const { numDeletedRows } = await db.deleteFrom('desk_link').where('id', '=', id).executeTakeFirst();
        return numDeletedRows === 1n ? this.keep(db, id, person) : null;
      }),
    );
  }

  /** Signs a person in. The secret is told once, here. */
  async begin(person: Person): Promise<{ session: Session; token: string }> {
    return tried('The session could not be kept', async () => {
      await this.dropEnded();
      return this.keep(this.db, newId(), person);
    });
  }

  /** The session with this secret; null: there is none, or it has ended. `isUse`: the person opens a page. */
  async find(token: string, isUse: boolean): Promise<Session | null> {
    return tried('The session could not be read', async () => {
      const digest = digestOf(token);
      const found = await this.db
        .selectFrom('desk_session')
        .selectAll()
        .where('digest', '=', digest)
        .executeTakeFirst();
      const session = found === undefined ? null : this.sessionOf(found);
      if (session === null || !isUse) return session;
      await this.noteSeen(digest, session);
      return session;
    });
  }

  /** Who is signed in now, the latest first. */
  async list(): Promise<Session[]> {
    const rows = await tried('The sessions could not be read', () =>
      this.db.selectFrom('desk_session').selectAll().orderBy('at', 'desc').execute(),
    );
    return rows.flatMap((row) => this.sessionOf(row) ?? []);
  }

  /** The links that can still be used, the latest first. */
  async links(): Promise<Link[]> {
    const rows = await tried('The links could not be read', () =>
      this.db.selectFrom('desk_link').selectAll().orderBy('until', 'desc').execute(),
    );
    return rows.flatMap((row) => this.linkOf(row) ?? []);
  }

  /** Ends a session, or takes a link back that nobody has used. Answers whether there was one. */
  async end(id: string): Promise<boolean> {
    return tried('The session could not be ended', async () => {
      const session = await this.db.deleteFrom('desk_session').where('id', '=', id).executeTakeFirst();
      const link = await this.db.deleteFrom('desk_link').where('id', '=', id).executeTakeFirst();
      return session.numDeletedRows + link.numDeletedRows > 0n;
    });
  }

  /** Ends all sessions that no link began. Answers how many. */
  async endAllOfService(): Promise<number> {
    const { numDeletedRows } = await tried('The sessions could not be ended', () =>
      this.db.deleteFrom('desk_session').where('account', 'not like', linkAccount('%')).executeTakeFirst(),
    );
    return Number(numDeletedRows);
  }

  /** Ends the session with this secret, where there is one. */
  async leave(token: string): Promise<void> {
    await tried('The session could not be ended', () =>
      this.db.deleteFrom('desk_session').where('digest', '=', digestOf(token)).execute(),
    );
  }

  /** A full disk keeps out nobody who is signed in: without this note the session only ends sooner. */
  private async noteSeen(digest: string, { seenAt }: Session): Promise<void> {
    const now = this.now();
    if (now - seenAt < seenEveryMs) return;
    const noted = this.db.updateTable('desk_session').set({ seen_at: now }).where('digest', '=', digest);
    await noted.execute().catch(() => undefined);
  }

  private async keep(
    db: Kysely<Tables> | Transaction<Tables>,
    id: string,
    person: Person,
  ): Promise<{ session: Session; token: string }> {
    const token = newToken();
    const at = this.now();
    const until = at + this.limits.sessionLimitMs;
    const { name, role, account } = person;
    const row = { id, digest: digestOf(token), name, role, account, at, seen_at: at, until };
    await db.insertInto('desk_session').values(row).execute();
    return { session: { ...person, id, beganAt: at, seenAt: at, until }, token };
  }

  /** Null: the session has ended, or its role does not exist. */
  private sessionOf({ id, name, role, account, at, seen_at, until }: DeskSessionRow): Session | null {
    const now = this.now();
    if (!isRole(role) || now >= until || now - seen_at >= this.limits.idleLimitMs) return null;
    return { id, name, role, account, beganAt: at, seenAt: seen_at, until };
  }

  private linkOf({ id, name, role, until }: Omit<Link, 'role'> & { role: string }): Link | null {
    return isRole(role) && this.now() < until ? { id, name, role, until } : null;
  }

  private async dropEnded(): Promise<void> {
    const now = this.now();
    await this.db.deleteFrom('desk_link').where('until', '<=', now).execute();
    await this.db
      .deleteFrom('desk_session')
      .where((is) => is.or([is('until', '<=', now), is('seen_at', '<=', now - this.limits.idleLimitMs)]))
      .execute();
  }
}

/** The account of whoever signs in by a link. */
const linkAccount = (linkId: string): string => `link-${linkId}@desk`;

function newId(): string {
  return randomBytes(4).toString('hex');
}
