/** What happened to one member, wherever it is known from, for the terminal and for the desk. */
import type { Instant, Snapshot } from '../access/types.js';
import type { AuditRecord } from '../database/audit-records.js';

/** One thing that happened, wherever it is known from. */
export interface Event {
  at: Instant;
  kind: AuditRecord['kind'] | 'nexudus';
  what: string;
  groupId: number | null;
  why: string;
  by: string | null;
  answer: string | null;
}

/** All that is known to have happened to a member, oldest first. `snapshot` null: Nexudus tells nothing. Pure. */
export function eventsOf(kept: readonly AuditRecord[], snapshot: Snapshot | null, now: Instant): Event[] {
  const events = [...kept.map(eventOf), ...(snapshot === null ? [] : eventsIn(snapshot, now))];
  return events.sort((a, b) => a.at - b.at);
}

/** Why it happened, and what Kisi answered. */
export function reasonOf({ why, answer }: Event): string {
  return [why, answer ?? ''].filter((text) => text !== '').join('; Kisi: ');
}

const states: Record<AuditRecord['state'], string> = {
  begun: ' (answer not known)',
  done: '',
  failed: ' (not made)',
};

function eventOf({ at, kind, state, what, groupId, cause, by, answer }: AuditRecord): Event {
  return { at, kind, what: `${what}${states[state]}`, groupId, why: cause, by, answer };
}

/** What the records in Nexudus say that happened. */
function eventsIn({ profiles }: Snapshot, now: Instant): Event[] {
  const happened = (at: Instant | null, what: string, why: string): Event[] =>
    at === null || at > now
      ? []
      : [{ at, kind: 'nexudus', what, groupId: null, why, by: null, answer: null }];
  return profiles.flatMap(({ passes, contracts }) => [
    ...passes.flatMap(({ id, usedAt, expiresAt }) => [
      ...happened(usedAt, 'a pass is used', `CoworkerTimePass ${id} UsedDate`),
      ...happened(expiresAt, 'a pass expires', `CoworkerTimePass ${id} ExpireDate`),
    ]),
    ...contracts.flatMap(({ id, planName, startsAt, cancelledAt }) => [
      ...happened(startsAt, `the plan ${planName} starts`, `CoworkerContract ${id} StartDate`),
      ...happened(cancelledAt, `the plan ${planName} ends`, `CoworkerContract ${id} CancellationDate`),
    ]),
  ]);
}
