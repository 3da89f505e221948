/** Small parts of pages: times, people and groups by name, and texts of the rules as people read them. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { printable } from '../../access/text.js';
import { iso, type Instant } from '../../access/types.js';
import { withGroupNames, type Names } from '../../space/names.js';
import { endWords, timeWords, withLocalTimes } from '../../space/times.js';
import { zoneOf, type Zones } from '../../space/zones.js';
import { placeFor } from '../commands.js';
import type { Directory, Viewer } from '../desk.js';
import { words } from '../words.js';

/** What a page needs to name things: people, groups and time zones. */
export interface Naming {
  people: Directory | null;
  groups: Names;
  /** The time zone of what is about no one location: an IANA name; null: none is known, so times are in UTC. */
  zone: string | null;
  /** The time zones of the locations. */
  zones: Zones;
  /** The person who looks, and may go on to acts that a text names; left out or null: no such person is known. */
  viewer?: Viewer | null;
}

/** The same for what is about one location; null: the location is not known. */
export function namingAt(naming: Naming, locationId: number | null): Naming {
  return locationId === null ? naming : { ...naming, zone: zoneOf(naming.zones, locationId) ?? naming.zone };
}

/** An instant: 'Mon 30 Nov 06:15, Rome'. */
export function At({ at, zone }: { at: Instant; zone: string | null }): JSX.Element {
  return <time datetime={iso(at)}>{timeWords(at, zone)}</time>;
}

/** An end: one at midnight is told by the last day that counts. */
export function Until({ at, zone }: { at: Instant; zone: string | null }): JSX.Element {
  return <time datetime={iso(at)}>{endWords(at, zone)}</time>;
}

/** A member by name, as a link to the person's page. */
export function Person({ id, people }: { id: number; people: Directory | null }): JSX.Element {
  return <a href={`/people/${id}`}>{personWords(id, people)}</a>;
}

/** The most letters of a name in a list; the person's page has all of them. */
const longestInList = 80;

/** The name of a member as lists have it; 'Member 123' where it is not known. */
export function personWords(id: number, people: Directory | null): string {
  return listedName(people?.nameOf(id) ?? words.space.memberWithId(id));
}

/** A name as lists have it: in one line, and cut where it is long. */
export function listedName(name: string): string {
  const letters = Array.from(printable(name));
  const isTooLong = letters.length > longestInList;
  return isTooLong ? `${letters.slice(0, longestInList).join('')}…` : letters.join('');
}

/** A group by name, as a link to the group's page. */
export function Group({ id, groups }: { id: number; groups: Names }): JSX.Element {
  return <a href={`/groups/${id}`}>{groupWords(id, groups)}</a>;
}

/** The name of a group; 'Group 12' where it is not known. */
export function groupWords(id: number, groups: Names): string {
  return printable(groups.get(id) ?? words.space.groupWithId(id));
}

/** A text of the rules or of an alert: with names, with times in the zone, and with the desk's own pages instead of commands. */
export function Told({ text, naming }: { text: string; naming: Naming }): JSX.Element {
  const parts = toldWords(text, naming).split('`');
  const { viewer = null } = naming;
  return (
    <>{parts.map((part, index) => (index % 2 === 1 ? <Command text={part} viewer={viewer} /> : part))}</>
  );
}

/** A link to the page that does what a command does at the terminal; the command itself where there is no such page. */
function Command({ text, viewer }: { text: string; viewer: Viewer | null }): JSX.Element {
  const place = placeFor(text, viewer);
  return place === null ? <code>{text}</code> : <a href={place.href}>{place.name}</a>;
}

/** The same as plain text. */
export function toldWords(text: string, { people, groups, zone }: Naming): string {
  const named = withGroupNames(withLocalTimes(text, zone), groups).replace(
    /\b(member) (\d+)\b/gi,
    (said, word: string, id: string) => {
      const name = people?.nameOf(Number(id)) ?? null;
      return name === null ? said : `${word} ${id} (${name})`;
    },
  );
  // Alerts have such times: they go to readers in any zone.
  return printable(named).replace(/\b(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC\b/g, (_, day: string, clock: string) =>
    timeWords(`${day}T${clock}Z`, zone),
  );
}
