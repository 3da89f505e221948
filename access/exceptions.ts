import { iso, type Exception, type Instant, type NextChange, type Snapshot, type Verdict } from './types.js';

/** The exceptions that concern a person now or later. A person is every profile that shares the e-mail. */
export function exceptionsOf(
  { profiles }: Pick<Snapshot, 'profiles'>,
  exceptions: readonly Exception[],
  now: Instant,
): Exception[] {
  const isOne = (id: number): boolean => profiles.some(({ member }) => member.id === id);
  return exceptions.filter(({ memberId, until }) => until > now && isOne(memberId));
}

/** Whether a block takes this group away at `now`. */
export function blocksNow({ from, groupId }: Exception, group: number, now: Instant): boolean {
  return from <= now && (groupId === null || groupId === group);
}

/** 'exception 7 (allowed by gina)': how a key names what it stands on. */
export function labelOf({ id, kind, by }: Exception): string {
  return `exception ${id} (${done[kind]} by ${by})`;
}

/** What blocks a group at `now` for any of these profiles of one person, in words; null: nothing does. */
export function blockedBy(
  groupId: number,
  profileIds: readonly number[],
  exceptions: readonly Exception[],
  now: Instant,
): string | null {
  const block = exceptions.find(
    (one) =>
      one.kind === 'block' &&
      one.until > now &&
      profileIds.includes(one.memberId) &&
      blocksNow(one, groupId, now),
  );
  return block === undefined ? null : wordsOf(block);
}

/** The verdict of the block that takes a group away, of all verdicts on a person; undefined: no block does. */
export function blockOf(groupId: number, verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts.find(
    ({ rule, counts, groupIds }) => rule === 'exception' && !counts && groupIds.includes(groupId),
  );
}

/** When a block begins or ends. */
export function changeOfBlock({ id, groupId, from, until }: Exception, now: Instant): NextChange {
  const what = groupId === null ? 'every group' : `group ${groupId}`;
  return from > now
    ? { at: from, what: `exception ${id} begins to block ${what}` }
    : { at: until, what: `exception ${id} does not block ${what} any more` };
}

/** The order in words: who gave it, until when and why. */
export function wordsOf({ id, kind, until, by, reason }: Exception): string {
  return `exception ${id}: ${done[kind]} by ${by} until ${iso(until)}: ${reason}`;
}

const done: Record<Exception['kind'], string> = { allow: 'allowed', block: 'blocked' };
