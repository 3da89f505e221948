import { z } from 'zod';
import { normalEmail } from '../lib/emails.js';
import type { Instant, Pause, RenewalPeriod } from '../access/types.js';
import {
  guid,
  id,
  optionalFlag,
  optionalGuid,
  optionalId,
  optionalExpiry,
  optionalIds,
  optionalInstant,
  optionalNumber,
  optionalStart,
  parseIds,
  parseInstant,
  text,
} from './fields.js';
import type {
  BusinessRecord,
  CollectionName,
  ContractRecord,
  CoworkerRecord,
  GroupField,
  PassRecord,
  PausedPeriodRecord,
  Records,
  Stamped,
  TeamRecord,
} from './records.js';

/**
 * How Nexudus records are parsed: only the fields that are needed, unknown ones ignored.
 * A missing field that decides access makes the record malformed; others have a neutral default. The wall-clock
 * `...Local` twins are never used.
 */

/** How Nexudus calls a field, and what it may hold. */
type Field<T extends z.ZodType = z.ZodType> = readonly [field: string, schema: T];

/** A record under our names: each field as it is read from where Nexudus has it. */
type Read<F extends Record<string, Field>> = Stamped & { [N in keyof F]: z.output<F[N][1]> };

/**
 * The parser of a record that has these fields besides those that every record has. `limits`: fields that give more access with
 * null than with a value. Where a record writes nulls but leaves out such a field, the field is gone or has another name, and
 * says nothing.
 */
function record<F extends Record<string, Field>>(
  fields: F,
  limits: readonly string[] = [],
): z.ZodType<Read<F>> {
  const all: Record<string, Field> = { id: ['Id', id], updatedOn: ['UpdatedOn', text], ...fields };
  const names = Object.entries(all);
  // The one place where the names are exchanged, so that the type must be told of it only here.
  const readable = z.object(Object.fromEntries(Object.values(all)));
  return (limits.length === 0 ? readable : withLimits(readable, limits)).transform(
    (row) => Object.fromEntries(names.map(([name, [field]]) => [name, row[field]])) as Read<F>,
  );
}

/** Missing fields are looked for before anything is parsed, since they are null afterwards. */
function withLimits(readable: z.ZodObject, limits: readonly string[]) {
  const fields = Object.keys(readable.shape).map((field) => [field, z.unknown().optional()]);
  return z
    .looseObject(Object.fromEntries(fields))
    .superRefine((row, context) => {
      const missing = limits.filter((field) => !(field in row));
      if (missing.length === 0 || !Object.values(row).includes(null)) return;
      for (const field of missing) context.addIssue({ code: 'custom', message: 'is missing', path: [field] });
    })
    .pipe(readable);
}

const company = 2;

const coworker = record({
  fullName: ['FullName', text],
  emailAsWritten: ['Email', z.string().nullable()],
  active: ['Active', z.boolean()],
  archived: ['Archived', optionalFlag],
  individual: ['CoworkerType', optionalNumber.transform((type) => type !== company)],
  homeLocationId: ['InvoicingBusinessId', optionalId],
  teamIds: ['TeamIds', optionalIds],
  teams: ['Teams', optionalIds],
  contractIds: ['CoworkerContractIds', optionalIds.transform((ids) => ids ?? [])],
}).transform(({ teams, ...row }): CoworkerRecord => {
  const emailAsWritten = (row.emailAsWritten ?? '').trim();
  return {
    ...row,
    email: normalEmail(emailAsWritten),
    emailAsWritten,
    changedAt: parseInstant(row.updatedOn),
    teamIds: union(teams, row.teamIds),
  };
});

const person = record({
  fullName: ['FullName', text],
  email: ['Email', text.transform(normalEmail)],
  companyName: ['CompanyName', text],
  active: ['Active', z.boolean().catch(true)],
});

const contract = record({
  uniqueId: ['UniqueId', guid],
  memberId: ['CoworkerId', id],
  planId: ['TariffId', id],
  planName: ['TariffName', text],
  locationId: ['IssuedById', optionalId],
  startsAt: ['StartDate', optionalStart],
  cancelledAt: ['CancellationDate', optionalStart],
  cancelled: ['Cancelled', z.boolean()],
  // It decides nothing by default, so that no shape of it makes the record malformed.
  active: ['Active', z.boolean().optional().catch(undefined)],
  renewsAt: ['RenewalDate', optionalInstant],
  isPaused: ['InPausedPeriod', optionalFlag],
  pausedFrom: ['InPausedPeriodFrom', optionalStart],
  pausedUntil: ['InPausedPeriodUntil', optionalInstant],
}).transform(({ active, isPaused, pausedFrom, pausedUntil, ...row }): ContractRecord => ({
  ...row,
  ...(active === undefined ? {} : { active }),
  pauses: isPaused ? [pauseOf(pausedFrom, pausedUntil)] : [],
  changedAt: parseInstant(row.updatedOn),
}));

const pausedPeriod = record({
  contractId: ['CoworkerContractId', id],
  // The contract says whose it is.
  memberId: ['CoworkerContractCoworkerId', optionalId.catch(null)],
  from: ['PauseFrom', optionalStart],
  until: ['PauseUntil', optionalInstant],
})
  // Both are required when it is written: without either nothing is known, and it would be a pause for ever.
  .refine(({ from, until }) => from !== null || until !== null, { path: ['PauseFrom'] })
  .transform(({ from, until, ...row }): PausedPeriodRecord => ({ ...row, pause: pauseOf(from, until) }));

const pass = record(
  {
    uniqueId: ['UniqueId', guid],
    memberId: ['CoworkerId', id],
    passTypeId: ['TimePassId', id],
    locationId: ['BusinessId', id],
    used: ['Used', z.boolean()],
    usedAt: ['UsedDate', optionalInstant],
    checkedIn: ['CheckedIn', optionalFlag],
    remainingUses: ['RemainingUses', optionalNumber],
    expiresAt: ['ExpireDate', optionalExpiry],
    fromPlan: ['IsFromTariff', optionalFlag],
    contractUniqueId: ['CoworkerContractUniqueId', optionalGuid],
    allowanceUniqueId: ['TariffTimePassUniqueId', optionalGuid],
  },
  ['ExpireDate'],
).transform((row): PassRecord => ({ ...row, changedAt: parseInstant(row.updatedOn) }));

const passType = record({
  name: ['Name', text],
  ownerLocationId: ['BusinessId', id],
  minutes: ['MinutesIncluded', optionalNumber],
  businessIds: ['Businesses', optionalIds],
  // Another mapping may stand in for it, so that no shape of it makes the record malformed.
  kisiGroups: ['KisiGroupId', z.unknown().transform(groupField)],
});

/** Groups are named in a text like '101, 102'. Null or empty: none. */
function groupField(value: unknown): GroupField {
  if (value === null || value === '') return { ids: [], unclear: null };
  if (value === undefined) return { ids: [], unclear: 'KisiGroupId is missing' };
  const written = typeof value === 'number' ? String(value) : value;
  if (typeof written !== 'string') return { ids: [], unclear: 'KisiGroupId is no text' };
  const parts = written.split(/[,;]/).filter((part) => part.trim() !== '');
  const isReadable = parts.every((part) => /^\s*\d{1,15}\s*$/.test(part));
  return { ids: parseIds(written), unclear: isReadable ? null : 'KisiGroupId is no list of Kisi group ids' };
}

/** eTimeSpanWeekMonth. A number that is not among them is taken for the plan's own cycle. */
const renewalPeriods: Record<number, RenewalPeriod> = {
  1: 'week',
  2: 'calendarMonth',
  3: 'billingCycle',
  4: 'year',
  5: 'day',
};

const allowance = record({
  uniqueId: ['UniqueId', guid],
  planId: ['TariffId', id],
  passTypeId: ['TimePassId', id],
  renews: [
    'PassRenewalTime',
    optionalNumber.transform((time) => renewalPeriods[time ?? 3] ?? 'billingCycle'),
  ],
});

/** Whether a team says all that its loans need: that it lends nothing, or whose passes it lends. */
export function saysWhoPays({
  sharesPasses,
  payerId,
}: Pick<TeamRecord, 'sharesPasses' | 'payerId'>): boolean {
  return sharesPasses === false || (sharesPasses === true && payerId !== null);
}

const team = record({
  name: ['Name', text],
  sharesPasses: ['ShareTimePasses', z.boolean().nullable().default(null)],
  payerId: ['PayingMemberId', optionalId],
  memberIds: ['TeamMembers', optionalIds],
  coworkerIds: ['CoworkerIds', optionalIds],
})
  .superRefine(({ memberIds, sharesPasses, payerId }, context) => {
    // A list row may leave more out than arrays; the record in full says who lends what.
    if (memberIds === null || saysWhoPays({ sharesPasses, payerId })) return;
    const field = sharesPasses === null ? 'ShareTimePasses' : 'PayingMemberId';
    const message = sharesPasses === null ? 'is missing' : 'is missing, though the team shares its passes';
    context.addIssue({ code: 'custom', message, path: [field] });
  })
  .transform(({ coworkerIds, ...row }): TeamRecord => ({
    ...row,
    memberIds: union(row.memberIds, coworkerIds),
  }));

const checkin = record({
  memberId: ['CoworkerId', optionalId],
  passUniqueId: ['CoworkerTimePassGuid', optionalGuid],
  open: ['ToTime', optionalInstant.transform((at) => at === null)],
});

const business = record({
  name: ['Name', text],
  uniqueId: ['UniqueId', optionalGuid],
  parentId: ['RootLocationId', optionalId],
  zoneId: ['SimpleTimeZoneId', optionalId],
  // They only choose the city whose clock tells the time.
  city: ['TownCity', text.catch('')],
  country: ['CountryName', text.catch('')],
}).transform((row): BusinessRecord => ({ ...row, parentId: row.parentId === row.id ? null : row.parentId }));

const zone = record({ name: ['Name', text.transform((name) => name.trim())] });

const setting = record({
  locationId: ['BusinessId', optionalId],
  name: ['Name', text],
  value: ['Value', text],
});

const webhook = record({
  name: ['Name', text],
  description: ['Description', text],
  url: ['URL', text],
  locationId: ['BusinessId', optionalId],
  action: ['Action', optionalNumber],
  active: ['Active', z.boolean().nullable().default(null)],
  errorCount: ['ErrorCount', optionalNumber],
  lastError: ['LastError', text],
  lastCallAt: ['LastTrigger', optionalInstant],
});

/** Where a collection is served, the prefix of its filters, and what its rows are. */
interface Collection<T> {
  path: string;
  apiName: string;
  schema: z.ZodType<T>;
  /** The field that names the coworker whose record it is; none: it concerns more than one. */
  ownerField?: 'Id' | 'CoworkerId' | 'CoworkerContractCoworkerId';
}

/** Every collection that is read, in the terms of its address. */
export const collections: { [N in CollectionName]: Collection<Records[N]> } = {
  coworkers: { path: '/spaces/coworkers', apiName: 'Coworker', schema: coworker, ownerField: 'Id' },
  people: { path: '/spaces/coworkers', apiName: 'Coworker', schema: person, ownerField: 'Id' },
  coworkercontracts: {
    path: '/billing/coworkercontracts',
    apiName: 'CoworkerContract',
    schema: contract,
    ownerField: 'CoworkerId',
  },
  contractpausedperiods: {
    path: '/billing/contractpausedperiods',
    apiName: 'ContractPausedPeriod',
    schema: pausedPeriod,
    ownerField: 'CoworkerContractCoworkerId',
  },
  coworkertimepasses: {
    path: '/billing/coworkertimepasses',
    apiName: 'CoworkerTimePass',
    schema: pass,
    ownerField: 'CoworkerId',
  },
  timepasses: { path: '/billing/timepasses', apiName: 'TimePass', schema: passType },
  tarifftimepasses: { path: '/billing/tarifftimepasses', apiName: 'TariffTimePass', schema: allowance },
  teams: { path: '/spaces/teams', apiName: 'Team', schema: team },
  checkins: { path: '/spaces/checkins', apiName: 'Checkin', schema: checkin, ownerField: 'CoworkerId' },
  businesses: { path: '/sys/businesses', apiName: 'Business', schema: business },
  simpletimezones: { path: '/sys/simpletimezones', apiName: 'SimpleTimeZone', schema: zone },
  businesssettings: { path: '/sys/businesssettings', apiName: 'BusinessSetting', schema: setting },
  webhooks: { path: '/sys/webhooks', apiName: 'WebHook', schema: webhook },
};

/** A pause without a start began before anyone asks. */
function pauseOf(from: Instant | null, until: Instant | null): Pause {
  return { from: from ?? 0, until };
}

/** The full record's array and the list row's text of the same ids; null where neither is there. */
function union(array: number[] | null, joined: number[] | null): number[] | null {
  if (array === null && joined === null) return null;
  return [...new Set([...(array ?? []), ...(joined ?? [])])];
}
