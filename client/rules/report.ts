import { reportOn, type Difference, type Finding } from '../../activities/report.js';
import { iso } from '../../access/types.js';
import type { FindingView } from '../../messages/to-drift.js';
import { contested } from '../../space/drift.js';
import { print, printJson } from '../terminal/output.js';
import { checkLocation } from '../../space/planning.js';
import { groupNames, idWords, locationNames, type Names } from '../../space/names.js';
import { mappedGroups, nextOf, summaryLines, whatOf, type TimedReport } from '../../space/report.js';
import { openSpace, rulesJson } from '../../space/rules-in-force.js';
import { withSession } from '../../space/session.js';
import { surveySpace } from '../../space/survey.js';
import { timeWords, withLocalTimes } from '../../space/times.js';
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
interface Report extends TimedReport {
  /** Keys that somebody else changes back, by the last comparison. */
  contested: readonly FindingView[];
  names: Names;
}

/**
 * `latchkey report`: where Kisi differs from what the rules say, by cause, and what Latchkey does about it. Reads only. Throws
 * CommandError where an argument is wrong or no worker answers.
 */
export async function report({ location, config: file, json = false }: ReportOptions): Promise<void> {
  const locationId = location === undefined ? null : parseLocation(location);
  const space = await openSpace({ file });
  const { config, nexudus, kisi, ground } = space;
  const { rules, timeZones } = ground;
  await checkLocation(space, locationId);
  const surveyed = await surveySpace(config, { nexudus, kisi, timeZones }, null);
  const names = await groupNames(space);
  const mapped = await mappedGroups(nexudus, ground);
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

function words(made: Report): string {
  return [
    summaryLines(made)
      .map((line) => wrapped(line))
      .join('\n'),
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

/** A headline, what Latchkey does about it, and below that a line for each key, with why. */
function differenceWords(difference: Difference, report: Report): string {
  const { kind, findings } = difference;
  const headline = [whatOf(difference), nextOf(difference)].map((text) => wrapped(text)).join('\n');
  // These keys agree, and may be most of all keys.
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
    return why === null ? [row] : [row, wrapped(withLocalTimes(why, report.zone), '      ')];
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
