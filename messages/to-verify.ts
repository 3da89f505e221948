/** Messages about the daily look whether both APIs still are as they were verified to be: names and answers. */
import type { Instant } from '../access/types.js';

/** An API answers otherwise than it did. No personal data. */
export interface ApiChange {
  api: 'Nexudus' | 'Kisi';
  /** The name of the assumption. */
  name: string;
  at: Instant;
  /** What was, what is, what that means and what to do, for an operator. */
  words: string;
}

/** What the look found last. */
export interface ApiLook {
  /** When both APIs were last looked at. */
  at: Instant;
  /** Those of the last week, the newest first. */
  changes: ApiChange[];
}

export interface VerifyActivities {
  /**
   * Tries the assumptions about both APIs again, by reading. `before`: what it found last. Answers null where nothing was ever
   * verified here, and `before` where an API cannot be read now.
   */
  verifyApis(before: ApiLook | null): Promise<ApiLook | null>;
}
