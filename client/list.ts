import type { AccessState, MemberView } from '../workflows/messages.js';
import { CommandError } from './failure.js';
import { listMembers, viewMember, type MemberFilters, type MemberRow } from './members.js';
import { print, printJson, remark } from './output.js';
import { withSession } from './session.js';
import { nexudusOf, readConfig } from './space.js';
import { shortTime, table, type Cell } from './table.js';
import { memberIdFor, parseLocation, parseWho } from './who.js';

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
  const rows = await withSession(readConfig(), ({ client }) => listMembers(client, filters));
  if (rows.some((row) => row.view === null)) {
    remark('some members did not answer (is `latchkey worker` running?): their keys are not shown');
  }
  if (options.json === true) printJson(rows);
  else if (rows.length === 0) remark('no members');
  else print(table(headings, rows.map(cellsOf)));
}

/** `latchkey show`: one member's workflow in plain words. */
export async function show(id: string, { json = false }: { json?: boolean }): Promise<void> {
  const who = parseWho(id);
  const config = readConfig();
  const row = await withSession(config, async ({ client }) =>
    viewMember(client, await memberIdFor(who, nexudusOf(config))),
  );
  if (row === null) {
    throw new CommandError(
      'Latchkey does not know this member: without a pass or contract there is nothing to watch. ' +
        '`latchkey explain ID` says what the rules make of it, `latchkey resync ID` has it looked at now',
    );
  }
  if (row.view === null) remark('no worker answered (is `latchkey worker` running?): the keys are not shown');
  if (json) printJson(row);
  else print(row.view === null ? bareWords(row) : viewWords(row.view));
}

const headings = ['member', 'state', 'groups', 'until', 'next change', 'location', 'problem'];

function cellsOf({ memberId, state, problem, locationId, nextChangeAt, view }: MemberRow): Cell[] {
  const next = view === null ? nextChangeAt : (view.nextChange?.at ?? null);
  const groups = view === null ? '?' : view.keys.map((key) => key.groupId).join(', ') || null;
  const until = view === null ? '?' : soonestEnd(view);
  return [memberId, view?.state ?? state, groups, until, shortTime(next), locationId, problem];
}

/** When the first of the keys ends. */
function soonestEnd({ keys }: MemberView): string | null {
  const ends = keys.map((key) => key.until).filter((until) => until !== null);
  if (ends.length > 0) return shortTime(ends.sort()[0] ?? null);
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

const states: Record<AccessState, string> = {
  new: 'has not been looked at yet',
  access: 'has access',
  noAccess: 'has no access',
  otherProfile: 'leaves the keys to another profile with the same e-mail',
  ended: 'has ended: there is nothing left to watch',
};

/** One member's view as text. */
export function viewWords(view: MemberView): string {
  const lines = [`Member ${view.memberId} ${states[view.state]}.`];
  if (view.state !== 'access' && view.standing !== '') lines.push(view.standing);
  for (const key of view.keys) {
    const end = key.until === null ? 'no end known' : `until ${shortTime(key.until) ?? ''}`;
    lines.push('', `Key to group ${key.groupId}, ${end}.`, `  Why: ${key.because}.`);
    if (key.givenByHand) lines.push('  Given by hand: Latchkey never takes it away.');
    lines.push(`  The door closes by itself: ${shortTime(key.doorClosesAt) ?? 'never'}.`);
  }
  const { nextChange, waitingFor, lastError, lastCheckedAt } = view;
  lines.push(
    '',
    nextChange === null
      ? 'Next change: none known.'
      : `Next change: ${shortTime(nextChange.at) ?? ''}, ${nextChange.what}.`,
  );
  if (waitingFor !== null) {
    lines.push(`Waiting since ${shortTime(waitingFor.since) ?? ''}: ${waitingFor.what}`);
    lines.push(`  Goes on ${waitingFor.wakes}.`);
  }
  if (lastError !== null && lastError !== waitingFor?.what) lines.push(`Last error: ${lastError}`);
  lines.push(`Last checked: ${shortTime(lastCheckedAt) ?? 'never'}.`);
  return lines.join('\n');
}

function bareWords({ memberId, state, problem, nextChangeAt }: MemberRow): string {
  return [
    `Member ${memberId}: state ${state ?? 'unknown'}, problem ${problem ?? 'none'}.`,
    `Next change: ${shortTime(nextChangeAt) ?? 'none known'}.`,
  ].join('\n');
}
