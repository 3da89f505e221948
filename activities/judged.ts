import { decide } from '../access/decide.js';
import { blockOf } from '../access/exceptions.js';
import type { Exception, Instant, Rules, Verdict } from '../access/types.js';
import type { Assessment } from '../messages/to-activities.js';
import type { PlanLine } from '../messages/to-plan.js';
import { judge } from './membership.js';
import { linesOf, previewOf, type Preview } from './preview.js';
import type { Surveyed } from './survey.js';

/**
 * What Latchkey does about a difference once its mode is live. `invites`: it gives a key to somebody that Kisi does not know,
 * and Kisi mails the invitation. `resync`: it believes that the key is as it made it, until a resync. `waits`: nothing for now,
 * since a read is in doubt or a person ordered so.
 */
export type Doing =
  'takesOver' | 'gives' | 'invites' | 'moves' | 'takesAway' | 'givesBack' | 'leaves' | 'resync' | 'waits';

/** Which rule fails; only of a key that no rule gives. */
export type Cause = Exclude<Verdict['rule'], 'ok'>;

/** One person with what the rules say, and what Latchkey would do. */
export interface Judged {
  surveyed: Surveyed;
  assessment: Assessment;
  verdicts: readonly Verdict[];
  preview: Preview;
}

/** Judges a person by the very decider and plan that the workflows follow. */
export function judgedBy(
  surveyed: Surveyed,
  exceptions: readonly Exception[],
  { rules, now }: { rules: Rules; now: Instant },
): Judged {
  const { memberId, read, holdings, kisi } = surveyed;
  const assessment = judge(read, { memberId, held: holdings.ledger }, rules, exceptions, now);
  const verdicts = read.snapshot === null ? [] : decide(read.snapshot, rules, exceptions, now).verdicts;
  const preview = previewOf({ memberId, holdings, assessment, kisi, now });
  return { surveyed, assessment, verdicts, preview };
}

/** The verdicts on passes that cannot be judged, and that would open a group that nothing else opens. */
export function doubtfulOf({ verdicts, assessment }: Judged): Verdict[] {
  const wanted = new Set(assessment.keys.map(({ groupId }) => groupId));
  return verdicts.filter(
    ({ doubt, counts, groupIds }) =>
      doubt !== undefined && !counts && groupIds.some((groupId) => !wanted.has(groupId)),
  );
}

/** Whether Latchkey made the person's key to the group, or adopted it. */
export function isOurs({ surveyed: { holdings, kisi } }: Judged, groupId: number): boolean {
  return holdings.ledger.some((key) => key.groupId === groupId && key.userId === kisi.userId && !key.byHand);
}

/** What the plan does about the key to a group that the rules want, or about one that they don't. */
export function doingAbout({ preview }: Judged, groupId: number, isWanted: boolean): Doing {
  const ends: PlanLine['does'][] = ['revoke', 'giveBack'];
  const line = linesOf([preview]).find(
    (one) => one.groupId === groupId && ends.includes(one.does) !== isWanted,
  );
  if (line === undefined) return preview.kept.some((one) => one.groupId === groupId) ? 'waits' : 'leaves';
  switch (line.does) {
    case 'grant':
      return line.had ? 'moves' : preview.newUser ? 'invites' : 'gives';
    case 'adopt':
      return 'leaves';
    case 'move':
      return 'moves';
    case 'revoke':
      return 'takesAway';
    case 'giveBack':
      return 'givesBack';
  }
}

/** Why no rule gives a key to the group: by a block, by the newest pass that would, else by what stands in the way of all. */
export function causeOf(groupId: number, verdicts: readonly Verdict[]): [Cause, string] {
  const block = blockOf(groupId, verdicts);
  if (block !== undefined) return ['exception', block.reason];
  const newest = verdicts
    .filter((verdict) => verdict.groupIds.includes(groupId) && !verdict.counts)
    .reduce<Verdict | null>((a, b) => (a === null || (b.passId ?? 0) > (a.passId ?? 0) ? b : a), null);
  if (newest !== null && newest.rule !== 'ok') return [newest.rule, newest.reason];
  const elsewhere = verdicts.find(({ counts, passId }) => counts && passId !== null);
  if (elsewhere !== undefined)
    return ['mapping', `pass ${elsewhere.passId ?? ''} does not open group ${groupId}`];
  const other =
    verdicts.find(({ rule }) => rule === 'mapping') ??
    verdicts.find(({ rule }) => rule === 'member') ??
    verdicts.find(({ rule }) => rule === 'noPass');
  if (other !== undefined && other.rule !== 'ok') return [other.rule, other.reason];
  return ['noPass', `no pass opens group ${groupId}`];
}
