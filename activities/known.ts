import type { Instant } from '../access/types.js';
import { contentOf, type Touch, type Written } from '../nexudus/changes.js';

interface Known {
  readAt: Instant;
  contents: ReadonlySet<string>;
  /** When the process was told of the last check-in that the member was judged after; -Infinity: of none. */
  checkInToldAt: Instant;
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

  /**
   * Notes the records of one member, in place of those known before, unless these are from a later read. `checkInToldAt`: when
   * the process was told, before the read began, that the member came or went; left out: it was not.
   */
  note(
    memberId: number,
    readAt: Instant,
    written: readonly Written[],
    checkInToldAt: Instant = -Infinity,
  ): void {
    const before = this.byMember.get(memberId);
    const toldAt = Math.max(before?.checkInToldAt ?? -Infinity, checkInToldAt);
    if (before !== undefined && before.readAt > readAt) {
      before.checkInToldAt = toldAt;
      return;
    }
    this.byMember.delete(memberId);
    const contents = new Set(written.map(contentOf));
    this.byMember.set(memberId, { readAt, contents, checkInToldAt: toldAt });
    for (const [id, known] of this.byMember) {
      if (known.readAt >= readAt - keptMs) return;
      this.byMember.delete(id);
    }
  }

  /** Whether the member was judged by this very content of the record. */
  includes(touch: Touch): boolean {
    return this.byMember.get(touch.memberId)?.contents.has(contentOf(touch)) ?? false;
  }

  /** Whether the member was judged after a check-in that the process was told of at this instant or later. */
  isJudgedForCheckIn(memberId: number, at: Instant): boolean {
    return (this.byMember.get(memberId)?.checkInToldAt ?? -Infinity) >= at;
  }

  /** Whether the member was judged by what was read after this instant. */
  isJudgedAfter(memberId: number, at: Instant): boolean {
    return (this.byMember.get(memberId)?.readAt ?? -Infinity) > at;
  }
}
