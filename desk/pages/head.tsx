import type { JSX } from 'hono/jsx/jsx-runtime';
import { words } from '../words.js';

/** What the head of every page says. `hasScript`: the page works with the desk's script. */
export function Head({ title, hasScript }: { title: string; hasScript: boolean }): JSX.Element {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · ${words.product}`}</title>
      <link rel="icon" href="/assets/desk.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/assets/desk.css" />
      {hasScript && <script src="/assets/desk.js" defer />}
    </head>
  );
}
