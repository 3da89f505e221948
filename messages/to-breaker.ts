import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Breaker, BreakerLimits, Held, Look, Ruling, Verdict } from '../access/breaker.js';
import type { Instant } from '../access/types.js';
import type { Giver } from './to-control.js';

/** What is said to the workflow `breaker`, which holds keys back that would be lost at once, unforeseen. */
export const breakerWorkflowType = 'breaker';
export const breakerWorkflowId = 'breaker';
export const breakerMemo = 'held';
/** Under which name it is on record. */
export const breakerName = 'breaker';

/** What it remembers, and how often that has changed. */
export type RememberedBreaker = Breaker & { revision: number };

/** What is held, in short: the memo, so that it is read without any worker. */
export interface HeldSummary {
  id: number;
  since: Instant;
  keys: number;
  ruling: Ruling | null;
}

/** What some members would lose by their latest looks. */
export interface Weighing {
  looks: Look[];
  /** People with access, by location id. */
  holders: [number | null, number][];
  limits: BreakerLimits;
}

export interface WeighingAnswer {
  verdicts: Verdict[];
  /** Everyone of whom a key is held now. */
  heldMembers: number[];
}

export const weighUpdate = defineUpdate<WeighingAnswer, [Weighing]>('weigh');

/** What a person says of what is held under this id. */
export type RulingOrder = Giver & Pick<Ruling, 'does'> & { id: number };

/** Lets what is held go, or keeps it, as a person says. The answer is what was ruled. */
export const ruleUpdate = defineUpdate<Held, [RulingOrder]>('rule');

/** All that is held, with its list. */
export const heldQuery = defineQuery<Held[]>('held');

/** What is held in one line: 'held 3: 12 keys that would be lost at once (member 10, mapping 2)'. */
export function heldWords({ id, losses }: Held): string {
  const counts = new Map<string, number>();
  for (const { cause } of losses) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  const causes = [...counts].map(([cause, count]) => `${cause} ${count}`).join(', ');
  return `held ${id}: ${losses.length} keys that would be lost at once, unforeseen (${causes})`;
}
