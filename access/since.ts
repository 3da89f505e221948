import { blockOf } from './exceptions.js';
import type { KnownKey } from './losses.js';
import type { Decision, Due, Instant, Verdict } from './types.js';

/**
 * Since when each key is due to be given (it is wanted) or to be taken away (it is in the ledger and not wanted any more). Left
 * out are keys whose records do not tell, and keys that are no news: what was due before `newsFrom` was done then, or comes of a
 * record that is not looked at here, such as a mapping. `newsFrom` null: all is news.
 */
export function dueOf(
  ledger: readonly KnownKey[],
  decision: Decision | null,
  newsFrom: Instant | null,
  now: Instant,
): Due[] {
  const verdicts = decision?.verdicts ?? [];
  const wanted = (decision?.keys ?? []).map(({ groupId }) => ({
    groupId,
    since: wantedSince(groupId, verdicts),
  }));
  const lost = ledger
    .filter(({ groupId, byHand = false }) => !byHand && wanted.every((key) => key.groupId !== groupId))
    .map((key) => ({ groupId: key.groupId, since: lostSince(key, verdicts, now) }));
  return [...wanted, ...lost].flatMap(({ groupId, since }) =>
    since === null || (newsFrom !== null && since < newsFrom) ? [] : [{ groupId, since }],
  );
}

/** Since when the first of the passes and exceptions that open the group now counts; null: not known. */
function wantedSince(groupId: number, verdicts: readonly Verdict[]): Instant | null {
  const opening = verdicts.filter(({ counts, groupIds }) => counts && groupIds.includes(groupId));
  return firstOf(opening.map(({ since }) => since));
}

/** Since when a key is lost: its known end, a block, or the last of the records that it stood on; null: not known. */
function lostSince(
  { groupId, until, standsOn }: KnownKey,
  verdicts: readonly Verdict[],
  now: Instant,
): Instant | null {
  if (until !== null && until <= now) return until;
  const block = blockOf(groupId, verdicts);
  if (block !== undefined) return block.since;
  const ofRecords = standsOn.map(({ passId }) => verdicts.find((verdict) => verdict.passId === passId));
  // Where the member is barred as a whole, no pass may be left to judge.
  if (ofRecords.every((verdict) => verdict === undefined))
    return verdicts.find(({ rule }) => rule === 'member')?.since ?? null;
  // One that counts, but for another group, tells of another mapping.
  return lastOf(ofRecords.map((verdict) => (verdict === undefined || verdict.counts ? null : verdict.since)));
}

/** The first of these; null where one of them is not known, or there is none. */
export function firstOf(instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((at) => at !== null);
  return known.length < instants.length || known.length === 0 ? null : Math.min(...known);
}

/** The last of these; null where one of them is not known, or there is none. */
export function lastOf(instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((at) => at !== null);
  return known.length < instants.length || known.length === 0 ? null : Math.max(...known);
}
