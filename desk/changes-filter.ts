import { DateTime } from 'luxon';
import { printable } from '../access/text.js';
import type { Instant } from '../access/types.js';
import type { AuditFilter, AuditKind, AuditRecord } from '../database/audit-records.js';
import { CommandError } from '../space/failure.js';
import { instantAt, parseAt } from '../space/typed-times.js';
import type { People } from './desk.js';
import { words } from './words.js';

/** What can be filtered by, as the names of the form's fields. */
const filterFields = ['from', 'to', 'person', 'group', 'by', 'kind'] as const;
export type FilterField = (typeof filterFields)[number];

/** The form as it was sent; what was left out is empty. */
export type TypedFilter = Record<FilterField, string>;

/** What the form means, and for each field that means nothing: why. */
export interface ReadFilter {
  typed: TypedFilter;
  filter: AuditFilter;
  problems: Partial<Record<FilterField, string>>;
}

/** How many days are shown where the form does not say from when: all of a year would take long to look through. */
const usualDays = 30;
/** No giver's name with its account is longer (messages/to-control.ts). */
const longestBy = 210;
/** The most people that are named where a text fits several. */
const mostNamed = 5;
const said = words.space.changes;

/** Finds the people that a text means. */
type FindPeople = (text: string, most: number) => ReturnType<People['find']>;

const findsNobody: FindPeople = () => ({ people: [], more: 0, exact: 0 });

/**
 * Reads a query string; times are those of the zone (null: UTC), and names are those that `find` knows. Throws nothing:
 * `problems` tells each field that means nothing.
 */
export function readFilter(
  query: unknown,
  zone: string | null,
  now: Instant,
  find: FindPeople = findsNobody,
): ReadFilter {
  const typed = typedIn(query);
  const reader = new Reader();
  const from = typed.from === '' ? usualFrom(zone, now) : typed.from;
  const filter: AuditFilter = {
    since: reader.read('from', () => timeOf(from, zone)),
    until: typed.to === '' ? undefined : reader.read('to', () => timeOf(typed.to, zone)),
    memberId: typed.person === '' ? undefined : reader.read('person', () => memberOf(typed.person, find)),
    groupId: typed.group === '' ? undefined : reader.read('group', () => idOf(typed.group, said.badGroup)),
    by: typed.by === '' ? undefined : reader.read('by', () => nameOf(typed.by)),
    kinds: typed.kind === '' ? undefined : reader.read('kind', () => [kindOf(typed.kind)]),
  };
  const { since, until } = filter;
  if (since !== undefined && until !== undefined && until <= since) reader.problems.to = said.badOrder;
  return { typed: { ...typed, from }, filter, problems: reader.problems };
}

/** The record behind which a page goes on; undefined: from the newest on. */
export function cursorIn(query: unknown): Pick<AuditRecord, 'at' | 'key'> | undefined {
  const [, at, key] = /^(\d{1,15})\.(.{1,500})$/su.exec(textIn(query, 'after')) ?? [];
  return at === undefined || key === undefined ? undefined : { at: Number(at), key };
}

/** The query string of this filter; `after`: the record behind which the page goes on. */
export function queryOf(typed: TypedFilter, after?: Pick<AuditRecord, 'at' | 'key'>): string {
  const query = new URLSearchParams();
  for (const field of filterFields) if (typed[field] !== '') query.set(field, typed[field]);
  if (after !== undefined) query.set('after', `${after.at}.${after.key}`);
  return query.toString();
}

class Reader {
  readonly problems: ReadFilter['problems'] = {};

  /** What a field means; undefined: it means nothing, and `problems` says why. */
  read<T>(field: FilterField, meaning: () => T): T | undefined {
    try {
      return meaning();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.problems[field] = error.message;
      return undefined;
    }
  }
}

function typedIn(query: unknown): TypedFilter {
  const fields = filterFields.map((field) => [field, textIn(query, field)]);
  return Object.fromEntries(fields) as TypedFilter;
}

/** A parameter that is given several times is as good as none. */
function textIn(query: unknown, name: string): string {
  const value = (Object(query) as Record<string, unknown>)[name];
  return typeof value === 'string' ? value.trim() : '';
}

function usualFrom(zone: string | null, now: Instant): string {
  const from = DateTime.fromMillis(now, { zone: zone ?? 'utc' }).minus({ days: usualDays });
  return from.startOf('day').toFormat("yyyy-MM-dd'T'HH:mm");
}

function timeOf(text: string, zone: string | null): Instant {
  const full = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text;
  try {
    return instantAt(parseAt(full), zone ?? 'utc');
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(said.badTime);
    throw error;
  }
}

function idOf(text: string, says: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new CommandError(says);
}

/** The member with this id, this e-mail, or this name or a part of it, if that is just one. */
function memberOf(text: string, find: FindPeople): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  const { people, more, exact } = find(text, mostNamed);
  const [first] = people;
  if (first === undefined) throw new CommandError(said.noPerson);
  if (exact === 1 || people.length + more === 1) return first.id;
  const named = people.map(({ id, fullName }) => `${printable(fullName)} (${id})`);
  throw new CommandError(said.severalPeople(people.length + more, named.join(', ')));
}

function nameOf(text: string): string {
  if (text.length <= longestBy) return text;
  throw new CommandError(said.tooLong);
}

function kindOf(text: string): AuditKind {
  const kinds = Object.keys(said.kinds) as AuditKind[];
  const kind = kinds.find((one) => one === text);
  if (kind !== undefined) return kind;
  throw new CommandError(said.badKind);
}
