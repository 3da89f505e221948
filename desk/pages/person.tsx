import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Instant } from '../../access/types.js';
import type { Viewer } from '../desk.js';
import type { GroupView, Link, PersonView } from '../person-view.js';
import { personWords as say } from '../person-words.js';
import { InvitationActLinks, MemberActLinks, NoKeyActLinks } from './act-links.js';
import { QuestionSection } from './person-questions.js';
import { Timeline } from './person-timeline.js';

/** The time that the viewer asked about. */
export interface AsOfTyped {
  typed: string;
  /** Null: now, or what was typed is no time. */
  instant: Instant | null;
  /** What is wrong with what was typed; null: nothing. */
  problem: string | null;
}

interface PersonParts {
  view: PersonView;
  asOf: AsOfTyped;
  viewer: Viewer;
}

/** One person: whether there is access, why, what to say and what to do. */
export function PersonPage({ view, asOf, viewer }: PersonParts): JSX.Element {
  const { memberId, groups, nextChange, questions, timeline } = view;
  return (
    <>
      {view.asOf === null ? null : <AsOfBanner time={view.asOf} memberId={memberId} />}
      <VerdictLine view={view} />
      <Unread sentences={view.unread} />
      <MemberActLinks viewer={viewer} memberId={memberId} />
      {view.isInvited ? <InvitationActLinks viewer={viewer} memberId={memberId} /> : null}
      <section aria-labelledby="groups">
        <h2 id="groups">{say.groups.heading}</h2>
        {groups.length === 0 ? (
          <p>{say.groups.none}</p>
        ) : (
          groups.map((group) => <Group group={group} memberId={memberId} viewer={viewer} />)
        )}
        <p>
          <strong>{say.groups.nextChange}:</strong> {nextChange}
        </p>
      </section>
      {questions.map((question) => (
        <QuestionSection question={question} />
      ))}
      {timeline === null ? null : <Timeline timeline={timeline} memberId={memberId} />}
      <AsOfForm memberId={memberId} asOf={asOf} />
      <Footing view={view} />
    </>
  );
}

/** The answer: never by colour alone. */
function VerdictLine({ view }: { view: PersonView }): JSX.Element {
  const { memberId, asking } = view;
  const { outcome, sentence, notes } = view.verdict;
  return (
    <div class={`verdict ${outcome}`} role="status">
      <p>
        <strong class={`state ${outcome}`}>{say.words[outcome]}</strong> <span>{sentence}</span>
      </p>
      {asking === null ? null : (
        <p class="note">
          {asking} <a href={`/people/${memberId}?fresh=1`}>{say.readAgain}</a>
        </p>
      )}
      {notes.map((note) => (
        <p class="note">{note}</p>
      ))}
    </div>
  );
}

function AsOfBanner({ time, memberId }: { time: string; memberId: number }): JSX.Element {
  return (
    <p class="as-of warning" role="note">
      {say.asOf.banner(time)} <a href={`/people/${memberId}`}>{say.asOf.back}</a>
    </p>
  );
}

function Unread({ sentences }: { sentences: readonly string[] }): JSX.Element | null {
  if (sentences.length === 0) return null;
  return (
    <section class="warning" aria-labelledby="unread">
      <h2 id="unread">{say.unread.heading}</h2>
      <ul>
        {sentences.map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}

interface GroupParts {
  group: GroupView;
  memberId: number;
  viewer: Viewer;
}

function Group({ group, memberId, viewer }: GroupParts): JSX.Element {
  const { name, groupId, facts, why, isKeyless, link } = group;
  return (
    <article class="group">
      <h3>{name}</h3>
      <dl>
        {facts.map(([label, text]) => (
          <div>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {why === null ? null : <Why lines={why} />}
      {isKeyless ? <NoKeyActLinks viewer={viewer} memberId={memberId} groupId={groupId} /> : null}
      <p>
        <Away link={link} />
      </p>
    </article>
  );
}

function Why({ lines }: { lines: readonly string[] }): JSX.Element {
  if (lines.length === 0) return <p class="note">{say.groups.noRecord}</p>;
  return (
    <ul class="why">
      {lines.map((line) => (
        <li>{line}</li>
      ))}
    </ul>
  );
}

function AsOfForm({ memberId, asOf }: { memberId: number; asOf: AsOfTyped }): JSX.Element {
  const { typed, problem } = asOf;
  const described =
    problem === null ? {} : { 'aria-describedby': 'at-problem', 'aria-invalid': 'true' as const };
  return (
    <form class="as-of" method="get" action={`/people/${memberId}`}>
      <h2>{say.asOf.legend}</h2>
      <label for="at">{say.asOf.label}</label>
      <input id="at" name="at" type="datetime-local" value={typed} required {...described} />
      <button type="submit">{say.asOf.submit}</button>
      {problem === null ? null : (
        <p id="at-problem" class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

/** Where the records are shown, how old this is, and all of it as text. */
function Footing({ view }: { view: PersonView }): JSX.Element {
  const { memberId, links, readAt, lastChecked } = view;
  return (
    <section class="footing" aria-label={say.copy}>
      <ul class="links">
        {links.map((link) => (
          <li>
            <Away link={link} />
          </li>
        ))}
      </ul>
      <p class="note">{say.links.hint}</p>
      <p class="note">
        {readAt} {lastChecked} <a href={`/people/${memberId}?fresh=1`}>{say.readAgain}</a>
      </p>
      <p>
        <a href={`/people/${memberId}/text`} data-copy={`/people/${memberId}/text`}>
          {say.copy}
        </a>
      </p>
    </section>
  );
}

/** A link. A link to another site opens there, and tells that site nothing of this page. */
function Away({ link }: { link: Link }): JSX.Element {
  const isHere = link.href.startsWith('/');
  return isHere ? (
    <a href={link.href}>{link.text}</a>
  ) : (
    <a href={link.href} rel="noopener noreferrer">
      {link.text}
    </a>
  );
}
