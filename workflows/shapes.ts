/**
 * What is taken from outside, field by field: anybody can send a message to a workflow in Temporal's UI, or start one,
 * with anything in it. By hand, since a library would cost its memory once for each workflow that is cached.
 */
import type { Instant } from '../access/types.js';
import { giverProblem, lastInstant } from '../messages/to-control.js';

/**
 * Takes a value for what it is meant to be, and nothing more of it. Throws Misshapen where it is something else. `name`: of the
 * field; empty: it is a message's argument.
 */
export type Shape<T> = (value: unknown, name: string) => T;

/** Something from outside is not what it is meant to be. The message names the field, and never what was in it. */
export class Misshapen extends Error {
  override readonly name = 'Misshapen';
}

/** An id of Nexudus, Kisi or our own. */
export const id: Shape<number> = number('a whole number above zero', (n) => Number.isSafeInteger(n) && n > 0);

/** How many there are of something. */
export const count: Shape<number> = number('a whole number', (n) => Number.isSafeInteger(n) && n >= 0);

/** A count of at most `most`. */
export function countUpTo(most: number): Shape<number> {
  return (value, name) => {
    const taken = count(value, name);
    if (taken > most) throw new Misshapen(`${name} must be at most ${most}`);
    return taken;
  };
}

/** A share of a whole: 0.1 is 10 %. */
export const share: Shape<number> = number('a number from 0 to 1', (n) => n >= 0 && n <= 1);

/** Ms since 1970. */
export const instant: Shape<Instant> = number(
  'a time in ms before the year 2100',
  (n) => Number.isSafeInteger(n) && n >= 0 && n < lastInstant,
);

/** An instant that somebody else chose, such as the end of a key that a person gave: whatever a date can hold. */
export const anyInstant: Shape<Instant> = number(
  'a time in ms',
  (n) => Number.isSafeInteger(n) && Math.abs(n) <= 8.64e15,
);

/** How long something lasts, in ms. */
export function duration(shortestMs: number, longestMs: number): Shape<number> {
  return number(
    `a whole number of ms, from ${shortestMs} to ${longestMs}`,
    (n) => Number.isSafeInteger(n) && n >= shortestMs && n <= longestMs,
  );
}

/** Any value: whoever takes it checks it. */
export const anything: Shape<unknown> = (value) => value;

export const flag: Shape<boolean> = (value, name) =>
  typeof value === 'boolean' ? value : wrong(name, 'true or false');

/** A text that Latchkey makes of records, with names that people gave in it. */
export function words(longest: number): Shape<string> {
  return (value, name) =>
    typeof value === 'string' && value.length <= longest
      ? value
      : wrong(name, `a text of at most ${longest} characters`);
}

/** A digest, or another name of letters, digits and a few signs. */
export const token: Shape<string> = (value, name) =>
  typeof value === 'string' && /^[\w.:@/-]{1,200}$/.test(value) ? value : wrong(name, 'a short name');

export function oneOf<const T extends string>(names: readonly T[]): Shape<T> {
  return (value, name) => names.find((one) => one === value) ?? wrong(name, `one of ${names.join(', ')}`);
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, name) => (value === null ? null : shape(value, name));
}

/** This shape, or `otherwise` where the value is left out. */
export function or<T, O>(shape: Shape<T>, otherwise: O): Shape<T | O> {
  return (value, name) => (value === undefined ? otherwise : shape(value, name));
}

export function listOf<T>(shape: Shape<T>, most: number): Shape<T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) return wrong(name, 'a list');
    if (value.length > most) return wrong(name, `a list of at most ${most}`);
    return value.map((one: unknown, i) => shape(one, name === '' ? `item ${i}` : `${name}[${i}]`));
  };
}

/** Two values, as an entry of a map is sent. */
export function pairOf<A, B>(first: Shape<A>, second: Shape<B>): Shape<[A, B]> {
  return (value, name) => {
    if (!Array.isArray(value) || value.length !== 2) return wrong(name, 'a pair');
    return [first(value[0], `${name}[0]`), second(value[1], `${name}[1]`)];
  };
}

/** Just these fields, each of its own shape: what else there is stays behind. */
export function fields<T extends object>(shapes: { [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const entries = Object.entries<Shape<unknown>>(shapes);
  return (value, name) => {
    if (!isPlain(value)) return wrong(name, 'an object');
    const taken = entries.flatMap(([key, shape]): [string, unknown][] => {
      const own = Object.hasOwn(value, key) ? value[key] : undefined;
      const field = shape(own, name === '' ? key : `${name}.${key}`);
      return field === undefined ? [] : [[key, field]];
    });
    return Object.fromEntries(taken) as T;
  };
}

/** An object with any fields: whoever goes by it checks them. */
export const object: Shape<Record<string, unknown>> = (value, name) =>
  isPlain(value) ? value : wrong(name, 'an object');

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Who gives an order, from where, and why: fields of every order. */
export const giver = {
  by: (value: unknown): string => ordered(value, { by: value, why: '' }),
  why: (value: unknown): string => ordered(value, { by: 'somebody', why: value }),
  /** Left out: it is not known from where. */
  account: (value: unknown = null): string | null =>
    value === null ? null : ordered(value, { by: 'somebody', why: '', account: value }),
} satisfies Record<string, Shape<string | null>>;

function ordered(value: unknown, order: { by: unknown; why: unknown; account?: unknown }): string {
  const problem = giverProblem(order);
  if (problem !== null || typeof value !== 'string') throw new Misshapen(problem ?? '');
  return value;
}

function number(what: string, isRight: (n: number) => boolean): Shape<number> {
  return (value, name) => (typeof value === 'number' && isRight(value) ? value : wrong(name, what));
}

function wrong(name: string, what: string): never {
  throw new Misshapen(`${name === '' ? 'the argument' : name} must be ${what}`);
}
