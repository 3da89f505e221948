/** One alert, how long something must last to be one, and the words that all alerts share. */
import type { Instant } from '../access/types.js';

/** One thing that needs somebody. */
export interface Alert {
  /** The same for as long as it lasts: 'down/kisi', 'withheld/3'. */
  cause: string;
  /** Null: not known. */
  since: Instant | null;
  /** One line in plain words: what is wrong, and what to do. */
  text: string;
  /** It is told once it was seen for this long; left out: at once. */
  delayMs?: number;
}

/** From when on something needs somebody, in ms. */
export interface AlertLimits {
  /** An API has not answered for this long. */
  downMs: number;
  /** A call has been refused, or answered otherwise than documented, for this long. */
  callMs: number;
  /** The comparison with Kisi has failed for this long. */
  comparisonMs: number;
  /** Members have waited for this long for an API that answers. */
  blockedMs: number;
}

const minuteMs = 60_000;

export const alertLimits: AlertLimits = {
  downMs: 5 * minuteMs,
  callMs: 5 * minuteMs,
  comparisonMs: 60 * minuteMs,
  blockedMs: 15 * minuteMs,
};

/** 'Sat 28 Nov' would need a zone of the reader: a time in UTC, to the minute. */
export function utc(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** The text with a full stop at its end. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
