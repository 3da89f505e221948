import type { Instant } from '../access/types.js';
import { normalEmail } from '../lib/emails.js';
import { within, type Limit } from '../lib/within.js';
import type { NexudusClient } from '../nexudus/client.js';
import { isNexudusError } from '../nexudus/errors.js';
import { updatedSince } from '../nexudus/filters.js';
import type { PersonRecord } from '../nexudus/records.js';
import { failureOf } from '../space/failure.js';
import { normalName } from '../space/who.js';
import { patiently } from './patience.js';

/** Somebody in Nexudus, as people know each other. Personal data: in memory only, never in a log. */
export type Person = Pick<PersonRecord, 'id' | 'fullName' | 'email' | 'companyName' | 'active'>;

/** What a search finds. */
export interface Found {
  /** The best first, and no more than were asked for. */
  people: Person[];
  /** How many more there are. */
  more: number;
  /** How many of the first have just this e-mail, or this id. */
  exact: number;
}

/** How far what is known may be relied on. */
export interface DirectoryState {
  /** When the list was last read, in whole or only what was written since; null: never. */
  readAt: Instant | null;
  /** Why it could not be read since then; null: it could. */
  problem: { why: string; since: Instant } | null;
}

interface Listed {
  person: Person;
  /** Name, company and e-mail, as they are compared. */
  name: string;
  company: string;
  email: string;
}

const minuteMs = 60_000;
/** A copy that is younger than this is not brought up to date. */
const freshMs = 30_000;
/** A page waits a moment for a newer copy where this one is older than this. */
const oldMs = 5 * minuteMs;
/** How often everything is read anew: a person who was deleted shows in no other way. */
const wholeMs = 30 * minuteMs;
/** The pause after a read that failed. */
const retryMs = 15_000;
/** How far a list of what was written looks back, for clocks that differ and lists that lag. */
const overlapMs = 5 * minuteMs;
/** How long a page waits at most: `firstMs` for the first list, `newerMs` for a newer one than it has. */
const firstMs = 1_500;
const newerMs = 100;
const limit: Limit = { limitMs: 2 * minuteMs, of: 'Nexudus' };
const mostFound = 20;
const longestText = 200;

/**
 * Who is in Nexudus, in the memory of this process: read when somebody first asks, then brought up to date by what was written
 * since, while somebody asks. A search asks Nexudus nothing.
 */
export class Directory {
  private readonly listed = new Map<number, Listed>();
  /** The same people, in the order of their names. */
  private sorted: Listed[] = [];
  private readAllAt: Instant | null = null;
  /** When the last good read began, by Nexudus' clock. */
  private upTo: Instant | null = null;
  private triedAt: Instant | null = null;
  private known: DirectoryState = { readAt: null, problem: null };
  private reading: Promise<void> | null = null;

  constructor(
    private readonly nexudus: Pick<NexudusClient, 'clock' | 'listSparing'>,
    private readonly now: () => Instant,
  ) {}

  /** The name of a coworker, as it is known by now; null: not known, or there is none. */
  nameOf(memberId: number): string | null {
    this.refresh();
    return this.listed.get(memberId)?.person.fullName.trim() || null;
  }

  state(): DirectoryState {
    return this.known;
  }

  /** Begins to read what is missing, and waits a moment for it where the list is missing or old. Throws nothing. */
  async ready(): Promise<void> {
    this.refresh();
    if (this.ageMs() <= oldMs || this.reading === null) return;
    await patiently(this.reading, this.known.readAt === null ? firstMs : newerMs);
  }

  /** The people that a text means: by the exact e-mail first, then by the id, then by name, company and parts of each. */
  find(text: string, most = mostFound): Found {
    const query = queryOf(text);
    if (query.words.length === 0) return { people: [], more: 0, exact: 0 };
    const ranks: Listed[][] = [[], [], [], [], []];
    let count = 0;
    for (const listed of this.sorted) {
      const rank = rankOf(listed, query);
      if (rank === null) continue;
      count++;
      const alike = ranks[rank];
      if (alike !== undefined && alike.length < most) alike.push(listed);
    }
    const people = ranks
      .flat()
      .slice(0, most)
      .map(({ person }) => person);
    const exact = Math.min((ranks[0]?.length ?? 0) + (ranks[1]?.length ?? 0), people.length);
    return { people, more: count - people.length, exact };
  }

  private ageMs(): number {
    const { readAt } = this.known;
    return readAt === null ? Infinity : this.now() - readAt;
  }

  /** Begins to read what is missing, where that is due. */
  private refresh(): void {
    if (this.reading !== null || this.ageMs() <= freshMs) return;
    const isTooSoon = this.triedAt !== null && this.now() - this.triedAt < retryMs;
    if (!isTooSoon) this.begin();
  }

  private begin(): void {
    const startedAt = this.now();
    const stampedAt = this.nexudus.clock.now();
    this.triedAt = startedAt;
    this.reading = within({ limit }, () => this.readWhatIsDue(startedAt))
      .then(
        () => {
          this.known = { readAt: startedAt, problem: null };
          this.upTo = Math.min(stampedAt, this.nexudus.clock.now());
        },
        (error: unknown) => {
          const why = failureOf(error).lines.join(' ');
          this.known = {
            ...this.known,
            problem: { why, since: this.known.problem?.since ?? this.now() },
          };
        },
      )
      .finally(() => {
        this.reading = null;
      });
  }

  private async readWhatIsDue(startedAt: Instant): Promise<void> {
    const { upTo, readAllAt } = this;
    if (upTo === null || readAllAt === null || startedAt - readAllAt >= wholeMs) {
      await this.readAll(startedAt);
      return;
    }
    try {
      this.take((await this.nexudus.listSparing('people', [updatedSince('people', upTo - overlapMs)])).rows);
    } catch (error) {
      if (!isNexudusError(error, 'filterIgnored')) throw error;
      await this.readAll(startedAt);
    }
  }

  private async readAll(startedAt: Instant): Promise<void> {
    const { rows } = await this.nexudus.listSparing('people');
    this.listed.clear();
    this.take(rows);
    this.readAllAt = startedAt;
  }

  private take(rows: readonly PersonRecord[]): void {
    if (rows.length === 0 && this.sorted.length === this.listed.size) return;
    for (const row of rows) this.listed.set(row.id, listedOf(row));
    this.sorted = [...this.listed.values()].sort(byName);
  }
}

function listedOf({ id, fullName, email, companyName, active }: PersonRecord): Listed {
  return {
    person: { id, fullName, email, companyName, active },
    name: normalName(fullName),
    company: normalName(companyName),
    email,
  };
}

const byName = (one: Listed, other: Listed): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : one.person.id - other.person.id;

interface Query {
  email: string;
  id: number | null;
  name: string;
  words: string[];
}

function queryOf(text: string): Query {
  const typed = text.slice(0, longestText).trim();
  const name = normalName(typed);
  return {
    email: normalEmail(typed),
    id: /^[1-9]\d{0,14}$/.test(typed) ? Number(typed) : null,
    name,
    words: name.split(' ').filter((word) => word !== ''),
  };
}

/** How well somebody fits, 0 best; null: not at all. */
function rankOf({ person, name, company, email }: Listed, query: Query): number | null {
  if (email !== '' && email === query.email) return 0;
  if (person.id === query.id) return 1;
  if (name === query.name) return 2;
  if (query.words.every((word) => ` ${name}`.includes(` ${word}`))) return 3;
  const isThere = (word: string): boolean =>
    name.includes(word) || company.includes(word) || email.includes(word);
  return query.words.every(isThere) ? 4 : null;
}
