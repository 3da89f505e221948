import type { JSX } from 'hono/jsx/jsx-runtime';

/** A part of a page as the HTML that a browser gets. */
export function htmlOf(part: JSX.Element): string {
  return `\n${part as string}`;
}
