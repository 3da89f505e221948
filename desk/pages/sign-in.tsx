import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Link } from '../sign-in/sessions.js';
import { words } from '../words.js';

interface SignInParts {
  /** The sign-in service as people know it; null: there are links only. */
  service: string | null;
  /** The page to go on to after the sign-in. */
  to: string;
  hasEnded: boolean;
}

/** The ways to sign in. */
export function SignIn({ service, to, hasEnded }: SignInParts): JSX.Element {
  const { signIn } = words;
  return (
    <>
      {hasEnded && <p role="status">{signIn.ended}</p>}
      {service !== null && (
        <p>
          <a class="button" href={`/sign-in/start?to=${encodeURIComponent(to)}`}>
            {signIn.by(service)}
          </a>
        </p>
      )}
      <p>{service === null ? signIn.byLink : signIn.orByLink}</p>
      <p>
        <code>{signIn.command}</code>
      </p>
    </>
  );
}

/** The page where nobody has to sign in. */
export function SignInNotNeeded({ hasEnded }: { hasEnded: boolean }): JSX.Element {
  const { signIn } = words;
  return (
    <>
      {hasEnded && <p role="status">{signIn.ended}</p>}
      <p>{signIn.notNeeded}</p>
      <p>
        <a href="/">{signIn.goOn}</a>
      </p>
    </>
  );
}

/** What a link asks before it is used up: programs that look at links in mails press no button. */
export function UseLink({ link, token, csrf }: { link: Link; token: string; csrf: string }): JSX.Element {
  return (
    <form method="post" action="/link">
      <p>{words.link.text(words.who.roles[link.role])}</p>
      <input type="hidden" name="_csrf" value={csrf} />
      <input type="hidden" name="token" value={token} />
      <button type="submit">{words.link.submit}</button>
    </form>
  );
}

/**
 * The page of a person that the sign-in service knows, but who has no role. `line`: the line of latchkey.yaml that gives one.
 */
export function NoRole({ service, line }: { service: string; line: string }): JSX.Element {
  return (
    <>
      <p>{words.service.noRole(service)}</p>
      <p>{words.service.askFor}</p>
      <pre>{line}</pre>
    </>
  );
}
