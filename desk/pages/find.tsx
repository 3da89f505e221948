import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Instant } from '../../access/types.js';
import { timeWords } from '../../space/times.js';
import type { DirectoryState, Found, Person } from '../directory.js';
import { words } from '../words.js';

/** The search box, and what was found. */
export function Find({ typed, results }: { typed: string; results: Child }): JSX.Element {
  return (
    <>
      <form class="find" method="get" action="/" role="search">
        <label for="find">{words.find.label}</label>
        <input id="find" name="q" type="search" value={typed} autofocus autocomplete="off" maxlength={200} />
        <button type="submit">{words.find.submit}</button>
      </form>
      {results}
    </>
  );
}

interface ResultsParts {
  typed: string;
  found: Found;
  state: DirectoryState;
  now: Instant;
}

/**
 * What was found, as the script puts it in place too: links, the best first. `data-count`: how many there are in all, to be
 * announced; left out: nothing was typed.
 */
export function Results({ typed, found, state, now }: ResultsParts): JSX.Element {
  const isAsked = typed.trim() !== '';
  const count = found.people.length + found.more;
  return (
    <div id="results" {...(isAsked ? { 'data-count': String(count) } : {})}>
      <StateNote state={state} now={now} />
      {isAsked && count === 0 ? <Nobody typed={typed.trim()} state={state} /> : null}
      {found.people.length > 0 ? (
        <ul class="results" aria-label={words.find.results}>
          {found.people.map((person) => (
            <li>
              <PersonLink person={person} />
            </li>
          ))}
        </ul>
      ) : null}
      {found.more > 0 ? <p class="note">{words.find.more(found.more)}</p> : null}
    </div>
  );
}

function PersonLink({ person }: { person: Person }): JSX.Element {
  const { id, fullName, email, companyName, active } = person;
  const details = [companyName, email, active ? '' : words.find.suspended, words.find.id(id)];
  return (
    <a href={`/people/${id}`}>
      <strong>{fullName.trim() === '' ? words.find.nameless : fullName}</strong>{' '}
      <span class="details">{details.filter((text) => text.trim() !== '').join(' · ')}</span>
    </a>
  );
}

/** Nobody was found; a number may still be the id of a member that only Latchkey knows. */
function Nobody({ typed, state }: { typed: string; state: DirectoryState }): JSX.Element {
  return (
    <p>
      {state.readAt === null ? words.find.notRead : words.find.none}{' '}
      {/^[1-9]\d{0,14}$/.test(typed) ? <a href={`/people/${typed}`}>{words.find.openAnyway(typed)}</a> : null}
    </p>
  );
}

/** Says where the list may be old, or is not there. */
function StateNote({ state, now }: { state: DirectoryState; now: Instant }): JSX.Element | null {
  const { readAt, problem } = state;
  if (problem === null && (readAt === null || now - readAt < oldMs)) return null;
  const asOf = readAt === null ? words.find.neverRead : words.find.asOf(timeWords(readAt, null));
  return (
    <p class="warning">
      {asOf} {problem === null ? null : words.find.unread(timeWords(problem.since, null), problem.why)}
    </p>
  );
}

/** A list that is older than this says so. */
const oldMs = 10 * 60_000;
