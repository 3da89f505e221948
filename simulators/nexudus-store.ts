/** The tables of the simulated Nexudus, in memory. */
import { randomUUID } from 'node:crypto';
import { DateTime, IANAZone } from 'luxon';
import { findIana } from 'windows-iana';
import { blanks, type BaseRecord, type CollectionName, type RecordOf, type Row } from './nexudus-records.js';
import type { NexudusSwitches } from './nexudus-switches.js';

type Tables = { [C in CollectionName]: Map<number, RecordOf<C>> };

/** Which records hold a value. */
type Index = Map<unknown, Set<number>>;

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
  /** Ids by a field and what it holds; each made when it is first asked for. */
  readonly #indexes = new Map<CollectionName, Map<string, Index>>();
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
    this.#put(collection, record);
    this.#follow(record);
    this.#tell(collection, null, record);
    return record;
  }

  /** Changes fields of a record and moves its UpdatedOn. Throws when there is no such record. */
  update<C extends CollectionName>(collection: C, id: number, changes: Partial<RecordOf<C>>): RecordOf<C> {
    const old = this.get(collection, id);
    if (!old) throw new Error(`No record ${id} in ${collection}.`);
    const record = { ...old, UpdatedOn: stamp(this.now()), ...changes };
    this.#put(collection, record);
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
    this.#unindex(collection, old);
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

  /** The records with a value in a field, oldest first; not slower the more others there are. */
  where<C extends CollectionName>(collection: C, field: string, value: unknown): RecordOf<C>[] {
    return this.#byId(collection, this.#indexOf(collection, field).get(value) ?? []);
  }

  /** The records whose value of a field passes a test, which is asked once for each value, oldest first. */
  whose<C extends CollectionName>(
    collection: C,
    field: string,
    test: (value: unknown) => boolean,
  ): RecordOf<C>[] {
    const held = [...this.#indexOf(collection, field)].filter(([value]) => test(value));
    return this.#byId(
      collection,
      held.flatMap(([, ids]) => [...ids]),
    );
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

  #byId<C extends CollectionName>(collection: C, ids: Iterable<number>): RecordOf<C>[] {
    return [...ids].sort((a, b) => a - b).map((id) => this.need(collection, id));
  }

  #put<C extends CollectionName>(collection: C, record: RecordOf<C>): void {
    const old = this.get(collection, record.Id);
    if (old) this.#unindex(collection, old);
    this.#tables[collection].set(record.Id, record);
    for (const [field, index] of this.#indexesOf(collection)) addTo(index, record, field);
  }

  #unindex(collection: CollectionName, record: Row): void {
    for (const [field, index] of this.#indexesOf(collection)) {
      const ids = index.get(record[field]);
      ids?.delete(Number(record['Id']));
      if (ids?.size === 0) index.delete(record[field]);
    }
  }

  #indexesOf(collection: CollectionName): Map<string, Index> {
    const known = this.#indexes.get(collection);
    if (known) return known;
    const indexes = new Map<string, Index>();
    this.#indexes.set(collection, indexes);
    return indexes;
  }

  #indexOf(collection: CollectionName, field: string): Index {
    const known = this.#indexesOf(collection).get(field);
    if (known) return known;
    const index: Index = new Map();
    for (const record of this.list(collection)) addTo(index, record, field);
    this.#indexesOf(collection).set(field, index);
    return index;
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
      if (coworker) this.#put('coworkers', { ...coworker, UpdatedOn: stamp(this.now()) });
    }
  }
}

function addTo(index: Index, record: Row, field: string): void {
  const ids = index.get(record[field]);
  if (ids) ids.add(Number(record['Id']));
  else index.set(record[field], new Set([Number(record['Id'])]));
}
