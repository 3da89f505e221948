import { cutOffSetting } from '../nexudus/places.js';
import { ianaOf } from '../nexudus/time-zones.js';
import type { CollectionName } from '../nexudus/records.js';
import { collections } from '../nexudus/schemas.js';
import { tokenPath } from '../nexudus/session.js';
import {
  kisiFields,
  listFields,
  nexudusFields,
  userFields,
  verifiedTimes,
  writeFields,
  type Fields,
  type Kind,
} from './fields.js';
import type { Content } from './format.js';
import type { Exchange } from './recorder.js';
import type { Replacements } from './replacements.js';

const timestamp = /^[+-]?\d{4,6}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/;
const guid = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
/** As nexudus/webhooks.ts names them. */
const ownHook = /^Latchkey: [a-z ,()-]{1,60}$/i;
/** Kisi's kinds of login, and its roles (kisi-openapi.yaml). */
const kisiWord =
  /^(api|device|(organization|place|group)_(owner|administrator|observer|operator|manager|basic))$/;
const apiWord = /^[A-Za-z_]{1,60}$/;
const clockOrMinutes = /^[\d:TZ. -]{0,30}$/;

/** One value of a kind, as it stands on a tape. */
function scrubValue(kind: Kind, value: unknown, to: Replacements): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (kind === 'ids') return idsOf(value);
  if (typeof value === 'number') return kind === 'number' || kind === 'flag' ? value : 0;
  if (typeof value !== 'string') return Array.isArray(value) ? [] : {};
  if (value.trim() === '') return value;
  return scrubText(kind, value, to);
}

function scrubText(kind: Kind, text: string, to: Replacements): string {
  switch (kind) {
    case 'time':
      return timestamp.test(text) ? text : to.text(text);
    case 'guid':
      return guid.test(text) ? text : to.code(text);
    case 'word':
      // Somebody may well be called API or Owner.
      if (kisiWord.test(text)) return text;
      return apiWord.test(text) ? to.withoutPeople(text) : to.text(text);
    case 'zone':
      return ianaOf(text.trim()) === null ? to.text(text) : text;
    case 'thing':
      return to.thing(text);
    case 'name':
    case 'company':
      return to.name(text);
    case 'email':
      return to.email(text);
    case 'hook':
      return ownHook.test(text) ? text : to.text(text);
    case 'setting':
      return text === cutOffSetting ? text : to.text(text);
    default:
      return to.text(text);
  }
}

/**
 * Ids in an array or a text. Parts of a text that are no ids are left out, as the reader does; an array with such parts stays
 * one that the reader refuses.
 */
function idsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => (typeof one === 'number' ? one : {}));
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return {};
  const parts = value.split(/[,;]/).map((part) => part.trim());
  return parts.filter((part) => /^\d{1,15}$/.test(part)).join(', ');
}

/** A record with the fields that are read, each as its kind says. Lists of records likewise. */
function scrubRecord(fields: Fields, record: unknown, to: Replacements): unknown {
  if (Array.isArray(record)) return record.map((one) => scrubRecord(fields, one, to));
  if (typeof record === 'string') return to.text(record);
  if (typeof record !== 'object' || record === null) return record;
  const kept: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(record)) {
    const kind = kindOf(fields, field);
    if (kind === undefined) continue;
    if (kind === 'value') kept[field] = settingValue(record, value, to);
    else kept[field] = typeof kind === 'string' ? scrubValue(kind, value, to) : scrubRecord(kind, value, to);
  }
  return kept;
}

function kindOf(fields: Fields, field: string): Kind | Fields | undefined {
  if (Object.hasOwn(fields, field)) return fields[field];
  return verifiedTimes.test(field) ? 'time' : undefined;
}

/** The value of a setting may be a secret, except that of the one setting which is read. */
function settingValue(record: object, value: unknown, to: Replacements): unknown {
  const isRead = 'Name' in record && record.Name === cutOffSetting;
  if (isRead && typeof value === 'string' && clockOrMinutes.test(value)) return value;
  return scrubValue('text', value, to);
}

/** Texts of errors that the clients understand, and how they stand on a tape. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/^\s*not found\s*$/i, 'Not found'],
  [/^No HTTP resource was found/i, 'No HTTP resource was found'],
  [/endpoint does not exist/i, 'This endpoint does not exist'],
  [/\b(already|taken|exists)\b/i, 'has already been taken'],
];

/** The names that an error gives its parts, fields of a record that it finds wrong among them. */
const errorNames = new Set([
  ...['Message', 'MessageDetail', 'Errors', 'WasSuccessful', 'error', 'errors', 'code'],
  ...Object.values(kisiFields).flatMap((fields) => Object.keys(fields)),
]);

/** An error in the words that are known; all else of it is replaced. */
function scrubError(value: unknown, to: Replacements): unknown {
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'string') return phrases.find(([known]) => known.test(value))?.[1] ?? to.text(value);
  if (Array.isArray(value)) return value.map((one) => scrubError(one, to));
  if (typeof value !== 'object') return 0;
  const entries = Object.entries(value).map(([name, one]: [string, unknown]): [string, unknown] => [
    errorNames.has(name) ? name : to.text(name),
    name === 'code' && typeof one === 'string' && /^(?=.*\d)[0-9a-z]{1,12}$/i.test(one)
      ? one
      : scrubError(one, to),
  ]);
  return Object.fromEntries(entries);
}

/** The answer of an exchange as it stands on a tape. */
export function answerOf(exchange: Exchange, to: Replacements): Content {
  const { body, status } = exchange;
  if (body.trim() === '') return { text: '' };
  const json = parsedJson(body);
  if (json === undefined) return { text: to.text(body) };
  if (status === null || status >= 400) return { json: scrubError(json, to) };
  if (exchange.api === 'kisi') return kisiContent(exchange, json, to);
  return nexudusContent(exchange, json, to);
}

/** What an exchange sent as it stands on a tape; a login is left out. */
export function sentOf(exchange: Exchange, to: Replacements): Content | null {
  if (exchange.sent === '') return null;
  const json = parsedJson(exchange.sent);
  if (json === undefined || exchange.path === tokenPath) return { leftOut: true };
  if (exchange.api === 'nexudus') {
    const fields = fieldsAt(exchange.path);
    return fields === null ? { leftOut: true } : { json: scrubRecord(fields, json, to) };
  }
  const fields = kisiOf(exchange.path);
  // Kisi takes a record within an object that names it.
  return fields === null
    ? { leftOut: true }
    : { json: scrubRecord({ user: fields, role_assignment: fields }, json, to) };
}

function nexudusContent({ method, path }: Exchange, json: unknown, to: Replacements): Content {
  if (path === tokenPath) return { json: loginOf(json) };
  if (path === '/auth/me') return { json: scrubRecord(userFields, json, to) };
  const fields = fieldsAt(path);
  if (fields === null) return { leftOut: true };
  if (method !== 'GET') return { json: scrubRecord(writeFields, json, to) };
  if (typeof json !== 'object' || json === null || !('Records' in json))
    return { json: scrubRecord(fields, json, to) };
  return { json: scrubRecord({ ...listFields, Records: fields }, json, to) };
}

/** How long a login lasts, without the token. */
function loginOf(json: unknown): object {
  const lifeS = typeof json === 'object' && json !== null && 'expires_in' in json ? json.expires_in : null;
  const isToken = typeof json === 'object' && json !== null && 'access_token' in json;
  return {
    ...(isToken ? { access_token: 'left-out' } : {}),
    ...(typeof lifeS === 'number' ? { expires_in: lifeS } : {}),
  };
}

function kisiContent({ path }: Exchange, json: unknown, to: Replacements): Content {
  const fields = kisiOf(path);
  return fields === null ? { leftOut: true } : { json: scrubRecord(fields, json, to) };
}

/** The fields of the records at an address of Nexudus: of a list, a batch or one record. Null: it is not one that is read. */
function fieldsAt(path: string): Fields | null {
  const list = path.replace(/\/(\d+)?$/, '');
  const names = (Object.keys(collections) as CollectionName[]).filter(
    (one) => collections[one].path === list,
  );
  // One list may be read in several ways.
  const fields = names.map((name) => nexudusFields[name]);
  return fields.length === 0 ? null : fields.reduce((all, some) => ({ ...all, ...some }));
}

function kisiOf(path: string): Fields | null {
  const name = /^\/([a-z_]+)(?:\/\d+)?$/.exec(path)?.[1];
  if (name === undefined || !Object.hasOwn(kisiFields, name)) return null;
  return kisiFields[name as keyof typeof kisiFields];
}

/** A text as JSON; undefined: it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Names in a query that do not ask for a person. Their values are kept where they look like a number, a time, an id or a word
 * of the product's own.
 */
const askedNames =
  /^(page|size|orderBy|dir|id|ids|limit|offset|sort|assignee_type|assignee_id|applies_to_type|applies_to_id|UniqueId|(from_|to_)?[A-Za-z]+_\w+)$/;

/** What addresses are made of besides ids. */
const pathWords = new Set([
  ...Object.values(collections).flatMap(({ path }) => path.split('/')),
  ...['auth', 'me', 'token', ...Object.keys(kisiFields)],
]);

/** A path as it stands on a tape. */
export function scrubPath(path: string, to: Replacements): string {
  const parts = path.split('/');
  return parts.map((part) => (/^\d*$/.test(part) || pathWords.has(part) ? part : to.text(part))).join('/');
}

/** What `latchkey verify` asks for to find nothing. */
const foundNowhere = /^(nobody@latchkey\.invalid|latchkey-verify-finds-nobody|Latchkey\.NoSuchSetting)$/;

/** A query as it stands on a tape, in one order. `askedEmail`: what stands for an e-mail that is asked for. */
export function scrubQuery(
  query: Exchange['query'],
  to: Replacements,
  askedEmail: (email: string) => string,
): Exchange['query'] {
  const scrubbed = query.map(([name, value]): [string, string] => {
    if (foundNowhere.test(value)) return [name, value];
    if (isEmailQuery(name)) return [name, askedEmail(value)];
    if (!askedNames.test(name)) return [to.text(name), to.text(value)];
    return [name, isHarmless(value) ? value : to.text(value)];
  });
  return scrubbed.sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
}

/** Whether a value that is asked for is an e-mail. */
export function isEmailQuery(name: string): boolean {
  return /(^|_)(email|query)$/i.test(name);
}

function isHarmless(value: string): boolean {
  if (value === '' || value === cutOffSetting || timestamp.test(value) || guid.test(value)) return true;
  if (/^(-?\d{1,15}|true|false)$/.test(value) || /^\[?\d{1,15}(,\d{1,15})*\]?$/.test(value)) return true;
  return [
    'Id',
    'ExpireDate',
    'UpdatedOn',
    'name',
    'user.name',
    'Descending',
    'unlock',
    '-unlock',
    'User',
    'Group',
    'me',
  ].includes(value);
}

const keptHeaders: Record<string, RegExp> = {
  date: /^[A-Za-z]{3,9},? [\w :-]{5,40}$/,
  'retry-after': /^([\d.]{1,12}|[A-Za-z]{3,9},? [\w :-]{5,40})$/,
  'x-collection-range': /^[\d*/ -]{1,40}$/,
  'content-type': /^(application|text)\/[a-z+.-]{1,30}(; ?charset=[\w-]{1,20})?$/i,
};

/** The headers as they stand on a tape: those that look as they should. */
export function scrubHeaders(headers: Exchange['headers']): Exchange['headers'] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => keptHeaders[name]?.test(value)),
  );
}
