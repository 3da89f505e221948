import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Act } from '../acts/act.js';
import { allow } from '../acts/member-acts.js';
import { actsAbout } from '../acts/table.js';
import { actWords } from '../acts/words.js';
import { mayAs, type Viewer } from '../desk.js';

/** What the viewer may do about a member, as links to the pages of those acts. Null: nothing. */
export function MemberActLinks({
  viewer,
  memberId,
}: {
  viewer: Viewer;
  memberId: number;
}): JSX.Element | null {
  return linksTo({ viewer, acts: actsAbout.member, id: memberId });
}

/** What the viewer may do about a member's invitation that is not accepted. */
export function InvitationActLinks({
  viewer,
  memberId,
}: {
  viewer: Viewer;
  memberId: number;
}): JSX.Element | null {
  return linksTo({ viewer, acts: actsAbout.invitation, id: memberId });
}

/** What the viewer may do where a member has no key to a group. */
export function NoKeyActLinks({
  viewer,
  memberId,
  groupId,
}: {
  viewer: Viewer;
  memberId: number;
  groupId: number;
}): JSX.Element | null {
  return linksTo({ viewer, acts: [allow], id: memberId, groupId });
}

/** What the viewer may do about withheld keys, by their number. */
export function WithheldActLinks({ viewer, id }: { viewer: Viewer; id: number }): JSX.Element | null {
  return linksTo({ viewer, acts: actsAbout.withheld, id: id });
}

/** What the viewer may do about a finding of the comparison with Kisi, by its number. */
export function FindingActLinks({ viewer, id }: { viewer: Viewer; id: number }): JSX.Element | null {
  return linksTo({ viewer, acts: actsAbout.finding, id: id });
}

/** What the viewer may do about an exception, by its number. */
export function ExceptionActLinks({ viewer, id }: { viewer: Viewer; id: number }): JSX.Element | null {
  return linksTo({ viewer, acts: actsAbout.exception, id: id });
}

/** What the viewer may do about the whole space: pause, resume, mode. */
export function SpaceActLinks({ viewer }: { viewer: Viewer }): JSX.Element | null {
  return linksTo({ viewer, acts: actsAbout.space, id: 0 });
}

interface LinksParts {
  viewer: Viewer;
  acts: readonly Act[];
  /** 0: the whole space. */
  id: number;
  /** The group that is chosen on the page of the act; left out: none. */
  groupId?: number;
}

function linksTo({ viewer, acts, id, groupId }: LinksParts): JSX.Element | null {
  const mine = acts.filter(({ least }) => mayAs(viewer, least));
  if (mine.length === 0) return null;
  const chosen = groupId === undefined ? '' : `&group=${groupId}`;
  return (
    <ul class="acts" aria-label={actWords.mayDo}>
      {mine.map(({ name, about }) => (
        <li>
          <a href={about === null ? `/acts/${name}` : `/acts/${name}?${about}=${id}${chosen}`}>
            {actWords.links[name]}
          </a>
        </li>
      ))}
    </ul>
  );
}
