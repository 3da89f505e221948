import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Viewer } from '../desk.js';

/** What the viewer may do about a member, as links to the pages of those acts. Null: nothing. */
export function MemberActLinks(_: { viewer: Viewer; memberId: number }): JSX.Element | null {
  return null;
}

/** What the viewer may do about withheld keys, by their number. */
export function WithheldActLinks(_: { viewer: Viewer; id: number }): JSX.Element | null {
  return null;
}

/** What the viewer may do about a finding of the comparison with Kisi, by its number. */
export function FindingActLinks(_: { viewer: Viewer; id: number }): JSX.Element | null {
  return null;
}

/** What the viewer may do about an exception, by its number. */
export function ExceptionActLinks(_: { viewer: Viewer; id: number }): JSX.Element | null {
  return null;
}

/** What the viewer may do about the whole space: pause, resume, mode. */
export function SpaceActLinks(_: { viewer: Viewer }): JSX.Element | null {
  return null;
}
