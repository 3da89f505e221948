import { isKisiError } from '../kisi/errors.js';
import { assignmentRecord, currentUserRecord, groupRecord, userRecord } from '../kisi/records.js';
import type { ListName } from '../kisi/lists.js';
import { counted } from '../lib/words.js';
import { kisiFields, type KisiRecordName } from './kisi-fields.js';
import { lookAtFields } from './fields.js';
import { idOf, idsOf, type Finding, type Row } from './finding.js';
import type { KisiLook } from './kisi-look.js';

/** What lists of Kisi tell. Every function throws KisiError. */

const lists: readonly ListName[] = ['role_assignments', 'users', 'groups'];
const tooFew = 'No list has enough rows. Run it again once there are members with keys.';
const sortOf: Readonly<Record<ListName, string>> = {
  users: 'name',
  groups: 'name',
  role_assignments: 'user.name',
};

async function withRows(look: KisiLook, least: number): Promise<ListName | null> {
  for (const list of lists) if ((await look.sample(list)).rows.length >= least) return list;
  return null;
}

export async function kisiPaging(look: KisiLook): Promise<Finding> {
  const list = await withRows(look, 3);
  if (list === null) return { untold: tooFew };
  const query = { limit: 2, sort: sortOf[list] };
  const one = await look.page(`/${list}`, { ...query, offset: 0 });
  const two = await look.page(`/${list}`, { ...query, offset: 1 });
  const ids = [...idsOf(one.rows, 'id'), ...idsOf(two.rows, 'id')];
  const evidence = [`${list}: ${counted(new Set(ids).size, 'row')} on two pages that share one`];
  if (one.total !== two.total)
    return { untold: 'Rows came or went while they were read. Run it again.', evidence };
  const isShared = idOf(one.rows[1] ?? {}, 'id') === idOf(two.rows[0] ?? {}, 'id');
  return { value: ids.length === 4 && new Set(ids).size === 3 && isShared, evidence };
}

export async function headerRanges(look: KisiLook): Promise<Finding> {
  const list = await withRows(look, 1);
  if (list === null) return { untold: tooFew };
  const { total } = await look.sample(list);
  if (total === null) return { value: 'none', evidence: [`${list}: no range was told`] };
  // From the last row on, a page of 10 has one row only.
  const offset = total - 1;
  const { rows, range } = await look.page(`/${list}`, { limit: 10, offset, sort: sortOf[list] });
  const evidence = [`${list}, 10 from ${offset} on: ${counted(rows.length, 'row')}, ${rangeWords(range)}`];
  const end = Number(/^\d+-(\d+)\//.exec(range ?? '')?.[1] ?? NaN);
  if (end === offset + 9) return { value: 'asked', evidence };
  if (end === offset + rows.length - 1 || end === offset + rows.length) return { value: 'shown', evidence };
  return { untold: 'The range is neither what was asked for nor what came. Report it.', evidence };
}

const rangeWords = (range: string | null): string =>
  range !== null && /^[\d*/-]{1,40}$/.test(range) ? `range ${range}` : 'no plain range';

const hugeLimit = 1_000;

export async function limitOverMax(look: KisiLook): Promise<Finding> {
  try {
    const { rows, range } = await look.page('/groups', { limit: hugeLimit, offset: 0 });
    const end = Number(/^0-(\d+)\//.exec(range ?? '')?.[1] ?? NaN);
    const evidence = [`groups, ${hugeLimit} asked for: ${counted(rows.length, 'row')}, ${rangeWords(range)}`];
    const total = Number(/\/(\d+)$/.exec(range ?? '')?.[1] ?? NaN);
    // A range that only tells what came says nothing of the limit.
    const isCut = end < hugeLimit - 1 && end !== rows.length - 1;
    if (rows.length < total || isCut) return { value: 'clamp', evidence };
    if (rows.length > 250) return { value: 'allow', evidence };
    return { untold: 'There are too few groups to tell whether the limit was cut.', evidence };
  } catch (error) {
    if (!isKisiError(error, 'invalid')) throw error;
    return { value: 'error', evidence: [`groups, ${hugeLimit} asked for: HTTP ${error.status ?? 'error'}`] };
  }
}

const hourMs = 3_600_000;

export async function listsExpired(look: KisiLook): Promise<Finding> {
  const { rows, total } = await look.sample('role_assignments');
  const ended = rows.filter(
    ({ valid_until: end }) => typeof end === 'string' && Date.parse(end) < look.now() - hourMs,
  );
  const evidence = [
    `${ended.length} of ${counted(rows.length, 'right')} have ended, of ${total ?? '?'} in all`,
  ];
  if (ended.length > 0) return { value: true, evidence };
  return {
    untold: 'No key that has ended is listed, and there may be none. `latchkey verify --write` tells.',
    evidence,
  };
}

interface SentFilter {
  list: ListName;
  words: string;
  query: Record<string, string | number>;
  holds: (row: Row) => boolean;
}

const noId = 2_000_000_000;

/** Which filters are not obeyed: one that is ignored shows rows that it should not. */
export async function kisiFilters(look: KisiLook): Promise<Finding> {
  const rights = (await look.sample('role_assignments')).rows;
  const right =
    rights.find((one) => one['assignee_type'] === 'User' && one['applies_to_type'] === 'Group') ?? rights[0];
  const userId = idOf((await look.sample('users')).rows.at(-1) ?? {}, 'id');
  const filters: SentFilter[] = [
    ...filterBy('role_assignments', 'assignee', right),
    ...filterBy('role_assignments', 'applies_to', right),
    ...[userId, noId].flatMap((id): SentFilter[] =>
      id === null
        ? []
        : [{ list: 'users', words: 'ids', query: { ids: id }, holds: (row) => idOf(row, 'id') === id }],
    ),
    { list: 'users', words: 'query', query: { query: 'latchkey-verify-finds-nobody' }, holds: () => false },
    { list: 'users', words: 'email', query: { email: 'nobody@latchkey.invalid' }, holds: () => false },
  ];
  const wrong = new Set<string>();
  for (const { list, words, query, holds } of filters) {
    const { rows } = await look.page(`/${list}`, { ...query, limit: 50 });
    if (!rows.every(holds)) wrong.add(`${words} of ${list} is ignored`);
    if (rows.length === 0 && words !== 'query' && words !== 'email' && !Object.values(query).includes(noId))
      wrong.add(`${words} of ${list} leaves out what it should find`);
  }
  return { value: [...wrong], evidence: [counted(filters.length, 'question')] };
}

function filterBy(list: ListName, what: 'assignee' | 'applies_to', right: Row | undefined): SentFilter[] {
  const [type, id] = [right?.[`${what}_type`], right?.[`${what}_id`]];
  if (typeof type !== 'string' || typeof id !== 'number') return [];
  return [id, noId].map((one) => ({
    list,
    words: what,
    query: { [`${what}_type`]: type, [`${what}_id`]: one },
    holds: (row) => row[`${what}_type`] === type && row[`${what}_id`] === one,
  }));
}

const addresses = {
  users: '/users/{id}',
  groups: '/groups/{id}',
  roleAssignments: '/role_assignments/{id}',
} as const;

export async function kisiFieldsOf(look: KisiLook, name: KisiRecordName): Promise<Finding> {
  if (name === 'currentUser') return fieldsIn(name, [], await look.record('/user'));
  const { rows } = await look.sample(name === 'roleAssignments' ? 'role_assignments' : name);
  // Rights to the whole organization have no validity.
  const seen =
    name === 'roleAssignments' ? rows.filter((row) => row['applies_to_type'] !== 'Organization') : rows;
  const id = idOf(seen.at(-1) ?? {}, 'id');
  const single = id === null ? null : await look.record(addresses[name], id);
  return fieldsIn(name, seen, single);
}

const schemas = {
  currentUser: currentUserRecord,
  users: userRecord,
  groups: groupRecord,
  roleAssignments: assignmentRecord,
} as const;

function fieldsIn(name: KisiRecordName, rows: readonly Row[], single: Row | null): Finding {
  const all = single === null ? rows : [...rows, single];
  const unreadable = all.filter((row) => !schemas[name].safeParse(row).success).length;
  return lookAtFields(kisiFields[name], { rows, single, unreadable });
}
