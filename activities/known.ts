import type { Instant } from '../access/types.js';
import { contentOf, type Touch, type Written } from '../nexudus/changes.js';

interface Known {
  readAt: Instant;
  contents: ReadonlySet<string>;
}

/** Much longer than it takes a poll to come by; members who sleep then cost nothing. */
const keptMs = 10 * 60_000;

/**
 * Which records members were judged by lately: a poll that finds just those has nothing to tell them. It is lost with the
 * process, and then a member is woken once too often.
 */
export class KnownRecords {
  /** Lately noted members are last. */
  private readonly byMember = new Map<number, Known>();

  /** Of one member, in place of what was known before, unless that is from a later read. */
  note(memberId: number, readAt: Instant, written: readonly Written[]): void {
    if (this.isJudgedAfter(memberId, readAt)) return;
    this.byMember.delete(memberId);
    this.byMember.set(memberId, { readAt, contents: new Set(written.map(contentOf)) });
    for (const [id, known] of this.byMember) {
      if (known.readAt >= readAt - keptMs) return;
      this.byMember.delete(id);
    }
  }

  /** Whether the member was judged by this very content of the record. */
  includes(touch: Touch): boolean {
    return this.byMember.get(touch.memberId)?.contents.has(contentOf(touch)) ?? false;
  }

  /** Whether the member was judged by what was read after this instant. */
  isJudgedAfter(memberId: number, at: Instant): boolean {
    return (this.byMember.get(memberId)?.readAt ?? -Infinity) > at;
  }
}
