/** What happened to one member, wherever it is known from, for the terminal and for the desk. */
import { expiryEnd } from '../access/calendar.js';
import type { Instant, Pass, Policies, Snapshot } from '../access/types.js';
import type { AuditRecord } from '../database/audit-records.js';

/** One thing that happened, wherever it is known from. */
export interface Event {
  at: Instant;
  kind: AuditRecord['kind'] | 'nexudus';
  what: string;
  groupId: number | null;
  why: string;
  by: string | null;
  answer: string | null;
}

/** What Nexudus tells of a member. */
export interface ToldByNexudus {
  /** Null: Nexudus tells nothing. */
  snapshot: Snapshot | null;
  /** Says when a pass expires that has a last day and no time. */
  lastDay: Policies['lastDay'];
}

/** All that is known to have happened to a member, oldest first. Pure. */
export function eventsOf(
  kept: readonly AuditRecord[],
  { snapshot, lastDay }: ToldByNexudus,
  now: Instant,
): Event[] {
  const events = [...kept.map(eventOf), ...(snapshot === null ? [] : eventsIn(snapshot, lastDay, now))];
  return events.sort((a, b) => a.at - b.at);
}

/** Why it happened, and what Kisi answered. */
export function reasonOf({ why, answer }: Event): string {
  return [why, answer === null ? '' : answerWords(answer)].filter((text) => text !== '').join('; Kisi: ');
}

/** Whether a key was not given since somebody else had given one: nothing went wrong, and that key stays. Pure. */
export function isLeftToHand({ kind, what, answer }: Pick<AuditRecord, 'kind' | 'what' | 'answer'>): boolean {
  return kind === 'write' && what === 'grant' && answer?.startsWith('byHand ') === true;
}

/** What Kisi answered, in plain words: 'key 7, which a person had given, ends later now'. Pure. */
export function answerWords(answer: string): string {
  return answer
    .replace(/^byHand key (\d+)$/, 'key $1 was there already, and Latchkey did not give it')
    .replace(/^extended key (\d+)$/, 'key $1, which a person had given, ends later now');
}

const states: Record<AuditRecord['state'], string> = {
  begun: ' (answer not known)',
  done: '',
  failed: ' (not made)',
};

function eventOf(record: AuditRecord): Event {
  const { at, kind, state, groupId, cause, by, answer } = record;
  const what = isLeftToHand(record) ? 'leave' : `${record.what}${states[state]}`;
  return { at, kind, what, groupId, why: cause, by, answer };
}

/** What the records in Nexudus say that happened. */
function eventsIn(snapshot: Snapshot, lastDay: Policies['lastDay'], now: Instant): Event[] {
  const happened = (at: Instant | null, what: string, why: string): Event[] =>
    at === null || at > now
      ? []
      : [{ at, kind: 'nexudus', what, groupId: null, why, by: null, answer: null }];
  return snapshot.profiles.flatMap(({ passes, contracts }) => [
    ...passes.flatMap((pass) => [
      ...happened(pass.usedAt, 'a pass is used', `CoworkerTimePass ${pass.id} UsedDate`),
      ...happened(endOf(pass, snapshot, lastDay), 'a pass expires', `CoworkerTimePass ${pass.id} ExpireDate`),
    ]),
    ...contracts.flatMap(({ id, planName, startsAt, cancelledAt }) => [
      ...happened(startsAt, `the plan ${planName} starts`, `CoworkerContract ${id} StartDate`),
      ...happened(cancelledAt, `the plan ${planName} ends`, `CoworkerContract ${id} CancellationDate`),
    ]),
  ]);
}

/** When a pass stops counting by its date; null: never. Where the location's zone is not known, the date is told as it is. */
function endOf(
  { expiresAt, locationId }: Pass,
  { locations }: Snapshot,
  lastDay: Policies['lastDay'],
): Instant | null {
  const location = locations.find(({ id }) => id === locationId);
  if (expiresAt === null || location === undefined || location.timeZone === null) return expiresAt;
  return expiryEnd(expiresAt, location, lastDay);
}
