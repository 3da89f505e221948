/** The tables of the simulated Nexudus, in memory. */
import { randomUUID } from 'node:crypto';
import { DateTime, IANAZone } from 'luxon';
import { findIana } from 'windows-iana';
import { blanks } from './nexudus-records.js';
import type { BaseRecord, CollectionName, RecordOf, Row } from './nexudus-records.js';
import type { NexudusSwitches } from './nexudus-switches.js';

type Tables = { [C in CollectionName]: Map<number, RecordOf<C>> };

/** A record that was added (`before` is null), updated, or is about to be removed (`after` is null). */
export type Change = {
  [C in CollectionName]: { collection: C; before: RecordOf<C> | null; after: RecordOf<C> | null };
}[CollectionName];

/** A time as Nexudus writes it: UTC, whole seconds, `Z`. Takes milliseconds since the epoch. */
export function stamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** Records by collection and id, with their ids and time stamps kept as Nexudus keeps them. */
export class NexudusStore {
  readonly #tables: Tables = {
    coworkers: new Map(),
    coworkercontracts: new Map(),
    contractpausedperiods: new Map(),
    tariffs: new Map(),
    timepasses: new Map(),
    tarifftimepasses: new Map(),
    coworkertimepasses: new Map(),
    producttimepasses: new Map(),
    timepasstimeslots: new Map(),
    checkins: new Map(),
    teams: new Map(),
    businesses: new Map(),
    simpletimezones: new Map(),
    businesssettings: new Map(),
    webhooks: new Map(),
    coworkeraccesscontrolaudits: new Map(),
  };
  readonly #zones = new Map<string, string>();
  #lastId = 1_400_000_000;
  /** Told of every change. */
  onChange: (change: Change) => void = () => undefined;

  constructor(
    readonly now: () => number,
    readonly switches: NexudusSwitches,
    readonly userEmail: string,
  ) {}

  /** Adds a record; what is not given is blank. Ids are unique over all collections. */
  add<C extends CollectionName>(collection: C, fields: Partial<RecordOf<C>> = {}): RecordOf<C> {
    const at = stamp(this.now());
    this.#lastId += 1;
    const base: BaseRecord = {
      Id: this.#lastId,
      UniqueId: randomUUID(),
      CreatedOn: at,
      UpdatedOn: at,
      UpdatedBy: this.userEmail,
      IsNew: false,
      SystemId: null,
      ToStringText: null,
      LocalizationDetails: null,
      CustomFields: null,
    };
    const record = { ...base, ...structuredClone(blanks[collection]), ...fields };
    this.#tables[collection].set(record.Id, record);
    this.#follow(record);
    this.#tell(collection, null, record);
    return record;
  }

  /** Changes fields of a record and moves its UpdatedOn. Throws when there is no such record. */
  update<C extends CollectionName>(collection: C, id: number, changes: Partial<RecordOf<C>>): RecordOf<C> {
    const old = this.get(collection, id);
    if (!old) throw new Error(`No record ${id} in ${collection}.`);
    const record = { ...old, UpdatedOn: stamp(this.now()), ...changes };
    this.#tables[collection].set(id, record);
    this.#follow(old);
    this.#follow(record);
    this.#tell(collection, old, record);
    return record;
  }

  /** Removes a record and leaves no trace of it. False when there was none. */
  remove(collection: CollectionName, id: number): boolean {
    const old = this.get(collection, id);
    if (!old) return false;
    // Before, while it can still be shown in full.
    this.#tell(collection, old, null);
    this.#tables[collection].delete(id);
    this.#follow(old);
    return true;
  }

  /** One record, if it exists. */
  get<C extends CollectionName>(collection: C, id: number): RecordOf<C> | undefined {
    return this.#tables[collection].get(id);
  }

  /** One record. Throws when it does not exist. */
  need<C extends CollectionName>(collection: C, id: number): RecordOf<C> {
    const record = this.get(collection, id);
    if (!record) throw new Error(`No record ${id} in ${collection}.`);
    return record;
  }

  /** All records of a collection, oldest first. */
  list<C extends CollectionName>(collection: C): RecordOf<C>[] {
    return [...this.#tables[collection].values()];
  }

  /** Whether any record of a collection passes a test. */
  some<C extends CollectionName>(collection: C, test: (record: RecordOf<C>) => boolean): boolean {
    for (const record of this.#tables[collection].values()) if (test(record)) return true;
    return false;
  }

  /** The IANA name of a location's time zone, whichever kind of name the record has; UTC when it has none. */
  zoneOf(businessId: number): string {
    const business = this.get('businesses', businessId);
    const name = business && this.get('simpletimezones', business.SimpleTimeZoneId)?.Name;
    if (!name) return 'UTC';
    // Telling whether a name is valid is slow, and is asked for each row of a list.
    const known = this.#zones.get(name);
    if (known) return known;
    const zone = IANAZone.isValidZone(name) ? name : (findIana(name)[0] ?? 'UTC');
    this.#zones.set(name, zone);
    return zone;
  }

  /** A moment on a location's clock. */
  local(businessId: number, atMs: number): DateTime {
    return DateTime.fromMillis(atMs, { zone: this.zoneOf(businessId) });
  }

  /** The start of a day (`YYYY-MM-DD`) at a location as Nexudus writes dates: in UTC. */
  localMidnight(businessId: number, date: string): string {
    return stamp(
      DateTime.fromISO(date, { zone: this.zoneOf(businessId) })
        .startOf('day')
        .toMillis(),
    );
  }

  #tell<C extends CollectionName>(
    collection: C,
    before: RecordOf<C> | null,
    after: RecordOf<C> | null,
  ): void {
    // The compiler does not see that the three belong together.
    this.onChange({ collection, before, after } as Change);
  }

  #follow(record: Row): void {
    if (!this.switches.coworkerUpdatedOnFollows) return;
    const members = Array.isArray(record['TeamMembers']) ? (record['TeamMembers'] as unknown[]) : [];
    for (const id of [record['CoworkerId'], ...members]) {
      if (typeof id !== 'number') continue;
      const coworker = this.get('coworkers', id);
      if (coworker) this.#tables.coworkers.set(id, { ...coworker, UpdatedOn: stamp(this.now()) });
    }
  }
}
