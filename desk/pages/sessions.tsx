import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Instant } from '../../access/types.js';
import { iso } from '../../access/types.js';
import { timeWords } from '../../space/times.js';
import type { Link, Session } from '../sign-in/sessions.js';
import { words } from '../words.js';

interface SessionsParts {
  sessions: readonly Session[];
  links: readonly Link[];
  /** The session of whoever looks; undefined: none. */
  own: string | undefined;
  csrf: string;
  zone: string | null;
}

/** Who is signed in, and the links that can still be used, each with a button to end it. */
export function Sessions({ sessions, links, own, csrf, zone }: SessionsParts): JSX.Element {
  const { columns, none, yours } = words.sessions;
  const { name, role, account, beganAt, seenAt, until, end } = columns;
  return (
    <>
      {sessions.length === 0 ? (
        <p>{none}</p>
      ) : (
        <table>
          <Heads all={[name, role, account, beganAt, seenAt, until, end]} />
          <tbody>
            {sessions.map((session) => (
              <tr>
                <th scope="row">
                  {session.name} {session.id === own && yours}
                </th>
                <td data-label={role}>{words.who.roles[session.role]}</td>
                <td data-label={account}>{session.account}</td>
                <td data-label={beganAt}>
                  <Time at={session.beganAt} zone={zone} />
                </td>
                <td data-label={seenAt}>
                  <Time at={session.seenAt} zone={zone} />
                </td>
                <td data-label={until}>
                  <Time at={session.until} zone={zone} />
                </td>
                <td>
                  <End
                    id={session.id}
                    csrf={csrf}
                    says={words.sessions.end}
                    label={words.sessions.endLabel(session.name)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {links.length > 0 && <Links links={links} csrf={csrf} zone={zone} />}
    </>
  );
}

function Links({ links, csrf, zone }: Pick<SessionsParts, 'links' | 'csrf' | 'zone'>): JSX.Element {
  const { columns, linksTitle, takeBack, takeBackLabel } = words.sessions;
  return (
    <>
      <h2>{linksTitle}</h2>
      <table>
        <Heads all={[columns.name, columns.role, columns.until, takeBack]} />
        <tbody>
          {links.map(({ id, name, role, until }) => (
            <tr>
              <th scope="row">{name}</th>
              <td data-label={columns.role}>{words.who.roles[role]}</td>
              <td data-label={columns.until}>
                <Time at={until} zone={zone} />
              </td>
              <td>
                <End id={id} csrf={csrf} says={takeBack} label={takeBackLabel(name)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Heads({ all }: { all: readonly string[] }): JSX.Element {
  return (
    <thead>
      <tr>
        {all.map((one) => (
          <th scope="col">{one}</th>
        ))}
      </tr>
    </thead>
  );
}

function Time({ at, zone }: { at: Instant; zone: string | null }): JSX.Element {
  return <time datetime={iso(at)}>{timeWords(at, zone)}</time>;
}

interface EndParts {
  id: string;
  csrf: string;
  says: string;
  /** For people who hear the page: it tells the buttons apart. */
  label: string;
}

function End({ id, csrf, says, label }: EndParts): JSX.Element {
  return (
    <form method="post" action={`/sessions/${id}/end`}>
      <input type="hidden" name="_csrf" value={csrf} />
      <button type="submit" class="secondary" aria-label={label}>
        {says}
      </button>
    </form>
  );
}
