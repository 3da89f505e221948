import type { WebhookSeen } from '../push/seen.js';
import type { Finding } from './finding.js';

/** Clocks of an API and of this machine agree within this, and stamps are in whole seconds. */
const clockMs = 5_000;
const soonMs = 10_000;
const minuteMs = 60_000;

/** How long after something happened each of these came, in milliseconds, the quickest first. */
function delaysOf(seen: readonly WebhookSeen[]): number[] {
  return seen
    .flatMap(({ at, changedAt }) => (changedAt === null ? [] : at - changedAt))
    .sort((a, b) => a - b);
}

/**
 * How soon a webhook comes, by the quickest one: a slow one may be a second try, or tell of what happened without a change. `sure`:
 * those that surely tell of the change whose time they carry. Only they can prove that webhooks are slow, and not one alone, which
 * may have been held up on its way.
 */
export function delayFinding(
  seen: readonly WebhookSeen[],
  sure: readonly WebhookSeen[],
  untold: string,
): Finding {
  const delays = delaysOf(seen);
  const [quickest] = delays;
  if (quickest === undefined) return { untold };
  const slowest = delays.at(-1) ?? quickest;
  const evidence = [
    `${secondsOf(quickest)} to ${secondsOf(slowest)} after the change, ${delays.length} of them`,
  ];
  if (quickest < -clockMs)
    return { untold: 'One came before the change that it tells of: see whether the clocks agree.', evidence };
  if (quickest <= soonMs) return { value: 'seconds', evidence };
  const [surest] = delaysOf(sure);
  if (surest === undefined || surest !== quickest || differentIn(sure) < 2)
    return { untold: 'Those that came do not say for sure when what they tell of happened.', evidence };
  return { value: quickest <= minuteMs ? 'minute' : 'later', evidence };
}

/** How many different ones these are: one that came again is no second witness. */
export function differentIn(seen: readonly WebhookSeen[]): number {
  const unknown = seen.filter(({ sameAs }) => sameAs === null).length;
  return unknown + new Set(seen.flatMap(({ sameAs }) => sameAs ?? [])).size;
}

const secondsOf = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;

/** After this time the twin of a webhook has come too. */
const twinMs = 5_000;

/** How often each webhook came, of those that can be told from others and whose twins have all come. */
export function timesEachCame(seen: readonly WebhookSeen[], now: number): Map<string, number> {
  const times = new Map<string, number>();
  const young = new Set(seen.flatMap(({ sameAs, at }) => (now - at < twinMs ? (sameAs ?? []) : [])));
  for (const { sameAs } of seen)
    if (sameAs !== null && !young.has(sameAs)) times.set(sameAs, (times.get(sameAs) ?? 0) + 1);
  return times;
}

/**
 * Whether each one is sent several times, by how many came once and how many came again. A few of the others are no proof: a call
 * may be lost, or sent again since its answer was lost. Null: it cannot be told.
 */
export function isEachTwice({ once, again }: { once: number; again: number }): boolean | null {
  if (once > 3 * again && once > 1) return false;
  return again > 3 * once && again > 1 ? true : null;
}

/** Why these do not tell it. */
export function onceAndAgain({ once, again }: { once: number; again: number }): string {
  const few = once === 0 || again === 0;
  return few
    ? 'Too few came to tell it. Cause some more.'
    : 'Some came once, and some again. Cause some more.';
}
