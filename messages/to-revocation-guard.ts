import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Guard, GuardLimits, Withheld, Look, Ruling, LossVerdict } from '../access/revocation-guard.js';
import type { Giver } from './to-control.js';

/** The messages to the workflow `revocationGuard`, which holds keys back that would be lost at once, unforeseen. */
export const guardWorkflowType = 'revocationGuard';
export const guardWorkflowId = 'revocation-guard';
export const guardMemo = 'withheld';
/** The name under which the guard is on record. */
export const guardName = 'revocation-guard';

/** What the guard remembers, and how often that has changed. */
export type RememberedGuard = Guard & { revision: number };

/** What is withheld, in short: the memo, so that it is read without any worker. */
export interface WithheldSummary extends Pick<Withheld, 'id' | 'since' | 'ruling'> {
  keys: number;
}

/** What some members would lose by their latest looks. */
export interface Weighing {
  looks: Look[];
  /** People with access, by location id. */
  holders: [number | null, number][];
  limits: GuardLimits;
}

export interface WeighingAnswer {
  verdicts: LossVerdict[];
  /** All members with a key that is withheld now. */
  withheldMembers: number[];
}

export const weighUpdate = defineUpdate<WeighingAnswer, [Weighing]>('weigh');

/** What a person says of what is withheld under this id. */
export type RulingOrder = Giver & Pick<Ruling, 'does'> & { id: number };

/** Lets what is withheld go, or keeps it, as a person says. The answer is what was ruled on. */
export const ruleUpdate = defineUpdate<Withheld, [RulingOrder]>('rule');

/** All that is withheld, with its list. */
export const withheldQuery = defineQuery<Withheld[]>('withheld');

/** What is withheld in one line: 'withheld 3: 12 keys that would be lost at once (member 10, mapping 2)'. */
export function withheldWords({ id, losses }: Withheld): string {
  const counts = new Map<string, number>();
  for (const { cause } of losses) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  const causes = [...counts].map(([cause, count]) => `${cause} ${count}`).join(', ');
  return `withheld ${id}: ${losses.length} keys that would be lost at once, unforeseen (${causes})`;
}
