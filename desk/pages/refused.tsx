import type { JSX } from 'hono/jsx/jsx-runtime';
import { words } from '../words.js';

/** Why something was not done, and a way on. */
export function Refused({ text, href = '/', to = words.refused.back }: RefusedParts): JSX.Element {
  return (
    <>
      <p>{text}</p>
      <p>
        <a href={href}>{to}</a>
      </p>
    </>
  );
}

interface RefusedParts {
  text: string;
  /** Where to go on, and how that is called. */
  href?: string;
  to?: string;
}
