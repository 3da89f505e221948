import type { MappingRule, PassType } from './types.js';

/**
 * The Kisi groups that a pass of this type opens: the configured rules for the type where there are any
 * (each at its own location, where the type is valid), else the group that Nexudus' own field names.
 * Never by name: a type that nothing maps opens nothing.
 */
export function groupsOf(passType: PassType, mapping: readonly MappingRule[]): number[] {
  const configured = mapping.filter((rule) => rule.passTypeId === passType.id);
  if (configured.length === 0) return unique(passType.kisiGroupIds);
  const here = configured.filter(
    (rule) => rule.locationId === null || passType.locationIds.includes(rule.locationId),
  );
  return unique(here.flatMap((rule) => rule.groupIds));
}

function unique(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
