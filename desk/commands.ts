/** The page of the desk that does, or shows, what a text names as a command of the terminal. */
import type { Act } from './acts/act.js';
import type { ActName } from './acts/names.js';
import { acts } from './acts/table.js';
import { actWords } from './acts/words.js';
import { mayAs, type Viewer } from './desk.js';
import { words } from './words.js';

/** A page of the desk. */
export interface Place {
  href: string;
  name: string;
}

/** The page for a command, such as `latchkey approve 3`; null: there is none, or whoever looks may not use it. */
export function placeFor(command: string, viewer: Viewer | null): Place | null {
  const [program, verb = '', about = '', ...more] = command.split(' ');
  if (program !== 'latchkey' || more.length > 1) return null;
  if (Object.hasOwn(pages, verb)) return pages[verb]?.(about) ?? null;
  const act = acts.find(({ name }) => name === verb);
  if (act === undefined || viewer === null || !mayAs(viewer, act.least)) return null;
  // Where the text does not say what the act is about, the page of what needs somebody lists it with its acts.
  if (act.about !== null && !isId(about)) return today;
  return { href: addressOf(act, about), name: nameOf(act.name) };
}

const isId = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text);

function addressOf({ name, about }: Act, id: string): string {
  return about === null ? `/acts/${name}` : `/acts/${name}?${about}=${id}`;
}

/** Within a sentence a link says no more than the verb. */
const nameOf = (act: ActName): string => actWords.links[act].split(':')[0] ?? '';

const today: Place = { href: '/today', name: words.areas.today };
const changes: Place = { href: '/changes', name: words.areas.changes };
const invitations: Place = { href: '/invitations', name: words.space.invitations.title };
const goingLive: Place = { href: '/going-live', name: words.areas.goingLive };

function person(about: string): Place {
  return { href: isId(about) ? `/people/${about}` : '/', name: words.space.personPage };
}

const pages: Readonly<Record<string, (about: string) => Place | null>> = {
  withheld: () => today,
  drift: () => today,
  members: () => today,
  exceptions: () => today,
  show: person,
  explain: person,
  timeline: person,
  invitations: () => invitations,
  audit: (about) => (about === '' ? changes : null),
  report: () => goingLive,
};
