import type { PassType, Rules } from './types.js';

/**
 * The Kisi groups that a pass of this type opens: the configured rules for the type where there are any
 * (each at its own location, where the type is valid), else the group that Nexudus' own field names.
 * Never by name: a type that nothing maps opens nothing. Nor does a group that Kisi does not have.
 */
export function groupsOf(
  passType: PassType,
  { mapping, unresolved = [] }: Pick<Rules, 'mapping' | 'unresolved'>,
): number[] {
  const configured = mapping.filter((rule) => rule.passTypeId === passType.id);
  const here = configured.filter(
    (rule) => rule.locationId === null || passType.locationIds.includes(rule.locationId),
  );
  const groupIds = configured.length === 0 ? passType.kisiGroupIds : here.flatMap((rule) => rule.groupIds);
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
  const configured = mapping.filter((rule) => rule.passTypeId === passType.id);
  if (configured.length > 0) {
    const isElsewhere = configured.some(
      ({ locationId }) => locationId !== null && !passType.locationIds.includes(locationId),
    );
    return isElsewhere && locations !== null ? locations : undefined;
  }
  if (groups !== null) return groups;
  const isNothingMapped =
    mapping.length === 0 && passTypes.every(({ kisiGroupIds }) => kisiGroupIds.length === 0);
  return isNothingMapped ? 'no TimePass names a KisiGroupId, and latchkey.yaml maps none' : undefined;
}

function unique(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
