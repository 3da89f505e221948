import type { PassType, Rules, Unresolved } from './types.js';

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

/** What of the mapping cannot be told now and may be about this type; undefined: all of it can. */
export function unresolvedFor(
  passTypeId: number,
  { unresolved = [] }: Pick<Rules, 'unresolved'>,
): Unresolved | undefined {
  return unresolved.find((one) => one.passTypeId === null || one.passTypeId === passTypeId);
}

function unique(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
