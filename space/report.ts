/** What a report says of Kisi and the rules, in sentences. */
import { groupsOf } from '../access/mapping.js';
import type { Instant } from '../access/types.js';
import type { Doing } from '../activities/judged.js';
import type { Difference, SpaceReport } from '../activities/report.js';
import { counted } from '../lib/words.js';
import type { Ground } from '../messages/to-leader.js';
import type { NexudusClient } from '../nexudus/client.js';
import { readReference } from '../nexudus/reference.js';
import { timeWords } from './times.js';

/** A report, with its instant and the part of the space that it is about. */
export interface TimedReport extends SpaceReport {
  at: Instant;
  /** Null: all locations. */
  locationId: number | null;
  /** The location in a sentence; empty: all of them. */
  place: string;
  /** Groups that pass types open. */
  mapped: ReadonlySet<number>;
  /** The time zone of all locations, or of the one; null: they have several. */
  zone: string | null;
}

/** The groups that pass types open by these rules. Throws NexudusError. */
export async function mappedGroups(
  nexudus: NexudusClient,
  { rules, timeZones }: Pick<Ground, 'rules' | 'timeZones'>,
): Promise<ReadonlySet<number>> {
  const { passTypes } = await readReference(nexudus, timeZones);
  return new Set(passTypes.flatMap((type) => groupsOf(type, rules)));
}

/** The numbers of a report, a sentence each. */
export function summaryLines(made: TimedReport): string[] {
  const { at, locationId, place, mapped, members, keys, requests, invitations, zone } = made;
  const { agreeing, disagreeing, otherGroups, ended } = keys;
  const lines = [
    `Latchkey and Kisi as of ${timeWords(at, zone)}: ${counted(members, 'member')}${place}, ${counted(mapped.size, 'group')} that pass types open.`,
    `${counted(agreeing + disagreeing, 'key')} compared, which the rules give or Kisi has: ${agreeing} agree, ${disagreeing} disagree.`,
    requests === 0
      ? 'Going live would write nothing to Kisi.'
      : `Going live takes ${counted(requests, 'request')} to Kisi, which mails ${counted(invitations, 'invitation')}.`,
    otherGroups === 0 ? null : `Left out: ${counted(otherGroups, 'key')} to groups that no pass type opens.`,
    ended === 0
      ? null
      : `Left out: ${counted(ended, 'key')} that no rule gives, and that ended by themselves.`,
    locationId === null
      ? null
      : 'Left out: Kisi users without a coworker in Nexudus, since they belong to no location.',
  ];
  return lines.filter((line) => line !== null);
}

/** What differs, in plain words. */
export function whatOf({ kind, cause, findings: { length: n } }: Difference): string {
  switch (kind) {
    case 'missing':
      return `${counted(n, 'key')} that the rules give ${n === 1 ? 'is' : 'are'} missing in Kisi.`;
    case 'endsTooEarly':
      return `${counted(n, 'key')} ${n === 1 ? 'ends' : 'end'} too early in Kisi: the rules want access for longer.`;
    case 'unwarranted':
      return `${counted(n, 'key')} that no rule gives, because of ${causes[cause ?? 'noPass']}.`;
    case 'unknownPerson':
      return `${counted(n, 'key')} of Kisi users whose e-mail belongs to no coworker in Nexudus.`;
    case 'endsLater':
      return `${counted(n, 'key')} that ${n === 1 ? 'ends' : 'end'} later in Kisi than access does, or never.`;
    case 'otherRole':
      return `${counted(n, 'higher role')} in a group than a key (group_basic).`;
    case 'unreadableEnd':
      return `${counted(n, 'key')} whose end in Kisi cannot be read.`;
    case 'neverEnds':
      return `${counted(n, 'key')} of those that agree would never end by themselves.`;
    case 'takenOver':
      return `${counted(n, 'key')} of those that agree ${n === 1 ? 'was' : 'were'} there before Latchkey, and ${n === 1 ? 'is' : 'are'} taken over.`;
    case 'notTakenOver':
      return `${counted(n, 'key')} of those that agree ${n === 1 ? 'is' : 'are'} of people with a higher role in Kisi, and not taken over.`;
    case 'cannotTell':
      return `${counted(n, 'member')} with records that cannot be judged.`;
  }
}

const causes: Record<NonNullable<Difference['cause']>, string> = {
  member: 'the member (suspended, archived, a company, without e-mail, or not in Nexudus any more)',
  uses: 'uses (the pass is used up)',
  expiry: 'expiry (the pass is past its end)',
  contract: 'the contract (to come, cancelled, paused or not found)',
  mapping: 'the mapping (the passes open other groups, or none)',
  exception: 'an exception (`latchkey block`)',
  noPass: 'no pass (none that opens the group; those used up more than two days ago are not read)',
};

/** What Latchkey does about it, and what is left to do. */
export function nextOf({ kind, does }: Difference): string {
  if (kind === 'endsLater' && does === 'moves') return 'Live, Latchkey moves the end forward.';
  return does === 'leaves' || kind === 'cannotTell' ? (leavings[kind] ?? '') : doings[does];
}

const doings: Record<Exclude<Doing, 'leaves'>, string> = {
  takesOver:
    'By the policy `existingKeys: adopt` Latchkey takes it over once live: it moves the end, and takes the key away with the access.',
  gives: 'Live, Latchkey gives it; Kisi mails nobody.',
  invites: 'Live, Latchkey gives it, and Kisi mails an invitation, since the person is new there.',
  moves: 'Live, Latchkey moves the end on.',
  takesAway: 'Latchkey gave it, and takes it away once live.',
  givesBack: 'Latchkey moved its end, and restores the former end once live.',
  resync: 'Somebody changed it in Kisi since Latchkey wrote it: `latchkey resync ID` restores it.',
  waits: 'Latchkey does not touch it for now, for the reason given.',
};

const leavings: Partial<Record<Difference['kind'], string>> = {
  notTakenOver:
    'Latchkey leaves it alone, even after the access ends, whatever `existingKeys` says. Set an end in Kisi if you do not want that.',
  unwarranted: 'Latchkey did not give it, and leaves it alone. Take away in Kisi what you do not want.',
  unknownPerson: 'Latchkey leaves it alone. Take it away in Kisi, or correct the e-mail on either side.',
  endsLater:
    'Latchkey did not give it, and leaves it alone, even after the access ends. Set an earlier end in Kisi if you do not want that.',
  otherRole: 'Opens the doors as a key does; Latchkey leaves it alone.',
  unreadableEnd:
    'Latchkey leaves it alone, since it may end at any time. Set its end anew in Kisi, or take it away there.',
  cannotTell:
    'Latchkey touches no key until the records can be read. If even the e-mail is unreadable, the Kisi user counts above as one without a coworker.',
  neverEnds:
    'Latchkey did not give it, and leaves it alone, even after the access ends. To have such keys end with the access, set the policy `existingKeys: adopt` before you go live. `latchkey report --json` lists them.',
};
