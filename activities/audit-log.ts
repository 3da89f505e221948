import type { JsonValue } from '../access/json.js';
import type { Note } from '../database/audit-records.js';
import { giverWords } from '../messages/to-control.js';
import type { Kept } from '../database/kept.js';
import type { AuditLog } from '../database/audit-log.js';
import type { Act, Remembered, AuditLogActivities } from '../messages/to-activities.js';
import { remote } from './remote.js';

export interface AuditLogDeps {
  auditLog: Pick<AuditLog, 'note'>;
  kept: Kept;
  now: () => number;
}

/** The database as activities, for what no other activity notes by the way. */
export function createAuditLogActivities({ auditLog, kept, now }: AuditLogDeps): AuditLogActivities {
  return remote<AuditLogActivities>({
    noteAct: (act) => auditLog.note(actNote(act)),
    async remember(name, value) {
      const known = rememberedIn((await kept.read(name))?.value ?? null);
      if (known !== null && known.revision > value.revision) return known;
      if (known === null || known.revision < value.revision)
        await kept.write(name, value as Remembered & JsonValue, now());
      return null;
    },
  });
}

/** What a person did, as the audit log keeps it. Pure. */
export function actNote(act: Act): Note {
  const { id, at, memberId, what, why, after, groupId = null } = act;
  return {
    key: `act/${id}`,
    at,
    kind: 'act',
    state: 'done',
    memberId,
    locationId: null,
    groupId,
    what,
    before: null,
    after,
    cause: why,
    by: giverWords(act),
    planId: null,
    answer: null,
  };
}

/** The value as what a workflow remembers; null: it is nothing of the kind. */
export function rememberedIn(value: JsonValue): Remembered | null {
  const { revision } = Object(value) as { revision?: unknown };
  return typeof revision === 'number' ? (value as unknown as Remembered) : null;
}
