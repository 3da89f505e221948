import { ApplicationFailure, Context, log } from '@temporalio/activity';
import type { Wait } from '../access/latency.js';
import type { Instant } from '../access/types.js';
import { KisiError } from '../kisi/errors.js';
import type { JsonValue } from '../access/json.js';
import type { AuditRecord, WriteAhead } from '../database/audit-records.js';
import type { AuditLog } from '../database/audit-log.js';
import { memberIdOf } from '../messages/to-member.js';
import type { WriteNote } from '../messages/to-activities.js';
import { logWrite } from './lines.js';

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
 * Keeps a key that gives way to another one as a write of its own, which takes it away: the process may die before the other one is
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

/** What came of it. */
export interface Written<T> {
  result: T;
  after: JsonValue;
  /** Kisi's answer, in a few words. */
  answer: string;
  /** `before`: Kisi was as it was wished already, by an earlier try if there was one. `never`: it could not be so. */
  done: 'now' | 'before' | 'never';
  /** Where it is done, somebody has a key who had none (`grant`), or has none any more. Left out: neither. */
  awaited?: Wait['what'];
}

/** What measures how long writes are waited for. */
export interface Stopwatch {
  /** What was due before this waited for people, and is not measured. */
  countsFrom(): Promise<Instant>;
  tell(wait: Wait): void;
}

/** Keeps every write in the audit log: noted before it is made, and its answer after. */
export interface Recorder {
  /** Throws what the write throws, and AuditLogError, before anything is written, where the audit log cannot be. */
  write<T>(note: WriteNote, write: Write<T>): Promise<T>;
  /**
   * Says of the running member's earlier writes to a group (null: to no group), whose answers were lost, what became of
   * them. Throws AuditLogError.
   */
  settle(groupId: number | null, sight: Pick<Sight<unknown>, 'keyId' | 'shows'>): Promise<void>;
  /** The same of all of them, as far as `sightOf` can tell: null: it cannot. */
  settleSeen(
    sightOf: (earlier: AuditRecord) => Pick<Sight<unknown>, 'keyId' | 'shows'> | null,
  ): Promise<void>;
}

export function createRecorder(auditLog: AuditLog, now: () => Instant, stopwatch: Stopwatch): Recorder {
  /** The newest try of each write under way: there are two where Temporal has taken the first for lost. */
  const newestTries = new Map<string, symbol>();

  async function inDoubt(memberId: number | null, groupId?: number | null): Promise<AuditRecord[]> {
    return memberId === null ? [] : auditLog.begunFor(memberId, groupId);
  }

  async function lastDone({ memberId, groupId }: Pick<AuditRecord, 'memberId' | 'groupId'>) {
    return memberId === null ? null : auditLog.lastDoneFor(memberId, groupId);
  }

  async function finish(
    all: readonly AuditRecord[],
    { shows, keyId }: Pick<Sight<unknown>, 'keyId' | 'shows'>,
  ): Promise<void> {
    const answer = 'its answer was lost; what became of it showed later';
    for (const one of all) {
      const outcome =
        shows(one) && !leftSo(await lastDone(one), one, keyId)
          ? { state: 'done' as const, after: withKeyId(one.after, keyId), answer }
          : { state: 'failed' as const, after: one.before, answer };
      await auditLog.finish(one.key, outcome);
      if (outcome.state === 'done') logWrite(one, outcome.after);
    }
  }

  /** Its record is as old as the one of the write that it belongs to, and stands before that. */
  async function replaced<T>(
    { key, ...about }: Omit<WriteAhead, 'after'>,
    swap: (onTaken: (wasThere: boolean) => void) => Promise<T>,
  ): Promise<T> {
    const { mayBeDone } = await auditLog.begin({ ...about, key, after: null });
    const taken: { wasThere?: boolean } = {};
    try {
      return await swap((wasThere) => (taken.wasThere = wasThere));
    } catch (error) {
      if (taken.wasThere === undefined && !mayBeDone && (isRefused(error) || isUnsent(error, 'revoke')))
        await auditLog.finish(key, { state: 'failed', after: about.before, answer: error.message });
      throw error;
    } finally {
      if (taken.wasThere !== undefined) {
        const isDone = taken.wasThere || mayBeDone;
        const answer = isDone ? 'deleted, for another key in its place' : 'already gone';
        await auditLog.finish(key, { state: isDone ? 'done' : 'failed', after: null, answer });
      }
    }
  }

  return {
    async settle(groupId, sight) {
      await finish(await inDoubt(runningMember(), groupId), sight);
    },
    async settleSeen(sightOf) {
      for (const one of await inDoubt(runningMember())) {
        const sight = sightOf(one);
        if (sight !== null) await finish([one], sight);
      }
    },
    async write(note, { look, make, ...planned }) {
      const {
        id,
        since = null,
        memberId = runningMember(),
        unsure = false,
        isOrdered = false,
        ...about
      } = note;
      let write = planned;
      // The same for each try, however the workflow tries: one change is one record.
      const key = `write/${id}`;
      const doubtful = await inDoubt(memberId, planned.groupId);
      const earlier = doubtful.filter((one) => one.key !== key);
      if (earlier.length > 0 || unsure) {
        // Before this one is made: afterwards it could not be told any more which of them did it.
        const sight = await (isOrdered ? unlessUnread(look) : look());
        if (sight !== null) {
          await finish(sight.isSo === null ? earlier : doubtful, sight);
          if (sight.isSo !== null) return sight.isSo.result;
          write = { ...planned, before: sight.before };
        }
      }
      const thisTry = Symbol(key);
      newestTries.set(key, thisTry);
      const isMeasured = since !== null && since >= (await stopwatch.countsFrom());
      const { at, mayBeDone: isTriedAgain } = await auditLog.begin({
        key,
        at: now(),
        memberId,
        ...write,
        ...about,
      });
      const replacing: Replacing = (keyId, swap) =>
        replaced(
          { ...write, ...about, key: `replaced/${id}`, at, memberId, what: 'revoke', before: { keyId } },
          swap,
        );
      try {
        const written = await make(isTriedAgain, replacing);
        const { result, done, after, answer, awaited } = written;
        const isByEarlierTry = async (): Promise<boolean> => {
          if (done !== 'before' || !isTriedAgain) return false;
          const one = { ...write, after };
          return !leftSo(await lastDone({ memberId, groupId: write.groupId }), one, idIn(after));
        };
        const isDone = done === 'now' || (await isByEarlierTry());
        const until = now();
        // Nexudus' clock may be ahead.
        const waited = isDone && awaited && isMeasured ? { since: Math.min(since, until), until } : undefined;
        await auditLog.finish(key, { state: isDone ? 'done' : 'failed', after, answer, waited });
        // A grant that found a key there, and moved its end on.
        const what = write.what === 'grant' && awaited === undefined ? 'move' : write.what;
        if (isDone) logWrite({ ...about, ...write, what, memberId }, after);
        if (awaited && waited) stopwatch.tell({ what: awaited, locationId: about.locationId, ...waited });
        return result;
      } catch (error) {
        // Of another try it tells nothing.
        const isOnly = !isTriedAgain && newestTries.get(key) === thisTry;
        if (isOnly && (isRefused(error) || isUnsent(error, write.what)))
          await auditLog.finish(key, { state: 'failed', after: write.before, answer: error.message });
        throw error;
      } finally {
        if (newestTries.get(key) === thisTry) newestTries.delete(key);
      }
    },
  };
}

/** How Kisi is; null: its reads fail, which holds back nothing that a person ordered: the ledger is what is believed. */
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

/** The member whose workflow has the running activity done; null: another workflow has. */
export function runningMember(): number | null {
  return memberIdOf(Context.current().info.workflowExecution?.workflowId ?? '');
}

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

/** A definite no. After any other failure it may have been made all the same, and it is tried again under the same key. */
function isRefused(error: unknown): error is Error {
  if (error instanceof KisiError) return !error.canRetryHelp;
  if (!(error instanceof ApplicationFailure) || error.nonRetryable !== true) return false;
  const [detail] = (error.details ?? []) as [{ mayBeDone?: boolean }?];
  return detail?.mayBeDone !== true;
}
