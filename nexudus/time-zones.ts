/** Which time zone a location is in, by what Nexudus says of it. */
import { IANAZone } from 'luxon';
import { findIana, WINDOWS_TO_IANA_MAP } from 'windows-iana';
import type { BusinessRecord } from './records.js';

/** What Nexudus says of where a location is. */
export type Whereabouts = Pick<BusinessRecord, 'name' | 'city' | 'country'>;

/** The IANA time zone that an IANA or a Windows name stands for; null: neither. */
export function ianaOf(name: string): string | null {
  if (name === '') return null;
  if (IANAZone.isValidZone(name)) return name;
  return findIana(name)[0] ?? null;
}

/**
 * The same for a location. A Windows name stands for many cities ('W. Europe Standard Time' for Berlin, Rome and more): of those
 * with the same clock it is the location's own city, else one of its country, else a city in its name.
 */
export function zoneOfPlace(name: string, { name: called, city, country }: Whereabouts): string | null {
  const usual = ianaOf(name);
  if (usual === null || usual === name) return usual;
  const zones = findIana(name);
  const territory = territoryOf(name, country);
  const better = [
    ...zones.filter((zone) => isNamed(cityOf(zone), city)),
    ...(territory === null ? [] : findIana(name, territory)),
    ...zones.filter((zone) => hasWords(called, cityOf(zone))),
  ];
  return better.find((zone) => haveSameClock(zone, usual)) ?? usual;
}

const cityOf = (zone: string): string => zone.split('/').at(-1)?.replaceAll('_', ' ') ?? '';

const isNamed = (city: string, typed: string): boolean => plain(typed) === plain(city);

function hasWords(text: string, words: string): boolean {
  return ` ${plain(text)} `.includes(` ${plain(words)} `);
}

/** In lower case, without accents and with single blanks between the words. */
function plain(text: string): string {
  const letters = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return letters.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

const countries = new Intl.DisplayNames('en', { type: 'region' });

/** The two letters of a country among those that a Windows name stands for; null: it is none of them. */
function territoryOf(name: string, country: string): string | null {
  if (country.trim() === '') return null;
  const all = WINDOWS_TO_IANA_MAP.filter(({ windowsName }) => windowsName === name);
  const named = all.find(
    ({ territory }) => /^[A-Z]{2}$/.test(territory) && isNamed(countries.of(territory) ?? '', country),
  );
  return named?.territory ?? null;
}

const dayMs = 24 * 3_600_000;
const weeksApart = 2;

/** Whether clocks in both show the same all through this year and the next. */
function haveSameClock(zone: string, other: string): boolean {
  const [one, two] = [IANAZone.create(zone), IANAZone.create(other)];
  if (!one.isValid || !two.isValid) return false;
  const from = Date.UTC(new Date().getUTCFullYear(), 0);
  for (let day = 0; day < 2 * 366; day += 7 * weeksApart)
    if (one.offset(from + day * dayMs) !== two.offset(from + day * dayMs)) return false;
  return true;
}
