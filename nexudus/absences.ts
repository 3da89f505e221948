import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { NexudusError } from './errors.js';
import { createLookups } from './lookups.js';
import type { CoworkerRecord } from './records.js';
import { collections } from './schemas.js';

/** Coworkers that reads missed. Keep one for the process: the first look and the later one may be of two reads. */
export interface Absences {
  /** Throws as `confirm` does where the coworker was missed moments ago, so that nobody need ask again so soon. */
  check(memberId: number): void;
  /** A read found the coworker. */
  seen(memberId: number): void;
  /**
   * Looks into a coworker that a read missed. `readAt`: when that read began. Answers the record where it is there after all,
   * null where it is surely gone. Throws NexudusError, `implausible` as long as the coworker has been missing for less than a
   * minute: then nothing is known of the person.
   */
  confirm(client: NexudusClient, memberId: number, readAt: Instant): Promise<CoworkerRecord | null>;
}

/** How long a coworker must be missing before a further look may say that it is gone. */
const laterLookMs = 60_000;
/** Many may be deleted at once, and each is tried again every few seconds: they are asked for no more often than this. */
const lookAgainMs = 25_000;
/** After this long without a look, an earlier miss says nothing about the time between. */
const forgottenMs = 10 * 60_000;

/**
 * Remembers the coworkers that reads missed. `lookLaterMs`: how long after the first look the second must be; 0 for callers
 * that only show what they read. What a restart forgets costs a minute more.
 */
export function createAbsences(now: () => Instant, lookLaterMs = laterLookMs): Absences {
  /** In the order of their last misses. */
  const missing = new Map<number, { since: Instant; lookedAt: Instant }>();

  function noteLook(memberId: number, at: Instant): { since: Instant; isFirst: boolean } {
    for (const [id, { lookedAt }] of missing) {
      if (at - lookedAt <= forgottenMs) break;
      missing.delete(id);
    }
    const before = missing.get(memberId);
    // A clock that was set back must not make this last for hours.
    const isFirst = before === undefined || before.since > at;
    const since = isFirst ? at : before.since;
    missing.delete(memberId);
    missing.set(memberId, { since, lookedAt: at });
    return { since, isFirst };
  }

  return {
    check(memberId) {
      const known = missing.get(memberId);
      if (known === undefined) return;
      const [at, { since, lookedAt }] = [now(), known];
      if (at >= lookedAt && at - lookedAt < lookAgainMs && at - since < lookLaterMs)
        throw notSure(memberId, since);
    },
    seen: (memberId) => void missing.delete(memberId),
    async confirm(client, memberId, readAt) {
      const at = now();
      const { since, isFirst } = noteLook(memberId, at);
      if (isFirst && lookLaterMs > 0) throw notSure(memberId, since);
      // A read for many may have begun long ago, and serve every further try: what it missed is looked up again.
      const isLater = isFirst || Math.min(at, readAt) - since >= lookLaterMs;
      if (isLater) return null;
      if (readAt > since && at - since < lookLaterMs) throw notSure(memberId, since);
      const found = await createLookups(client).find('coworkers', memberId);
      if (found !== null) missing.delete(memberId);
      else if (at - since < lookLaterMs) throw notSure(memberId, since);
      return found;
    },
  };
}

function notSure(memberId: number, since: Instant): NexudusError {
  return unbelieved(
    memberId,
    `has been missing since ${new Date(since).toISOString()}. It counts as deleted once a look a minute later misses it too.`,
  );
}

/** The error of a read that misses a coworker whose absence is not believed. */
export function unbelieved(memberId: number, says: string): NexudusError {
  const path = `${collections.coworkers.path}/{id}`;
  return new NexudusError({ kind: 'implausible', path, says: `coworker ${memberId} ${says}` });
}
