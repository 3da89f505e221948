/**
 * A text as any reader may get it, in one line: whatever comes from outside (a name, a reason, an answer) must not move a
 * terminal's cursor, change its colours or title, break its lines, or turn its letters around. The one place that says
 * what is taken out: terminal, log, CSV, Markdown and messages all go by it. Pure.
 */
export function printable(text: string): string {
  return text.replace(turning, '').replace(breaking, ' ');
}

/**
 * A value as JSON, with `\\u` escapes also for what JSON lets stand as it is and a terminal obeys or does not show as it is
 * written. Pure.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    escapedInJson,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What turns the writing direction. */
const turning = /\p{Bidi_Control}/gu;
/** Control characters and line ends, several as one. */
const breaking = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Those of both that JSON does not escape by itself. */
const escapedInJson = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
