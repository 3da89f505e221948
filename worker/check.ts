import type { IdOrName } from '../config/rules-file.js';
import type { Location, MappingRule, PassType, Rules, Unresolved } from '../access/types.js';
import { groupsOf, whyUnresolved } from '../access/mapping.js';
import type { KisiClient } from '../kisi/client.js';
import { isKisiError, KisiError } from '../kisi/errors.js';
import type { KisiGroup } from '../kisi/records.js';
import type { NexudusClient } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';
import { readReference } from '../nexudus/reference.js';
import type { Config } from '../config/config.js';
import { matching, meant, type Named } from './names.js';

/** A space as it was found, its configuration resolved to ids. */
export interface CheckedSpace {
  rules: Rules;
  /** Kisi's organization, where Kisi tells which. */
  organizationId: number | null;
  /** Time zones by location id, as configured over what Nexudus says. */
  timeZones: Record<number, string>;
  /** Time zones of all locations by id, as they were then: for times that are typed while Nexudus does not answer. */
  knownZones: Record<number, string>;
  /** What works but is probably not meant, and what opens nothing any more; one line each. */
  warnings: string[];
  /** Names in the configuration that nobody knows or ever knew: to be mended before a start. One line each. */
  problems: string[];
  /** The id of each thing that the configuration names, for a later start. */
  resolved: Resolved;
  groups: (Pick<KisiGroup, 'id' | 'name' | 'locksCount' | 'loginEnabled'> & { passTypes: Named[] })[];
}

type ApiError = NexudusError | KisiError;

/** The space could not be read. It has the error of each API that did not answer as it should. */
export class UnreadSpaceError extends Error {
  override readonly name = 'UnreadSpaceError';
  /** One line for each error, for the operator. */
  readonly lines: readonly string[];
  constructor(
    readonly errors: readonly ApiError[],
    hintOf: (error: ApiError) => string = () => '',
  ) {
    const lines = errors.map((error) => `${error.message}${hintOf(error)}`);
    super(lines.join(' '));
    this.lines = lines;
  }
}

/** Ids by what the configuration names: 'group "Roof"'. */
export type Resolved = Readonly<Record<string, number>>;

/**
 * Tries both APIs and resolves every id and name of the configuration, before anything else runs. Reads only. `before` is
 * what an earlier start resolved: what was renamed since then is known by its id, and what is gone is no reason not to start.
 * Throws UnreadSpaceError where one of the APIs does not answer.
 */
export async function checkSpace(
  config: Config,
  nexudus: NexudusClient,
  kisi: KisiClient,
  before: Resolved = {},
): Promise<CheckedSpace> {
  const hintOf = (error: ApiError): string => addressHint(error, config);
  const { reference, organization } = await readBoth(nexudus, kisi, hintOf);
  const { passTypes, locations, allowances } = reference;
  const { organizationId, groups: listed } = organization;
  const named = groupIdsNamed(config, passTypes, before);
  const groups = [...listed, ...(await unlistedGroups(kisi, named, listed, hintOf))];
  const names = new Names(before);
  const timeZones = resolveZones(config, locations, names);
  const { mapping, unresolved } = resolveMapping(config, { passTypes, locations, groups }, names);
  const missing = missingGroups(passTypes, groups, mapping);
  const all = [...unresolved, ...missing];
  const rules: Rules = {
    mapping,
    policies: config.file.policies,
    ...(all.length === 0 ? {} : { unresolved: all }),
  };
  const sold = new Set(allowances.map((allowance) => allowance.passTypeId));
  const inUse = await typesInUse(nexudus, passTypes, rules, sold, hintOf);
  return {
    rules,
    organizationId,
    timeZones,
    knownZones: { ...zonesOf(locations), ...timeZones },
    warnings: [
      ...names.warnings,
      ...missing.map(({ why }) => `${why}: it opens nothing`),
      ...reference.broken.map(({ error }) => error.message),
      ...zoneWarnings(locations, timeZones),
      ...groupWarnings(groups, passTypes, rules),
      ...unclearWarnings(passTypes, mapping),
      ...inUse.map(
        (type) =>
          `pass type ${type.id} (${type.name}) is in use and maps to no group: its passes open nothing`,
      ),
    ],
    problems: names.problems,
    resolved: names.resolved,
    groups: groups.map(({ id, name, placeId, loginEnabled, locksCount }) => ({
      ...{ id, name, placeId, loginEnabled, locksCount },
      passTypes: typesOf(id, passTypes, rules),
    })),
  };
}

/** What both APIs hold of the space. Throws UnreadSpaceError with the errors of both. */
async function readBoth(nexudus: NexudusClient, kisi: KisiClient, hintOf: (error: ApiError) => string) {
  const errors: ApiError[] = [];
  const attempt = <T>(job: Promise<T>): Promise<T | null> =>
    job.catch((error: unknown) => {
      errors.push(apiError(error));
      return null;
    });
  const [reference, organization] = await Promise.all([
    attempt(nexudus.me().then(() => readReference(nexudus, {}))),
    attempt(
      kisi.currentUser().then(async ({ organizationId }) => ({
        organizationId,
        groups: await kisi.listGroups(),
      })),
    ),
  ]);
  if (reference === null || organization === null) throw new UnreadSpaceError(errors, hintOf);
  return { reference, organization };
}

/** The ids of the groups that the mapping means, where it gives them or an earlier start found them. */
function groupIdsNamed(config: Config, passTypes: readonly PassType[], before: Resolved): number[] {
  const configured = config.file.mapping
    .flatMap(({ groups }) => groups)
    .flatMap((group) => (typeof group === 'number' ? group : (before[nameKey('group', group)] ?? [])));
  return [...configured, ...passTypes.flatMap(({ kisiGroupIds }) => kisiGroupIds)];
}

/**
 * The groups with these ids that the list lacks, and that are there all the same: lists may lag behind, and one witness is not
 * enough.
 */
async function unlistedGroups(
  kisi: KisiClient,
  ids: readonly number[],
  listed: readonly KisiGroup[],
  hintOf: (error: ApiError) => string,
): Promise<KisiGroup[]> {
  const missing = new Set(ids.filter((id) => listed.every((group) => group.id !== id)));
  const found: KisiGroup[] = [];
  for (const id of missing) {
    try {
      found.push(await kisi.getGroup(id));
    } catch (error) {
      if (isKisiError(error, 'notFound', 'refused', 'invalid', 'malformed')) continue;
      throw new UnreadSpaceError([apiError(error)], hintOf);
    }
  }
  return found;
}

/** An error of one of the APIs. Throws any other. */
function apiError(error: unknown): ApiError {
  if (error instanceof NexudusError || error instanceof KisiError) return error;
  throw error;
}

/** Below its API, Nexudus answers for a website: by a page, a 404, or a refusal. */
function addressHint(error: ApiError, { nexudus }: Config): string {
  if (!(error instanceof NexudusError) || nexudus.baseUrl.endsWith('/api')) return '';
  if (error.kind === 'throttled' || error.kind === 'unavailable') return '';
  return ' NEXUDUS_BASE_URL does not end in /api, which is probably why.';
}

/** What a thing that the configuration names is called, in messages and among the ids that were resolved before. */
const nameKey = (what: string, wanted: IdOrName): string => `${what} ${JSON.stringify(wanted)}`;

/** `id` null: nothing that is there now; `was`: the id that it had at an earlier start. */
type Meant = { id: number } | { id: null; was: number | null; why: string };

/** Looks up what the configuration names, and gathers what is to be said of it. */
class Names {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly resolved: Record<string, number> = {};

  constructor(private readonly before: Resolved) {}

  /** `locationId`: where it is meant, since things of different locations may have one name. */
  resolve(what: string, wanted: IdOrName, all: readonly Named[], locationId: number | null = null): Meant {
    const where = locationId === null ? '' : ` at location ${locationId}`;
    const key = `${nameKey(what, wanted)}${where}`;
    const was = this.before[key] ?? null;
    const found = meant(wanted, all);
    if (found.one !== null) {
      this.resolved[key] = found.one.id;
      return { id: found.one.id };
    }
    const why = `${key} in the configuration ${found.problem}`;
    if (was === null) {
      this.problems.push(why);
      return { id: null, was, why };
    }
    this.resolved[key] = was;
    const same = all.find((one) => one.id === was);
    if (same === undefined) {
      this.warnings.push(`${why} any more (it was ${was}): it opens nothing, and nobody loses a key by that`);
      return { id: null, was, why };
    }
    this.warnings.push(
      `${why}; it was ${same.id}, which is called ${JSON.stringify(same.name)} now: Latchkey still uses it`,
    );
    return { id: same.id };
  }
}

function resolveZones(config: Config, locations: readonly Location[], names: Names): Record<number, string> {
  const zones: Record<number, string> = {};
  for (const { location, timeZone } of config.file.zones) {
    const { id } = names.resolve('location', location, locations);
    if (id !== null) zones[id] = timeZone;
  }
  return zones;
}

function zonesOf(locations: readonly Location[]): Record<number, string> {
  return Object.fromEntries(
    locations.flatMap(({ id, timeZone }): [number, string][] => (timeZone === null ? [] : [[id, timeZone]])),
  );
}

/** A line that names something that is not there opens what is left of the line, and never what Nexudus' own field names instead. */
function resolveMapping(
  config: Config,
  all: { passTypes: readonly PassType[]; locations: readonly Location[]; groups: readonly KisiGroup[] },
  names: Names,
): { mapping: MappingRule[]; unresolved: Unresolved[] } {
  const mapping: MappingRule[] = [];
  const unresolved: Unresolved[] = [];
  for (const line of config.file.mapping) {
    const place = line.location === null ? null : names.resolve('location', line.location, all.locations);
    const locationId = place?.id ?? null;
    const isHere = (type: PassType): boolean => locationId === null || type.locationIds.includes(locationId);
    const here = matching(line.passType, all.passTypes.filter(isHere));
    const candidates = here.length > 0 ? here : all.passTypes;
    const type = names.resolve('pass type', line.passType, candidates, locationId);
    const groups = line.groups.map((group) => names.resolve('group', group, all.groups));
    const passTypeId = type.id ?? type.was;
    for (const meant of [place, type])
      if (meant?.id === null) unresolved.push({ passTypeId, groupId: null, why: meant.why });
    for (const meant of groups)
      if (meant.id === null) unresolved.push({ passTypeId, groupId: meant.was, why: meant.why });
    if (passTypeId === null) continue;
    const groupIds = place?.id === null ? [] : groups.flatMap(({ id }) => id ?? []);
    mapping.push({ locationId, passTypeId, groupIds });
  }
  return { mapping, unresolved };
}

/** Groups that Nexudus' own field names and Kisi does not have, unless the configuration overrides the field. */
function missingGroups(
  passTypes: readonly PassType[],
  groups: readonly KisiGroup[],
  mapping: readonly MappingRule[],
): Unresolved[] {
  return passTypes
    .filter((type) => mapping.every((rule) => rule.passTypeId !== type.id))
    .flatMap((type) =>
      type.kisiGroupIds
        .filter((groupId) => groups.every((group) => group.id !== groupId))
        .map((groupId) => ({
          passTypeId: type.id,
          groupId,
          why: `pass type ${type.id} (${type.name}) names Kisi group ${groupId} in Nexudus (KisiGroupId), which does not exist`,
        })),
    );
}

function typesOf(groupId: number, passTypes: readonly PassType[], rules: Rules): Named[] {
  return passTypes
    .filter((type) => groupsOf(type, rules).includes(groupId))
    .map(({ id, name }) => ({ id, name }));
}

function groupWarnings(groups: readonly KisiGroup[], passTypes: readonly PassType[], rules: Rules): string[] {
  return groups
    .filter((group) => typesOf(group.id, passTypes, rules).length > 0)
    .flatMap((group) => [
      ...(group.locksCount === 0 ? [`group ${group.id} (${group.name}) has no doors`] : []),
      ...(group.loginEnabled
        ? []
        : [`group ${group.id} (${group.name}) has no app access: its members cannot unlock with the app`]),
    ]);
}

function zoneWarnings(locations: readonly Location[], timeZones: Record<number, string>): string[] {
  return locations
    .filter(({ id, timeZone }) => timeZone === null && timeZones[id] === undefined)
    .map(
      ({ id, name }) =>
        `location ${id} (${name}) has no known time zone: passes there wait until it is named under "locations:"`,
    );
}

/**
 * Why it is not clear which groups pass types open, each reason once. A name in the configuration that is not there is told by
 * itself.
 */
function unclearWarnings(passTypes: readonly PassType[], mapping: MappingRule[]): string[] {
  const whys = passTypes.flatMap((type) => whyUnresolved(type, passTypes, { mapping }) ?? []);
  return [...new Set(whys)].map(
    (why) => `${why}: Latchkey gives no key by that, and takes none away (docs/rules.md)`,
  );
}

/** Pass types that are known to map to no group, and whose passes members have or may buy. Throws UnreadSpaceError. */
async function typesInUse(
  nexudus: NexudusClient,
  passTypes: readonly PassType[],
  rules: Rules,
  sold: ReadonlySet<number>,
  hintOf: (error: ApiError) => string,
): Promise<PassType[]> {
  const used: PassType[] = [];
  try {
    for (const type of passTypes.filter((one) => isMappedToNothing(one, rules)))
      if (sold.has(type.id) || (await nexudus.countPassesOf(type.id)) > 0) used.push(type);
  } catch (error) {
    throw new UnreadSpaceError([apiError(error)], hintOf);
  }
  return used;
}

function isMappedToNothing(type: PassType, rules: Rules): boolean {
  return groupsOf(type, rules).length === 0 && (type.unclear?.groups ?? null) === null;
}
