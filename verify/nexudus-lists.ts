import type { CollectionName } from '../nexudus/records.js';
import { counted } from '../lib/words.js';
import { idsOf, type Finding, type Row } from './finding.js';
import type { NexudusLook, Sample } from './nexudus-look.js';

/** What lists of Nexudus tell by themselves: order, pages, batches. Every function throws NexudusError. */

const orderable: readonly CollectionName[] = [
  'coworkers',
  'coworkertimepasses',
  'coworkercontracts',
  'simpletimezones',
  'businesses',
  'timepasses',
];

/** The first of these collections with that many records; null: there is none. */
async function withRecords(
  look: NexudusLook,
  least: number,
): Promise<{ name: CollectionName; sample: Sample } | null> {
  for (const name of orderable) {
    const sample = await look.sample(name).catch(() => null);
    if (sample !== null && sample.total >= least) return { name, sample };
  }
  return null;
}

const tooFew = 'No list has enough records. Run it again once there are members and plans.';

export async function orderByObeyed(look: NexudusLook): Promise<Finding> {
  const found = await withRecords(look, 2);
  if (found === null) return { untold: tooFew };
  const ids = idsOf(found.sample.first, 'Id');
  return {
    value: isAscending(ids),
    evidence: [`${counted(ids.length, 'row')} of ${found.name} in the order of Id`],
  };
}

/** Which of the three published meanings `dir` has. */
export async function dirSemantics(look: NexudusLook): Promise<Finding> {
  const found = await withRecords(look, 2);
  if (found === null) return { untold: tooFew };
  const ways = { signed: '-1', zeroBased: '1', words: 'Descending' };
  const descending: string[] = [];
  for (const [way, dir] of Object.entries(ways)) {
    const { rows } = await look.page(found.name, { page: '1', size: '2', orderBy: 'Id', dir });
    const [first, second] = idsOf(rows, 'Id');
    if (first === undefined || second === undefined)
      return { untold: 'Rows went while they were read. Run it again.' };
    if (first > second) descending.push(way);
  }
  const evidence = [`${found.name} descend for: ${descending.join(', ') || 'none of three'}`];
  if (descending.length > 1) return { value: 'several', evidence };
  return { value: descending[0] ?? 'none', evidence };
}

/** Where passes without an end stand in the order of their ends. */
export async function unsetSorts(look: NexudusLook): Promise<Finding> {
  const query = { orderBy: 'ExpireDate', size: '50' };
  const first = await look.page('coworkertimepasses', { ...query, page: '1' });
  const last = Math.ceil(first.total / Math.max(1, first.rows.length));
  const rows =
    last <= 1
      ? first.rows
      : [...first.rows, ...(await look.page('coworkertimepasses', { ...query, page: String(last) })).rows];
  const isUnset = rows.map(({ ExpireDate }) => ExpireDate === null || ExpireDate === undefined);
  const unset = isUnset.filter(Boolean).length;
  const evidence = [`${unset} without an end among ${rows.length}`];
  if (unset === 0 || unset === rows.length)
    return {
      untold: 'It takes a pass with an end and one without. Run it again once there are both.',
      evidence,
    };
  const turns = isUnset.filter((one, index) => index > 0 && one !== isUnset[index - 1]).length;
  const ends = rows.flatMap(({ ExpireDate }) =>
    typeof ExpireDate === 'string' ? [Date.parse(ExpireDate)] : [],
  );
  if (turns > 1 || !isAscending(ends))
    return { untold: 'The passes did not come in the order of their ends. Run it again.', evidence };
  return { value: isUnset[0] === true ? 'first' : 'last', evidence };
}

const hugeSize = 100_000;
/** The most rows that are read in one piece. */
const mostAtOnce = 3_000;
const usualSize = 1_000;

interface Cap {
  /** Rows of a page at most; null: none that was met. */
  most: number | null;
  proven: boolean;
  evidence: string[];
}

const caps = new WeakMap<NexudusLook, Promise<Cap | null>>();

/** What became of a size that is larger than any page; asked for once, since two assumptions go by it. */
function capOf(look: NexudusLook): Promise<Cap | null> {
  const known = caps.get(look) ?? readCap(look);
  caps.set(look, known);
  return known;
}

async function readCap(look: NexudusLook): Promise<Cap | null> {
  const all = await Promise.all(
    [...orderable, 'checkins' as const].map(async (name) => ({
      name,
      sample: await look.sample(name).catch(() => null),
    })),
  );
  const [largest] = all
    .flatMap(({ name, sample }) => (sample === null ? [] : [{ name, total: sample.total }]))
    .filter(({ total }) => total > 0 && total <= mostAtOnce)
    .sort((one, other) => other.total - one.total);
  if (largest === undefined) return null;
  const { rows, total, size } = await look.page(largest.name, {
    page: '1',
    orderBy: 'Id',
    size: String(hugeSize),
  });
  const evidence = [
    `${largest.name}: ${rows.length} of ${total} came, and Nexudus called it a page of ${size ?? '?'}`,
  ];
  if (rows.length < total) return { most: rows.length, proven: true, evidence };
  // The size that Nexudus gives a page may just be how many rows came.
  if (size !== null && size < hugeSize && size > total) return { most: size, proven: true, evidence };
  return { most: null, proven: total > usualSize, evidence };
}

export async function sizeCap(look: NexudusLook): Promise<Finding> {
  const cap = await capOf(look);
  if (cap === null) return { untold: tooFew };
  if (cap.most !== null) return { value: 'clamp', evidence: cap.evidence };
  if (cap.proven) return { value: 'allow', evidence: cap.evidence };
  return {
    untold: 'No list has more than 1000 records to prove it. Run it again once one has.',
    evidence: cap.evidence,
  };
}

export async function mostRows(look: NexudusLook): Promise<Finding> {
  const cap = await capOf(look);
  if (cap === null) return { untold: tooFew };
  if (cap.most !== null) return { value: cap.most, evidence: cap.evidence };
  return { untold: 'No page was cut. A list with more records would tell.', evidence: cap.evidence };
}

/** Whether two short pages are the beginning of the long one, and the envelope says so. */
export async function paging(look: NexudusLook): Promise<Finding> {
  const found = await withRecords(look, 3);
  if (found === null) return { untold: tooFew };
  const query = { orderBy: 'Id', size: '2' };
  const one = await look.page(found.name, { ...query, page: '1' });
  const two = await look.page(found.name, { ...query, page: '2' });
  const whole = await look.page(found.name, { orderBy: 'Id', size: '50', page: '1' });
  if (one.total !== two.total || one.total !== whole.total)
    return { untold: 'Records came or went while they were read. Run it again.' };
  const ids = idsOf([...one.rows, ...two.rows], 'Id');
  const start = idsOf(whole.rows.slice(0, ids.length), 'Id');
  const isWhole = whole.hasNext === true || whole.rows.length === whole.total;
  const agrees =
    ids.length === Math.min(4, one.total) &&
    ids.every((id, index) => id === start[index]) &&
    one.hasNext !== false &&
    (two.hasNext ?? one.total > 4) === one.total > 4 &&
    (one.pages ?? Math.ceil(one.total / 2)) === Math.ceil(one.total / 2);
  return {
    value: agrees && isWhole,
    evidence: [`${found.name}: ${counted(ids.length, 'row')} on two pages, a total of ${one.total}`],
  };
}

export async function batchEnveloped(look: NexudusLook): Promise<Finding> {
  const found = await withRecords(look, 1);
  if (found === null) return { untold: tooFew };
  const ids = idsOf(found.sample.rows, 'Id').slice(0, 2);
  const { rows, enveloped } = await look.batch(found.name, ids);
  const came = idsOf(rows, 'Id').filter((id) => ids.includes(id)).length;
  const evidence = [`${found.name}: ${came} of ${ids.length} came by their ids, ${rows.length} rows in all`];
  if (came === 0 || rows.length > ids.length)
    return { untold: 'Other records came than those that were asked for. Report it.', evidence };
  return { value: enveloped, evidence };
}

export async function teamCoworkerIds(look: NexudusLook): Promise<Finding> {
  const { rows } = await look.sample('teams');
  if (rows.length === 0) return { untold: 'There is no team. Run it again once there is one.' };
  const having = rows.filter((team: Row) => 'CoworkerIds' in team).length;
  return { value: having > 0, evidence: [`${having} of ${counted(rows.length, 'team')} say it`] };
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((one, index) => index === 0 || one >= (numbers[index - 1] ?? -Infinity));
}
