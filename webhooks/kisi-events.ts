import type { DriftPolicy } from '../access/drift.js';
import type { Instant } from '../access/types.js';
import type { Debouncer } from '../push/debouncer.js';
import type { KisiEvent } from '../push/kisi.js';
import type { AuditRecord } from '../database/audit-records.js';
import type { AuditLog } from '../database/audit-log.js';

export interface KisiJudgeOptions {
  auditLog: Pick<AuditLog, 'writesAbout'>;
  policy: DriftPolicy;
  /** Has a member compare itself with Kisi, or (`tellSomething`) all of Kisi compared. */
  debouncer: Pick<Debouncer, 'tell' | 'tellSomething'>;
  now: () => Instant;
  /** Told where it cannot be known whose events these are. */
  onProblem: (error: unknown) => void;
}

/** The event of a key's new end comes within this time after the write was noted. */
const ownMs = 60_000;
const dayMs = 24 * 60 * 60_000;

/**
 * Sees to events of Kisi. What Latchkey did itself costs nothing. A member whose key or user was changed by another hand
 * compares itself with Kisi, once a day; all else is left to the comparison, which alone knows what is contested, ignored, or
 * only to be reported.
 */
export function createKisiJudge({ auditLog, policy, debouncer, now, onProblem }: KisiJudgeOptions) {
  const mends = [policy.missing, policy.changed, policy.userDeleted].every((does) => does === 'repair');
  const woken = new Map<number, Instant>();

  function mayWake(memberId: number): boolean {
    for (const [id, at] of woken) if (now() - at > dayMs) woken.delete(id);
    if (!mends || woken.has(memberId)) return false;
    woken.set(memberId, now());
    return true;
  }

  return async (events: readonly KisiEvent[]): Promise<void> => {
    const idsOf = (kind: string): number[] =>
      events.flatMap(({ type, objectId }) => (type.startsWith(kind) && objectId !== null ? [objectId] : []));
    try {
      const writes = await auditLog.writesAbout({ keyIds: idsOf('role_assignment'), userIds: idsOf('user') });
      const members = new Set<number>();
      for (const event of events) {
        const verdict = verdictOf(event, writes, now());
        if (verdict === 'ours') continue;
        if (verdict === 'unknown') debouncer.tellSomething();
        else members.add(verdict);
      }
      for (const id of members) {
        if (mayWake(id)) debouncer.tell(id, { mayStart: false });
        else debouncer.tellSomething();
      }
    } catch (error) {
      onProblem(error);
      debouncer.tellSomething();
    }
  };
}

/** What an event is about: a write of ours, another hand on what belongs to this member (by id), or nobody knows. Pure. */
export function verdictOf(
  event: KisiEvent,
  writes: readonly AuditRecord[],
  now: Instant,
): 'ours' | 'unknown' | number {
  const { type, objectId } = event;
  if (type === 'unclear') return 'unknown';
  const about = writes.map(idsIn).filter(({ before, after, user }) => {
    if (objectId === null) return false;
    return type.startsWith('user') ? user === objectId : before === objectId || after === objectId;
  });
  const isOurs = about.some(({ record, before, after }) => {
    const { what, state, at } = record;
    if (state === 'failed') return false;
    switch (type) {
      case 'role_assignment.create':
        return after === objectId && before !== objectId;
      case 'role_assignment.update':
        return what !== 'revoke' && now - at < ownMs;
      case 'role_assignment.destroy':
        return before === objectId && after !== objectId && what !== 'giveBack';
      case 'user.create':
        return true;
      case 'user.update':
      case 'user.destroy':
        return false;
    }
  });
  if (isOurs) return 'ours';
  // A member gains nothing by looking at what only people may undo.
  if (type === 'user.update' || type.endsWith('.create')) return 'unknown';
  return about.at(-1)?.record.memberId ?? 'unknown';
}

interface Ids {
  record: AuditRecord;
  before: number | null;
  after: number | null;
  user: number | null;
}

function idsIn(record: AuditRecord): Ids {
  const before = (record.before ?? {}) as { keyId?: number };
  const after = (record.after ?? {}) as { keyId?: number; userId?: number };
  return { record, before: before.keyId ?? null, after: after.keyId ?? null, user: after.userId ?? null };
}
