/**
 * Who has a Kisi user, by e-mail, so that a new member need not be searched for. It is kept in the memory of the process
 * that speaks to Kisi and nowhere else: e-mails never leave it.
 */
import { joined } from '../lib/shared.js';
import { isTooMuchGone } from '../lib/too-much-gone.js';
import { boundsSignal, OutOfTimeError, type Limit } from '../lib/within.js';
import type { KisiClient } from './client.js';
import { pageSizes } from './lists.js';
import { normalEmail, type KisiUser } from './records.js';

/**
 * How a member's Kisi user is found. `directory`: in the list of all users, compared in lower case, as read within
 * `directoryLastsMs`. `search`: by two requests for each member, for a Kisi that minds the case of e-mails.
 */
export const waysToFindUsers = ['directory', 'search'] as const;
export type WayToFindUsers = (typeof waysToFindUsers)[number];

/** A bit more than an hour, after which a comparison reads all users anew. */
export const directoryLastsMs = 75 * 60_000;
/** As long as a list of most of which is gone is not believed. */
const doubtLastsMs = 10 * 60_000;
/** A list that could not be read or not be believed, or is wanted, is not asked for again before. */
const pauseMs = 5 * 60_000;
/** Two ways of asking, see `findUserByEmail`. */
const requestsOfASearch = 2;
/** So many requests take less than a second, the most that a member waits for the list. */
const shortRead = 3;

/** Then the members who wait for it are searched for. */
const readLimit: Limit = { limitMs: 10_000, of: 'Kisi' };

/** Who has a Kisi user. */
export interface Directory {
  /**
   * The id of the user with this e-mail; 'nobody': there surely is none; null: it cannot be told, so search. Where the
   * list costs no more requests than the searches, it is read, or wanted where it is long. Throws only the reason for which
   * the running job is given up.
   */
  find(email: string): Promise<number | 'nobody' | null>;
  /** All users, read now. Throws as `listUsers` does. */
  read(): Promise<KisiUser[]>;
  /** All users as read at most so long ago, and those noted since; null: they were not. */
  known(maxAgeMs: number): KisiUser[] | null;
  /** A user who was made or found. */
  note(user: KisiUser): void;
  /** A user who is gone: the next with the same e-mail is searched for. */
  forget(userId: number): void;
}

/** A list that was read, and what came to be known since. */
interface Book {
  readAt: number;
  users: Map<number, KisiUser>;
  ids: Map<string, number | 'several' | 'gone'>;
}

export interface DirectoryOptions {
  kisi: Pick<KisiClient, 'usersByPage'>;
  /** Milliseconds since the epoch. */
  now: () => number;
  how: WayToFindUsers;
  /** A list that takes long is worth its price: has somebody `read` it for whom no member waits. */
  wantList: () => void;
}

/** A directory that knows nobody yet. */
export function createDirectory({ kisi, now, how, wantList }: DirectoryOptions): Directory {
  let book: Book | null = null;
  /** Users who were noted since the last read began: its pages may lack them. */
  let noted: { at: number; user: KisiUser }[] = [];
  /** Requests that the list takes; 1 until its first page says more. */
  let price = 1;
  /** Searches that the list would have saved. */
  let searches = 0;
  let notBefore = -Infinity;
  let believedCount = 0;
  let shortSince: number | null = null;

  function isBelieved(count: number, at: number): boolean {
    const isShort = isTooMuchGone(believedCount - count, believedCount);
    shortSince = isShort ? (shortSince ?? at) : null;
    // Whose key asks is a user too.
    return count > 0 && (shortSince === null || at - shortSince >= doubtLastsMs);
  }

  function take(rows: readonly KisiUser[], readAt: number): void {
    if (book !== null && book.readAt > readAt) return;
    if (!isBelieved(rows.length, readAt)) {
      book = null;
      notBefore = now() + pauseMs;
      return;
    }
    believedCount = rows.length;
    shortSince = null;
    searches = 0;
    book = { readAt, users: new Map(), ids: new Map() };
    noted = noted.filter(({ at }) => at >= readAt);
    for (const user of [...rows, ...noted.map((one) => one.user)]) add(book, user);
  }

  /** All users, or those of the pages until it was not worth its price any more. */
  async function readList(isWorth: () => boolean): Promise<KisiUser[]> {
    const begunAt = now();
    const rows: KisiUser[] = [];
    for await (const page of kisi.usersByPage()) {
      rows.push(...page.rows);
      price = Math.ceil(Math.max(page.total ?? 0, rows.length, 1) / pageSizes.users);
      if (!isWorth()) return rows;
    }
    take(rows, begunAt);
    return rows;
  }

  const readForMembers = joined(async () => {
    try {
      await readList(() => price <= shortRead && isWorthIt());
    } catch {
      // The members are searched for instead, unless nobody asks for them any more.
      if (boundsSignal()?.reason instanceof OutOfTimeError || boundsSignal()?.aborted !== true)
        notBefore = now() + pauseMs;
    }
  }, readLimit);

  const isWorthIt = (): boolean => price <= searches * requestsOfASearch;

  const young = (): Book | null => (book !== null && now() - book.readAt < directoryLastsMs ? book : null);

  return {
    async find(email) {
      const wanted = normalEmail(email);
      if (how === 'search' || wanted === '') return null;
      if (young() === null) {
        searches++;
        if (now() < notBefore || !isWorthIt()) return null;
        if (price > shortRead) {
          notBefore = now() + pauseMs;
          wantList();
          return null;
        }
        await readForMembers().catch(() => undefined);
        boundsSignal()?.throwIfAborted();
      }
      const ids = young()?.ids;
      if (ids === undefined) return null;
      const id = ids.get(wanted) ?? 'nobody';
      return id === 'several' || id === 'gone' ? null : id;
    },
    read: () => readList(() => true),
    known(maxAgeMs) {
      return book !== null && now() - book.readAt < maxAgeMs ? [...book.users.values()] : null;
    },
    note(user) {
      noted.push({ at: now(), user });
      if (book !== null) add(book, user);
    },
    forget(userId) {
      const user = book?.users.get(userId);
      if (book === null || user === undefined) return;
      book.users.delete(userId);
      book.ids.set(user.email, 'gone');
    },
  };
}

function add({ users, ids }: Book, user: KisiUser): void {
  users.set(user.id, user);
  const known = ids.get(user.email) ?? 'gone';
  ids.set(user.email, known === 'gone' || known === user.id ? user.id : 'several');
}
