import type { Location, MappingRule, PassType, Rules } from '../access/types.js';
import { groupsOf } from '../access/mapping.js';
import type { KisiClient } from '../kisi/client.js';
import { KisiError } from '../kisi/errors.js';
import type { KisiGroup } from '../kisi/records.js';
import type { NexudusClient } from '../nexudus/client.js';
import { NexudusError } from '../nexudus/errors.js';
import { readReference } from '../nexudus/reference.js';
import { ConfigError, type Config, type IdOrName } from './config.js';

/** A space as it was found, its configuration resolved to ids. */
export interface CheckedSpace {
  rules: Rules;
  /** Kisi's organization, where Kisi tells which. */
  organizationId: number | null;
  /** Time zones by location id, as configured over what Nexudus says. */
  timeZones: Record<number, string>;
  /** What works but is probably not meant; one line each. */
  warnings: string[];
  groups: (Pick<KisiGroup, 'id' | 'name' | 'locksCount' | 'loginEnabled'> & { passTypes: string[] })[];
}

/** The space could not be read: what each API answered that did not answer as it should. */
export class UnreadSpaceError extends Error {
  override readonly name = 'UnreadSpaceError';
  constructor(readonly errors: readonly (NexudusError | KisiError)[]) {
    super(errors.map(({ message }) => message).join(' '));
  }
}

/**
 * Tries both APIs and resolves every id and name of the configuration. Reads only. Throws UnreadSpaceError where an API
 * does not answer, and ConfigError with one line for each thing that an operator must mend in the configuration.
 */
export async function checkSpace(
  config: Config,
  nexudus: NexudusClient,
  kisi: KisiClient,
): Promise<CheckedSpace> {
  const lines: string[] = [];
  const errors: (NexudusError | KisiError)[] = [];
  const attempt = async <T>(job: () => Promise<T>): Promise<T | null> => {
    try {
      return await job();
    } catch (error) {
      if (!(error instanceof NexudusError) && !(error instanceof KisiError)) throw error;
      errors.push(error);
      return null;
    }
  };
  const [reference, organization] = await Promise.all([
    attempt(async () => {
      await nexudus.me();
      return readReference(nexudus, {});
    }),
    attempt(async () => {
      const { organizationId } = await kisi.currentUser();
      return { organizationId, groups: await kisi.listGroups() };
    }),
  ]);
  if (reference === null || organization === null) throw new UnreadSpaceError(errors);

  const { passTypes, locations, allowances } = reference;
  const { organizationId, groups } = organization;
  const timeZones = resolveZones(config, locations, lines);
  const mapping = resolveMapping(config, passTypes, locations, groups, lines);
  for (const type of passTypes) checkFieldGroups(type, groups, mapping, lines);
  if (lines.length > 0) throw new ConfigError(lines);

  const sold = new Set(allowances.map((allowance) => allowance.passTypeId));
  const inUse = await attempt(() => usedTypes(nexudus, passTypes, mapping, sold));
  if (inUse === null) throw new UnreadSpaceError(errors);
  const warnings = [
    ...locations
      .filter((location) => location.timeZone === null && timeZones[location.id] === undefined)
      .map(
        (l) =>
          `location ${l.id} (${l.name}) has no known time zone: passes there wait until it is named under "locations:"`,
      ),
    ...groupWarnings(groups, passTypes, mapping),
    ...inUse.map(
      (type) => `pass type ${type.id} (${type.name}) is in use and maps to no group: its passes open nothing`,
    ),
  ];
  return {
    rules: { mapping, policies: config.file.policies },
    organizationId,
    timeZones,
    warnings,
    groups: groups.map((group) => ({ ...group, passTypes: typesOf(group.id, passTypes, mapping) })),
  };
}

interface Named {
  id: number;
  name: string;
}

/** The one thing with this id or exact name; none or several is a line for the operator. */
function resolve(what: string, wanted: IdOrName, all: readonly Named[], lines: string[]): number | null {
  const found = all.filter((one) => (typeof wanted === 'number' ? one.id === wanted : one.name === wanted));
  if (found.length === 1 && found[0] !== undefined) return found[0].id;
  const problem = found.length === 0 ? 'does not exist' : `is the name of ${found.length}: give the id`;
  lines.push(`${what} ${JSON.stringify(wanted)} in the configuration ${problem}`);
  return null;
}

function resolveZones(
  config: Config,
  locations: readonly Location[],
  lines: string[],
): Record<number, string> {
  const zones: Record<number, string> = {};
  for (const { location, timeZone } of config.file.zones) {
    const id = resolve('location', location, locations, lines);
    if (id !== null) zones[id] = timeZone;
  }
  return zones;
}

function resolveMapping(
  config: Config,
  passTypes: readonly PassType[],
  locations: readonly Location[],
  groups: readonly KisiGroup[],
  lines: string[],
): MappingRule[] {
  return config.file.mapping.flatMap((line) => {
    const locationId = line.location === null ? null : resolve('location', line.location, locations, lines);
    const passTypeId = resolve('pass type', line.passType, passTypes, lines);
    const groupIds = line.groups.flatMap((group) => resolve('group', group, groups, lines) ?? []);
    return passTypeId === null ? [] : [{ locationId, passTypeId, groupIds }];
  });
}

/** A group that Nexudus' own field names must exist, unless the configuration overrides the field. */
function checkFieldGroups(
  type: PassType,
  groups: readonly KisiGroup[],
  mapping: MappingRule[],
  lines: string[],
): void {
  if (mapping.some((rule) => rule.passTypeId === type.id)) return;
  for (const id of type.kisiGroupIds) {
    if (groups.some((group) => group.id === id)) continue;
    lines.push(
      `pass type ${type.id} (${type.name}) names Kisi group ${id} in Nexudus (KisiGroupId), which does not exist`,
    );
  }
}

function typesOf(groupId: number, passTypes: readonly PassType[], mapping: MappingRule[]): string[] {
  return passTypes.filter((type) => groupsOf(type, mapping).includes(groupId)).map((type) => type.name);
}

function groupWarnings(
  groups: readonly KisiGroup[],
  passTypes: readonly PassType[],
  mapping: MappingRule[],
): string[] {
  return groups
    .filter((group) => typesOf(group.id, passTypes, mapping).length > 0)
    .flatMap((group) => [
      ...(group.locksCount === 0 ? [`group ${group.id} (${group.name}) has no doors`] : []),
      ...(group.loginEnabled
        ? []
        : [`group ${group.id} (${group.name}) has no app access: its members cannot unlock with the app`]),
    ]);
}

async function usedTypes(
  nexudus: NexudusClient,
  passTypes: readonly PassType[],
  mapping: MappingRule[],
  sold: ReadonlySet<number>,
): Promise<PassType[]> {
  const used: PassType[] = [];
  for (const type of passTypes.filter((one) => groupsOf(one, mapping).length === 0)) {
    if (sold.has(type.id) || (await nexudus.countPassesOf(type.id)) > 0) used.push(type);
  }
  return used;
}
