import type { JSX } from 'hono/jsx/jsx-runtime';
import { words } from '../words.js';

/** The search box, and what was found. */
export function Find({ typed }: { typed: string }): JSX.Element {
  return (
    <form class="find" method="get" action="/" role="search">
      <label for="find">{words.find.label}</label>
      <input id="find" name="q" type="search" value={typed} autofocus autocomplete="off" />
      <button type="submit">{words.find.submit}</button>
    </form>
  );
}
