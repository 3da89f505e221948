/** Pages of several parts, each of which may be unread. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Instant } from '../../access/types.js';
import type { Viewer } from '../desk.js';
import type { Shown } from '../last-known.js';
import { words } from '../words.js';
import { At, type Naming } from './told.js';

/** The viewer that a page is drawn for, the time, and how the page names things. */
export interface About {
  naming: Naming;
  viewer: Viewer;
  now: Instant;
}

/** Says of a part that it could not be read, or is older than the page. */
export function Unread({
  what,
  part,
  zone,
}: {
  what: string;
  part: Shown<unknown>;
  zone: string | null;
}): JSX.Element | null {
  const { problem, isReading, readAt, value } = part;
  if (problem === null && !(isReading && value === null)) return null;
  return (
    <p class="attention">
      {problem === null ? words.space.stillReading(what) : words.space.unread(what, problem)}
      {readAt === null ? null : (
        <>
          {' '}
          {words.space.asOf} <At at={readAt} zone={zone} />.
        </>
      )}
    </p>
  );
}
