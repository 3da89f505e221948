/** Records as they go over the wire: computed fields, fields of related records, local twins of dates. */
import { DateTime } from 'luxon';
import { findWindows } from 'windows-iana';
import { collections } from './nexudus-collections.js';
import type { CollectionName, Contract, RecordOf, Row } from './nexudus-records.js';
import type { NexudusStore } from './nexudus-store.js';

/** Computed fields that filters know too. */
export const filterableComputed: Partial<Record<CollectionName, string[]>> = {
  coworkercontracts: ['Active', 'InPausedPeriod', 'InPausedPeriodFrom', 'InPausedPeriodUntil'],
  coworkertimepasses: ['CheckedIn'],
};

const localTwins: Partial<Record<CollectionName, string[]>> = {
  coworkercontracts: [
    'StartDate',
    'RenewalDate',
    'NextAutoInvoice',
    'CancellationDate',
    'ContractTerm',
    'InvoicedPeriod',
  ],
  contractpausedperiods: ['PauseFrom', 'PauseUntil'],
  checkins: ['FromTime', 'ToTime'],
};

/** How one request sees the records. Make a new one for each request: it remembers what it has looked up. */
export interface View {
  /** A record with its computed fields, which is what filters see. */
  computed(collection: CollectionName, record: Row): Row;
  /** A record as GET of one answers. */
  full(collection: CollectionName, record: Row): Row;
  /** A record as a list shows it: without arrays. */
  listed(collection: CollectionName, record: Row): Row;
}

/** Makes a view of the records as they stand now. */
export function createView(store: NexudusStore): View {
  const now = store.now();
  const computers = computersOf(store, now);

  const computed = (collection: CollectionName, record: Row): Row => ({
    ...record,
    ...computers[collection]?.(idOf(record)),
  });
  const full = (collection: CollectionName, record: Row): Row => {
    const row = { ...computed(collection, record), ...twins(collection, record) };
    for (const [name, relation] of Object.entries(collections[collection].relations)) {
      const related = store.get(relation.to, Number(record[`${name}Id`]));
      const fields = related && relation.shows.length > 0 ? full(relation.to, related) : {};
      for (const field of relation.shows) row[`${name}${field}`] = fields[field] ?? null;
    }
    return { ...row, ToStringText: record['Name'] ?? record['FullName'] ?? null };
  };
  const listed = (collection: CollectionName, record: Row): Row => {
    const entries = Object.entries(full(collection, record)).filter(([, value]) => !Array.isArray(value));
    const row = Object.fromEntries(entries);
    if (collection === 'teams' && !store.switches.teamCoworkerIds) delete row['CoworkerIds'];
    return row;
  };

  function twins(collection: CollectionName, record: Row): Row {
    const fields = localTwins[collection] ?? [];
    const zone = fields.length > 0 ? store.zoneOf(businessOf(store, record)) : 'UTC';
    return Object.fromEntries(fields.map((field) => [`${field}Local`, localTwin(record[field], zone)]));
  }
  function localTwin(value: unknown, zone: string): string | null {
    if (typeof value !== 'string') return null;
    const wallClock = DateTime.fromISO(value, { zone }).toFormat("yyyy-MM-dd'T'HH:mm:ss");
    return store.switches.localDatesWithZ ? `${wallClock}Z` : wallClock;
  }
  return { computed, full, listed };
}

/** True while the contract runs: started, and not cancelled by now. */
export function runs(contract: Contract, nowMs: number): boolean {
  if (contract.Cancelled) return false;
  if (contract.StartDate && Date.parse(contract.StartDate) > nowMs) return false;
  return !contract.CancellationDate || Date.parse(contract.CancellationDate) > nowMs;
}

/** Groups things by a key. */
export function groupBy<T, K>(things: T[], keyOf: (thing: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const thing of things) {
    const group = groups.get(keyOf(thing));
    if (group) group.push(thing);
    else groups.set(keyOf(thing), [thing]);
  }
  return groups;
}

function computersOf(store: NexudusStore, now: number): Partial<Record<CollectionName, (id: number) => Row>> {
  const teams = lazy(() => {
    const links = store.list('teams').flatMap((team) => team.TeamMembers.map((member) => ({ member, team })));
    return groupBy(links, (link) => link.member);
  });
  const openCheckins = lazy(
    () =>
      new Set(
        store
          .list('checkins')
          .filter((c) => c.ToTime === null)
          .map((c) => c.CoworkerTimePassGuid),
      ),
  );

  return {
    coworkers: (id) => ({
      ...planSummary(
        store,
        store.where('coworkercontracts', 'CoworkerId', id).filter((c) => runs(c, now)),
      ),
      ...teamSummary((teams().get(id) ?? []).map((link) => link.team)),
      BusinessNames: (store.get('coworkers', id)?.Businesses ?? [])
        .map((business) => store.get('businesses', business)?.Name)
        .join(','),
    }),
    coworkercontracts: (id) => {
      // Which pause the flag tells of is not known: here the one that is on, else the next.
      const pauses = store.where('contractpausedperiods', 'CoworkerContractId', id);
      const ahead = pauses.filter((p) => Date.parse(p.PauseUntil) > now);
      const pause = ahead.sort((a, b) => a.PauseFrom.localeCompare(b.PauseFrom))[0];
      return {
        Active: runs(store.need('coworkercontracts', id), now),
        InPausedPeriod: pause !== undefined && Date.parse(pause.PauseFrom) <= now,
        InPausedPeriodFrom: pause?.PauseFrom ?? null,
        InPausedPeriodUntil: pause?.PauseUntil ?? null,
      };
    },
    coworkertimepasses: (id) => ({
      CheckedIn: openCheckins().has(store.need('coworkertimepasses', id).UniqueId),
    }),
    teams: (id) => {
      const members = store.need('teams', id).TeamMembers;
      const names = members.map((member) => store.get('coworkers', member)?.FullName);
      return { CoworkerIds: members.join(','), CoworkerFullNames: names.join(',') };
    },
    simpletimezones: (id) => ({ Name: zoneName(store, store.need('simpletimezones', id).Name) }),
  };
}

function planSummary(store: NexudusStore, running: Contract[]): Row {
  const main = running.find((c) => c.MainContract) ?? running[0];
  const tariff = main && store.get('tariffs', main.TariffId);
  const next = main?.NextTariffId ? store.get('tariffs', main.NextTariffId) : undefined;
  return {
    CoworkerContractIds: running.map((c) => c.Id).join(','),
    CoworkerContractTariffNames: running.map((c) => store.get('tariffs', c.TariffId)?.Name).join(','),
    TariffId: tariff?.Id ?? null,
    TariffName: tariff?.Name ?? null,
    NextTariffId: next?.Id ?? null,
    NextTariffName: next?.Name ?? null,
    BillingDay: main?.BillingDay ?? null,
    StartDate: main?.StartDate ?? null,
    RenewalDate: main?.RenewalDate ?? null,
    CancellationDate: main?.CancellationDate ?? null,
    TariffInvoiceEvery: tariff?.InvoiceEvery ?? null,
    TariffInvoiceEveryWeeks: tariff?.InvoiceEveryWeeks ?? null,
  };
}

function teamSummary(teams: RecordOf<'teams'>[]): Row {
  return {
    Teams: teams.map((team) => team.Id),
    TeamIds: teams.map((team) => team.Id).join(','),
    TeamNames: teams.map((team) => team.Name).join(','),
    TeamId: teams[0]?.Id ?? null,
    TeamName: teams[0]?.Name ?? null,
  };
}

function zoneName(store: NexudusStore, name: string): string {
  const wanted = store.switches.simpleTimeZoneNames;
  return wanted === 'windows' ? (findWindows(name)[0] ?? name) : name;
}

/** The location whose clock a record's local dates follow. */
function businessOf(store: NexudusStore, record: Row): number {
  const contract = store.get('coworkercontracts', Number(record['CoworkerContractId']));
  return Number(record['IssuedById'] ?? record['BusinessId'] ?? contract?.IssuedById);
}

function idOf(record: Row): number {
  return Number(record['Id']);
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
