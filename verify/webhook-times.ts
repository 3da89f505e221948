import type { WebhookSeen } from '../push/seen.js';
import type { Finding } from './finding.js';

/** Clocks of an API and of this machine agree within this, and stamps are in whole seconds. */
const clockMs = 5_000;
const soonMs = 10_000;
const minuteMs = 60_000;

/** How long after something happened each of these came, in milliseconds, the quickest first. */
export function delaysOf(seen: readonly WebhookSeen[]): number[] {
  return seen
    .flatMap(({ at, changedAt }) => (changedAt === null ? [] : at - changedAt))
    .sort((a, b) => a - b);
}

/**
 * How soon a webhook comes, by the quickest one: a slow one may be a second try, or tell of what happened without a change. `sure`:
 * those that surely tell of the change whose time they carry. Only they can prove that webhooks are slow.
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
  if (surest === undefined || surest !== quickest)
    return { untold: 'Those that came do not say for sure when what they tell of happened.', evidence };
  return { value: quickest <= minuteMs ? 'minute' : 'later', evidence };
}

const secondsOf = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;

/** So long after one came, its twin has come too. */
const twinMs = 5_000;

/** How often each came that can be told from others, where all of its twins have come. */
export function timesEachCame(seen: readonly WebhookSeen[], now: number): Map<string, number> {
  const times = new Map<string, number>();
  const young = new Set(seen.flatMap(({ sameAs, at }) => (now - at < twinMs ? (sameAs ?? []) : [])));
  for (const { sameAs } of seen)
    if (sameAs !== null && !young.has(sameAs)) times.set(sameAs, (times.get(sameAs) ?? 0) + 1);
  return times;
}
