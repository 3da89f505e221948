import type { Location } from '../access/types.js';
import type { BrokenRow, NexudusClient } from './client.js';
import { isNexudusError, NexudusError } from './errors.js';
import { equal } from './filters.js';
import type { BusinessRecord, SettingRecord, ZoneRecord } from './records.js';
import { collections } from './schemas.js';
import { zoneOfPlace } from './time-zones.js';

/** The space's locations, and the networks above them. */
export interface Places {
  locations: Location[];
  /** Ids of the locations below each network; a business that is no network is not in it. */
  below: Map<number, number[]>;
  /** Rows that are malformed: nothing is known of them, not even that they are gone. */
  broken: BrokenRow[];
}

/** IANA time zones by location id, as an operator configured them. */
export type TimeZones = Readonly<Record<number, string>>;

/** The only setting of a location that is read: when its day begins. */
export const cutOffSetting = 'Checkin.DailyCutOffTime';

/**
 * Reads all locations with their time zones and day starts. `before` is what the last read gave, if any. Throws
 * NexudusError, `implausible` where Nexudus says that there is no location, or that there are no settings any more.
 */
export async function readPlaces(
  client: NexudusClient,
  timeZones: TimeZones,
  before: Places | null = null,
): Promise<Places> {
  const [listed, zones, cutOffs] = await Promise.all([
    client.listSparing('businesses'),
    client.listSparing('simpletimezones'),
    readCutOffs(client),
  ]);
  const businesses = listed.rows;
  if (businesses.length === 0) throw implausible('businesses');
  const late = (before?.locations ?? []).filter(({ dayStartsAtMinute }) => dayStartsAtMinute > 0);
  const isListed = ({ id }: Location): boolean => cutOffs.rows.some(({ locationId }) => locationId === id);
  // A day that is to begin at midnight again ends access earlier: that needs a second witness.
  const all = late.every(isListed) ? null : (await client.listSparing('businesssettings')).rows;
  const settings = all?.filter(({ name }) => name === cutOffSetting) ?? cutOffs.rows;
  if (all?.length === 0) {
    throw implausible('businesssettings');
  }
  const missing = businesses.flatMap(({ zoneId }) =>
    zoneId === null || zones.rows.some((zone) => zone.id === zoneId) ? [] : [zoneId],
  );
  const more = missing.length === 0 ? [] : [...(await client.batch('simpletimezones', missing)).values()];
  const allZones = [...zones.rows, ...more];
  return {
    locations: businesses.map((business) => locationOf(business, allZones, settings, timeZones)),
    below: networksOf(businesses),
    broken: [listed, zones, cutOffs].flatMap(({ broken }) => broken),
  };
}

function implausible(name: 'businesses' | 'businesssettings'): NexudusError {
  const says = 'nothing was answered, though there must be records.';
  return new NexudusError({ kind: 'implausible', path: collections[name].path, says });
}

/** One location, looked up apart from the others. Throws NexudusError. */
export async function readPlace(
  client: NexudusClient,
  business: BusinessRecord,
  timeZones: TimeZones,
): Promise<Location> {
  const zoneIds = business.zoneId === null ? [] : [business.zoneId];
  const [zones, settings] = await Promise.all([
    client.batch('simpletimezones', zoneIds),
    readCutOffs(client),
  ]);
  return locationOf(business, [...zones.values()], settings.rows, timeZones);
}

/** The address of the settings is inferred, not documented: where it does not exist, days begin at midnight. */
async function readCutOffs(client: NexudusClient): Promise<{ rows: SettingRecord[]; broken: BrokenRow[] }> {
  const filter = equal('businesssettings', 'Name', cutOffSetting, (row) => row.name === cutOffSetting);
  try {
    return await client.listSparing('businesssettings', [filter]);
  } catch (error) {
    if (isNexudusError(error, 'notFound')) return { rows: [], broken: [] };
    throw error;
  }
}

function locationOf(
  business: BusinessRecord,
  zones: readonly ZoneRecord[],
  settings: readonly SettingRecord[],
  timeZones: TimeZones,
): Location {
  const zone = zones.find(({ id }) => id === business.zoneId);
  const cutOff = settings.find(({ locationId }) => locationId === business.id);
  return {
    id: business.id,
    name: business.name,
    timeZone: timeZones[business.id] ?? zoneOfPlace(zone?.name ?? '', business),
    dayStartsAtMinute: parseCutOff(cutOff?.value ?? ''),
  };
}

/**
 * Minutes after midnight of a daily cut-off: '05:00', '05:00:00', '300' or an ISO time. How Nexudus writes it is not
 * known, so what is none of these is midnight, the default.
 */
export function parseCutOff(value: string): number {
  const text = value.trim();
  const minutes = /^\d{1,4}$/.test(text) ? Number(text) : minutesOfClock(text);
  return minutes < 24 * 60 ? minutes : 0;
}

function minutesOfClock(text: string): number {
  const clock = /^(?:\d{4}-\d\d-\d\dT)?(\d{1,2}):([0-5]\d)(?::\d\d(?:\.\d+)?)?Z?$/.exec(text);
  return clock === null ? 0 : Number(clock[1]) * 60 + Number(clock[2]);
}

/** A business with others below it is a network; what counts are the locations at the bottom. */
function networksOf(businesses: readonly BusinessRecord[]): Map<number, number[]> {
  const childrenOf = new Map<number, number[]>();
  for (const { id, parentId } of businesses) {
    if (parentId !== null) childrenOf.set(parentId, [...(childrenOf.get(parentId) ?? []), id]);
  }
  function locationsBelow(id: number, above: readonly number[]): number[] {
    const children = (childrenOf.get(id) ?? []).filter((child) => !above.includes(child));
    return children.flatMap((child) =>
      childrenOf.has(child) ? locationsBelow(child, [...above, child]) : [child],
    );
  }
  return new Map([...childrenOf.keys()].map((id) => [id, locationsBelow(id, [id])]));
}
