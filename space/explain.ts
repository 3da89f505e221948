/** What the rules say of one member, and why, for the terminal and for the desk. */
import { decide } from '../access/decide.js';
import { explain, type Explanation } from '../access/explain.js';
import type { Decision, Exception, Instant, Rules, Snapshot, Verdict } from '../access/types.js';

/** What the rules say of one member at one instant. */
export interface Explained {
  at: Instant;
  /** True: the answer is about a time that was named, and assumes that plans hand out their next passes until then. */
  assumesRenewals: boolean;
  decision: Decision;
  groups: Explanation[];
}

/** What the rules are asked about. */
export interface Asked {
  rules: Rules;
  exceptions: readonly Exception[];
  at: Instant;
  /** Whether the time was named by whoever asks, and is not just now. */
  isNamed: boolean;
}

/** Asks the one decider, and explains its decision group by group. Pure. */
export function explainSnapshot(snapshot: Snapshot, { rules, exceptions, at, isNamed }: Asked): Explained {
  const decision = decide(snapshot, rules, exceptions, at, { assumeRenewals: isNamed });
  return { at, assumesRenewals: isNamed, decision, groups: explain(decision) };
}

const rules: Record<Verdict['rule'], string> = {
  member: 'the member',
  uses: 'uses',
  expiry: 'expiry',
  contract: 'the contract',
  mapping: 'the mapping',
  exception: 'an exception',
  noPass: 'no pass',
  ok: '',
};

/** Why a pass or an exception counts or not, in a sentence, with its times in UTC. */
export function verdictWords(verdict: Verdict): string {
  if (verdict.passId === null) return `${verdict.reason}.`;
  const type = verdict.passTypeName === null ? '' : ` (${verdict.passTypeName})`;
  const lent = verdict.teamId === null ? '' : `, lent by team ${verdict.teamId}`;
  const pass = `pass ${verdict.passId}${type}${lent}`;
  return verdict.counts
    ? `${pass} ${verdict.reason}.`
    : `${pass} does not count because of ${rules[verdict.rule]}: ${verdict.reason}.`;
}
