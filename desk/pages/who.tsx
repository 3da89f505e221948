import type { JSX } from 'hono/jsx/jsx-runtime';
import { mayAs, type Viewer } from '../desk.js';
import { words } from '../words.js';

/** Who looks at the page, as what, and how to stop. Where nobody signs in, it says so. */
export function Who({ viewer, csrf }: { viewer: Viewer; csrf: string }): JSX.Element {
  const { here, sessions, signOut, roles } = words.who;
  const isHere = viewer.session === undefined;
  return (
    <div class="viewer">
      <span>
        {viewer.name}, {roles[viewer.role]}
        {isHere && `, ${here}`}
      </span>
      {mayAs(viewer, 'operator') && <a href="/sessions">{sessions}</a>}
      {!isHere && (
        <form method="post" action="/sign-out">
          <input type="hidden" name="_csrf" value={csrf} />
          <button type="submit">{signOut}</button>
        </form>
      )}
    </div>
  );
}
