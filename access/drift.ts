import type { Instant } from './types.js';

/**
 * What a comparison of the members' ledgers with Kisi comes upon.
 * - `missing`: a key of a ledger that Kisi lacks
 * - `changed`: a key of a ledger that ends at another time in Kisi
 * - `extra`: a key to a mapped group that is in nobody's ledger
 * - `orphan`: a Kisi user with such keys whose e-mail no coworker has
 * - `endUnreadable`: a key of a ledger, or to a mapped group, whose end in Kisi cannot be read
 * - `userSuspended`, `userDeleted`: the Kisi user of a member who should hold keys opens nothing, or is gone
 * - `groupGone`, `groupRenamed`: a group that the mapping names is gone, or has another name than at an earlier comparison
 */
export type DriftKind =
  | 'missing'
  | 'changed'
  | 'extra'
  | 'orphan'
  | 'endUnreadable'
  | 'userSuspended'
  | 'userDeleted'
  | 'groupGone'
  | 'groupRenamed';

/** A key as Kisi has it, or as a ledger says that it should be there. */
export interface DriftKey {
  keyId: number;
  groupId: number;
  validUntil: Instant | null;
}

/** A difference between the ledgers and Kisi. Ids only, no names of people and no e-mails. */
export interface Drift {
  /** The same at each comparison for as long as it lasts: 'missing/123/12'. */
  key: string;
  kind: DriftKind;
  /** The member that this concerns; null: no known member. */
  memberId: number | null;
  /** The Kisi user. */
  userId: number | null;
  groupId: number | null;
  keys: DriftKey[];
  /** Plain words. A ruling on the finding holds for as long as they stay the same. */
  what: string;
  /** When the member's workflow last compared itself with Kisi; null: never, or there is no member. */
  comparedAt: Instant | null;
}

export type DriftVerb = 'repair' | 'adopt' | 'ignore';

/** What is done about a finding that nobody has ruled on. */
export type DriftPolicy = Record<DriftKind, 'repair' | 'report'>;

/** What can be repaired, and so be chosen in `latchkey.yaml`. */
export const repairableKinds = [
  'missing',
  'changed',
  'userDeleted',
  'extra',
  'orphan',
] as const satisfies readonly DriftKind[];

/** What holds where `latchkey.yaml` says nothing. */
export const defaultDriftPolicy: DriftPolicy = {
  missing: 'repair',
  changed: 'repair',
  userDeleted: 'repair',
  extra: 'report',
  orphan: 'report',
  endUnreadable: 'report',
  userSuspended: 'report',
  groupGone: 'report',
  groupRenamed: 'report',
};

/** Who ordered what to be done about a finding. */
export interface Ruling {
  verb: DriftVerb;
  by: string;
  at: Instant;
}

/** A difference that stands, and what is done about it. */
export interface Finding extends Drift {
  /** The number that a person types. */
  id: number;
  since: Instant;
  /** Null: the policy rules. */
  ruling: Ruling | null;
  /** True: it was repaired and undone again, so it is left alone until a person rules. */
  contested: boolean;
  /** Why its repair could not be made, as last tried; null: it could, or was not tried. */
  problem: string | null;
}

/** A repair that was made or asked for. */
export interface Repair {
  at: Instant;
  by: string;
  /** Keys that were gone, or were taken away. */
  keyIds: number[];
}

/** What is remembered from one comparison to the next. By `key` of the finding. */
export interface DriftMemory {
  findings: Finding[];
  ids: Record<string, number>;
  nextId: number;
  repairs: Record<string, Repair>;
  /** Names of the mapped groups, by group id. */
  groupNames: Record<number, string>;
}

export const noDrift: DriftMemory = { findings: [], ids: {}, nextId: 1, repairs: {}, groupNames: {} };

const minuteMs = 60_000;
/** A repair that is undone within this time was undone by somebody who is at work. */
const undoneWithinMs = 24 * 3_600_000;

/** What a comparison changed. */
export interface Update {
  memory: DriftMemory;
  begun: Finding[];
  ended: Finding[];
  /** Findings that are contested from now on. */
  contested: Finding[];
  /** Those to be repaired. */
  due: Finding[];
}

/** What is remembered once these differences were found. Pure. */
export function afterComparison(
  before: DriftMemory,
  found: readonly Drift[],
  policy: DriftPolicy,
  now: Instant,
): Update {
  const known = new Map(before.findings.map((finding) => [finding.key, finding]));
  const ids = { ...before.ids };
  let { nextId } = before;
  const findings = found.map((drift): Finding => {
    const last = known.get(drift.key);
    const id = (ids[drift.key] ??= nextId++);
    const contested = last?.contested === true || isUndone(drift, before.repairs[drift.key], now);
    const ruled = last?.what === drift.what ? last.ruling : null;
    // Whoever had it repaired did not know that it would be undone.
    const ruling = contested && last?.contested !== true && ruled?.verb === 'repair' ? null : ruled;
    return { ...drift, id, since: last?.since ?? now, ruling, contested, problem: null };
  });
  const there = new Set(findings.map(({ key }) => key));
  const repairs = Object.fromEntries(
    Object.entries(before.repairs).filter(([key, { at }]) => there.has(key) || now - at < undoneWithinMs),
  );
  const isKept = (key: string): boolean => there.has(key) || key in repairs;
  return {
    memory: {
      ...before,
      findings,
      ids: Object.fromEntries(Object.entries(ids).filter(([key]) => isKept(key))),
      nextId,
      repairs,
    },
    begun: findings.filter(({ key }) => !known.has(key)),
    ended: before.findings.filter(({ key }) => !there.has(key)),
    contested: findings.filter(({ key, contested }) => contested && known.get(key)?.contested !== true),
    due: findings.filter((finding) => isDue(finding, policy)),
  };
}

/** Whether a finding is to be repaired now. */
function isDue({ kind, ruling, contested }: Finding, policy: DriftPolicy): boolean {
  if (ruling !== null) return ruling.verb === 'repair';
  return !contested && canRepair(kind) && policy[kind] === 'repair';
}

/** Whether what was repaired is as it was before; false while the repair is still under way. */
function isUndone(drift: Drift, repair: Repair | undefined, now: Instant): boolean {
  if (repair === undefined || now - repair.at >= undoneWithinMs) return false;
  const isOther = drift.keys.some(({ keyId }) => !repair.keyIds.includes(keyId));
  if (!isMendedByMember(drift.kind)) return repair.keyIds.length > 0 && isOther;
  // A key that was given again has another id; one whose end was moved may keep it.
  return drift.comparedAt !== null && drift.comparedAt > repair.at && (isOther || drift.kind === 'changed');
}

/** Whether the member's own workflow mends it: only that writes a person's keys. */
export function isMendedByMember(kind: DriftKind): boolean {
  return kind === 'missing' || kind === 'changed' || kind === 'userDeleted';
}

function canRepair(kind: DriftKind): boolean {
  return repairableKinds.some((one) => one === kind);
}

/** The signatures of the findings that need no second look, since nothing is being done about them. */
export function settledKeys({ findings, repairs }: DriftMemory): string[] {
  return findings.filter(({ key }) => repairs[key] === undefined).map(signatureOf);
}

/** Tells a finding that stays the same from one that changed. */
export function signatureOf({ key, what }: Pick<Drift, 'key' | 'what'>): string {
  return `${key} ${what}`;
}

/** Why a verb is not for a finding, and what to do instead; null: it is. `now`: a key that has ended cannot be adopted. */
export function refusalOf(
  { kind, keys, groupId }: Pick<Drift, 'kind' | 'keys' | 'groupId'>,
  verb: DriftVerb,
  now: Instant,
): string | null {
  if (verb === 'ignore') return null;
  if (verb === 'repair') return canRepair(kind) ? null : (cannotRepair[kind] ?? '');
  const isOver = keys.some(({ validUntil }) => validUntil !== null && validUntil <= now);
  return (
    cannotAdopt[kind] ?? (isOver ? `the key to group ${groupId ?? ''} has ended: repair or ignore it` : null)
  );
}

const cannotRepair: Partial<Record<DriftKind, string>> = {
  endUnreadable:
    'Latchkey moves and takes away no key by an end that it cannot read: set its end anew in Kisi, or ignore it',
  userSuspended: 'Latchkey suspends nobody and lets nobody in again: do it in Kisi, or adopt or ignore it',
  groupGone:
    'Latchkey makes no groups: correct the mapping (latchkey.yaml or the pass type’s KisiGroupId), or ignore it',
  groupRenamed: 'Latchkey renames no groups: do it in Kisi, or adopt the new name',
};

const cannotAdopt: Partial<Record<DriftKind, string>> = {
  endUnreadable: 'a key whose end cannot be read cannot be adopted: set its end anew in Kisi, or ignore it',
  orphan: 'no coworker has this Kisi user’s e-mail: repair it (the keys are taken away), or ignore it',
  userDeleted: 'a member without a Kisi user can hold no key: repair it, or ignore it',
  groupGone:
    'a group that is gone cannot be adopted: correct the mapping (latchkey.yaml or the pass type’s KisiGroupId), or ignore it',
};

/** The memory with this finding in place of the one with the same key. Pure. */
export function withFinding(memory: DriftMemory, finding: Finding): DriftMemory {
  const findings = memory.findings.map((one) => (one.key === finding.key ? finding : one));
  return { ...memory, findings };
}

/** The memory once a person has ruled on a finding. A repair that is ordered again is made anew. Pure. */
export function withRuling(memory: DriftMemory, finding: Finding, ruling: Ruling): DriftMemory {
  const isRepair = ruling.verb === 'repair';
  const { [finding.key]: repaired, ...repairs } = memory.repairs;
  const before = isRepair && repaired !== undefined ? { ...memory, repairs } : memory;
  return withFinding(before, { ...finding, ruling, contested: !isRepair && finding.contested });
}

/** Forgets the names of groups whose new names were adopted: the next comparison remembers those. Pure. */
export function withoutAdoptedNames(memory: DriftMemory): DriftMemory {
  const adopted = memory.findings.filter(
    ({ kind, ruling }) => kind === 'groupRenamed' && ruling?.verb === 'adopt',
  );
  const kept = Object.entries(memory.groupNames).filter(
    ([id]) => !adopted.some(({ groupId }) => String(groupId) === id),
  );
  return { ...memory, groupNames: Object.fromEntries(kept) };
}

/** The memory with a repair noted, so that it shows when the repair is undone. Keys of an earlier repair stay known. */
export function withRepair(
  memory: DriftMemory,
  key: string,
  by: string,
  now: Instant,
  keyIds: readonly number[],
): DriftMemory {
  const last = memory.repairs[key];
  const isUnderWay = last !== undefined && now - last.at < undoneWithinMs;
  const repair = {
    at: isUnderWay ? last.at : now,
    by,
    keyIds: [...new Set([...(last?.keyIds ?? []), ...keyIds])],
  };
  return { ...memory, repairs: { ...memory.repairs, [key]: repair } };
}

/**
 * Whether two ends are the same, as exactly as Kisi may store them: to the second, or one of them is the other rounded to the
 * minute. The same as in kisi/keys.ts.
 */
export function sameEnd(one: Instant | null, other: Instant | null): boolean {
  if (one === null || other === null) return one === other;
  const apartMs = Math.abs(one - other);
  const isRounded = one % minuteMs === 0 || other % minuteMs === 0;
  return apartMs < 1000 || (isRounded && apartMs < minuteMs);
}
