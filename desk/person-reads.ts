import { keyOwner } from '../access/ownership.js';
import { readingRules } from '../access/pass-rules.js';
import type { Instant } from '../access/types.js';
import { described } from '../activities/described.js';
import { readInForce } from '../activities/in-force.js';
import type { AuditRecord } from '../database/audit-records.js';
import { createOwnership } from '../database/ownership.js';
import { within } from '../lib/within.js';
import { controlMemo, controlWorkflowId, type Orders } from '../messages/to-control.js';
import type { InForce } from '../messages/to-leader.js';
import { createReader, type MemberRead, type Reader } from '../nexudus/reader.js';
import { lookIntoKisi, recordedKeysOf, type InKisiInFull } from '../space/in-kisi.js';
import { viewMember, type KnownMember } from '../space/member-workflows.js';
import type { Desk } from './desk.js';
import type { DoorBook, Doors } from './doors.js';
import { patiently, Silences, type Answer, type Told } from './patience.js';

/** What Temporal shows of a member. */
export interface Watched {
  /** Null: no workflow is known. */
  row: KnownMember | null;
  /** The profile with the same e-mail that holds the keys, where that is another one; null: it is this one. */
  owner: KnownMember | null;
}

/** What Temporal shows of what holds for everybody. */
export interface Governed {
  /** Null: no worker has said yet by which rules it works. */
  inForce: InForce | null;
  /** Null: no worker has set the space up yet. */
  orders: Orders | null;
}

/** All that could be read of one person, each with why not. */
export interface PersonFacts {
  memberId: number;
  now: Instant;
  watched: Told<Watched>;
  governed: Told<Governed>;
  records: Told<MemberRead>;
  inKisi: Told<InKisiInFull>;
  doors: Told<Doors>;
  /** The newest first. */
  kept: Told<AuditRecord[]>;
}

/** A page waits so long for all, and so long for Temporal. */
const pageMs = 2_700;
const temporalMs = 1_700;
/** The APIs are asked after so much without Temporal's answer, which would say whose Kisi user it is about. */
const soonMs = 600;
const viewMs = 800;
/** What both APIs say of a person is kept for so long, unless Temporal shows that something changed. */
const keptMs = 10_000;
/** Two who press "read again" at once share a read. */
const sharedMs = 1_000;
const limitMs = 20_000;
const mostPeople = 300;
/** So many records of the audit log are shown. */
export const mostRecords = 200;

/** What both APIs say of a person. */
interface ApiReads {
  mark: string;
  startedAt: Instant;
  endedAt: Instant | null;
  records: Promise<MemberRead>;
  inKisi: Promise<InKisiInFull>;
}

/** Reads what a person's page is about; no page waits longer than about three seconds, whatever is down. */
export class PersonReads {
  private readonly reads = new Map<number, ApiReads>();
  private readonly silences: Silences;
  private reader: { zones: string; reader: Reader } | null = null;

  constructor(
    private readonly desk: Desk,
    private readonly doorBook: DoorBook,
  ) {
    this.silences = new Silences(desk.now);
  }

  /** Throws nothing: what could not be read says so. `isFresh`: both APIs are asked anew. */
  async read(memberId: number, isFresh: boolean): Promise<PersonFacts> {
    const { desk, silences, doorBook } = this;
    const startedMs = performance.now();
    const keeping = patiently(desk.auditLog.newestFirst({ memberId, limit: mostRecords }), pageMs);
    const opening = patiently(doorBook.read(), pageMs);
    const watching = this.watch(memberId);
    const governing = this.govern();
    const [soonWatched, soonGoverned] = await Promise.all([
      patiently(watching, soonMs),
      patiently(governing, soonMs),
    ]);
    const reads = this.readsOf(memberId, soonWatched, soonGoverned, isFresh);
    const leftMs = pageMs - (performance.now() - startedMs);
    const [watched, governed, records, inKisi, doors, kept] = await Promise.all([
      patiently(watching, temporalMs - soonMs),
      patiently(governing, temporalMs - soonMs),
      patiently(reads.records, leftMs),
      patiently(reads.inKisi, leftMs),
      opening,
      keeping,
    ]);
    return {
      ...{ memberId, now: desk.now() },
      watched: silences.note('Temporal', watched),
      governed: silences.note('the orders', governed),
      records: silences.note('Nexudus', records),
      inKisi: silences.note('Kisi', inKisi),
      doors: silences.note('groups', doors),
      kept: silences.note('the audit log', kept),
    };
  }

  private async watch(memberId: number): Promise<Watched> {
    const { client } = this.desk;
    const row = await viewMember(client, memberId, viewMs);
    const siblings = row?.shown?.siblingIds ?? [];
    const ownerId = keyOwner([memberId, ...siblings]) ?? memberId;
    const owner = ownerId === memberId ? null : await viewMember(client, ownerId, viewMs);
    return { row, owner };
  }

  private async govern(): Promise<Governed> {
    const { client } = this.desk;
    const [inForce, control] = await Promise.all([readInForce(client), described(client, controlWorkflowId)]);
    return { inForce, orders: (control?.memo?.[controlMemo] as Orders | undefined) ?? null };
  }

  private readsOf(
    memberId: number,
    watched: Answer<Watched>,
    governed: Answer<Governed>,
    isFresh: boolean,
  ): ApiReads {
    const now = this.desk.now();
    const mark = markOf(watched);
    const kept = this.reads.get(memberId);
    if (kept !== undefined && kept.mark === mark && isUsable(kept, now, isFresh)) return kept;
    const reads = this.begin(memberId, mark, watched, governed, isFresh);
    this.keep(memberId, reads, now);
    return reads;
  }

  private begin(
    memberId: number,
    mark: string,
    watched: Answer<Watched>,
    governed: Answer<Governed>,
    isFresh: boolean,
  ): ApiReads {
    const { desk } = this;
    const startedAt = desk.now();
    const reader = this.readerFor(governed);
    const records = within({ limit: { limitMs, of: 'Nexudus' } }, () =>
      reader.readMember({
        ...{ memberId, notBefore: startedAt, reference: isFresh ? 'anew' : 'kept' },
        ...{ isCheckIn: false, isBatch: false, siblingIds: [], standsOn: [] },
      }),
    );
    const email = async (): Promise<string> => {
      const { snapshot } = await records;
      return snapshot?.profiles[0]?.member.email ?? '';
    };
    const found = 'value' in watched ? watched.value : { row: null, owner: null };
    const shown = (found.owner ?? found.row)?.shown ?? null;
    const ownerId = found.owner?.memberId ?? memberId;
    const recorded = (userId: number): Promise<number[]> => this.recordedKeys(ownerId, userId);
    const inKisi = within({ limit: { limitMs, of: 'Kisi' } }, () =>
      lookIntoKisi(desk.kisi, { shown, email, recorded }, startedAt),
    );
    const reads: ApiReads = { mark, startedAt, endedAt: null, records, inKisi };
    void Promise.allSettled([records, inKisi]).then(() => {
      reads.endedAt = desk.now();
    });
    return reads;
  }

  /** Which keys of a Kisi user are on record as Latchkey's; none where the database does not answer. */
  private async recordedKeys(memberId: number, userId: number): Promise<number[]> {
    try {
      const { db, now } = this.desk;
      return recordedKeysOf(userId, await createOwnership(db, now).read(memberId, []));
    } catch {
      return [];
    }
  }

  /** One for as long as the time zones in force stay the same: what it keeps of pass types and places is shared. */
  private readerFor(governed: Answer<Governed>): Reader {
    const { nexudus: client, now } = this.desk;
    const timeZones = ('value' in governed ? governed.value.inForce?.ground?.timeZones : null) ?? {};
    const zones = JSON.stringify(timeZones);
    if (this.reader?.zones === zones) return this.reader.reader;
    const baselines = (): Promise<null> => Promise.resolve(null);
    const once = { gatherMs: 0, lookLaterMs: 0 };
    const reader = createReader({ client, readingRules, now, timeZones, baselines, ...once });
    this.reader = { zones, reader };
    return reader;
  }

  /** Personal data is kept in memory no longer than it serves. */
  private keep(memberId: number, reads: ApiReads, now: Instant): void {
    for (const [id, { endedAt }] of this.reads) {
      const isOver = endedAt !== null && now - endedAt >= keptMs;
      if (isOver || this.reads.size >= mostPeople) this.reads.delete(id);
    }
    this.reads.set(memberId, reads);
  }
}

function isUsable({ startedAt, endedAt }: ApiReads, now: Instant, isFresh: boolean): boolean {
  if (isFresh) return now - startedAt < sharedMs;
  return endedAt === null || now - endedAt < keptMs;
}

/** Differs whenever Temporal shows something else of the member. */
function markOf(watched: Answer<Watched>): string {
  if (!('value' in watched)) return 'unread';
  return JSON.stringify([watched.value.row, watched.value.owner].map((row) => row && markOfRow(row)));
}

function markOfRow({ state, problem, nextChangeAt, closed, shown }: KnownMember): unknown[] {
  return [state, problem, nextChangeAt, closed, shown];
}
