import type { Instant } from '../access/types.js';
import { contentOf, type Touch, type Written } from '../nexudus/changes.js';

/** Which records members were judged by lately: a poll that finds just those has nothing to tell them. */
export interface KnownRecords {
  /** Of one member, in place of what was known before, unless that is from a later read. */
  note(memberId: number, readAt: Instant, written: readonly Written[]): void;
  /** Whether the member was judged by this very content of the record. */
  includes(touch: Touch): boolean;
  /** Whether the member was judged by what was read after this instant. */
  isJudgedAfter(memberId: number, at: Instant): boolean;
}

interface Known {
  readAt: Instant;
  contents: ReadonlySet<string>;
}

/** Much longer than it takes a poll to come by; members who sleep then cost nothing. */
const keptMs = 10 * 60_000;

/** What this process has read: it is lost with it, and then a member is woken once too often. */
export function createKnownRecords(): KnownRecords {
  // Lately noted members are last.
  const byMember = new Map<number, Known>();

  function forget(before: Instant): void {
    for (const [memberId, { readAt }] of byMember) {
      if (readAt >= before) return;
      byMember.delete(memberId);
    }
  }

  return {
    note(memberId, readAt, written) {
      if ((byMember.get(memberId)?.readAt ?? -Infinity) > readAt) return;
      byMember.delete(memberId);
      byMember.set(memberId, { readAt, contents: new Set(written.map(contentOf)) });
      forget(readAt - keptMs);
    },
    includes: (touch) => byMember.get(touch.memberId)?.contents.has(contentOf(touch)) ?? false,
    isJudgedAfter: (memberId, at) => (byMember.get(memberId)?.readAt ?? -Infinity) > at,
  };
}
