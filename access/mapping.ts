import type { MappingRule, PassType, Rules } from './types.js';

/**
 * The Kisi groups that a pass of this type opens: the configured rules for the type where there are any
 * (each at its own location, where the type is valid), else the group that Nexudus' own field names.
 * Never by name: a type that nothing maps opens nothing. Nor does a group that Kisi does not have.
 */
export function groupsOf(
  passType: PassType,
  { mapping, unresolved = [] }: Pick<Rules, 'mapping' | 'unresolved'>,
): number[] {
  const { here, elsewhere } = configured(passType, mapping);
  const isConfigured = here.length + elsewhere.length > 0;
  const groupIds = isConfigured ? here.flatMap((rule) => rule.groupIds) : passType.kisiGroupIds;
  return unique(groupIds).filter((id) => unresolved.every(({ groupId }) => groupId !== id));
}

/**
 * Why it cannot be told which groups a pass of this type opens, beyond those that `groupsOf` answers; undefined: it can.
 * `passTypes`: all that there are. Where Nexudus' own field is the only mapping and names no group in any of them, it was more
 * likely read badly than emptied everywhere.
 */
export function whyUnresolved(
  passType: PassType,
  passTypes: readonly PassType[],
  { mapping, unresolved = [] }: Pick<Rules, 'mapping' | 'unresolved'>,
): string | undefined {
  const known = unresolved.find(({ passTypeId }) => passTypeId === null || passTypeId === passType.id);
  if (known !== undefined) return known.why;
  const { groups = null, locations = null } = passType.unclear ?? {};
  const { here, elsewhere } = configured(passType, mapping);
  if (elsewhere.length > 0 && locations !== null) return locations;
  if (here.length + elsewhere.length > 0) return undefined;
  if (groups !== null) return groups;
  const isNothingMapped =
    mapping.length === 0 && passTypes.every(({ kisiGroupIds }) => kisiGroupIds.length === 0);
  return isNothingMapped ? 'no TimePass names a KisiGroupId, and latchkey.yaml maps none' : undefined;
}

/** The rules of latchkey.yaml about a pass type: those for where it is valid, and those for where it is not. */
function configured({ id, locationIds }: PassType, mapping: Rules['mapping']) {
  const own = mapping.filter((rule) => rule.passTypeId === id);
  const isHere = ({ locationId }: MappingRule): boolean =>
    locationId === null || locationIds.includes(locationId);
  return { here: own.filter(isHere), elsewhere: own.filter((rule) => !isHere(rule)) };
}

function unique(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
