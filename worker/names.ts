/** What people call things: the names that the configuration and the command line give, found among those of an API. */
import type { IdOrName } from '../config/rules-file.js';
import { distance } from 'fastest-levenshtein';

export interface Named {
  id: number;
  name: string;
}

/** What is meant, or why nobody can tell, as the end of a sentence. */
export type Meant<T> = { one: T } | { one: null; problem: string };

/** The one thing with this id or name; of none and of several it is said which may be meant. Pure. */
export function meant<T extends Named>(wanted: IdOrName, all: readonly T[]): Meant<T> {
  const found = matching(wanted, all);
  const [first, ...others] = found;
  if (first === undefined) return { one: null, problem: `does not exist${hintOf(wanted, all)}` };
  if (others.length === 0) return { one: first };
  return { one: null, problem: `is the name of ${found.map(({ id }) => id).join(', ')}: give the id` };
}

/** Those with this id, with just this name, or else with one that looks the same. Pure. */
export function matching<T extends Named>(wanted: IdOrName, all: readonly T[]): T[] {
  if (typeof wanted === 'number') return all.filter(({ id }) => id === wanted);
  const exact = all.filter(({ name }) => name === wanted);
  if (exact.length > 0) return exact;
  const looks = lookOf(wanted);
  return all.filter(({ name }) => lookOf(name) === looks);
}

/**
 * A name as people see it: composed characters, one blank for any white space, none around, and nothing invisible. An en
 * dash stays another character than a hyphen, and a full-width letter than a plain one: two groups may differ by just that,
 * and each opens its own doors.
 */
function lookOf(name: string): string {
  return name
    .normalize('NFC')
    .replace(/[\p{Bidi_Control}\u200b\u2060]/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
}

const mostHints = 3;
/** Longer names are compared by their beginning. */
const longestCompared = 200;

/** The nearest names, where any is near. */
function hintOf(wanted: IdOrName, all: readonly Named[]): string {
  if (typeof wanted === 'number') return '';
  const typed = foldOf(wanted);
  const far = all.map((one) => ({ one, steps: distance(typed, foldOf(one.name)) }));
  const steps = Math.min(...far.map((each) => each.steps));
  if (steps > typed.length * 0.4) return '';
  const nearest = far.filter((each) => each.steps === steps).slice(0, mostHints);
  const words = nearest.map(({ one }) => `${JSON.stringify(one.name)} (${one.id})`);
  return `; did you mean ${words.join(' or ')}?`;
}

/** A name without the differences that the eye hardly sees. */
function foldOf(name: string): string {
  const folded = lookOf(name.normalize('NFKC'))
    .toLowerCase()
    .replace(/\p{Pd}/gu, '-');
  return folded.slice(0, longestCompared);
}
