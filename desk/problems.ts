import { groupBy } from '../nexudus/collections.js';
import type { AuditRecord } from '../database/audit-records.js';
import type { Instant } from '../access/types.js';
import { isLeftToHand } from '../space/timeline.js';
import type { Desk } from './desk.js';

/** A write to Kisi that did not go as it should for somebody. */
export interface Problem {
  record: AuditRecord;
  /** How long somebody waited for the write, where that was too long; null: Kisi refused the write, or its answer was lost. */
  waitedMs: number | null;
  /** How often the same went wrong, one try after another. */
  times: number;
}

/** The most writes that are looked through, the newest first. */
const mostWrites = 2_000;
/** How long a write may be under way before it counts as gone wrong. */
const underWayMs = 60_000;

/** The writes since then that came late for somebody, and those that Kisi refused; the newest first. Throws DatabaseError. */
export async function readProblems(
  { auditLog, config, now }: Pick<Desk, 'auditLog' | 'config' | 'now'>,
  since: Instant,
): Promise<Problem[]> {
  const writes = await auditLog.newestFirst({
    ...{ since, kinds: ['write'], exceptWhat: ['move'], limit: mostWrites },
  });
  return problemsAmong(writes, config.file.latency.withinMs, now());
}

/** The writes among these that went wrong, or took longer than `withinMs`: each once, by its newest try. Pure. */
export function problemsAmong(writes: readonly AuditRecord[], withinMs: number, now: Instant): Problem[] {
  const all = writes.flatMap((record): Problem[] => {
    const { state, at, waited } = record;
    const waitedMs = waited === undefined ? 0 : waited.until - waited.since;
    if (isLeftToHand(record)) return [];
    if (state === 'failed' || (state === 'begun' && now - at > underWayMs))
      return [{ record, waitedMs: null, times: 1 }];
    return state === 'done' && waitedMs > withinMs ? [{ record, waitedMs, times: 1 }] : [];
  });
  const alike = groupBy(all, ({ record: { key, memberId, groupId, what, state } }) =>
    state === 'failed' ? [memberId, groupId, what].join() : key,
  );
  return [...alike.values()].flatMap(([newest, ...earlier]) =>
    newest === undefined ? [] : [{ ...newest, times: 1 + earlier.length }],
  );
}
