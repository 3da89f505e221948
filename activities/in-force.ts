import type { Client } from '@temporalio/client';
import { z } from 'zod';
import type { BreakerLimits } from '../access/breaker.js';
import type { DriftPolicy } from '../access/drift.js';
import type { LatencyObjective } from '../access/latency.js';
import { apiUsers, type ApiUser } from '../access/ownership.js';
import type { Instant, Rules } from '../access/types.js';
import type { WayToFindUsers } from '../kisi/directory.js';
import { speakerWorkflowId } from '../workflows/messages.js';
import { inForceMemo } from '../workflows/speaker-messages.js';
import { described } from './described.js';
import { digestOfRules } from './membership.js';

/** What `latchkey.yaml` chooses besides the rules. */
export interface RuleSettings {
  drift: DriftPolicy;
  breaker: BreakerLimits;
  latency: LatencyObjective;
  findUsers: WayToFindUsers;
  apiUser: ApiUser;
  undoWindowMs: number;
  trailRetentionMs: number;
}

/** All that a decision takes besides records and exceptions: the rules and time zones, by ids, and the other settings. */
export interface Ground {
  rules: Rules;
  /** IANA names by location id, over what Nexudus says. */
  timeZones: Record<number, string>;
  /** Those of all locations, as they were when the worker looked. */
  knownZones: Record<number, string>;
  settings: RuleSettings;
}

/** By which rules the process works, or worked last, that speaks to the APIs. */
export interface InForce {
  /** The release of Latchkey. */
  version: string;
  /** `pid@host`, as Temporal's UI names it. */
  process: string;
  startedAt: Instant;
  /** Since when this process speaks. */
  since: Instant;
  /** `digestOfRules` of its rules. */
  digest: string;
  /** Digest of what its latchkey.yaml says: the same file need not be resolved to ids again. */
  fileDigest: string;
  /** Counts how often other rules than before were put in force. */
  change: number;
  /** Null: too large to be shown. */
  ground: Ground | null;
}

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
        breaker: z.looseObject({ people: number, share: number }),
        latency: z.looseObject({ withinMs: number, share: number }),
        findUsers: z.string(),
        apiUser: z.enum(apiUsers),
        undoWindowMs: number,
        trailRetentionMs: number,
      }),
    })
    .nullable(),
});

/**
 * What the process said that speaks to the APIs, or spoke last: no worker is needed for it. Null: none has spoken yet, or
 * what is kept is none of this release's. Throws where Temporal cannot be reached.
 */
export async function readInForce(client: Client): Promise<InForce | null> {
  const last = await described(client, speakerWorkflowId);
  return inForceOf(last?.memo?.[inForceMemo]);
}

/** A kept word, checked; null: it is none. Anybody may type a signal in the UI, and rules must not come from there by chance. */
export function inForceOf(kept: unknown): InForce | null {
  if (!schema.safeParse(kept).success) return null;
  // As it was kept: the order of keys is part of what the digest is of.
  const inForce = kept as InForce;
  const { ground, digest } = inForce;
  return ground === null || digestOfRules(ground.rules) === digest ? inForce : null;
}
