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
  AllowanceRecord,
  BusinessRecord,
  CheckinRecord,
  CollectionName,
  ContractRecord,
  CoworkerRecord,
  PassRecord,
  PassTypeRecord,
  PausedPeriodRecord,
  Records,
  SettingRecord,
  TeamRecord,
  WebhookRecord,
  ZoneRecord,
} from './records.js';

/**
 * How Nexudus records are parsed: only the fields that are needed, unknown ones ignored.
 * A missing field that decides access makes the record malformed; others have a neutral default. The wall-clock
 * `...Local` twins are never used.
 */

const base = { Id: id, UpdatedOn: text };
const company = 2;

const coworker = z
  .object({
    ...base,
    CoworkerType: optionalNumber,
    FullName: text,
    Email: z.string().nullable(),
    Active: z.boolean(),
    Archived: optionalFlag,
    InvoicingBusinessId: optionalId,
    TeamIds: optionalIds,
    Teams: optionalIds,
    CoworkerContractIds: optionalIds,
  })
  .transform((row): CoworkerRecord => {
    const emailAsWritten = (row.Email ?? '').trim();
    return {
      id: row.Id,
      updatedOn: row.UpdatedOn,
      fullName: row.FullName,
      email: normalEmail(emailAsWritten),
      emailAsWritten,
      active: row.Active,
      archived: row.Archived,
      individual: row.CoworkerType !== company,
      homeLocationId: row.InvoicingBusinessId,
      changedAt: parseInstant(row.UpdatedOn),
      teamIds: union(row.Teams, row.TeamIds),
      contractIds: row.CoworkerContractIds ?? [],
    };
  });

const contract = z
  .object({
    ...base,
    UniqueId: guid,
    CoworkerId: id,
    TariffId: id,
    TariffName: text,
    IssuedById: optionalId,
    StartDate: optionalStart,
    CancellationDate: optionalStart,
    Cancelled: z.boolean(),
    // It decides nothing by default, so that no shape of it makes the record malformed.
    Active: z.boolean().optional().catch(undefined),
    RenewalDate: optionalInstant,
    InPausedPeriod: optionalFlag,
    InPausedPeriodFrom: optionalStart,
    InPausedPeriodUntil: optionalInstant,
  })
  .transform((row): ContractRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    uniqueId: row.UniqueId,
    memberId: row.CoworkerId,
    planId: row.TariffId,
    planName: row.TariffName,
    locationId: row.IssuedById,
    startsAt: row.StartDate,
    cancelledAt: row.CancellationDate,
    cancelled: row.Cancelled,
    ...(row.Active === undefined ? {} : { active: row.Active }),
    renewsAt: row.RenewalDate,
    pauses: row.InPausedPeriod ? [pauseOf(row.InPausedPeriodFrom, row.InPausedPeriodUntil)] : [],
    changedAt: parseInstant(row.UpdatedOn),
  }));

const pausedPeriod = z
  .object({
    ...base,
    CoworkerContractId: id,
    // The contract says whose it is.
    CoworkerContractCoworkerId: optionalId.catch(null),
    PauseFrom: optionalStart,
    PauseUntil: optionalInstant,
  })
  // Both are required when it is written: without either nothing is known, and it would be a pause for ever.
  .refine(({ PauseFrom, PauseUntil }) => PauseFrom !== null || PauseUntil !== null, { path: ['PauseFrom'] })
  .transform((row): PausedPeriodRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    contractId: row.CoworkerContractId,
    memberId: row.CoworkerContractCoworkerId,
    pause: pauseOf(row.PauseFrom, row.PauseUntil),
  }));

const pass = z
  .object({
    ...base,
    UniqueId: guid,
    CoworkerId: id,
    TimePassId: id,
    BusinessId: id,
    Used: z.boolean(),
    UsedDate: optionalInstant,
    CheckedIn: optionalFlag,
    RemainingUses: optionalNumber,
    ExpireDate: optionalExpiry,
    IsFromTariff: optionalFlag,
    CoworkerContractUniqueId: optionalGuid,
    TariffTimePassUniqueId: optionalGuid,
  })
  .transform((row): PassRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    uniqueId: row.UniqueId,
    memberId: row.CoworkerId,
    passTypeId: row.TimePassId,
    locationId: row.BusinessId,
    used: row.Used,
    usedAt: row.UsedDate,
    checkedIn: row.CheckedIn,
    remainingUses: row.RemainingUses,
    expiresAt: row.ExpireDate,
    fromPlan: row.IsFromTariff,
    contractUniqueId: row.CoworkerContractUniqueId,
    allowanceUniqueId: row.TariffTimePassUniqueId,
    changedAt: parseInstant(row.UpdatedOn),
  }));

const passType = z
  .object({
    ...base,
    Name: text,
    BusinessId: id,
    MinutesIncluded: optionalNumber,
    Businesses: optionalIds,
    KisiGroupId: z.union([z.string(), z.int()]).nullish(),
  })
  .transform((row): PassTypeRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    name: row.Name,
    ownerLocationId: row.BusinessId,
    minutes: row.MinutesIncluded,
    businessIds: row.Businesses,
    kisiGroupIds: parseIds(String(row.KisiGroupId ?? '')),
  }));

/** eTimeSpanWeekMonth. A number that is not among them is taken for the plan's own cycle. */
const renewalPeriods: Record<number, RenewalPeriod> = {
  1: 'week',
  2: 'calendarMonth',
  3: 'billingCycle',
  4: 'year',
  5: 'day',
};

const allowance = z
  .object({ ...base, UniqueId: guid, TariffId: id, TimePassId: id, PassRenewalTime: optionalNumber })
  .transform((row): AllowanceRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    uniqueId: row.UniqueId,
    planId: row.TariffId,
    passTypeId: row.TimePassId,
    renews: renewalPeriods[row.PassRenewalTime ?? 3] ?? 'billingCycle',
  }));

const team = z
  .object({
    ...base,
    Name: text,
    ShareTimePasses: optionalFlag,
    PayingMemberId: optionalId,
    TeamMembers: optionalIds,
    CoworkerIds: optionalIds,
  })
  .transform((row): TeamRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    name: row.Name,
    sharesPasses: row.ShareTimePasses,
    payerId: row.PayingMemberId,
    memberIds: union(row.TeamMembers, row.CoworkerIds),
  }));

const checkin = z
  .object({ ...base, CoworkerId: optionalId, CoworkerTimePassGuid: optionalGuid, ToTime: optionalInstant })
  .transform((row): CheckinRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    memberId: row.CoworkerId,
    passUniqueId: row.CoworkerTimePassGuid,
    open: row.ToTime === null,
  }));

const business = z
  .object({
    ...base,
    Name: text,
    UniqueId: optionalGuid,
    RootLocationId: optionalId,
    SimpleTimeZoneId: optionalId,
  })
  .transform((row): BusinessRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    name: row.Name,
    uniqueId: row.UniqueId,
    parentId: row.RootLocationId === row.Id ? null : row.RootLocationId,
    zoneId: row.SimpleTimeZoneId,
  }));

const zone = z
  .object({ ...base, Name: text })
  .transform((row): ZoneRecord => ({ id: row.Id, updatedOn: row.UpdatedOn, name: row.Name.trim() }));

const setting = z
  .object({ ...base, BusinessId: optionalId, Name: text, Value: text })
  .transform((row): SettingRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    locationId: row.BusinessId,
    name: row.Name,
    value: row.Value,
  }));

const webhook = z
  .object({
    ...base,
    BusinessId: optionalId,
    Name: text,
    Action: optionalNumber,
    Description: text,
    URL: text,
    Active: z
      .boolean()
      .nullish()
      .transform((value) => value ?? null),
    LastError: text,
    ErrorCount: optionalNumber,
    LastTrigger: optionalInstant,
  })
  .transform((row): WebhookRecord => ({
    id: row.Id,
    updatedOn: row.UpdatedOn,
    name: row.Name,
    description: row.Description,
    url: row.URL,
    locationId: row.BusinessId,
    action: row.Action,
    active: row.Active,
    errorCount: row.ErrorCount,
    lastError: row.LastError,
    lastCallAt: row.LastTrigger,
  }));

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
