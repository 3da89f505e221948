import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Invitation, Invitations as Open } from '../../activities/invitations.js';
import { invitationStates } from '../../space/invitations.js';
import type { Shown } from '../last-known.js';
import { words } from '../words.js';
import { InvitationActLinks } from './act-links.js';
import { Unread, type About } from './part.js';
import { At, namingAt, Person, Told } from './told.js';

const said = words.space.invitations;

interface Parts {
  invitations: Shown<Open>;
  about: About;
}

/** Who holds a key and has not accepted Kisi's invitation, as far as Kisi tells. */
export function Invitations({ invitations, about }: Parts): JSX.Element {
  const { value, readAt } = invitations;
  const { zone } = about.naming;
  const isNobody = value?.open.length === 0 && value.acceptedCount === 0;
  return (
    <>
      <Unread what={said.title} part={invitations} zone={zone} />
      {value === null ? null : value.open.length === 0 ? (
        <p>{isNobody ? said.nobody : said.none}</p>
      ) : (
        <>
          <p>{said.help}</p>
          <OpenTable open={value.open} about={about} />
        </>
      )}
      {value === null || readAt === null ? null : (
        <p>
          {isNobody ? null : said.others(value.acceptedCount)} {words.space.asOf}{' '}
          <At at={readAt} zone={zone} />.
        </p>
      )}
    </>
  );
}

function OpenTable({ open, about }: { open: readonly Invitation[]; about: About }): JSX.Element {
  const headings = [said.person, said.state, said.invited, said.mails, said.because, said.act];
  return (
    <table>
      <caption>{said.caption}</caption>
      <thead>
        <tr>
          {headings.map((heading) => (
            <th scope="col">{heading}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {open.map((one) => (
          <OpenRow invitation={one} about={about} />
        ))}
      </tbody>
    </table>
  );
}

function OpenRow({ invitation, about }: { invitation: Invitation; about: About }): JSX.Element {
  const { memberId, locationId, state, invitedAt, mailedAgainAt, evidence, isSuspended } = invitation;
  const naming = namingAt(about.naming, locationId);
  return (
    <tr>
      <th scope="row">
        <Person id={memberId} people={naming.people} />
      </th>
      <td data-label={said.state}>{invitationStates[state]}</td>
      <td data-label={said.invited}>{invitedAt === null ? '' : <At at={invitedAt} zone={naming.zone} />}</td>
      <td data-label={said.mails}>{1 + mailedAgainAt.length}</td>
      <td data-label={said.because}>
        <Told text={evidence} naming={naming} />
        {isSuspended ? said.suspended : ''}
      </td>
      <td>
        <InvitationActLinks viewer={about.viewer} memberId={memberId} />
      </td>
    </tr>
  );
}

/** An invitation that nobody has accepted for days, as a line of a list. */
export function LateInvitation({ invitation, about }: { invitation: Invitation; about: About }): JSX.Element {
  const { memberId, locationId, invitedAt, mailedAgainAt, evidence } = invitation;
  const naming = namingAt(about.naming, locationId);
  return (
    <li>
      <Person id={memberId} people={naming.people} />
      {invitedAt === null ? null : (
        <>
          {', '}
          {said.invitedAt} <At at={invitedAt} zone={naming.zone} />
        </>
      )}
      {`, ${said.mailCount(1 + mailedAgainAt.length)}: `}
      <Told text={evidence} naming={naming} />{' '}
      <InvitationActLinks viewer={about.viewer} memberId={memberId} />
    </li>
  );
}
