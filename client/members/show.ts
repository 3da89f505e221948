import { keyRole } from '../../kisi/records.js';
import { mayExist, openDatabase } from '../../database/database.js';
import { AuditLogError } from '../../database/errors.js';
import { createOwnership } from '../../database/ownership.js';
import type { AccessState, MemberView } from '../../messages/to-member.js';
import { CommandError } from '../terminal/failure.js';
import { lookIntoKisi, type InKisi, type KeyInKisi } from './in-kisi.js';
import { listMembers, viewMember, type KnownMember, type MemberFilters, type MemberRow } from '../space/member-workflows.js';
import { print, printJson, remark } from '../terminal/output.js';
import { withSession } from '../space/session.js';
import { nexudusOf, readConfig } from '../space/apis.js';
import { shortTime, table, type Cell } from '../terminal/table.js';
import { memberIdFor, parseLocation, parseWho } from '../space/who.js';

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
  const memberId = await memberIdFor(who, nexudusOf(config));
  const row = await withSession(config, ({ client }) => viewMember(client, memberId));
  if (row === null) {
    throw new CommandError(
      'Latchkey does not know this member: without a pass or contract there is nothing to watch. ' +
        '`latchkey explain ID` says what the rules make of it, `latchkey resync ID` has it looked at now',
    );
  }
  if (row.view === null && row.closed === null)
    remark('no worker answered (is `latchkey worker` running?): why there are keys is not shown');
  const kisi = await lookIntoKisi(config, memberId, row.shown, (userId) =>
    recordedKeys(config.databaseUrl, userId),
  );
  if (typeof kisi === 'string') remark(`what Kisi holds cannot be told: ${kisi}`);
  if (json) printJson({ ...row, shown: undefined, kisi: typeof kisi === 'string' ? null : kisi });
  else print(memberWords(row, typeof kisi === 'string' ? null : kisi));
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

/** One member as text. `kisi` null: it is not known what Kisi holds. */
export function memberWords(row: KnownMember, kisi: InKisi | null): string {
  const { memberId, view, closed } = row;
  if (view !== null) return viewWords(view, kisi);
  const others = kisi === null ? [] : kisi.keys.map(keyInKisiWords);
  if (closed === null) return [bareWords(row), ...others].join('\n');
  return [
    `Nobody looks after member ${memberId} now: its workflow was closed (${closed}).`,
    `The next reconciliation starts it again where Nexudus or a key gives reason to; \`latchkey resync ${memberId}\` does so now.`,
    ...(kisi === null ? [] : [kisi.keys.length === 0 ? 'Kisi shows no key.' : 'Kisi shows:']),
    ...others,
  ].join('\n');
}

/** Whether the member can open doors, first of all by what Kisi shows. `kisi` null: that is not known. */
function headline(
  { memberId, state, keys, waitingFor, lastCheckedAt }: MemberView,
  kisi: InKisi | null,
): string {
  const who = `Member ${memberId}`;
  if (state === 'otherProfile' || state === 'ended') return `${who} ${states[state]}.`;
  if (state === 'new' && lastCheckedAt === null) {
    return waitingFor === null ? `${who} ${states.new}.` : `${who} could not be looked at yet.`;
  }
  if (kisi === null)
    return `${who} ${states[state === 'new' ? 'noAccess' : state]}, as far as Latchkey knows.`;
  if (kisi.isSuspended)
    return `${who} can open nothing: Kisi user ${kisi.userId ?? ''} is suspended in Kisi.`;
  if (kisi.keys.some(({ byLatchkey }) => byLatchkey)) return `${who} has access.`;
  if (kisi.keys.length > 0) return `${who} has access, by a right in Kisi that Latchkey did not give.`;
  if (keys.every(({ givenByHand }) => givenByHand)) return `${who} has no access.`;
  return `${who} has no key in Kisi, although Latchkey gave one: \`latchkey resync ${memberId}\` has it mended.`;
}

function keyInKisiWords(key: KeyInKisi): string {
  const { groupId, role, byLatchkey } = key;
  const what =
    role === keyRole ? `Key to group ${groupId} in Kisi` : `Right to group ${groupId} in Kisi (${role})`;
  return `${what}, ${endWords(key)}: ${byLatchkey ? 'given by Latchkey.' : 'given by a person or another integration.'}`;
}

function endWords({ until, isEndReadable }: KeyInKisi): string {
  if (!isEndReadable) return 'with an end that cannot be read';
  return until === null ? 'without an end' : `until ${shortTime(until) ?? ''}`;
}

/** Which keys of a Kisi user are on record as Latchkey's; none where the database does not answer. */
async function recordedKeys(databaseUrl: string, userId: number): Promise<number[]> {
  if (!mayExist(databaseUrl)) return [];
  try {
    const db = await openDatabase(databaseUrl);
    try {
      const all = await createOwnership(db, Date.now).all();
      return all.flatMap(({ key, userId: whose }) =>
        whose === userId && key !== null && !key.byHand && key.keyId !== null ? [key.keyId] : [],
      );
    } finally {
      await db.destroy();
    }
  } catch (error) {
    if (error instanceof AuditLogError) return [];
    throw error;
  }
}

/** One member's view as text. `kisi` null: it is not known what Kisi holds. */
export function viewWords(view: MemberView, kisi: InKisi | null): string {
  const lines = [headline(view, kisi)];
  if (view.state !== 'access' && view.standing !== '') lines.push(view.standing);
  const others = (kisi?.keys ?? []).filter(({ groupId }) =>
    view.keys.every((key) => key.groupId !== groupId),
  );
  if (others.length > 0) lines.push('', ...others.map(keyInKisiWords));
  for (const key of view.keys) {
    const end = key.until === null ? 'no end known' : `until ${shortTime(key.until) ?? ''}`;
    lines.push('', `Key to group ${key.groupId}, ${end}.`, `  Why: ${key.because}.`);
    if (key.givenByHand) lines.push('  Given by hand: Latchkey never takes it away.');
    lines.push(`  The door closes by itself: ${shortTime(key.kisiEndsAt) ?? 'never'}.`);
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
