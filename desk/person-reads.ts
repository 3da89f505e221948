import type { Instant } from '../access/types.js';
import type { Invitation } from '../activities/invitations.js';
import type { AuditRecord } from '../database/audit-records.js';
import type { MemberRead } from '../nexudus/reader.js';
import type { InKisiInFull } from '../space/in-kisi.js';
import { ApiReads, type ApiRead } from './api-reads.js';
import type { Desk } from './desk.js';
import type { DoorBook, Doors } from './doors.js';
import type { InvitationWatch } from './invitation-facts.js';
import type { Shown } from './last-known.js';
import { governedNow, watchedOf, type Governed, type Watched } from './person-in-temporal.js';
import { noAnswerYet, patiently, Silences, type Answer, type Told } from './patience.js';

/** All that could be read of one person; for each part that could not be read: why. */
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
  invitation: Shown<Invitation | null>;
}

/** How a page wants a person read. */
export interface Reading {
  /** Both APIs are asked anew. */
  isFresh: boolean;
  /** The page is about now, and says itself what is older, so what Latchkey knows already will do. */
  isHasty: boolean;
}

/** How long a page waits at most: `pageMs` for everything, `temporalMs` for Temporal. */
const pageMs = 2_700;
const temporalMs = 1_700;
/** How long a page waits to ask the APIs while Temporal does not answer, which would say whose Kisi user the page is about. */
const soonMs = 600;
/** How long a hasty page waits for the APIs. */
const hastyMs = 150;
/** The most records of the audit log that a page shows. */
export const mostRecords = 200;

/**
 * Reads what a person's page is about. A page waits a sixth of a second for the APIs where the member's workflow says how things
 * were at its last look, and else no longer than about three seconds, whatever is down.
 */
export class PersonReads {
  private readonly apis: ApiReads;
  private readonly silences: Silences;

  constructor(
    private readonly desk: Desk,
    private readonly doorBook: DoorBook,
    private readonly invitations: Pick<InvitationWatch, 'of'>,
  ) {
    this.apis = new ApiReads(desk);
    this.silences = new Silences(desk.now);
  }

  /** Throws nothing. */
  async read(memberId: number, { isFresh, isHasty }: Reading): Promise<PersonFacts> {
    const { desk, silences, invitations } = this;
    const startedMs = performance.now();
    const keeping = patiently(desk.auditLog.newestFirst({ memberId, limit: mostRecords }), pageMs);
    const opening = this.doorBook.read();
    opening.catch(() => undefined);
    const watching = watchedOf(desk.client, memberId);
    const governing = governedNow(desk.client);
    const [soonWatched, soonGoverned] = await Promise.all([
      patiently(watching, soonMs),
      patiently(governing, soonMs),
    ]);
    const reads = this.apis.of(memberId, soonWatched, soonGoverned, isFresh);
    const isQuick = isHasty && lookedAt(soonWatched) !== null;
    const left = (): number => Math.max(0, (isQuick ? hastyMs : pageMs) - (performance.now() - startedMs));
    const [watched, governed, records, inKisi, doors, kept] = await Promise.all([
      patiently(watching, temporalMs - soonMs),
      patiently(governing, temporalMs - soonMs),
      this.answerOf('Nexudus', reads.records, left(), isQuick),
      this.answerOf('Kisi', reads.inKisi, left(), isQuick),
      patiently(opening, left()),
      keeping,
    ]);
    // Not before, since Kisi lets only a few requests through at a time.
    const invitation = await invitations.of(reads.ownerId, isFresh, isQuick ? left() : undefined);
    return {
      ...{ memberId, now: desk.now(), records, inKisi, invitation },
      watched: silences.note('Temporal', watched),
      governed: silences.note('the orders', governed),
      doors: silences.note('groups', doors),
      kept: silences.note('the audit log', kept),
    };
  }

  /**
   * A text that differs whenever something else was read of a person whose keys this member holds: an open page is drawn anew
   * then.
   */
  markOf(ownerId: number): string {
    return this.apis.markOf(ownerId);
  }

  /** What an API says now; where a hasty page would have to wait for that: what was read last. */
  private async answerOf<T>(
    api: 'Nexudus' | 'Kisi',
    read: ApiRead<T>,
    waitMs: number,
    isQuick: boolean,
  ): Promise<Told<T>> {
    const { value, readAt, problem, isReading } = await read.get(waitMs);
    if (problem !== null) return this.silences.note<T>(api, { why: problem });
    if (value !== null && !isReading) return this.silences.note(api, { value });
    if (!isQuick) return this.silences.note<T>(api, { why: noAnswerYet });
    return value === null || readAt === null
      ? { why: '', since: this.desk.now(), isAwaited: true }
      : { value, asOf: readAt };
  }
}

/** When the workflow that looks after the keys last looked; null: nobody says. */
function lookedAt(watched: Answer<Watched>): string | null {
  if (!('value' in watched)) return null;
  const { owner, row } = watched.value;
  return (owner ?? row)?.view?.lastCheckedAt ?? null;
}
