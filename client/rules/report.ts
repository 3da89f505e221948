import type { Doing } from '../../activities/judged.js';
import { reportOn, type Difference, type Finding, type SpaceReport } from '../../activities/report.js';
import { groupsOf } from '../../access/mapping.js';
import { iso, type Instant } from '../../access/types.js';
import { readReference } from '../../nexudus/reference.js';
import type { FindingView } from '../../messages/to-drift.js';
import { contested } from '../checks/drift.js';
import { print, printJson } from '../terminal/output.js';
import { checkLocation } from './planning.js';
import { groupNames, groupWords, type GroupNames } from '../space/groups.js';
import { openSpace, rulesJson, type Space } from '../space/rules-in-force.js';
import { withSession } from '../space/session.js';
import { surveySpace } from '../space/survey.js';
import { timeWords } from '../terminal/times.js';
import { zoneOf } from '../space/zones.js';
import { table, wrapped, type Cell } from '../terminal/table.js';
import { parseLocation } from '../space/who.js';

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
  /** Groups that pass types open. */
  mapped: ReadonlySet<number>;
  /** What another hand undid twice, by the last comparison. */
  contested: readonly FindingView[];
  names: GroupNames;
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
  const contests = await withSession(config, ({ client }) => contested(client));
  const made: Report = {
    ...compared,
    at,
    locationId,
    mapped,
    contested: contests,
    names,
    zone: zoneOf(ground.knownZones, locationId),
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
      `finding ${id}, ${whose}, group ${groupId === null ? '' : groupWords(groupId, names)}: ${doing}`,
      '  ',
    );
  });
  const n = contests.length;
  return [`${counted(n, 'key')} that somebody else changes back, so Latchkey stopped:`, ...lines].join('\n');
}

function summaryOf(made: Report): string {
  const { at, locationId, mapped, members, keys, requests, invitations, zone } = made;
  const where = locationId === null ? '' : ` of location ${locationId}`;
  const { agreeing, disagreeing, otherGroups, ended } = keys;
  const lines = [
    `Latchkey and Kisi as of ${timeWords(at, zone)}: ${counted(members, 'member')}${where}, ${counted(mapped.size, 'group')} that pass types open.`,
    `${counted(agreeing + disagreeing, 'key')} compared, which the rules give or Kisi has: ${agreeing} agree, ${disagreeing} disagree.`,
    requests === 0
      ? 'Going live would write nothing to Kisi.'
      : `Going live takes ${counted(requests, 'request')} to Kisi, which mails ${counted(invitations, 'invitation')}.`,
    otherGroups === 0 ? null : `Left out: ${counted(otherGroups, 'key')} to groups that no pass type opens.`,
    ended === 0
      ? null
      : `Left out: ${counted(ended, 'key')} that no rule gives and that ended by themselves.`,
    locationId === null
      ? null
      : 'Left out: Kisi users whom no coworker is, since they belong to no location.',
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
      of: ({ groupId }, { names }) => (groupId === null ? null : groupWords(groupId, names)),
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
      return `${counted(n, 'key')} of Kisi users whose e-mail no coworker in Nexudus has.`;
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
      return `${counted(n, 'member')} of whom nothing can be told.`;
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
  if (kind === 'cannotTell')
    return 'No key is touched until this is mended. Where not even the e-mail could be read, the Kisi user counts as nobody’s above.';
  if (kind === 'endsLater' && does === 'moves') return 'Live, Latchkey moves the end forward.';
  return does === 'leaves' ? leavings[kind] : doings[does];
}

const doings: Record<Exclude<Doing, 'leaves'>, string> = {
  takesOver:
    'By the policy `existingKeys: adopt` it is Latchkey’s own once it is live: its end is moved, and it goes with the access.',
  gives: 'Live, Latchkey gives what is missing, and nobody is mailed.',
  invites: 'Live, Latchkey gives what is missing, and Kisi mails an invitation: the person is new there.',
  moves: 'Live, Latchkey moves the end on.',
  takesAway: 'Given by Latchkey, and taken away once it is live.',
  givesBack: 'Moved on by Latchkey, and given back its own end once Latchkey is live.',
  resync: 'Changed in Kisi since Latchkey wrote it: `latchkey resync ID` mends it.',
  waits: 'Not touched for now, for the reason given.',
};

const leavings: Record<Exclude<Difference['kind'], 'cannotTell'>, string> = {
  takenOver: '',
  notTakenOver:
    'Left alone, after the access too, whatever `existingKeys` says. Where that is not meant, set an end in Kisi.',
  missing: '',
  endsTooEarly: '',
  unwarranted:
    'Not given by Latchkey, so left alone until somebody decides: take away in Kisi what is not meant.',
  unknownPerson:
    'Left alone. Take away in Kisi what nobody answers for, or correct the e-mail on either side.',
  endsLater:
    'Not given by Latchkey, so left alone, after the access too. Where that is not meant, set an earlier end in Kisi.',
  otherRole: 'Opens the doors as a key does, and is left alone.',
  unreadableEnd: 'Left alone, since it may end at any time: set its end anew in Kisi, or take it away there.',
  neverEnds:
    'Not given by Latchkey, so left alone, after the access too. To have them end with the access, set the policy `existingKeys: adopt` before going live. `latchkey report --json` lists them.',
};

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** As `--json` prints it: times as ISO 8601 in UTC. */
function jsonOf(report: Report): object {
  const { at, locationId, mapped, names, differences, keys, members, requests, invitations, contested } =
    report;
  return {
    at: iso(at),
    locationId,
    mappedGroups: mapped.size,
    ...{ members, requests, invitations, contested },
    keys: { compared: keys.agreeing + keys.disagreeing, ...keys },
    differences: differences.map((difference) => ({
      kind: difference.kind,
      cause: difference.cause,
      does: difference.does,
      count: difference.findings.length,
      says: whatOf(difference),
      next: nextOf(difference),
      findings: difference.findings.map(({ memberId, userId, groupId, ends, why }) => ({
        memberId,
        userId,
        groupId,
        groupName: groupId === null ? null : (names.get(groupId) ?? null),
        ends: ends === null ? null : iso(ends),
        why,
      })),
    })),
  };
}
