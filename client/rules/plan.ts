import type { PlanLine } from '../../messages/to-plan.js';
import { digestOfRules } from '../../activities/membership.js';
import { linesOf, type Preview } from '../../activities/preview.js';
import { iso, type Instant } from '../../access/types.js';
import { CommandError } from '../../space/failure.js';
import { parseAt, type Typed } from '../../space/typed-times.js';
import { print, printJson } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { planFileOf, writePlanFile } from './plan-file.js';
import {
  checkLocation,
  otherRules,
  planOf,
  secondsFor,
  spaceIdOf,
  surveyScope,
  type Plan,
} from '../../space/planning.js';
import { groupNames, idWords, type Names } from '../../space/names.js';
import { openSpace, rulesJson, type Space } from '../../space/rules-in-force.js';
import type { SurveyBy } from '../../space/survey.js';
import { readSecret } from '../../space/secret.js';
import { endWords, timeWords, withLocalTimes } from '../../space/times.js';
import { spaceZone, zoneOf, type Zones } from '../../space/zones.js';
import { table, type Cell } from '../terminal/table.js';
import { joined } from '../../lib/words.js';
import { memberIdFor, parseLocation, parseWho } from '../../space/who.js';

export interface PlanOptions {
  /** Only members of this location, by its id. */
  location?: string;
  /** A file whose rules are used instead of those in force. */
  config?: string;
  /** ISO 8601, with a zone or in the location's. */
  at?: string;
  /** A file to keep the plan in, for `latchkey apply`. */
  out?: string;
  json?: boolean;
}

/**
 * `latchkey plan`: who would gain or lose which key, why, and how many requests to Kisi it takes. Reads only. Throws
 * CommandError where an argument is wrong or no worker answers.
 */
export async function plan(id: string | undefined, options: PlanOptions): Promise<void> {
  const who = id === undefined ? null : parseWho(id);
  const typed = options.at === undefined ? null : parseAt(options.at);
  const locationId = options.location === undefined ? null : parseLocation(options.location);
  if (options.out !== undefined && typed !== null) {
    throw new CommandError('a plan for another time cannot be applied: leave out --at or --out', 2);
  }
  const space = await openSpace({ file: options.config });
  const { nexudus, ground } = space;
  await checkLocation(space, locationId);
  const scope = { memberId: who === null ? null : await memberIdFor(who, nexudus), locationId };
  const surveyed = await surveyScope(space, ground.timeZones, scope);
  const made = planOf(surveyed, ground.rules, typed, locationId);
  const names = await groupNames(space);
  show(made, names, { space, typed, json: options.json ?? false });
  if (options.out === undefined) return;
  const { rules, timeZones } = ground;
  const about = { scope, rules, timeZones, space: await spaceIdOf(space) };
  const file = planFileOf(made, about, await readSecret(space.config));
  writePlanFile(options.out, file);
  const naming = otherRules(file, space).length === 0 ? '' : ` --by-rules ${digestOfRules(rules)}`;
  remark(`plan ${file.id} is in ${options.out}; \`latchkey apply ${options.out}${naming}\` does just this`);
}

/** The plan for all of a space that was looked at otherwise than now and by the settings. Throws as `plan` does. */
export async function planIn(space: Space, by: SurveyBy, json: boolean): Promise<void> {
  const { timeZones, rules } = space.ground;
  const surveyed = await surveyScope(space, timeZones, { memberId: null, locationId: null }, by);
  const made = planOf(surveyed, rules, null, null, space.now());
  show(made, await groupNames(space), { space, typed: null, json });
}

function show(
  made: Plan,
  names: Names,
  { space, typed, json }: { space: Space; typed: Typed | null; json: boolean },
): void {
  if (json) printJson({ ...jsonOf(made, names, typed), rules: rulesJson(space) });
  else print(words(made, names, typed, space.ground.knownZones));
}

/** What the plan does to a key, from the member's side. */
export const doing: Record<PlanLine['does'], string> = {
  grant: 'gains',
  adopt: 'keeps',
  move: 'moves on',
  giveBack: 'gives back',
  revoke: 'loses',
};

function words(
  { at, people, unread, assumesRenewals }: Plan,
  names: Names,
  typed: Typed | null,
  zones: Zones,
): string {
  const rows = people.flatMap((one) => {
    const zone = zoneOf(zones, one.locationId);
    const changes = linesOf([one]).filter(({ does }) => does !== 'move');
    return changes.map((line) => cellsOf(line, names, zone));
  });
  const parts = [
    rows.length === 0 ? null : table(['member', '', 'group', 'until', 'requests', 'why'], rows),
    ...keptOf(people).map(
      ({ memberId, groupId, why }) =>
        `Member ${memberId} keeps group ${idWords(groupId, names)} for now: ${why}`,
    ),
    ...unread.map(({ memberId, why }) => `The records of member ${memberId} cannot be judged: ${why}`),
    summaryOf(people, whenWords(at, typed, spaceZone(zones))),
    assumesRenewals ? renewalsAssumed : null,
  ];
  return parts.filter((part) => part !== null).join('\n\n');
}

/** The keys that stay for now although no rule gives them. */
function keptOf(people: readonly Preview[]): (Preview['kept'][number] & { memberId: number })[] {
  return people.flatMap(({ memberId, kept }) => kept.map((one) => ({ memberId, ...one })));
}

function cellsOf(
  { memberId, does, groupId, until, why, requests }: PlanLine,
  names: Names,
  zone: string | null,
): Cell[] {
  const end = until === null ? 'no end known' : endWords(until, zone);
  const group = idWords(groupId, names);
  return [memberId, doing[does], group, does === 'revoke' ? null : end, requests, withLocalTimes(why, zone)];
}

/** Said of every answer about a time to come. */
export const renewalsAssumed = 'It assumes that plans hand out their next passes until then.';

/** The time that the plan is about: now, an instant, or a clock time that each location has at an instant of its own. */
function whenWords(at: Instant, typed: Typed | null, zone: string | null): string {
  if (typed === null) return `As of ${timeWords(at, zone)}`;
  return 'at' in typed ? `At ${timeWords(at, zone)}` : `At ${typed.local} in each location’s own zone`;
}

function summaryOf(people: readonly Preview[], when: string): string {
  const { gain, lose, move, create, requests } = totalsOf(people);
  if (requests === 0) return `${when} nothing would change for ${people.length} members.`;
  return joined(
    `${when}, of ${people.length} members: ${gain} would gain keys, ${lose} would lose keys.`,
    create === 0 ? null : `New to Kisi, which mails each an invitation: ${create}.`,
    move === 0 ? null : `Keys that only have their own end moved on: ${move}.`,
    `It takes ${requests} requests to Kisi, at least ${secondsFor(requests)} s.`,
  );
}

type Total = 'gain' | 'lose' | 'create' | 'move' | 'requests';

/** `gain`, `lose`: members. `create`: members who are new to Kisi. `move`: keys. */
function totalsOf(people: readonly Preview[]): Record<Total, number> {
  const having = (does: PlanLine['does']): number =>
    people.filter(({ changes }) => changes.some(({ line }) => line.does === does)).length;
  return {
    gain: having('grant'),
    lose: having('revoke'),
    create: people.filter(({ newUser }) => newUser).length,
    move: linesOf(people).filter(({ does }) => does === 'move').length,
    requests: people.reduce((sum, one) => sum + one.requests, 0),
  };
}

/** As `--json` prints it: times as ISO 8601 in UTC, but for one that was typed without a zone. */
function jsonOf({ at, people, unread, assumesRenewals }: Plan, names: Names, typed: Typed | null): object {
  const isoOf = (time: Instant | null): string | null => (time === null ? null : iso(time));
  return {
    at: typed !== null && 'local' in typed ? typed.local : iso(at),
    assumesRenewals,
    members: people.length,
    totals: totalsOf(people),
    lines: linesOf(people).map((line) => ({
      ...line,
      groupName: names.get(line.groupId) ?? null,
      before: isoOf(line.before),
      after: isoOf(line.after),
      until: isoOf(line.until),
    })),
    newToKisi: people.filter(({ newUser }) => newUser).map(({ memberId }) => memberId),
    kept: keptOf(people),
    unread,
  };
}
