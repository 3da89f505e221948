/** What people typed on the page of an act, read once, and what is wrong with it. */
import { z } from 'zod';
import { giverProblem, lastInstant, type Giver } from '../../messages/to-control.js';
import type { Instant, Location } from '../../access/types.js';
import { CommandError } from '../../space/failure.js';
import { endWords } from '../../space/times.js';
import { parseUntil, endAt, type TypedEnd } from '../../space/typed-times.js';
import type { Named } from '../../worker/names.js';
import type { Viewer } from '../desk.js';
import { FieldError, type Choices, type Typed } from './act.js';
import { fieldNames } from './names.js';
import { actWords } from './words.js';

const { problems } = actWords;

/** Nobody types more. A text that is longer than its field may be is refused with words. */
const longestTyped = 20_000;
const text = z
  .union([z.string(), z.array(z.string())])
  .transform((sent) => (Array.isArray(sent) ? sent.join(',') : sent).slice(0, longestTyped));
const form = z.record(z.string(), z.unknown()).catch({});

/** What a browser sent, field by field, as texts: a field that holds no text counts as empty. */
export function sentIn(sent: unknown): (name: string) => string {
  const fields = form.parse(sent ?? {});
  return (name) => {
    const taken = Object.hasOwn(fields, name) ? text.safeParse(fields[name]) : null;
    return taken?.success === true ? taken.data : '';
  };
}

/** What was typed or chosen. An empty field holds what `defaults` say. */
export function typedIn(sent: (name: string) => string, defaults: Partial<Typed>): Typed {
  const entries = fieldNames.map((name) => {
    const typed = sent(name).trim();
    return [name, typed === '' ? (defaults[name] ?? '') : typed];
  });
  return Object.fromEntries(entries) as Record<keyof Typed, string>;
}

/** The id in a text; null: the text can be no id. */
export function idIn(sent: string): number | null {
  return /^[1-9]\d{0,14}$/.test(sent) ? Number(sent) : null;
}

/**
 * The group that was chosen; null: none was. Where Kisi does not say which groups there are, any number will do. Throws
 * FieldError.
 */
export function chosenGroup(
  { group }: Typed,
  { groups }: Choices,
): { id: number; name: string | null } | null {
  if (group === '') return null;
  const id = idIn(group);
  if (id === null) throw new FieldError('group', problems.groupNumber);
  if (typeof groups === 'string') return { id, name: null };
  const known = groups.find((one) => one.id === id);
  if (known === undefined) throw new FieldError('group', problems.groupGone);
  return known;
}

/** The end that was typed or chosen; a day and time that were chosen count before what was typed. Throws FieldError. */
export function typedEnd({ until, untilAt }: Typed, now: Instant): TypedEnd {
  const field = untilAt === '' ? 'until' : 'untilAt';
  try {
    return parseUntil(field === 'until' ? until : untilAt, now);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new FieldError(field, problems.until);
  }
}

/** The instant of an end at a location. Throws FieldError where its time zone is needed and not known. */
export function endOf(typed: Typed, end: TypedEnd, location: Location | null, now: Instant): Instant {
  return zoned(typed, () => endAt(end, location, now));
}

/** What the job makes of an end. Throws FieldError where it takes a time zone that is not known. */
export function zoned(typed: Typed, job: () => Instant): Instant {
  try {
    return job();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new FieldError(endField(typed), problems.zone);
  }
}

/** Throws FieldError where the end is past, or too far ahead for anything to be meant by it. */
export function checkEnd(typed: Typed, until: Instant, now: Instant, zone: string | null): void {
  if (until >= lastInstant) throw new FieldError(endField(typed), problems.century);
  if (until <= now) throw new FieldError(endField(typed), problems.past(endWords(until, zone)));
}

/** Which of the two fields for an end counts. */
export const endField = ({ untilAt }: Typed): 'until' | 'untilAt' => (untilAt === '' ? 'until' : 'untilAt');

/** Ids of Nexudus with commas between them. Throws FieldError. */
export function idsIn(field: 'locations' | 'members', typed: Typed): number[] {
  const parts = typed[field].split(/[\s,]+/).filter((part) => part !== '');
  return parts.map((part) => {
    const id = idIn(part);
    if (id === null) throw new FieldError(field, problems.members);
    return id;
  });
}

/** One of these names. Throws FieldError. */
export function oneOf<T extends string>(field: 'level' | 'mode', typed: Typed, names: readonly T[]): T {
  const known = names.find((name) => name === typed[field]);
  if (known === undefined) throw new FieldError(field, problems[field]);
  return known;
}

/**
 * Who gives the order (by the sign-in) and why (as typed). Throws FieldError where the reason will not do, and CommandError
 * where the name of the person who is signed in will not do.
 */
export function giverIn(viewer: Viewer, why: string, needsWhy: boolean): Giver {
  if (needsWhy && why === '') throw new FieldError('why', problems.why);
  const ofReason = giverProblem({ by: 'somebody', why });
  if (ofReason !== null) throw new FieldError('why', sentenceOf(ofReason));
  const giver = { by: viewer.name, why, account: viewer.account };
  const ofViewer = giverProblem(giver);
  if (ofViewer !== null) throw new CommandError(`nothing is ordered: ${ofViewer}`, 2);
  return giver;
}

/** A text as a sentence of its own. */
export function sentenceOf(said: string): string {
  const whole = said.charAt(0).toUpperCase() + said.slice(1);
  return /[.!?…)]$/.test(whole) ? whole : `${whole}.`;
}

/** The name of one of several; null: it is not known. */
export function nameOf(id: number, all: readonly Named[] | string): string | null {
  return typeof all === 'string' ? null : (all.find((one) => one.id === id)?.name ?? null);
}
