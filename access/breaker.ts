import type { Loss, LossCause } from './losses.js';
import type { Instant } from './types.js';

/**
 * The revocation breaker: where many keys would be lost at once to what no known end foresaw, they are held until a person
 * says so, or until what spoke against them is gone. Pure.
 */

/** What a person is about to lose that no known end foresaw. */
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

/** What a person said of held keys. */
export interface Ruling {
  does: 'approve' | 'reject';
  by: string;
  why: string;
  at: Instant;
}

/** Keys that are held together. */
export interface Held {
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

/** What the breaker remembers. */
export interface Breaker {
  held: Held[];
  /** Of the last hour. */
  gone: Gone[];
  nextId: number;
}

/** More than the larger of both, within an hour, at one location and to one group, is held. */
export interface BreakerLimits {
  people: number;
  /** Of those who have access at the location: 0.1 is 10 %. */
  share: number;
}

/** What becomes of one loss. `heldBy` null: the key may go. */
export interface Verdict {
  memberId: number;
  groupId: number;
  heldBy: number | null;
  why: string;
}

/** What the breaker made of some looks. */
export interface Weighed {
  breaker: Breaker;
  verdicts: Verdict[];
  /** Ids of what is held since now. */
  begun: number[];
}

export const emptyBreaker: Breaker = { held: [], gone: [], nextId: 1 };

const windowMs = 60 * 60_000;
/** What comes later is held apart, so that a person who approves knows what. */
const growsForMs = 60_000;

/** Causes that a known end or a person foresaw. */
const foreseen: readonly LossCause[] = ['ended', 'uses', 'exception'];

/** Whether no known end and no person foresaw a loss. */
export function isUnforeseen({ cause }: Loss): boolean {
  return !foreseen.includes(cause);
}

/**
 * Says of each loss whether the key may go. Losses at one location and to one group are counted over the last hour, those
 * that are held too; one by a doubtful read is always held. What a member does not lose any more is held no longer.
 * `holders`: people with access at a location.
 */
export function weigh(
  before: Breaker,
  looks: readonly Look[],
  holders: (locationId: number | null) => number,
  { people, share }: BreakerLimits,
  now: Instant,
): Weighed {
  const known = withoutGone(before, looks, now);
  const fresh = looks.flatMap(({ losses }) => losses).filter((loss) => heldWith(known, loss) === undefined);
  const crowded = new Set(
    [...groupByPlace(fresh)].flatMap(([place, losses]) => {
      const limit = Math.max(people, share * holders(losses[0]?.locationId ?? null));
      return countAt(known, place, fresh) > limit ? [place] : [];
    }),
  );
  const toHold = fresh.filter((loss) => loss.doubt !== null || crowded.has(placeOf(loss)));
  const going = fresh.filter((loss) => !toHold.includes(loss));
  const { breaker, begun } = holding(known, toHold, now);
  const gone = going.map(({ memberId, locationId, groupId }) => ({ at: now, memberId, locationId, groupId }));
  const after = { ...breaker, gone: [...breaker.gone, ...gone] };
  const verdicts = looks.flatMap(({ losses }) => losses.map((loss) => verdictOf(after, loss)));
  return { breaker: after, verdicts, begun };
}

/** What a person said of what is held; null: there is no such thing. */
export function withRuling(breaker: Breaker, id: number, ruling: Ruling): Breaker | null {
  if (breaker.held.every((one) => one.id !== id)) return null;
  return { ...breaker, held: breaker.held.map((one) => (one.id === id ? { ...one, ruling } : one)) };
}

/** Without what is no loss any more, and without what was let go more than an hour ago. */
function withoutGone(before: Breaker, looks: readonly Look[], now: Instant): Breaker {
  const looked = new Map(looks.map(({ memberId, losses }) => [memberId, losses]));
  const isStill = ({ memberId, groupId }: Unforeseen): boolean =>
    looked.get(memberId)?.some((loss) => loss.groupId === groupId) ?? true;
  const gone = before.gone.filter(({ at }) => at > now - windowMs);
  return { ...before, held: heldWhere(before.held, isStill), gone };
}

/** Without those who have ended: they hold no key, and nothing looks at them any more. */
export function withoutMembers(before: Breaker, memberIds: readonly number[]): Breaker {
  return { ...before, held: heldWhere(before.held, ({ memberId }) => !memberIds.includes(memberId)) };
}

function heldWhere(held: readonly Held[], isStill: (loss: Unforeseen) => boolean): Held[] {
  return held
    .map((one) => ({ ...one, losses: one.losses.filter(isStill) }))
    .filter(({ losses }) => losses.length > 0);
}

function heldWith({ held }: Breaker, { memberId, groupId }: Unforeseen): Held | undefined {
  return held.find(({ losses }) =>
    losses.some((loss) => loss.memberId === memberId && loss.groupId === groupId),
  );
}

/** People who lost or would lose a key there: let go in the last hour, held without a ruling, or new. */
function countAt({ held, gone }: Breaker, place: string, fresh: readonly Unforeseen[]): number {
  const open = held.filter(({ ruling }) => ruling === null).flatMap(({ losses }) => losses);
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

/** One thing for a person to look at, however many places it is about; one that has come to rest grows no more. */
function holding(
  breaker: Breaker,
  losses: readonly Unforeseen[],
  now: Instant,
): { breaker: Breaker; begun: number[] } {
  if (losses.length === 0) return { breaker, begun: [] };
  const growing = breaker.held.find(({ ruling, grewAt }) => ruling === null && now - grewAt < growsForMs);
  if (growing !== undefined) {
    const grown = { ...growing, grewAt: now, losses: [...growing.losses, ...losses] };
    const held = breaker.held.map((one) => (one === growing ? grown : one));
    return { breaker: { ...breaker, held }, begun: [] };
  }
  const id = breaker.nextId;
  const held: Held = { id, since: now, grewAt: now, losses: [...losses], ruling: null };
  return { breaker: { ...breaker, held: [...breaker.held, held], nextId: id + 1 }, begun: [id] };
}

function verdictOf(breaker: Breaker, loss: Unforeseen): Verdict {
  const { memberId, groupId } = loss;
  const held = heldWith(breaker, loss);
  if (held === undefined || held.ruling?.does === 'approve')
    return { memberId, groupId, heldBy: null, why: loss.why };
  return { memberId, groupId, heldBy: held.id, why: heldWords(held, loss) };
}

function heldWords({ id, losses, ruling }: Held, { why, doubt }: Unforeseen): string {
  if (ruling !== null) return `${why}, but ${ruling.by} rejected that (${id})`;
  const reason = doubt ?? `it is one of ${losses.length} keys that would be lost at once, unforeseen`;
  return `${why}; held (${id}) since ${reason}`;
}
