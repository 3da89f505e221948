import type { Allowance, Location, PassType } from '../access/types.js';
import type { BrokenRow, NexudusClient } from './client.js';
import { withFull } from './collections.js';
import { createLookups, findSparing, type LookupClient } from './lookups.js';
import { readPlaces, type Places, type TimeZones } from './places.js';
import type { PassTypeRecord } from './records.js';
import type { Rows } from './rows.js';

/** What a space sells: pass types, and which of them its plans include. */
export interface Offers {
  passTypes: PassTypeRecord[];
  allowances: Allowance[];
  /** Rows that are malformed: nothing is known of them, not even that they are gone. */
  broken: BrokenRow[];
}

/** What is the same for all members. */
export interface Reference {
  passTypes: PassType[];
  allowances: Allowance[];
  locations: Location[];
}

/** Reads pass types, allowances and locations. `timeZones` overrides what Nexudus says. Throws NexudusError. */
export async function readReference(
  client: NexudusClient,
  timeZones: TimeZones,
): Promise<Reference & { broken: BrokenRow[] }> {
  const [offers, places] = await Promise.all([readOffers(client), readPlaces(client, timeZones)]);
  return { ...referenceOf(offers, places), broken: [...offers.broken, ...places.broken] };
}

/** Reads pass types with the places where each is valid, and allowances. Throws NexudusError. */
export async function readOffers(client: NexudusClient): Promise<Offers> {
  const isWhole = ({ businessIds, kisiGroups }: PassTypeRecord): boolean =>
    businessIds !== null && kisiGroups.unclear === null;
  const [types, allowances] = await Promise.all([
    readPassTypes(client, isWhole),
    client.listSparing('tarifftimepasses'),
  ]);
  return {
    passTypes: types.rows,
    allowances: allowances.rows,
    broken: [...types.broken, ...allowances.broken],
  };
}

/**
 * Reads pass types. List rows leave arrays out, and may leave out more: each that does not say all that `isWhole` wants is looked
 * up. Throws NexudusError.
 */
export async function readPassTypes(
  client: LookupClient & Pick<NexudusClient, 'listSparing'>,
  isWhole: (row: PassTypeRecord) => boolean,
): Promise<Rows<'timepasses'>> {
  const { rows, broken } = await client.listSparing('timepasses');
  const lookups = createLookups(client);
  const full = rows.map(async (row) => (isWhole(row) ? { row } : findSparing(lookups, 'timepasses', row.id)));
  return withFull(await Promise.all(full), broken);
}

/** Joins what is sold with where. */
export function referenceOf(offers: Offers, places: Places): Reference {
  return {
    passTypes: offers.passTypes.map((row) => passTypeOf(row, places)),
    allowances: offers.allowances,
    locations: places.locations,
  };
}

/** A pass type with its networks spread into their locations. No places given: the owner's. */
function passTypeOf(row: PassTypeRecord, places: Places): PassType {
  const given = row.businessIds ?? [];
  const ids = given.length > 0 ? given : [row.ownerLocationId];
  const about = `TimePass ${row.id}`;
  const unclear = {
    groups: row.kisiGroups.unclear === null ? null : `${about} ${row.kisiGroups.unclear}`,
    locations: row.businessIds === null ? `${about} Businesses is missing` : null,
  };
  return {
    id: row.id,
    name: row.name,
    ownerLocationId: row.ownerLocationId,
    minutes: row.minutes,
    locationIds: [...new Set(ids.flatMap((id) => places.below.get(id) ?? [id]))],
    kisiGroupIds: row.kisiGroups.ids,
    ...(unclear.groups === null && unclear.locations === null ? {} : { unclear }),
  };
}
