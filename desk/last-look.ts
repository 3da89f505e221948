/** What Latchkey knows of a person before either API answers: what it decided when it last looked. Pure. */
import { z } from 'zod';
import type { Instant, NextChange } from '../access/types.js';
import type { AuditRecord } from '../database/audit-records.js';
import type { KeyView, MemberView } from '../messages/to-member.js';

/** How things were when Latchkey last looked. */
export interface LastLook {
  at: Instant;
  /** The groups that the rules gave, each until when; null: no end known. */
  due: ReadonlyMap<number, Instant | null>;
  /** Why the rules gave these, or none: rule and record, with times in UTC. */
  why: string;
  next: NextChange | null;
}

/** As `activities/membership.ts` keeps it. */
const decided = z.array(z.object({ groupId: z.number(), until: z.number().nullable() }));

/**
 * What the workflow says of its last look, with the decision that is on record; null: it has not looked yet, or nobody says.
 * `kept`: the member's part of the audit log, the newest first. Where that is silent, the rules gave what the workflow holds.
 */
export function lastLookOf(view: MemberView | null, kept: readonly AuditRecord[]): LastLook | null {
  const lookedAt = view?.lastCheckedAt ?? null;
  if (view === null || lookedAt === null) return null;
  const decision = kept.find(({ kind }) => kind === 'decision');
  const keys = decided.safeParse(decision?.after).data ?? heldBy(view);
  const { standing, nextChange } = view;
  return {
    at: Math.max(Date.parse(lookedAt), decision?.at ?? 0),
    due: new Map(keys.map(({ groupId, until }) => [groupId, until])),
    why: (decision?.cause ?? standing).replace(/\.$/, ''),
    next: nextChange === null ? null : { at: Date.parse(nextChange.at), what: nextChange.what },
  };
}

function heldBy({ keys }: MemberView): z.infer<typeof decided> {
  const own = keys.filter(({ givenByHand }: KeyView) => !givenByHand);
  return own.map(({ groupId, until }) => ({ groupId, until: until === null ? null : Date.parse(until) }));
}
