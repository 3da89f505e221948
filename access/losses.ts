import { blockOf } from './exceptions.js';
import type { LedgerKey } from './plan.js';
import { iso, type Decision, type Instant, type Verdict } from './types.js';

/**
 * What a key is lost by. `ended`: at the end that was known before. `uses`: its pass was used up. `member`, `contract`,
 * `expiry`, `mapping`: a record was changed, and the rule that fails now. `vanished`: a record is not there any more.
 * `exception`: a person blocks it, or allows it no more.
 */
export type LossCause =
  'ended' | 'uses' | 'member' | 'contract' | 'expiry' | 'mapping' | 'vanished' | 'exception';

/** A key of the ledger that the rules do not want any more. */
export interface Loss {
  groupId: number;
  cause: LossCause;
  /** The record and field that decided, in plain words. */
  why: string;
}

/** What is known of a key in the ledger: its group, its end, and the records that it stands on. A loss is told from it. */
export type KnownKey = Pick<LedgerKey, 'groupId' | 'until' | 'standsOn'> & {
  /** True: a person gave it by hand, and it is none of ours to lose. */
  byHand?: boolean;
};

/**
 * Why each key of the ledger that the decision does not want is lost: by a block, or by the first of the records that it stood
 * on. `decision` null: the member itself is gone.
 */
export function lossesOf(ledger: readonly KnownKey[], decision: Decision | null, now: Instant): Loss[] {
  const wanted = new Set(decision?.keys.map((key) => key.groupId));
  return ledger
    .filter(({ groupId, byHand = false }) => !byHand && !wanted.has(groupId))
    .map((key) => lossOf(key, decision, now));
}

function lossOf({ groupId, until, standsOn }: KnownKey, decision: Decision | null, now: Instant): Loss {
  const verdicts = decision?.verdicts ?? [];
  const ofRecords = standsOn.map(({ passId }) => verdicts.find((verdict) => verdict.passId === passId));
  const known = blockOf(groupId, verdicts) ?? ofRecords.find((verdict) => verdict !== undefined);
  if (known === undefined && standsOn.length === 0 && decision !== null)
    return { groupId, ...lossOfException(until, verdicts, now) };
  const why = known === undefined ? absence(standsOn[0]?.passId ?? null, verdicts) : reasonOf(known, groupId);
  if (until !== null && until <= now) return { groupId, cause: 'ended', why };
  return { groupId, cause: known === undefined ? absenceCause(verdicts) : causeOf(known), why };
}

/** Why a key is lost that stood on an exception alone. */
function lossOfException(
  until: Instant | null,
  verdicts: readonly Verdict[],
  now: Instant,
): Omit<Loss, 'groupId'> {
  if (until !== null && until <= now)
    return { cause: 'ended', why: `the exception that it stood on ended at ${iso(until)}` };
  const barred = verdicts.find(({ rule }) => rule === 'member');
  if (barred !== undefined) return { cause: 'member', why: barred.reason };
  return { cause: 'exception', why: 'the exception that it stood on was withdrawn' };
}

/** A verdict that counts, but for other groups, tells of another mapping. */
function causeOf({ counts, rule }: Verdict): LossCause {
  if (counts) return 'mapping';
  return rule === 'ok' || rule === 'noPass' ? 'vanished' : rule;
}

function reasonOf({ counts, passId, reason }: Verdict, groupId: number): string {
  return counts ? `pass ${passId ?? ''} does not open group ${groupId} any more` : reason;
}

/** No pass is judged where the member is barred as a whole. */
function absenceCause(verdicts: readonly Verdict[]): LossCause {
  return verdicts.some(({ rule, passId }) => rule === 'member' && passId === null) ? 'member' : 'vanished';
}

function absence(passId: number | null, verdicts: readonly Verdict[]): string {
  const barred = verdicts.find(({ rule }) => rule === 'member');
  if (barred !== undefined) return barred.reason;
  return passId === null
    ? 'Nexudus has no record any more that it stood on'
    : `CoworkerTimePass ${passId} is not in Nexudus any more`;
}
