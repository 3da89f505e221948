import type { Doing } from '../../activities/judged.js';
import { reportOn, type Difference, type Finding, type SpaceReport } from '../../activities/report.js';
import { groupsOf } from '../../access/mapping.js';
import { iso, type Instant } from '../../access/types.js';
import { readReference } from '../../nexudus/reference.js';
import type { FindingView } from '../../messages/to-drift.js';
import { contested } from '../../space/drift.js';
import { print, printJson } from '../terminal/output.js';
import { checkLocation } from './planning.js';
import { groupNames, idWords, locationNames, type Names } from '../../space/names.js';
import { openSpace, rulesJson, type Space } from '../../space/rules-in-force.js';
import { withSession } from '../../space/session.js';
import { surveySpace } from '../../space/survey.js';
import { timeWords } from '../../space/times.js';
import { zoneOf } from '../../space/zones.js';
import { table, wrapped, type Cell } from '../terminal/table.js';
import { counted } from '../../lib/words.js';
import { parseLocation } from '../../space/who.js';

export interface ReportOptions {
  /** Only members of this location, by its id. */
  location?: string;
  /** A file whose rules are used instead of those in force. */
  config?: string;
  json?: boolean;
}

/** What is printed, in either form. */
interface Report extends SpaceReport {
  at: Instant;
  locationId: number | null;
  /** The location in a sentence; empty: all of them. */
  place: string;
  /** Groups that pass types open. */
  mapped: ReadonlySet<number>;
  /** What another hand undid twice, by the last comparison. */
  contested: readonly FindingView[];
  names: Names;
  /** Of all locations, or of the one; null: they have several. */
  zone: string | null;
}

/**
 * `latchkey report`: where what Kisi holds differs from what the rules say, by why, and what Latchkey does about it.
 * Reads only. Throws CommandError where an argument is wrong or no worker answers.
 */
export async function report({ location, config: file, json = false }: ReportOptions): Promise<void> {
  const locationId = location === undefined ? null : parseLocation(location);
  const space = await openSpace({ file });
  const { config, nexudus, kisi, ground } = space;
  const { rules, timeZones } = ground;
  await checkLocation(space, locationId);
  const surveyed = await surveySpace(config, { nexudus, kisi, timeZones }, null);
  const names = await groupNames(space);
  const mapped = await mappedGroups(space);
  const at = Date.now();
  const apiUserId = ground.settings.apiUser === 'latchkeyOnly' ? (await kisi.currentUser()).id : null;
  const compared = reportOn(surveyed, { rules, mapped, locationId, now: at, apiUserId });
  const made: Report = {
    ...compared,
    ...{ at, mapped, names, locationId },
    contested: await withSession(config, ({ client }) => contested(client)),
    zone: zoneOf(ground.knownZones, locationId),
    place: locationId === null ? '' : ` of location ${idWords(locationId, await locationNames(space))}`,
  };
  if (json) printJson({ ...jsonOf(made), rules: rulesJson(space) });
  else print(words(made));
}

/** The groups that pass types open by these rules. */
async function mappedGroups({ nexudus, ground }: Space): Promise<ReadonlySet<number>> {
  const { passTypes } = await readReference(nexudus, ground.timeZones);
  return new Set(passTypes.flatMap((type) => groupsOf(type, ground.rules)));
}

function words(made: Report): string {
  return [
    summaryOf(made),
    ...(made.contested.length === 0 ? [] : [contestWords(made)]),
    ...made.differences.map((one) => differenceWords(one, made)),
  ].join('\n\n');
}

function contestWords({ contested: contests, names }: Report): string {
  const lines = contests.map(({ id, memberId, kisiUserId, groupId, doing }) => {
    const whose = memberId === null ? `Kisi user ${kisiUserId ?? ''}` : `member ${memberId}`;
    return wrapped(
      `finding ${id}, ${whose}, group ${groupId === null ? '' : idWords(groupId, names)}: ${doing}`,
      '  ',
    );
  });
  const n = contests.length;
  return [
    `${counted(n, 'key')} that somebody else changes back, so Latchkey leaves them alone:`,
    ...lines,
  ].join('\n');
}

function summaryOf(made: Report): string {
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
  return lines
    .filter((line) => line !== null)
    .map((line) => wrapped(line))
    .join('\n');
}

/** A headline, what comes of it, and below it a line for each key, with why. */
function differenceWords(difference: Difference, report: Report): string {
  const { kind, findings } = difference;
  const headline = [whatOf(difference), nextOf(difference)].map((text) => wrapped(text)).join('\n');
  // They agree, and may be most of the keys.
  if (kind === 'neverEnds') return headline;
  const shown = columns.filter(({ of }) => findings.some((finding) => of(finding, report) !== null));
  const [headings = '', ...rows] = table(
    shown.map(({ heading }) => heading),
    findings.map((finding) => shown.map(({ of }) => of(finding, report))),
    Infinity,
  )
    .split('\n')
    .map((line) => `  ${line}`);
  const lines = rows.flatMap((row, index) => {
    const why = findings[index]?.why ?? null;
    return why === null ? [row] : [row, wrapped(why, '      ')];
  });
  return [headline, headings, ...lines].join('\n');
}

const columns: { heading: string; of: (finding: Finding, report: Pick<Report, 'names' | 'zone'>) => Cell }[] =
  [
    { heading: 'member', of: ({ memberId }) => memberId },
    { heading: 'Kisi user', of: ({ userId }) => userId },
    {
      heading: 'group',
      of: ({ groupId }, { names }) => (groupId === null ? null : idWords(groupId, names)),
    },
    {
      heading: 'ends in Kisi',
      of({ kind, ends }, { zone }) {
        if (kind === 'missing' || kind === 'cannotTell' || kind === 'unreadableEnd') return null;
        return ends === null ? 'never' : timeWords(ends, zone);
      },
    },
  ];

/** What differs, in plain words. */
function whatOf({ kind, cause, findings: { length: n } }: Difference): string {
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
function nextOf({ kind, does }: Difference): string {
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

/** As `--json` prints it: times as ISO 8601 in UTC. */
function jsonOf(report: Report): object {
  const { at, locationId, mapped, names, differences, keys, members, requests, invitations } = report;
  return {
    at: iso(at),
    locationId,
    mappedGroups: mapped.size,
    ...{ members, requests, invitations, contested: report.contested },
    keys: { compared: keys.agreeing + keys.disagreeing, ...keys },
    differences: differences.map((difference) => ({
      ...{ kind: difference.kind, cause: difference.cause, does: difference.does },
      count: difference.findings.length,
      says: whatOf(difference),
      next: nextOf(difference),
      findings: difference.findings.map(({ memberId, userId, groupId, ends, why }) => ({
        ...{ memberId, userId, groupId, why },
        groupName: groupId === null ? null : (names.get(groupId) ?? null),
        ends: ends === null ? null : iso(ends),
      })),
    })),
  };
}
