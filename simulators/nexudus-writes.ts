/** Writes of the simulated Nexudus: create, update (which clears what is not sent) and delete. */
import { collections } from './nexudus-collections.js';
import { blanks, type CollectionName, type RecordOf, type Row } from './nexudus-records.js';
import type { NexudusSpace } from './nexudus-space.js';
import { stamp } from './nexudus-store.js';

/** What a write answers: the HTTP status and the body. */
export interface Answer {
  status: number;
  body: unknown;
}

/** The answer about a record that does not exist: 404 with a JSON string. */
export const notFound: Answer = { status: 404, body: 'Not found' };

interface FieldError {
  AttemptedValue: unknown;
  Message: string;
  PropertyName: string;
}

/** POST: adds a record, or as many passes at once as CreateMultiple says. */
export function create(space: NexudusSpace, collection: CollectionName, body: Row): Answer {
  const errors = errorsOf(space, collection, body);
  if (errors.length > 0) return invalid(errors);
  const count = collection === 'coworkertimepasses' ? Math.max(1, Number(body['CreateMultiple'])) : 1;
  const added = Array.from({ length: count }, () => addOne(space, collection, body));
  return done('created', added[0]);
}

/** PUT: replaces a record. A field that was not sent falls back to its blank; arrays stay, or follow their deltas. */
export function replace(space: NexudusSpace, collection: CollectionName, body: Row): Answer {
  const id = Number(body['Id']);
  const old = space.get(collection, id);
  if (!old) return notFound;
  const errors = errorsOf(space, collection, body);
  if (errors.length > 0) return invalid(errors);
  space.update(collection, id, { ...written(collection, body, old), UpdatedBy: space.userEmail });
  return done('updated', id);
}

/** DELETE: removes a record. */
export function destroy(space: NexudusSpace, collection: CollectionName, id: number): Answer {
  return space.remove(collection, id) ? done('deleted', id) : notFound;
}

function addOne(space: NexudusSpace, collection: CollectionName, body: Row): number {
  if (collection === 'coworkercontracts') {
    const fields = written(collection, body, blanks[collection]);
    const isFirst = space.where(collection, 'CoworkerId', fields.CoworkerId).length === 0;
    return space.add(collection, { ...fields, MainContract: isFirst }).Id;
  }
  if (collection === 'coworkertimepasses') {
    const fields = written(collection, body, blanks[collection]);
    const uses = space.get('timepasses', Number(fields.TimePassId))?.MinutesIncluded ?? 1;
    return space.add(collection, { ...fields, TotalUses: uses, RemainingUses: uses }).Id;
  }
  return space.add(collection, written(collection, body, blanks[collection])).Id;
}

/** The fields of a record as a body writes them over an old one. */
function written<C extends CollectionName>(collection: C, body: Row, old: Row): Partial<RecordOf<C>> {
  const { readonly } = collections[collection];
  const names = Object.keys(blanks[collection]).filter((name) => !readonly.includes(name));
  const blank: Row = blanks[collection];
  const fields = names.map((name) => [name, fieldValue(name, body, old[name], blank[name])]);
  // The values came in as JSON; a parsed edge.
  return Object.fromEntries(fields) as Partial<RecordOf<C>>;
}

function fieldValue(name: string, body: Row, old: unknown, blank: unknown): unknown {
  if (Array.isArray(blank)) return arrayValue(name, body, old);
  const value = body[name] ?? blank;
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)) return value;
  const atMs = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
  return Number.isNaN(atMs) ? value : stamp(atMs);
}

/** Only JSON arrays count; anything else is accepted and does nothing. */
function arrayValue(name: string, body: Row, old: unknown): unknown[] {
  const now = arrayOr(body[name], arrayOr(old, []));
  const removed = arrayOr(body[`Removed${name}`], []);
  const kept = now.filter((id) => !removed.includes(id));
  return [...new Set([...kept, ...arrayOr(body[`Added${name}`], [])])];
}

function arrayOr(value: unknown, otherwise: unknown[]): unknown[] {
  return Array.isArray(value) ? value : otherwise;
}

function errorsOf(space: NexudusSpace, collection: CollectionName, body: Row): FieldError[] {
  const { required, relations } = collections[collection];
  const missing = required.filter(
    (name) => body[name] === undefined || body[name] === null || body[name] === '',
  );
  const dangling = Object.entries(relations)
    .filter(([name, { to }]) => body[`${name}Id`] && !space.get(to, Number(body[`${name}Id`])))
    .map(([name]) => `${name}Id`);
  return [
    ...missing.map((name) => fieldError(name, body, `${name} is a required field`)),
    ...dangling.map((name) => fieldError(name, body, `${name} does not exist`)),
  ];
}

function fieldError(name: string, body: Row, message: string): FieldError {
  return { AttemptedValue: body[name] ?? null, Message: message, PropertyName: name };
}

/** A validation failure: HTTP 400 around an inner status of 500. */
function invalid(errors: FieldError[]): Answer {
  const Message = errors.map((error) => error.Message).join('. ');
  return { status: 400, body: result({ Status: 500, Message, WasSuccessful: false, Errors: errors }) };
}

function done(what: string, id: number | undefined): Answer {
  const Message = `Record was successfully ${what}.`;
  return { status: 200, body: result({ Status: 200, Message, Value: { Id: id }, WasSuccessful: true }) };
}

function result(fields: Row): Row {
  const unset = { OpenInDialog: false, OpenInWindow: false, RedirectURL: null, JavaScript: null };
  return { Status: 200, Message: null, Value: null, ...unset, WasSuccessful: true, Errors: null, ...fields };
}
