import { readConfig } from '../../space/settings.js';
import type { AccessState, MemberView } from '../../messages/to-member.js';
import { CommandError } from '../../space/failure.js';
import { listMembers, type MemberFilters, type MemberRow } from '../../space/member-workflows.js';
import { withProgress } from '../../space/progress.js';
import { print, printJson } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { withSession } from '../../space/session.js';
import { kisiOf } from '../../space/apis.js';
import { groupNames, idsWords, idWords, locationNamesIfAny, type Names } from '../../space/names.js';
import { readZones, zoneOf, type Zones } from '../../space/zones.js';
import { table, type Cell } from '../terminal/table.js';
import { endWords } from '../../space/times.js';
import { parseLocation } from '../../space/who.js';

/** The options of `latchkey members` as typed. */
export interface MembersOptions {
  state?: AccessState;
  /** True: any problem. */
  problem?: string | true;
  location?: string;
  json?: boolean;
}

/** `latchkey members`: everyone who has a workflow, and how things stand. */
export async function members(options: MembersOptions): Promise<void> {
  const filters = filtersOf(options);
  const config = readConfig();
  const { rows, zones } = await withSession(config, async ({ client }) => ({
    rows: await withProgress('Asking every member', () => listMembers(client, filters)),
    zones: await readZones(client),
  }));
  if (rows.some((row) => row.view === null)) {
    remark('some members did not answer (is `latchkey worker` running?): their keys are not shown');
  }
  if (options.json === true) printJson(rows);
  else if (rows.length === 0) remark('no members');
  else {
    const [groups, places] = await Promise.all([groupNames({ kisi: kisiOf(config) }), locationNamesIfAny()]);
    const cells = rows.map((row) => cellsOf(row, { groups, places }, zones));
    print(table(headings, cells));
  }
}

const headings = ['member', 'state', 'until', 'next change', 'location', 'problem', 'groups'];

function cellsOf(
  { memberId, state, problem, locationId, nextChangeAt, view }: MemberRow,
  names: { groups: Names; places: Names },
  zones: Zones,
): Cell[] {
  const zone = zoneOf(zones, locationId);
  const next = view === null ? nextChangeAt : (view.nextChange?.at ?? null);
  const held = view?.keys.map(({ groupId }) => groupId);
  const groups = held === undefined ? '?' : idsWords(held, names.groups);
  const until = view === null ? '?' : soonestEnd(view, zone);
  const nextWords = next === null ? null : endWords(next, zone);
  const place = locationId === null ? null : idWords(locationId, names.places);
  return [memberId, view?.state ?? state, until, nextWords, place, problem, groups];
}

/** When the first of the keys ends. */
function soonestEnd({ keys }: MemberView, zone: string | null): string | null {
  const [first] = keys
    .map((key) => key.until)
    .filter((until) => until !== null)
    .sort();
  if (first !== undefined) return endWords(first, zone);
  return keys.length > 0 ? 'no end known' : null;
}

function filtersOf({ state, problem, location }: MembersOptions): MemberFilters {
  // Both end up in a query's text.
  if (typeof problem === 'string' && !/^[A-Za-z]{1,40}$/.test(problem)) {
    throw new CommandError('--problem takes one word, as shown in the column "problem"', 2);
  }
  return {
    ...(state === undefined ? {} : { state }),
    ...(problem === undefined ? {} : { problem: problem === true ? 'any' : problem }),
    ...(location === undefined ? {} : { locationId: parseLocation(location) }),
  };
}
