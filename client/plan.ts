import { createBaselineBook } from '../activities/baselines.js';
import { judge } from '../activities/membership.js';
import { previewOf, type PlanLine, type Preview } from '../activities/preview.js';
import { survey, type Survey, type Surveyed, type Unread } from '../activities/survey.js';
import { runningMembers } from '../activities/wake.js';
import { UnknownTimeZone } from '../access/calendar.js';
import { iso, type Instant, type Rules } from '../access/types.js';
import { CommandError } from './failure.js';
import { homeZone, instantAt, parseAt, type Typed } from './instant.js';
import { holdingsOf } from './members.js';
import { print, printJson } from './output.js';
import { withSession } from './session.js';
import { checkedSpace, kisiOf, nexudusOf, readConfig } from './space.js';
import { shortTime, table, type Cell } from './table.js';
import { memberIdFor, parseLocation, parseWho } from './who.js';

export interface PlanOptions {
  /** Only members of this location, by its id. */
  location?: string;
  /** A file to stand in for latchkey.yaml. */
  config?: string;
  /** ISO 8601, with a zone or in the location's. */
  at?: string;
  json?: boolean;
}

/** What would be done, for whom, and what it costs. */
interface Plan {
  at: Instant;
  people: Preview[];
  unread: Unread[];
}

/**
 * `latchkey plan`: who would gain or lose which key, why, and how many requests to Kisi it takes. Reads only. Throws
 * CommandError where an argument is wrong or no worker answers.
 */
export async function plan(id: string | undefined, options: PlanOptions): Promise<void> {
  const who = id === undefined ? null : parseWho(id);
  const typed = options.at === undefined ? null : parseAt(options.at);
  const locationId = options.location === undefined ? null : parseLocation(options.location);
  const config = readConfig(options.config);
  const nexudus = nexudusOf(config);
  const kisi = kisiOf(config);
  const { rules, timeZones, groups } = await checkedSpace(config, nexudus, kisi);
  if (locationId !== null && (await nexudus.getOne('businesses', locationId)) === null) {
    throw new CommandError('Nexudus has no location with this id', 2);
  }
  const memberId = who === null ? null : await memberIdFor(who, nexudus);
  const surveyed = await withSession(config, async ({ client }) => {
    const baselines = createBaselineBook(client, Date.now);
    const deps = {
      nexudus,
      kisi,
      timeZones,
      baselines: () => baselines.read(),
      running: () => runningMembers(client),
      holdingsOf: (ids: readonly number[]) => holdingsOf(client, ids),
      now: Date.now,
    };
    return survey(deps, memberId === null ? null : [memberId]);
  });
  if (memberId !== null && surveyed.people.every(isUnknown)) {
    throw new CommandError('Nexudus has no coworker with this id, and Latchkey knows none', 2);
  }
  const made = planOf(surveyed, rules, typed, locationId);
  const names = new Map(groups.map((group) => [group.id, group.name]));
  if (options.json === true) printJson(jsonOf(made, names));
  else print(words(made, names));
}

const isUnknown = ({ read, holdings }: Surveyed): boolean =>
  read.snapshot === null && holdings.ledger.length === 0;

/** The plan for those of the location, or for all. */
function planOf(
  { people, unread }: Survey,
  rules: Rules,
  typed: Typed | null,
  locationId: number | null,
): Plan {
  const now = Date.now();
  const previews: Preview[] = [];
  const untold = [...unread];
  for (const one of people) {
    const at = typed === null ? now : instantAt(typed, homeZone(one.read.snapshot));
    const preview = previewAt(one, rules, at);
    if ('why' in preview) untold.push(preview);
    else if (locationId === null || preview.locationId === locationId) previews.push(preview);
  }
  return { at: typed !== null && 'at' in typed ? typed.at : now, people: previews, unread: untold };
}

function previewAt(
  { memberId, read, holdings, kisi }: Surveyed,
  rules: Rules,
  at: Instant,
): Preview | Unread {
  try {
    const assessment = judge(read, { memberId, held: holdings.ledger }, rules, at);
    return previewOf({ memberId, holdings, assessment, kisi, now: at });
  } catch (error) {
    if (error instanceof UnknownTimeZone) return { memberId, why: error.message };
    throw error;
  }
}

const doing: Record<PlanLine['does'], string> = {
  grant: 'gains',
  adopt: 'keeps',
  move: 'moves on',
  giveBack: 'gives back',
  revoke: 'loses',
};

/** A group with its name, as people know it. */
function groupWords(groupId: number, names: ReadonlyMap<number, string>): string {
  const name = names.get(groupId);
  return name === undefined ? String(groupId) : `${groupId} (${name})`;
}

function words({ at, people, unread }: Plan, names: ReadonlyMap<number, string>): string {
  const changes = people.flatMap(({ lines }) => lines).filter(({ does }) => does !== 'move');
  const rows = changes.map(({ memberId, does, groupId, until, why, requests }): Cell[] => [
    memberId,
    doing[does],
    groupWords(groupId, names),
    does === 'revoke' ? null : until === null ? 'no end known' : shortTime(until),
    requests,
    why,
  ]);
  const kept = people.flatMap(({ memberId, kept }) =>
    kept.map(
      ({ groupId, why }) => `Member ${memberId} keeps group ${groupWords(groupId, names)} for now: ${why}`,
    ),
  );
  const parts = [
    rows.length === 0 ? null : table(['member', '', 'group', 'until', 'requests', 'why'], rows),
    ...kept,
    ...unread.map(({ memberId, why }) => `Member ${memberId} cannot be told: ${why}`),
    summaryOf(people, at),
  ];
  return parts.filter((part) => part !== null).join('\n\n');
}

function summaryOf(people: readonly Preview[], at: Instant): string {
  const { gain, lose, move, create, requests } = totalsOf(people);
  if (requests === 0)
    return `As of ${shortTime(at) ?? ''} nothing would change for ${people.length} members.`;
  const seconds = Math.ceil(requests / requestsPerSecond);
  return [
    `As of ${shortTime(at) ?? ''}, of ${people.length} members: ${gain} would gain keys, ${lose} would lose keys.`,
    `${create} are new to Kisi, which mails each an invitation. ${move} keys only have their own end moved on.`,
    `It takes ${requests} requests to Kisi, at least ${seconds} s.`,
  ].join('\n');
}

/** What Kisi allows. */
const requestsPerSecond = 5;

interface Totals {
  /** Members. */
  gain: number;
  lose: number;
  /** Members who are new to Kisi. */
  create: number;
  /** Keys. */
  move: number;
  requests: number;
}

function totalsOf(people: readonly Preview[]): Totals {
  const having = (does: PlanLine['does']): number =>
    people.filter(({ lines }) => lines.some((line) => line.does === does)).length;
  return {
    gain: having('grant'),
    lose: having('revoke'),
    create: people.filter(({ newUser }) => newUser).length,
    move: people.flatMap(({ lines }) => lines).filter(({ does }) => does === 'move').length,
    requests: people.reduce((sum, one) => sum + one.requests, 0),
  };
}

/** As `--json` prints it: times as ISO 8601 in UTC. */
function jsonOf({ at, people, unread }: Plan, names: ReadonlyMap<number, string>): object {
  const isoOf = (time: Instant | null): string | null => (time === null ? null : iso(time));
  return {
    at: iso(at),
    members: people.length,
    totals: totalsOf(people),
    lines: people.flatMap(({ lines }) =>
      lines.map((line) => ({
        ...line,
        groupName: names.get(line.groupId) ?? null,
        before: isoOf(line.before),
        after: isoOf(line.after),
        until: isoOf(line.until),
      })),
    ),
    newToKisi: people.filter(({ newUser }) => newUser).map(({ memberId }) => memberId),
    kept: people.flatMap(({ memberId, kept }) => kept.map((hold) => ({ memberId, ...hold }))),
    unread,
  };
}
