import { NexudusError } from '../nexudus/errors.js';
import { parseInstant } from '../nexudus/fields.js';
import type { CollectionName } from '../nexudus/records.js';
import { collections } from '../nexudus/schemas.js';
import { idOf, type Finding, type Row } from './finding.js';
import type { NexudusLook } from './nexudus-look.js';

/** A filter that Latchkey sends. */
export interface SentFilter {
  collection: CollectionName;
  key: string;
  /** A value with which it finds this record; null: the record has none. */
  valueFor: (row: Row) => string | null;
  /** A value with which it finds nothing. */
  findsNothing: string;
  /** Whether a record may be among those that it finds with a value. */
  holds: (row: Row, value: string) => boolean;
  /** Whether Latchkey asks in another way where it is ignored, and takes nothing away by that. */
  hasOtherWay?: boolean;
}

const nobody = 1;
const longAgo = '1950-01-01T00:00';
const farOff = '2090-01-01T00:00';
const noGuid = '00000000-0000-0000-0000-000000000000';

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const number = (value: unknown): string | null =>
  typeof value === 'number' && value > 0 ? String(value) : null;
/** As ranges are written: UTC, whole minutes. */
const minute = (value: unknown): string | null => {
  const at = typeof value === 'string' ? parseInstant(value) : null;
  return at === null ? null : new Date(at).toISOString().slice(0, 16);
};

/** Case does not matter here, since it is not known whether it does to Nexudus. */
const equals =
  (valueFor: SentFilter['valueFor']): SentFilter['holds'] =>
  (row, value) =>
    valueFor(row)?.toLowerCase() === value.toLowerCase();
/** A row without a date passes: it is no sign of a filter that is ignored. */
const isFrom =
  (field: string): SentFilter['holds'] =>
  (row, value) =>
    (minute(row[field]) ?? value) >= value;
const isTo =
  (field: string): SentFilter['holds'] =>
  (row, value) =>
    (minute(row[field]) ?? farOff) <= value;

const byId = (collection: CollectionName, property: string, field: string): SentFilter => ({
  collection,
  key: `${collections[collection].apiName}_${property}`,
  valueFor: (row) => number(row[field]),
  findsNothing: String(nobody),
  holds: equals((row) => number(row[field])),
});

const updatedSince = (collection: CollectionName): SentFilter => ({
  collection,
  key: `from_${collections[collection].apiName}_UpdatedOn`,
  valueFor: (row) => minute(row['UpdatedOn']),
  findsNothing: farOff,
  holds: isFrom('UpdatedOn'),
});

const byText = (
  collection: CollectionName,
  key: string,
  field: string,
  findsNothing: string,
): SentFilter => ({
  collection,
  key,
  valueFor: (row) => text(row[field]),
  findsNothing,
  holds: equals((row) => text(row[field])),
});

const withGuid = (collection: CollectionName): SentFilter => ({
  ...byText(collection, 'UniqueId', 'UniqueId', noGuid),
  hasOtherWay: true,
});

/** Every filter and range that Latchkey sends (nexudus/source.ts, passes.ts, changes.ts, places.ts). */
const sentFilters: readonly SentFilter[] = [
  ...(
    ['coworkers', 'coworkercontracts', 'contractpausedperiods', 'coworkertimepasses', 'timepasses'] as const
  ).map(updatedSince),
  ...(['tarifftimepasses', 'teams', 'checkins'] as const).map(updatedSince),
  {
    ...byText('coworkers', 'Coworker_Email', 'Email', 'nobody@latchkey.invalid'),
    // Rows that merely contain the text are let through (`searchEmail`).
    holds: (row, value) => text(row['Email'])?.toLowerCase().includes(value.toLowerCase()) === true,
  },
  byText('businesssettings', 'BusinessSetting_Name', 'Name', 'Latchkey.NoSuchSetting'),
  byId('coworkercontracts', 'Coworker', 'CoworkerId'),
  byId('contractpausedperiods', 'CoworkerContract', 'CoworkerContractId'),
  {
    ...byId('contractpausedperiods', 'CoworkerContract_Coworker', 'CoworkerContractCoworkerId'),
    hasOtherWay: true,
  },
  byId('coworkertimepasses', 'Coworker', 'CoworkerId'),
  byId('coworkertimepasses', 'TimePass', 'TimePassId'),
  byId('checkins', 'Coworker', 'CoworkerId'),
  withGuid('coworkercontracts'),
  withGuid('tarifftimepasses'),
  {
    collection: 'coworkertimepasses',
    key: 'from_CoworkerTimePass_ExpireDate',
    valueFor: (row) => minute(row['ExpireDate']),
    findsNothing: farOff,
    holds: isFrom('ExpireDate'),
    hasOtherWay: true,
  },
  {
    collection: 'coworkertimepasses',
    key: 'to_CoworkerTimePass_ExpireDate',
    valueFor: (row) => minute(row['ExpireDate']),
    findsNothing: longAgo,
    holds: isTo('ExpireDate'),
    hasOtherWay: true,
  },
];

type Verdict = 'obeyed' | 'untried' | { wrong: string };
const isIgnored = { wrong: 'is ignored' };

/** Which filters are not obeyed: an ignored one answers with the whole list. Throws NexudusError. */
export async function filtersObeyed(look: NexudusLook): Promise<Finding> {
  const verdicts: { name: string; verdict: Verdict; hasOtherWay: boolean }[] = [];
  for (const filter of sentFilters) {
    const { hasOtherWay = false } = filter;
    verdicts.push({ name: nameOf(filter), verdict: await tried(look, filter), hasOtherWay });
  }
  verdicts.push({ name: 'CoworkerTimePass_Used', verdict: await triedUsed(look), hasOtherWay: false });
  const named = (which: (verdict: Verdict) => boolean): string[] =>
    verdicts.filter(({ verdict }) => which(verdict)).map(({ name }) => name);
  const obeyed = named((verdict) => verdict === 'obeyed');
  const untried = named((verdict) => verdict === 'untried');
  const evidence = [
    `obeyed: ${obeyed.join(', ') || 'none'}`,
    ...(untried.length === 0 ? [] : [`not tried, for want of records: ${untried.join(', ')}`]),
  ];
  const wrong = verdicts.flatMap(({ name, verdict }) =>
    typeof verdict === 'object' ? [`${name} ${verdict.wrong}`] : [],
  );
  if (wrong.length === 0 && obeyed.length === 0)
    return { untold: 'There are no records to filter. Run it again once there are members.', evidence };
  const copes = verdicts.every(
    ({ verdict, hasOtherWay }) =>
      typeof verdict !== 'object' || (hasOtherWay && verdict.wrong === isIgnored.wrong),
  );
  return { value: wrong, copes, evidence };
}

/** Every collection has a filter by GUID, of the same name. */
const nameOf = ({ key, collection }: SentFilter): string =>
  key === 'UniqueId' ? `UniqueId of ${collection}` : key;

async function tried(look: NexudusLook, filter: SentFilter): Promise<Verdict> {
  const { collection, key, valueFor, findsNothing, holds } = filter;
  const sample = await look.sample(collection).catch(ifNotReadable);
  const record = sample?.rows.findLast((row) => valueFor(row) !== null);
  const value = record === undefined ? null : valueFor(record);
  if (record === undefined || value === null) return 'untried';
  const query = { page: '1', orderBy: 'Id' };
  const nothing = await refusable(() => look.page(collection, { ...query, size: '1', [key]: findsNothing }));
  if (nothing === null) return { wrong: 'is refused' };
  if (nothing.total > 0) return isIgnored;
  const found = await refusable(() => look.page(collection, { ...query, size: '50', [key]: value }));
  if (found === null) return { wrong: 'is refused' };
  if (!found.rows.every((row) => holds(row, value))) return { wrong: 'shows others too' };
  const isThere = found.rows.some((row) => idOf(row, 'Id') === idOf(record, 'Id'));
  if (isThere || found.total > found.rows.length) return 'obeyed';
  // It may have changed since it was read.
  const now = await look.record(collection, idOf(record, 'Id') ?? 0);
  return now === null || valueFor(now) !== value ? 'untried' : { wrong: 'leaves out what it should find' };
}

/** Passes are used or not: each of the two must show only its own. */
async function triedUsed(look: NexudusLook): Promise<Verdict> {
  const collection = 'coworkertimepasses';
  const sample = await look.sample(collection).catch(ifNotReadable);
  if (sample === null || sample.total === 0) return 'untried';
  const key = 'CoworkerTimePass_Used';
  const query = { page: '1', orderBy: 'Id', size: '50' };
  for (const used of [true, false]) {
    const page = await refusable(() => look.page(collection, { ...query, [key]: String(used) }));
    if (page === null) return { wrong: 'is refused' };
    // A value that is no flag says nothing of the filter: another assumption tells of that.
    if (page.rows.some((row) => row['Used'] === !used)) return isIgnored;
  }
  return 'obeyed';
}

/** Null: Nexudus refuses the request as such. */
async function refusable<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NexudusError && error.status === 400) return null;
    throw error;
  }
}

/** Null: it may not be read, or is not there, which another assumption tells. */
function ifNotReadable(error: unknown): null {
  if (error instanceof NexudusError) return null;
  throw error;
}
