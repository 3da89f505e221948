import { ApplicationFailure, log } from '@temporalio/activity';
import type { Wait } from '../access/latency.js';
import { iso, type Instant } from '../access/types.js';
import { KisiError } from '../kisi/errors.js';
import type { JsonValue } from '../access/json.js';
import type { AuditRecord, WriteAhead } from '../database/audit-records.js';
import type { AuditLog } from '../database/audit-log.js';
import type { WriteNote } from '../messages/to-activities.js';

/** A write that is about to be made. */
export interface Write<T> {
  what: 'createUser' | 'grant' | 'move' | 'giveBack' | 'revoke';
  groupId: number | null;
  before: JsonValue;
  /** What is wished. */
  after: JsonValue;
  /** How Kisi is before it; asked only where it is not known what became of an earlier write to the same key. */
  look: () => Promise<Sight<T>>;
  /** Makes it; `again`: an earlier try may have made it. */
  make: (again: boolean, replacing: Replacing) => Promise<Written<T>>;
}

/**
 * Keeps the removal of a key that gives way to another one as a write of its own: the process may die before the other key is
 * there. `swap` makes both requests, and says when the first key is away, and whether it was there.
 */
export type Replacing = <T>(
  keyId: number,
  swap: (onTaken: (wasThere: boolean) => void) => Promise<T>,
) => Promise<T>;

/** Kisi as it is before a write. */
export interface Sight<T> {
  /** The key that is there; null: none, or this is about no key. */
  keyId: number | null;
  /** Whether an earlier write, whose answer was lost, was done. */
  shows: (earlier: AuditRecord) => boolean;
  /** How it is, as the audit log keeps it. */
  before: JsonValue;
  /** What the write would answer where all is as wished already, so that it is not made; null: it is not so. */
  isSo: { result: T } | null;
}

/** What came of a write. */
export interface Written<T> {
  result: T;
  after: JsonValue;
  /** Kisi's answer, in a few words. */
  answer: string;
  /** `before`: Kisi was as it was wished already, by an earlier try if there was one. `never`: it could not be so. */
  done: 'now' | 'before' | 'never';
  /** Once it is done, somebody has a key who had none (`grant`), or has none any more (`revoke`). Left out: neither. */
  awaited?: Wait['what'];
}

/** What measures how long writes are waited for. */
export interface Stopwatch {
  /** What was due before this waited for people, and is not measured. */
  countsFrom(): Promise<Instant>;
  tell(wait: Wait): void;
}

/** What a write is about, and whose key it is. */
export type Noted = WriteNote & { memberId: number | null };

/** What shows the outcome of an earlier write. */
type Shown = Pick<Sight<unknown>, 'keyId' | 'shows'>;

/** A write that is about to be made, without its time. */
type Ahead = Omit<WriteAhead, 'at'>;

/** A recorder. Keep one for the process that writes to Kisi. */
export const createRecorder = (auditLog: AuditLog, now: () => Instant, stopwatch: Stopwatch): Recorder =>
  new Recorder(auditLog, now, stopwatch);

/** Keeps every write in the audit log: noted before it is made, and its answer after. Throws DatabaseError where it cannot. */
export class Recorder {
  /** The newest try of each write under way: there are two where Temporal has taken the first for lost. */
  private readonly newestTries = new Map<string, symbol>();

  constructor(
    private readonly auditLog: AuditLog,
    private readonly now: () => Instant,
    private readonly stopwatch: Stopwatch,
  ) {}

  /** Says of a member's earlier writes to a group (null: to no group), whose answers were lost, what became of them. */
  async settle(memberId: number | null, groupId: number | null, shown: Shown): Promise<void> {
    await this.settleAll(await this.inDoubt(memberId, groupId), shown);
  }

  /** Settles all earlier writes of a member whose answers were lost, as far as `sightOf` can tell; its null: it cannot. */
  async settleSeen(memberId: number | null, sightOf: (earlier: AuditRecord) => Shown | null): Promise<void> {
    for (const one of await this.inDoubt(memberId)) {
      const shown = sightOf(one);
      if (shown !== null) await this.settleAll([one], shown);
    }
  }

  /** Makes a write, unless all is as wished already. Throws what the write throws; DatabaseError before anything is written. */
  async write<T>(note: Noted, write: Write<T>): Promise<T> {
    // The same for each try, however the workflow tries: one change is one record.
    const key = `write/${note.id}`;
    const sight = await this.lookFirst(key, note, write);
    if (sight !== null && sight.isSo !== null) return sight.isSo.result;
    const { what, groupId, after } = write;
    const { cause, locationId, by, planId, memberId } = note;
    const before = sight === null ? write.before : sight.before;
    const about = { cause, locationId, by, planId, memberId, what, groupId, before, after };
    const thisTry = Symbol(key);
    this.newestTries.set(key, thisTry);
    try {
      return await this.make({ key, ...about }, note, write, thisTry);
    } finally {
      if (this.newestTries.get(key) === thisTry) this.newestTries.delete(key);
    }
  }

  /**
   * How Kisi is, where it is not known what became of earlier writes, which are settled by it. Null: there is none, or Kisi
   * could not be read for an order. Comes before a write is made: afterwards nobody could tell which of them did it.
   */
  private async lookFirst<T>(
    key: string,
    { memberId, unsure = false, isOrdered = false }: Noted,
    { look, groupId }: Write<T>,
  ): Promise<Sight<T> | null> {
    const doubtful = await this.inDoubt(memberId, groupId);
    const earlier = doubtful.filter((one) => one.key !== key);
    if (earlier.length === 0 && !unsure) return null;
    const sight = await (isOrdered ? unlessUnread(look) : look());
    if (sight !== null) await this.settleAll(sight.isSo === null ? earlier : doubtful, sight);
    return sight;
  }

  private async make<T>(
    ahead: Ahead,
    { id, since = null }: Noted,
    { make, what }: Write<T>,
    thisTry: symbol,
  ): Promise<T> {
    const isMeasured = since !== null && since >= (await this.stopwatch.countsFrom());
    const { at, mayBeDone: isTriedAgain } = await this.auditLog.begin({
      ...ahead,
      at: this.now(),
    });
    const replacing: Replacing = (keyId, swap) =>
      this.replace({ ...ahead, key: `replaced/${id}`, at, what: 'revoke', before: { keyId } }, swap);
    try {
      const written = await make(isTriedAgain, replacing);
      await this.finish(ahead, written, isTriedAgain, isMeasured ? since : null);
      return written.result;
    } catch (error) {
      // The error tells nothing of another try.
      const isOnly = !isTriedAgain && this.newestTries.get(ahead.key) === thisTry;
      if (isOnly && (isRefused(error) || isUnsent(error, what)))
        await this.auditLog.finish(ahead.key, {
          state: 'failed',
          after: ahead.before,
          answer: error.message,
        });
      throw error;
    }
  }

  private async finish(
    ahead: Ahead,
    { done, after, answer, awaited }: Written<unknown>,
    isTriedAgain: boolean,
    waitedSince: Instant | null,
  ): Promise<void> {
    const isDone =
      done === 'now' ||
      (done === 'before' && isTriedAgain && !(await this.wasLeftSo({ ...ahead, after }, idIn(after))));
    const until = this.now();
    // Nexudus' clock may be ahead.
    const waited =
      isDone && awaited && waitedSince !== null ? { since: Math.min(waitedSince, until), until } : undefined;
    await this.auditLog.finish(ahead.key, { state: isDone ? 'done' : 'failed', after, answer, waited });
    // A grant that found a key there, and moved its end on.
    const what = ahead.what === 'grant' && awaited === undefined ? 'move' : ahead.what;
    if (isDone) logWrite({ ...ahead, what }, after);
    if (awaited && waited) this.stopwatch.tell({ what: awaited, locationId: ahead.locationId, ...waited });
  }

  /** Makes a replacement. The key that goes has a record as old as that of the whole write, and stands before it. */
  private async replace<T>(
    { key, ...about }: WriteAhead,
    swap: (onTaken: (wasThere: boolean) => void) => Promise<T>,
  ): Promise<T> {
    const { mayBeDone } = await this.auditLog.begin({ ...about, key, after: null });
    const taken: { wasThere?: boolean } = {};
    try {
      return await swap((wasThere) => (taken.wasThere = wasThere));
    } catch (error) {
      if (taken.wasThere === undefined && !mayBeDone && (isRefused(error) || isUnsent(error, 'revoke')))
        await this.auditLog.finish(key, { state: 'failed', after: about.before, answer: error.message });
      throw error;
    } finally {
      if (taken.wasThere !== undefined) {
        const isDone = taken.wasThere || mayBeDone;
        const answer = isDone ? 'deleted, for another key in its place' : 'already gone';
        await this.auditLog.finish(key, { state: isDone ? 'done' : 'failed', after: null, answer });
      }
    }
  }

  private async inDoubt(memberId: number | null, groupId?: number | null): Promise<AuditRecord[]> {
    return memberId === null ? [] : this.auditLog.begunFor(memberId, groupId);
  }

  private async settleAll(all: readonly AuditRecord[], { shows, keyId }: Shown): Promise<void> {
    const answer = 'its answer was lost; what became of it showed later';
    for (const one of all) {
      const outcome =
        shows(one) && !(await this.wasLeftSo(one, keyId))
          ? { state: 'done' as const, after: withKeyId(one.after, keyId), answer }
          : { state: 'failed' as const, after: one.before, answer };
      await this.auditLog.finish(one.key, outcome);
      if (outcome.state === 'done') logWrite(one, outcome.after);
    }
  }

  /** Whether an earlier write had left all as this one wishes it. */
  private async wasLeftSo(one: Ahead, keyId: number | null): Promise<boolean> {
    const { memberId, groupId } = one;
    return leftSo(memberId === null ? null : await this.auditLog.lastDoneFor(memberId, groupId), one, keyId);
  }
}

/** How Kisi is; null: its reads fail. That holds back nothing that a person ordered: the ledger is believed then. */
async function unlessUnread<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof KisiError)) throw error;
    log.warn(
      `Kisi could not be read before a write that is ordered, which is made all the same: ${error.message}`,
    );
    return null;
  }
}

/**
 * Whether the last write that is known to be done had left all as another wishes it, so that the other had nothing to do.
 * `keyId`: the key that is there now. Pure.
 */
function leftSo(
  last: AuditRecord | null,
  { what, before, after }: Pick<AuditRecord, 'what' | 'before' | 'after'>,
  keyId: number | null,
): boolean {
  if (what === 'createUser') return false;
  // No key that was known: if none had been given, there was none to take away.
  if (what === 'revoke' && idIn(before) === null) return last === null || last.what === 'revoke';
  if (last === null) return false;
  if (what === 'revoke') return last.what === 'revoke' && idIn(last.before) === idIn(before);
  if (last.what === 'revoke' || (idIn(last.after) ?? idIn(last.before)) !== keyId) return false;
  return endIn(last.after) === endIn(after);
}

/** What a write left, with the key that shows it. Pure. */
function withKeyId(after: JsonValue, keyId: number | null): JsonValue {
  const isKey = typeof after === 'object' && after !== null && 'validUntil' in after;
  return isKey && keyId !== null ? { keyId, ...after } : after;
}

/** The id of the key that a record tells of; null: none. Pure. */
export const idIn = (kept: JsonValue): number | null =>
  (kept as { keyId?: number | null } | null)?.keyId ?? null;
/** The end of that key; null: none. Pure. */
export const endIn = (kept: JsonValue): number | null =>
  (kept as { validUntil?: number | null } | null)?.validUntil ?? null;

/** By which request each write begins: where that one was not sent, nothing was done. */
const firstRequest: Record<Write<unknown>['what'], KisiError['method']> = {
  createUser: 'POST',
  grant: 'POST',
  move: 'PATCH',
  giveBack: 'PATCH',
  revoke: 'DELETE',
};

function isUnsent(error: unknown, what: Write<unknown>['what']): error is KisiError {
  return error instanceof KisiError && error.isUnsent && error.method === firstRequest[what];
}

/** A definite no. After any other failure the write may have been made, and it is tried again under the same key. */
function isRefused(error: unknown): error is Error {
  if (error instanceof KisiError) return !error.canRetryHelp;
  if (!(error instanceof ApplicationFailure) || error.nonRetryable !== true) return false;
  const [detail] = (error.details ?? []) as [{ mayBeDone?: boolean }?];
  return detail?.mayBeDone !== true;
}

/** What was done, as the log says it. */
const writes: Record<string, string> = {
  createUser: 'made a Kisi user, and Kisi mails the invitation',
  grant: 'gave a key',
  move: 'moved the end of a key',
  giveBack: 'gave a key back with the end that a person had given it',
  revoke: 'took a key away',
};

/** One line in the log for a write to Kisi that is done. `after`: how the key is now. */
function logWrite(
  { what, memberId, groupId, cause, by }: Pick<AuditRecord, 'what' | 'memberId' | 'groupId' | 'cause' | 'by'>,
  after: JsonValue,
): void {
  const { validUntil } = (after ?? {}) as { validUntil?: Instant | null };
  const until = typeof validUntil === 'number' ? iso(validUntil) : validUntil;
  log.info(writes[what] ?? what, { memberId, groupId, until, why: cause, by });
}
