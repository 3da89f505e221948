import type { Note, AuditRecord, WriteAhead } from '../../database/audit-records.js';
import type { AuditLog } from '../../database/audit-log.js';

export const noon = Date.parse('2026-11-25T12:00:00Z');

/** A grant of group 12 to member 7. */
export function write(over: Partial<WriteAhead> = {}): WriteAhead {
  return {
    key: 'w1',
    at: noon,
    memberId: 7,
    locationId: 1,
    groupId: 12,
    what: 'grant',
    before: null,
    after: { until: noon },
    cause: 'rule ok: pass 3 (Day pass)',
    by: 'rules',
    planId: null,
    ...over,
  };
}

/** A decision about member 7. */
export function note(over: Partial<Note> = {}): Note {
  return { ...write(), kind: 'decision', state: 'done', key: 'd1', what: 'decide', answer: null, ...over };
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

export async function keysIn(auditLog: AuditLog): Promise<string[]> {
  return keysOf(await collect(auditLog.all()));
}

export const keysOf = (records: readonly AuditRecord[]): string[] => records.map((record) => record.key);
