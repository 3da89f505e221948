import { defineSignal } from '@temporalio/workflow';
import type { GuardLimits } from '../access/revocation-guard.js';
import type { DriftPolicy } from '../access/drift.js';
import type { LatencyObjective } from '../access/latency.js';
import type { ApiUser } from '../access/ownership.js';
import type { Instant, Rules } from '../access/types.js';

/** What `latchkey.yaml` chooses besides the rules. */
export interface RuleSettings {
  drift: DriftPolicy;
  guard: GuardLimits;
  latency: LatencyObjective;
  findUsers: 'directory' | 'search';
  apiUser: ApiUser;
  undoWindowMs: number;
  auditLogRetentionMs: number;
}

/** All that a decision takes besides records and exceptions: the rules and time zones, by ids, and the other settings. */
export interface Ground {
  rules: Rules;
  /** IANA names by location id, in place of what Nexudus says. */
  timeZones: Record<number, string>;
  /** The time zones of all locations, as they were when the worker looked. */
  knownZones: Record<number, string>;
  settings: RuleSettings;
}

/** The rules by which the leader works, or the last leader worked. */
export interface InForce {
  /** The release of Latchkey. */
  version: string;
  /** `pid@host`, as Temporal's UI names it. */
  process: string;
  startedAt: Instant;
  /** Since when this process is the leader. */
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

/**
 * What the leader says of itself: its rules are those in force. The workflow `leader` shows the
 * last word in its memo, so that it is read without any worker, and when none runs any more.
 */
export const inForceMemo = 'inForce';

/** What a process says when it becomes the leader; the workflow notes since when. */
export type Statement = Omit<InForce, 'since'> & {
  /** Which try of the activity `lead` this is: of two processes the later one holds. */
  term: number;
};

/** Says by which rules the new leader works. */
export const inForceSignal = defineSignal<[Statement]>('inForce');
