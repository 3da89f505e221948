import { findIana } from 'windows-iana';
import { DateTime, IANAZone } from 'luxon';
import { counted } from '../lib/words.js';
import { parseInstant } from '../nexudus/fields.js';
import { ianaOf } from '../nexudus/time-zones.js';
import { idOf, idsOf, type Finding, type Row } from './finding.js';
import type { NexudusLook } from './nexudus-look.js';

/** What the records of Nexudus tell of its dates. Every function throws NexudusError. */

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** A day, also the one on which clocks go back. */
const longestDayMs = 25 * hourMs;

const textIn = (row: Row, field: string): string => {
  const value = row[field];
  return typeof value === 'string' ? value : '';
};
const instantOf = (value: unknown): number | null => (typeof value === 'string' ? parseInstant(value) : null);

export async function simpleTimeZoneNames(look: NexudusLook): Promise<Finding> {
  const { rows } = await look.sample('simpletimezones');
  const names = rows.flatMap(({ Name }) => (typeof Name === 'string' ? [Name.trim()] : []));
  // Some names, as UTC, are of both kinds.
  const windows = names.filter((name) => findIana(name).length > 0 && !IANAZone.isValidZone(name));
  const iana = names.filter((name) => IANAZone.isValidZone(name) && findIana(name).length === 0);
  const evidence = [`${windows.length} Windows names and ${iana.length} IANA names among ${names.length}`];
  if (windows.length > 0 && iana.length === 0) return { value: 'windows', evidence };
  if (iana.length > 0 && windows.length === 0) return { value: 'iana', evidence };
  return { untold: 'No name is of just one kind. Latchkey reads both.', evidence };
}

/** Locations whose time zone is neither a Windows nor an IANA name, and is not configured. */
export async function timeZonesKnown(
  look: NexudusLook,
  configured: readonly (number | string)[],
): Promise<Finding> {
  const { rows, total } = await look.sample('businesses');
  if (rows.length === 0) return { untold: 'No location was shown. Look whether the user may see one.' };
  const zones = new Map(
    (await zonesOf(look, rows)).map((zone) => [idOf(zone, 'Id'), textIn(zone, 'Name').trim()]),
  );
  const unknown = rows.filter((business) => {
    const zoneId = business['SimpleTimeZoneId'];
    const name = typeof zoneId === 'number' ? (zones.get(zoneId) ?? '') : '';
    const isConfigured = [business['Id'], business['Name']].some((own) =>
      configured.some((one) => one === own),
    );
    return ianaOf(name) === null && !isConfigured;
  });
  return {
    value: idsOf(unknown, 'Id').map((id) => `location ${id}`),
    evidence: [`${rows.length} of ${counted(total, 'location')} looked at`],
  };
}

/** The time zones that these locations name: the list has far more of them. */
async function zonesOf(look: NexudusLook, businesses: readonly Row[]): Promise<readonly Row[]> {
  const { rows } = await look.sample('simpletimezones');
  const known = new Set(idsOf(rows, 'Id'));
  const named = businesses.flatMap(({ SimpleTimeZoneId: id }) => (typeof id === 'number' ? [id] : []));
  const missing = [...new Set(named)].filter((id) => !known.has(id));
  return missing.length === 0 ? rows : [...rows, ...(await look.batch('simpletimezones', missing)).rows];
}

export async function localDatesWithZ(look: NexudusLook): Promise<Finding> {
  const dates: string[] = [];
  for (const name of ['coworkercontracts', 'contractpausedperiods', 'checkins'] as const) {
    const { rows } = await look.sample(name);
    for (const row of rows)
      for (const [field, value] of Object.entries(row))
        if (field.endsWith('Local') && typeof value === 'string' && value !== '') dates.push(value);
  }
  const withZ = dates.filter((date) => /Z$/i.test(date)).length;
  const evidence = [`${withZ} of ${counted(dates.length, 'date')} end in Z`];
  if (dates.length === 0)
    return { untold: 'No record has a date in local time. Run it again once there is a contract.' };
  if (withZ > 0 && withZ < dates.length) return { untold: 'Some do and some do not. Report it.', evidence };
  return { value: withZ > 0, evidence };
}

const sameWriteMs = 2_000;
const leastFollowers = 3;

/**
 * Whether a coworker's UpdatedOn moves with contracts and passes: a coworker older than one of its records shows that it does
 * not. That it does is believed where several coworkers were written together with one, long after they were made.
 */
export async function coworkerUpdatedOnFollows(look: NexudusLook): Promise<Finding> {
  // Records first: a coworker who is written meanwhile is only newer.
  const rows = [
    ...(await look.sample('coworkercontracts')).rows,
    ...(await look.sample('coworkertimepasses')).rows,
  ];
  const newest = new Map<number, number>();
  for (const { CoworkerId, UpdatedOn } of rows) {
    const at = instantOf(UpdatedOn);
    if (typeof CoworkerId === 'number' && at !== null)
      newest.set(CoworkerId, Math.max(at, newest.get(CoworkerId) ?? -Infinity));
  }
  const ids = [...newest.keys()].slice(-100);
  if (ids.length === 0) return { untold: 'Nobody has a contract or a pass. Run it again once somebody has.' };
  const stands = (await look.batch('coworkers', ids)).rows.flatMap((coworker) => {
    const [updated, created] = [instantOf(coworker['UpdatedOn']), instantOf(coworker['CreatedOn'])];
    const at = newest.get(idOf(coworker, 'Id') ?? 0);
    return updated === null || at === undefined ? [] : [{ updated, created, at }];
  });
  const older = stands.filter(({ updated, at }) => at - updated > minuteMs).length;
  const together = stands.filter(
    ({ updated, created, at }) =>
      Math.abs(updated - at) <= sameWriteMs && created !== null && at - created > 10 * minuteMs,
  ).length;
  const evidence = [
    `${older} of ${counted(stands.length, 'coworker')} are older than a contract or a pass of theirs, ${together} were written together with one`,
  ];
  if (older > 0) return { value: false, evidence };
  if (together >= leastFollowers) return { value: true, evidence };
  return {
    untold: 'Change the contract of a member in Nexudus, wait two minutes, and run it again.',
    evidence,
  };
}

const cycle = 3;
const daily = 5;
/** One pass may have been made by hand. */
const leastVotes = 2;

/** Whether the expiry of a plan's pass is the midnight that begins its last day, or that ends it. */
export async function planPassExpires(look: NexudusLook): Promise<Finding> {
  const passes = (await look.sample('coworkertimepasses')).rows.filter(
    ({ IsFromTariff }) => IsFromTariff === true,
  );
  const contracts = byGuid((await look.sample('coworkercontracts')).rows);
  const allowances = byGuid((await look.sample('tarifftimepasses')).rows);
  const isMidnight = await midnights(look);
  const datedPasses = passes.filter(isMidnight);
  const votes = datedPasses.map((pass) =>
    voteOf(
      pass,
      contracts.get(guidIn(pass, 'CoworkerContractUniqueId')),
      allowances.get(guidIn(pass, 'TariffTimePassUniqueId')),
    ),
  );
  const lastDay = votes.filter((vote) => vote === 'lastDay').length;
  const periodEnd = votes.filter((vote) => vote === 'periodEnd').length;
  const evidence = [
    `of ${counted(passes.length, 'pass of a plan')}, ${lastDay} speak for the begin of the last day, ${periodEnd} for its end`,
  ].map((line) => line.replace('pass of a plans', 'passes of plans'));
  if (lastDay >= leastVotes && periodEnd === 0) return { value: 'lastDay', evidence };
  if (periodEnd >= leastVotes && lastDay === 0) return { value: 'periodEnd', evidence };
  return {
    untold:
      'No pass tells it for sure. Give a plan a pass a day, or look in Nexudus on which day a pass of a plan stops working.',
    evidence,
  };
}

/** Whether a pass expires at a midnight of its location: only then does its expiry name a day. */
async function midnights(look: NexudusLook): Promise<(pass: Row) => boolean> {
  const businesses = (await look.sample('businesses')).rows;
  const names = new Map(
    (await zonesOf(look, businesses)).map((zone) => [idOf(zone, 'Id'), textIn(zone, 'Name').trim()]),
  );
  const zones = new Map(
    businesses.map((business) => {
      const zoneId = business['SimpleTimeZoneId'];
      return [idOf(business, 'Id'), ianaOf(typeof zoneId === 'number' ? (names.get(zoneId) ?? '') : '')];
    }),
  );
  return ({ BusinessId, ExpireDate }) => {
    const at = instantOf(ExpireDate);
    const zone = typeof BusinessId === 'number' ? (zones.get(BusinessId) ?? null) : null;
    if (at === null || zone === null) return false;
    const local = DateTime.fromMillis(at, { zone });
    return local.toMillis() === local.startOf('day').toMillis();
  };
}

function voteOf(
  pass: Row,
  contract: Row | undefined,
  allowance: Row | undefined,
): 'lastDay' | 'periodEnd' | null {
  const [expires, created] = [instantOf(pass['ExpireDate']), instantOf(pass['CreatedOn'])];
  if (expires === null || created === null) return null;
  // Nobody issues a pass that is over.
  if (expires <= created && created - expires < longestDayMs) return 'lastDay';
  const renewal = allowance?.['PassRenewalTime'];
  if (contract === undefined) return null;
  if (renewal === cycle) return voteByRenewal(expires, instantOf(contract['RenewalDate']));
  if (renewal !== daily) return null;
  // The first pass of a contract is for the day on which both were made; later ones may be issued ahead.
  const [signed, starts] = [instantOf(contract['CreatedOn']), instantOf(contract['StartDate'])];
  const isFirst = signed !== null && created - signed < hourMs && (starts ?? 0) <= created;
  return isFirst && expires > created && expires - created <= longestDayMs ? 'periodEnd' : null;
}

function voteByRenewal(expires: number, renews: number | null): 'lastDay' | 'periodEnd' | null {
  if (renews === null) return null;
  if (expires === renews) return 'periodEnd';
  return renews > expires && renews - expires <= longestDayMs ? 'lastDay' : null;
}

const guidIn = (row: Row, field: string): string => textIn(row, field).toLowerCase() || 'none';
const byGuid = (rows: readonly Row[]): Map<string, Row> =>
  new Map(rows.filter((row) => textIn(row, 'UniqueId') !== '').map((row) => [guidIn(row, 'UniqueId'), row]));
