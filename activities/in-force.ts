import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { apiUsers } from '../access/ownership.js';
import { leaderWorkflowId } from '../messages/to-member.js';
import { inForceMemo, type InForce } from '../messages/to-leader.js';
import { described } from './described.js';
import { digestOfRules } from './membership.js';

const instant = z.int().nonnegative();
const number = z.number();
const schema = z.looseObject({
  version: z.string(),
  process: z.string(),
  startedAt: instant,
  since: instant,
  digest: z.string(),
  fileDigest: z.string(),
  change: z.int().positive(),
  ground: z
    .looseObject({
      rules: z.looseObject({
        mapping: z.array(
          z.looseObject({ locationId: z.int().nullable(), passTypeId: z.int(), groupIds: z.array(z.int()) }),
        ),
        policies: z.looseObject({
          renewalGraceMs: number,
          doorGraceMs: number,
          doorHorizonMs: number,
          usedPass: z.enum(['endOfDay', 'atOnce']),
          lastDay: z.enum(['inclusive', 'exclusive']),
          existingKeys: z.enum(['keep', 'adopt']),
        }),
      }),
      timeZones: z.record(z.string(), z.string()),
      knownZones: z.record(z.string(), z.string()),
      settings: z.looseObject({
        drift: z.record(z.string(), z.enum(['repair', 'report'])),
        guard: z.looseObject({ people: number, share: number }),
        latency: z.looseObject({ withinMs: number, share: number }),
        findUsers: z.string(),
        apiUser: z.enum(apiUsers),
        undoWindowMs: number,
        auditLogRetentionMs: number,
      }),
    })
    .nullable(),
});

/**
 * The rules in force, as the leader or the last leader said them: no worker is needed to read them. Null: there has been no
 * leader yet, or what is kept has not the form of this release. Throws where Temporal cannot be reached.
 */
export async function readInForce(client: Client): Promise<InForce | null> {
  const last = await described(client, leaderWorkflowId);
  return inForceOf(last?.memo?.[inForceMemo]);
}

/** What is kept, checked; null: no such thing. Anybody may type a signal in the UI, and no rules may come of it by chance. */
export function inForceOf(kept: unknown): InForce | null {
  if (!schema.safeParse(kept).success) return null;
  // Not the parsed copy: the digest depends on the order of keys.
  const inForce = kept as InForce;
  const { ground, digest } = inForce;
  return ground === null || digestOfRules(ground.rules) === digest ? inForce : null;
}
