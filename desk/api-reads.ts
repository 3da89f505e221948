/** What both APIs say of the people that the desk's pages are about. */
import { readingRules } from '../access/pass-rules.js';
import type { Instant } from '../access/types.js';
import { createOwnership } from '../database/ownership.js';
import { within } from '../lib/within.js';
import { createReader, type MemberRead, type Reader } from '../nexudus/reader.js';
import type { TimeZones } from '../nexudus/places.js';
import { CommandError } from '../space/failure.js';
import { lookIntoKisi, recordedKeysOf, type InKisiInFull, type RecordedKey } from '../space/in-kisi.js';
import type { KnownMember } from '../space/member-workflows.js';
import type { Desk } from './desk.js';
import { LastKnown } from './last-known.js';
import type { Answer } from './patience.js';
import type { Governed, Watched } from './person-in-temporal.js';

/** What one API says of a person. */
export type ApiRead<T> = Pick<LastKnown<T>, 'get'>;

/** What both APIs say of one person. */
export interface PersonInApis {
  /** The profile that holds the person's keys. */
  ownerId: number;
  records: ApiRead<MemberRead>;
  inKisi: ApiRead<InKisiInFull>;
}

interface Kept {
  ownerId: number;
  /** What Temporal showed of the person when this was begun. */
  mark: string;
  usedAt: Instant;
  /** Whether records that hardly ever change are to be read too. */
  isAnew: boolean;
  records: LastKnown<MemberRead>;
  inKisi: LastKnown<InKisiInFull>;
}

/** How long what both APIs say of a person counts as of now, unless Temporal shows that something changed. */
const maxAgeMs = 10_000;
/** Two who press "read again" at once share a read. */
const sharedMs = 1_000;
const limitMs = 20_000;
/** Personal data stays in memory only as long as it is of use: somebody who looks at a person again does so within minutes. */
const keptMs = 10 * 60_000;
const mostPeople = 300;

/** Reads what both APIs say of people, and keeps it for as long as Temporal shows the same of them. */
export class ApiReads {
  private readonly people = new Map<number, Kept>();
  private reader: { zones: string; reader: Reader } | null = null;

  constructor(private readonly desk: Desk) {}

  /** What both APIs say of one person, as long as Temporal shows the same; `isFresh`: both are asked anew. Throws nothing. */
  of(memberId: number, watched: Answer<Watched>, governed: Answer<Governed>, isFresh: boolean): PersonInApis {
    const timeZones = ('value' in governed ? governed.value.inForce?.ground?.timeZones : null) ?? {};
    const mark = markOf(watched, timeZones);
    const known = this.people.get(memberId);
    const person = known?.mark === mark ? known : this.begin(memberId, mark, watched, timeZones);
    person.usedAt = this.desk.now();
    if (!isFresh) return person;
    person.isAnew = true;
    person.records.renew(sharedMs);
    person.inKisi.renew(sharedMs);
    return person;
  }

  /** A text that differs whenever something else was read of a person whose keys this member holds. */
  markOf(ownerId: number): string {
    const theirs = [...this.people.values()].filter((person) => person.ownerId === ownerId);
    return JSON.stringify(
      theirs.flatMap(({ records, inKisi }) =>
        [records.shown(), inKisi.shown()].map(({ readAt, problem }) => [readAt, problem]),
      ),
    );
  }

  private begin(memberId: number, mark: string, watched: Answer<Watched>, timeZones: TimeZones): Kept {
    const { desk } = this;
    this.forget();
    const found = 'value' in watched ? watched.value : { row: null, owner: null };
    const ownerId = found.owner?.memberId ?? memberId;
    const terms = { maxAgeMs, retryMs: maxAgeMs, waitMs: limitMs, now: desk.now };
    const records = new LastKnown(() => {
      const reference = person.isAnew ? 'anew' : 'kept';
      person.isAnew = false;
      return this.readRecords(memberId, timeZones, reference);
    }, terms);
    const shown = (found.owner ?? found.row)?.shown ?? null;
    const inKisi = new LastKnown(() => this.lookIntoKisi({ shown, ownerId, records }), terms);
    const person: Kept = { ownerId, mark, usedAt: desk.now(), isAnew: false, records, inKisi };
    this.people.set(memberId, person);
    return person;
  }

  private forget(): void {
    const now = this.desk.now();
    for (const [id, { usedAt }] of this.people)
      if (now - usedAt >= keptMs || this.people.size >= mostPeople) this.people.delete(id);
  }

  private readRecords(
    memberId: number,
    timeZones: TimeZones,
    reference: 'anew' | 'kept',
  ): Promise<MemberRead> {
    const how = { isCheckIn: false, isBatch: false, siblingIds: [], standsOn: [] };
    const notBefore = this.desk.now();
    return within({ limit: { limitMs, of: 'Nexudus' } }, () =>
      this.readerFor(timeZones).readMember({ ...how, memberId, notBefore, reference }),
    );
  }

  private lookIntoKisi({
    shown,
    ownerId,
    records,
  }: Pick<Kept, 'ownerId' | 'records'> & Pick<KnownMember, 'shown'>): Promise<InKisiInFull> {
    const email = async (): Promise<string> => {
      const { value, problem } = await records.get();
      if (value === null) throw new CommandError(problem ?? 'Nexudus was not read');
      return value.snapshot?.profiles[0]?.member.email ?? '';
    };
    const recorded = (userId: number): Promise<RecordedKey[]> => this.recordedKeys(ownerId, userId);
    const { kisi, now } = this.desk;
    return within({ limit: { limitMs, of: 'Kisi' } }, () =>
      lookIntoKisi(kisi, { shown, email, recorded }, now()),
    );
  }

  /** Which keys of a Kisi user are on record as Latchkey's; none where the database does not answer. */
  private async recordedKeys(memberId: number, userId: number): Promise<RecordedKey[]> {
    try {
      const { db, now } = this.desk;
      return recordedKeysOf(userId, await createOwnership(db, now).read(memberId, []));
    } catch {
      return [];
    }
  }

  /** One reader for as long as the time zones in force stay the same: what it keeps of pass types and places is shared. */
  private readerFor(timeZones: TimeZones): Reader {
    const { nexudus: client, now } = this.desk;
    const zones = JSON.stringify(timeZones);
    if (this.reader?.zones === zones) return this.reader.reader;
    const baselines = (): Promise<null> => Promise.resolve(null);
    const once = { gatherMs: 0, lookLaterMs: 0 };
    const reader = createReader({ client, readingRules, now, timeZones, baselines, ...once });
    this.reader = { zones, reader };
    return reader;
  }
}

/** A text that differs whenever Temporal shows something else of the member, or other time zones. */
function markOf(watched: Answer<Watched>, timeZones: TimeZones): string {
  if (!('value' in watched)) return 'unread';
  const rows = [watched.value.row, watched.value.owner].map((row) => row && markOfRow(row));
  return JSON.stringify([rows, timeZones]);
}

function markOfRow({ state, problem, nextChangeAt, closed, shown }: KnownMember): unknown[] {
  return [state, problem, nextChangeAt, closed, shown];
}
