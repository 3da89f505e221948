import type { KeptKey } from '../access/plan.js';
import type { Entitlement, Instant, NextChange } from '../access/types.js';
import { isUnforeseen } from '../access/revocation-guard.js';
import type { KnownKey, Loss } from '../access/losses.js';
import type { Assessment } from '../messages/to-activities.js';

/** How often a member that waits for the clocks is looked at again while they disagree. */
const lookAgainMs = 30_000;
const why =
  'nobody knows what time it is, since the clocks of this machine, Nexudus and Kisi disagree: what only some of them would give or take away waits until two agree';

/**
 * What can be done while nobody knows which clock is right: whatever all agree on. `all`: the assessment of one read at each
 * time that it may be. A key that only some of them want stays where it is held, and is not given where it is not. A key that
 * all want ends in Kisi at the earliest of their ends, and is given only where that end is to come by each of these times.
 * Pure.
 */
export function agreedOf(
  all: readonly { at: Instant; assessment: Assessment }[],
  held: readonly KnownKey[],
  now: Instant,
): Assessment {
  const [first] = all;
  if (first === undefined) throw new Error('no time was given to decide at');
  const { assessment } = first;
  if (all.length === 1) return assessment;
  const latest = Math.max(...all.map(({ at }) => at));
  const wishesFor = (groupId: number): Entitlement[] =>
    all.flatMap((one) => one.assessment.keys.filter((key) => key.groupId === groupId));
  const wished = new Set(all.flatMap((one) => one.assessment.keys.map(({ groupId }) => groupId)));
  const keys = [...wished].flatMap((groupId) => commonOf(wishesFor(groupId), all.length, latest) ?? []);
  const unsure = [...wished].filter((groupId) => keys.every((key) => key.groupId !== groupId));
  const holds: KeptKey[] = held
    .filter(({ groupId }) => unsure.includes(groupId))
    .map(({ groupId }) => ({ groupId, why }));
  const known = all.flatMap((one) => one.assessment.holds);
  const again = { at: now + lookAgainMs, what: 'the clocks may agree by then' };
  const nexts = all.flatMap((one) => one.assessment.next ?? []);
  return {
    ...assessment,
    keys,
    holds: [...known, ...holds].filter(
      (hold, i, list) => list.findIndex(({ groupId }) => groupId === hold.groupId) === i,
    ),
    losses: lossesOf(all).filter(({ groupId }) => !wished.has(groupId)),
    next: earliest(unsure.length === 0 ? nexts : [...nexts, again]),
    records: unsure.length === 0 ? assessment.records : null,
    standing: unsure.length === 0 ? assessment.standing : `${assessment.standing} Besides, ${why}.`,
  };
}

/** The wish for one group that all agree to; null: they don't. */
function commonOf(wishes: readonly Entitlement[], count: number, latest: Instant): Entitlement | null {
  const [first] = wishes.toSorted((a, b) => a.kisiEnd.set - b.kisiEnd.set);
  if (first === undefined || wishes.length < count) return null;
  if (wishes.every(({ kisiEnd }) => kisiEnd.set === first.kisiEnd.set)) return first;
  if (first.kisiEnd.set <= latest || wishes.some(({ kisiEnd }) => kisiEnd.atMost !== null)) return null;
  const atLeast = Math.min(...wishes.map(({ kisiEnd }) => kisiEnd.atLeast));
  return { ...first, kisiEnd: { ...first.kisiEnd, atLeast } };
}

/** One loss for each group: an unforeseen one where there is one, since that is weighed. */
function lossesOf(all: readonly { assessment: Assessment }[]): Loss[] {
  const losses = all.flatMap(({ assessment }) => assessment.losses);
  const byGroup = new Map<number, Loss>();
  for (const loss of losses)
    if (!byGroup.has(loss.groupId) || isUnforeseen(loss)) byGroup.set(loss.groupId, loss);
  return [...byGroup.values()];
}

function earliest(changes: readonly NextChange[]): NextChange | null {
  return changes.reduce<NextChange | null>(
    (first, change) => (first === null || change.at < first.at ? change : first),
    null,
  );
}
