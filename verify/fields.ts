import { counted } from '../lib/words.js';
import type { Finding, Row } from './finding.js';

/** What a field holds as it comes; with a question mark it may be null. */
export type Wire = WireKind | `${WireKind}?`;
type WireKind = 'id' | 'number' | 'text' | 'flag' | 'date' | 'ids';

type Fields = Readonly<Record<string, Wire>>;

/** Records of one kind, as lists show them and as one was answered by its id. */
export interface Seen {
  /** How many of them Latchkey cannot read as they are. */
  unreadable: number;
  rows: readonly Row[];
  /** Null: none was asked for. */
  single: Row | null;
  /** Fields that lists leave out. */
  notListed?: readonly string[];
}

const holds: Readonly<Record<WireKind, (value: unknown) => boolean>> = {
  id: (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0,
  number: (value) => typeof value === 'number',
  text: (value) => typeof value === 'string',
  flag: (value) => typeof value === 'boolean',
  date: (value) => typeof value === 'string' && (value === '' || !Number.isNaN(Date.parse(value))),
  ids: (value) => Array.isArray(value) && value.every((one) => typeof one === 'number'),
};

/** Which fields are not as they should be, in rows or in the single record: names and counts, no values. */
export function lookAtFields(fields: Fields, { rows, single, unreadable, notListed = [] }: Seen): Finding {
  if (rows.length === 0 && single === null)
    return { untold: 'There is no record of this kind yet. Run it again once there is one.' };
  const listed = Object.entries(fields).filter(([name]) => !notListed.includes(name));
  const wrong = [
    ...listed.flatMap(([name, wire]) => wrongIn(rows, name, wire, 'rows')),
    ...(single === null
      ? []
      : Object.entries(fields).flatMap(([name, wire]) => wrongIn([single], name, wire, 'single records'))),
  ];
  const all = single === null ? rows : [...rows, single];
  const neverSeen = Object.keys(fields).filter((name) => all.every((row) => isNothing(row[name])));
  const unseen = neverSeen.filter((name) => wrong.every((one) => !one.startsWith(`${name} `)));
  return {
    value: wrong,
    copes: unreadable === 0,
    evidence: [
      `${counted(rows.length, 'row')}${single === null ? '' : ' and a single record'} looked at`,
      ...(unreadable === 0 ? [] : [`${unreadable} of them cannot be read`]),
      ...(unseen.length === 0 ? [] : [`never seen with a value: ${unseen.join(', ')}`]),
    ],
  };
}

function wrongIn(rows: readonly Row[], name: string, wire: Wire, where: string): string[] {
  if (rows.length === 0) return [];
  const absent = rows.filter((row) => !(name in row)).length;
  if (absent === rows.length) return [`${name} is missing in ${where}`];
  const mayBeNull = wire.endsWith('?');
  const kind = wire.replace('?', '') as WireKind;
  const values = rows.filter((row) => name in row).map((row) => row[name]);
  const nulls = values.filter((value) => value === null).length;
  const others = values.filter((value) => value !== null && !holds[kind](value)).length;
  return [
    ...(absent > 0 ? [`${name} is missing in ${absent} of ${counted(rows.length, 'row')}`] : []),
    ...(nulls > 0 && !mayBeNull ? [`${name} is null in ${where}`] : []),
    ...(others > 0 ? [`${name} is no ${wordOf[kind]} in ${where}`] : []),
  ];
}

const wordOf: Readonly<Record<WireKind, string>> = {
  id: 'id',
  number: 'number',
  text: 'text',
  flag: 'flag',
  date: 'date',
  ids: 'list of ids',
};

const isNothing = (value: unknown): boolean => value === null || value === undefined || value === '';
