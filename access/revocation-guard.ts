import type { Loss, LossCause } from './losses.js';
import type { Instant } from './types.js';

/**
 * The revocation guard: many keys that would be lost at once, and that no known end foresaw, are withheld until a person lets
 * them go, or until nothing speaks against them any more. Pure.
 */

/** A key that a member is about to lose, which no known end foresaw. */
export interface Unforeseen {
  memberId: number;
  locationId: number | null;
  groupId: number;
  cause: LossCause;
  why: string;
  /** Why the read that speaks against the key is in doubt; null: it is not. */
  doubt: string | null;
}

/** Everything unforeseen that one member would lose by its latest look; empty: nothing any more. */
export interface Look {
  memberId: number;
  losses: Unforeseen[];
}

/** What a person said of withheld keys. */
export interface Ruling {
  does: 'approve' | 'reject';
  by: string;
  why: string;
  at: Instant;
}

/** Keys that are withheld together. */
export interface Withheld {
  id: number;
  since: Instant;
  /** When the last of them came. */
  grewAt: Instant;
  losses: Unforeseen[];
  /** Null: nobody has said anything yet. */
  ruling: Ruling | null;
}

/** A key that was let go. */
interface Gone {
  at: Instant;
  memberId: number;
  locationId: number | null;
  groupId: number;
}

/** What the guard remembers. */
export interface Guard {
  withheld: Withheld[];
  /** Keys that were let go in the last hour. */
  gone: Gone[];
  nextId: number;
}

/** Losses of more people than the larger of both, within an hour, at one location and to one group, are withheld. */
export interface GuardLimits {
  people: number;
  /** The share of those who have access at the location: 0.1 is 10 %. */
  share: number;
}

/** What becomes of one loss. `withheldBy` null: the key may go. */
export interface LossVerdict {
  memberId: number;
  groupId: number;
  withheldBy: number | null;
  why: string;
}

/** What the guard made of some looks. */
export interface Weighed {
  guard: Guard;
  verdicts: LossVerdict[];
  /** Ids of what is withheld from now on. */
  begun: number[];
}

export const emptyGuard: Guard = { withheld: [], gone: [], nextId: 1 };

const windowMs = 60 * 60_000;
/** Losses that come later are withheld apart, so that a person who approves knows which. */
const growsForMs = 60_000;

/** The causes of losses that a known end or a person foresaw. */
const foreseen: readonly LossCause[] = ['ended', 'uses', 'exception'];

/** Whether no known end and no person foresaw a loss. */
export function isUnforeseen({ cause }: Loss): boolean {
  return !foreseen.includes(cause);
}

/**
 * Says of each loss whether the key may go. Losses at one location and to one group are counted over the last hour, those
 * that are withheld too; one by a doubtful read is always withheld. What a member does not lose any more is withheld no longer.
 * `holders`: people with access at a location.
 */
export function weigh(
  before: Guard,
  looks: readonly Look[],
  holders: (locationId: number | null) => number,
  { people, share }: GuardLimits,
  now: Instant,
): Weighed {
  const known = withoutGone(before, looks, now);
  const fresh = looks
    .flatMap(({ losses }) => losses)
    .filter((loss) => withheldWith(known, loss) === undefined);
  const crowded = new Set(
    [...groupByPlace(fresh)].flatMap(([place, losses]) => {
      const limit = Math.max(people, share * holders(losses[0]?.locationId ?? null));
      return countAt(known, place, fresh) > limit ? [place] : [];
    }),
  );
  const toWithhold = fresh.filter((loss) => loss.doubt !== null || crowded.has(placeOf(loss)));
  const going = fresh.filter((loss) => !toWithhold.includes(loss));
  const { guard, begun } = withholding(known, toWithhold, now);
  const gone = going.map(({ memberId, locationId, groupId }) => ({ at: now, memberId, locationId, groupId }));
  const after = { ...guard, gone: [...guard.gone, ...gone] };
  const verdicts = looks.flatMap(({ losses }) => losses.map((loss) => verdictOf(after, loss)));
  return { guard: after, verdicts, begun };
}

/** The guard once a person has ruled on what is withheld under `id`; null: nothing is. */
export function withRuling(guard: Guard, id: number, ruling: Ruling): Guard | null {
  if (guard.withheld.every((one) => one.id !== id)) return null;
  return { ...guard, withheld: guard.withheld.map((one) => (one.id === id ? { ...one, ruling } : one)) };
}

/** The guard without losses that are over, and without keys that were let go more than an hour ago. */
function withoutGone(before: Guard, looks: readonly Look[], now: Instant): Guard {
  const looked = new Map(looks.map(({ memberId, losses }) => [memberId, losses]));
  const isStill = ({ memberId, groupId }: Unforeseen): boolean =>
    looked.get(memberId)?.some((loss) => loss.groupId === groupId) ?? true;
  const gone = before.gone.filter(({ at }) => at > now - windowMs);
  return { ...before, withheld: withheldWhere(before.withheld, isStill), gone };
}

/** The guard without members who have ended: they hold no key, and nothing looks at them any more. */
export function withoutMembers(before: Guard, memberIds: readonly number[]): Guard {
  return {
    ...before,
    withheld: withheldWhere(before.withheld, ({ memberId }) => !memberIds.includes(memberId)),
  };
}

function withheldWhere(withheld: readonly Withheld[], isStill: (loss: Unforeseen) => boolean): Withheld[] {
  return withheld
    .map((one) => ({ ...one, losses: one.losses.filter(isStill) }))
    .filter(({ losses }) => losses.length > 0);
}

function withheldWith({ withheld }: Guard, { memberId, groupId }: Unforeseen): Withheld | undefined {
  return withheld.find(({ losses }) =>
    losses.some((loss) => loss.memberId === memberId && loss.groupId === groupId),
  );
}

/** People who lost or would lose a key there: let go in the last hour, withheld without a ruling, or new. */
function countAt({ withheld, gone }: Guard, place: string, fresh: readonly Unforeseen[]): number {
  const open = withheld.filter(({ ruling }) => ruling === null).flatMap(({ losses }) => losses);
  const there = [...gone, ...open, ...fresh].filter((loss) => placeOf(loss) === place);
  return new Set(there.map(({ memberId }) => memberId)).size;
}

const placeOf = ({ locationId, groupId }: Pick<Unforeseen, 'locationId' | 'groupId'>): string =>
  `${locationId ?? ''}/${groupId}`;

function groupByPlace(losses: readonly Unforeseen[]): Map<string, Unforeseen[]> {
  const places = new Map<string, Unforeseen[]>();
  for (const loss of losses) places.set(placeOf(loss), [...(places.get(placeOf(loss)) ?? []), loss]);
  return places;
}

/** Withholds these losses together, for one ruling, however many places they are at. What has come to rest grows no more. */
function withholding(
  guard: Guard,
  losses: readonly Unforeseen[],
  now: Instant,
): { guard: Guard; begun: number[] } {
  if (losses.length === 0) return { guard, begun: [] };
  const growing = guard.withheld.find(({ ruling, grewAt }) => ruling === null && now - grewAt < growsForMs);
  if (growing !== undefined) {
    const grown = { ...growing, grewAt: now, losses: [...growing.losses, ...losses] };
    const withheld = guard.withheld.map((one) => (one === growing ? grown : one));
    return { guard: { ...guard, withheld }, begun: [] };
  }
  const id = guard.nextId;
  const withheld: Withheld = { id, since: now, grewAt: now, losses: [...losses], ruling: null };
  return { guard: { ...guard, withheld: [...guard.withheld, withheld], nextId: id + 1 }, begun: [id] };
}

function verdictOf(guard: Guard, loss: Unforeseen): LossVerdict {
  const { memberId, groupId } = loss;
  const withheld = withheldWith(guard, loss);
  if (withheld === undefined || withheld.ruling?.does === 'approve')
    return { memberId, groupId, withheldBy: null, why: loss.why };
  return { memberId, groupId, withheldBy: withheld.id, why: withheldWords(withheld, loss) };
}

function withheldWords({ id, losses, ruling }: Withheld, { why, doubt }: Unforeseen): string {
  if (ruling !== null) return `${why}, but ${ruling.by} rejected that (${id})`;
  const reason = doubt ?? `it is one of ${losses.length} keys that would be lost at once, unforeseen`;
  return `${why}; withheld (${id}) since ${reason}`;
}
