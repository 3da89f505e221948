/**
 * Who has a Kisi user, by e-mail, so that a new member need not be searched for. It is kept in the memory of the process
 * that speaks to Kisi and nowhere else: e-mails never leave it.
 */
import { normalEmail } from '../lib/emails.js';
import { joined } from '../lib/shared.js';
import { isTooMuchGone } from '../lib/too-much-gone.js';
import { boundsSignal, OutOfTimeError, type Limit } from '../lib/within.js';
import type { KisiClient } from './client.js';
import { pageSizes } from './lists.js';
import type { KisiUser } from './records.js';

/**
 * How a member's Kisi user is found. `directory`: in the list of all users, compared in lower case, as read within
 * `directoryLastsMs`. `search`: by two requests for each member, for a Kisi that minds the case of e-mails.
 */
export type WayToFindUsers = 'directory' | 'search';

/** A bit more than an hour, after which a comparison reads all users anew. */
export const directoryLastsMs = 75 * 60_000;
/** A list that lost most of its users is not believed for this long. */
const doubtLastsMs = 10 * 60_000;
/** How long until a list that could not be read, was not believed, or is wanted is asked for again. */
const pauseMs = 5 * 60_000;
/** Two ways of asking, see `findUserByEmail`. */
const requestsOfASearch = 2;
/** Requests that take less than a second, which is the most that a member waits for the list. */
const shortRead = 3;

/** How long members wait for the list; then they are searched for. */
const readLimit: Limit = { limitMs: 10_000, of: 'Kisi' };

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
  /** Called when a long list is worth its price: has somebody `read` it while no member waits. */
  wantList: () => void;
}

/** A directory that knows nobody yet. */
export const createDirectory = (options: DirectoryOptions): Directory => new Directory(options);

/** Who has a Kisi user. */
export class Directory {
  private book: Book | null = null;
  /** Users who were noted since the last read began: its pages may lack them. */
  private noted: { at: number; user: KisiUser }[] = [];
  /** Requests that the list takes; 1 until its first page says more. */
  private price = 1;
  /** Searches that the list would have saved. */
  private searches = 0;
  private notBefore = -Infinity;
  private believedCount = 0;
  private shortSince: number | null = null;
  private readonly readForMembers = joined(() => this.readWhileWorthIt(), readLimit);

  constructor(private readonly options: DirectoryOptions) {}

  /**
   * The id of the user with this e-mail; 'nobody': there surely is none; null: it cannot be told, so search. Where the list
   * costs no more requests than the searches, it is read, or wanted where it is long. Throws only the reason why the running
   * job is given up.
   */
  async find(email: string): Promise<number | 'nobody' | null> {
    const wanted = normalEmail(email);
    if (this.options.how === 'search' || wanted === '') return null;
    if (this.young() === null && !(await this.readForOneMore())) return null;
    const ids = this.young()?.ids;
    if (ids === undefined) return null;
    const id = ids.get(wanted) ?? 'nobody';
    return id === 'several' || id === 'gone' ? null : id;
  }

  /** All users, read now. Throws as `listUsers` does. */
  read(): Promise<KisiUser[]> {
    return this.readList(() => true);
  }

  /** All users as read at most `maxAgeMs` ago, and those noted since; null: they were not read since then. */
  known(maxAgeMs: number): KisiUser[] | null {
    const { book } = this;
    return book !== null && this.options.now() - book.readAt < maxAgeMs ? [...book.users.values()] : null;
  }

  /** A user who was made or found. */
  note(user: KisiUser): void {
    this.noted.push({ at: this.options.now(), user });
    if (this.book !== null) add(this.book, user);
  }

  /** A user who is gone: the next with the same e-mail is searched for. */
  forget(userId: number): void {
    const user = this.book?.users.get(userId);
    if (this.book === null || user === undefined) return;
    this.book.users.delete(userId);
    this.book.ids.set(user.email, 'gone');
  }

  /** Answers whether the list was read, since that costs no more than the searches. */
  private async readForOneMore(): Promise<boolean> {
    const { now, wantList } = this.options;
    this.searches++;
    if (now() < this.notBefore || !this.isWorthIt()) return false;
    if (this.price > shortRead) {
      this.notBefore = now() + pauseMs;
      wantList();
      return false;
    }
    await this.readForMembers().catch(() => undefined);
    boundsSignal()?.throwIfAborted();
    return true;
  }

  private async readWhileWorthIt(): Promise<void> {
    try {
      await this.readList(() => this.price <= shortRead && this.isWorthIt());
    } catch {
      // The members are searched for instead, unless nobody asks for them any more.
      if (boundsSignal()?.reason instanceof OutOfTimeError || boundsSignal()?.aborted !== true)
        this.notBefore = this.options.now() + pauseMs;
    }
  }

  /** All users, or those of the first pages, up to where the list was not worth its price any more. */
  private async readList(isWorth: () => boolean): Promise<KisiUser[]> {
    const begunAt = this.options.now();
    const rows: KisiUser[] = [];
    for await (const page of this.options.kisi.usersByPage()) {
      rows.push(...page.rows);
      this.price = Math.ceil(Math.max(page.total ?? 0, rows.length, 1) / pageSizes.users);
      if (!isWorth()) return rows;
    }
    this.take(rows, begunAt);
    return rows;
  }

  private take(rows: readonly KisiUser[], readAt: number): void {
    if (this.book !== null && this.book.readAt > readAt) return;
    if (!this.isBelieved(rows.length, readAt)) {
      this.book = null;
      this.notBefore = this.options.now() + pauseMs;
      return;
    }
    this.believedCount = rows.length;
    this.shortSince = null;
    this.searches = 0;
    this.book = { readAt, users: new Map(), ids: new Map() };
    this.noted = this.noted.filter(({ at }) => at >= readAt);
    for (const user of [...rows, ...this.noted.map((one) => one.user)]) add(this.book, user);
  }

  private isBelieved(count: number, at: number): boolean {
    const isShort = isTooMuchGone(this.believedCount - count, this.believedCount);
    this.shortSince = isShort ? (this.shortSince ?? at) : null;
    // The list is never empty: the person behind the API key is a user too.
    return count > 0 && (this.shortSince === null || at - this.shortSince >= doubtLastsMs);
  }

  private isWorthIt(): boolean {
    return this.price <= this.searches * requestsOfASearch;
  }

  private young(): Book | null {
    const { book } = this;
    return book !== null && this.options.now() - book.readAt < directoryLastsMs ? book : null;
  }
}

function add({ users, ids }: Book, user: KisiUser): void {
  users.set(user.id, user);
  const known = ids.get(user.email) ?? 'gone';
  ids.set(user.email, known === 'gone' || known === user.id ? user.id : 'several');
}
