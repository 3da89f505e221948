import { readConfig } from '../../space/settings.js';
import { keyRole } from '../../kisi/records.js';
import { mayExist, openDatabase } from '../../database/database.js';
import { DatabaseError } from '../../database/errors.js';
import { createOwnership } from '../../database/ownership.js';
import type { AccessState, MemberView } from '../../messages/to-member.js';
import { CommandError } from '../../space/failure.js';
import type { Config } from '../../config/config.js';
import { KisiError } from '../../kisi/errors.js';
import { NexudusError } from '../../nexudus/errors.js';
import type { ShownHoldings } from '../../messages/to-member.js';
import {
  lookIntoKisi,
  recordedKeysOf,
  type InKisi,
  type KeyInKisi,
  type RecordedKey,
} from '../../space/in-kisi.js';
import { viewMember, type KnownMember, type MemberRow } from '../../space/member-workflows.js';
import { print, printJson } from '../terminal/output.js';
import { remark } from '../../space/remark.js';
import { withSession } from '../../space/session.js';
import { kisiOf, nexudusOf } from '../../space/apis.js';
import { endWords, timeWords, withLocalTimes } from '../../space/times.js';
import { groupNames, idWords, withGroupNames, type Names } from '../../space/names.js';
import { readZones, zoneOf } from '../../space/zones.js';
import { memberIdFor, parseWho } from '../../space/who.js';

/** `latchkey show`: one member's workflow in plain words. */
export async function show(id: string, { json = false }: { json?: boolean }): Promise<void> {
  const who = parseWho(id);
  const config = readConfig();
  const memberId = await memberIdFor(who, nexudusOf(config));
  const { row, zones } = await withSession(config, async ({ client }) => ({
    row: await viewMember(client, memberId),
    zones: await readZones(client),
  }));
  if (row === null) {
    throw new CommandError(
      'Latchkey does not know this member: without a pass or contract there is nothing to watch. ' +
        '`latchkey explain ID` says what the rules make of it, `latchkey resync ID` has it looked at now',
    );
  }
  if (row.view === null && row.closed === null)
    remark('no worker answered (is `latchkey worker` running?): why there are keys is not shown');
  const kisi = await inKisi(config, memberId, row.shown);
  if (typeof kisi === 'string') remark(`what Kisi holds cannot be told: ${kisi}`);
  if (json) printJson({ ...row, shown: undefined, kisi: typeof kisi === 'string' ? null : kisi });
  else {
    const shows: Shows = {
      names: await groupNames({ kisi: kisiOf(config) }),
      zone: zoneOf(zones, row.locationId),
    };
    print(memberWords(row, typeof kisi === 'string' ? null : kisi, shows));
  }
}

/** What Kisi shows of a member; a text: why it cannot be told. */
async function inKisi(
  config: Config,
  memberId: number,
  shown: ShownHoldings | null,
): Promise<InKisi | string> {
  const email = async (): Promise<string> =>
    (await nexudusOf(config).getOne('coworkers', memberId))?.email ?? '';
  const recorded = (userId: number): Promise<RecordedKey[]> => recordedKeys(config.databaseUrl, userId);
  try {
    const found = await lookIntoKisi(kisiOf(config), { shown, email, recorded }, Date.now());
    const { userId, isSuspended, keys } = found;
    const inShort = keys.map(({ groupId, role, until, isEndReadable, byLatchkey }) => ({
      ...{ groupId, role, until, isEndReadable, byLatchkey },
    }));
    return { userId, isSuspended, keys: inShort };
  } catch (error) {
    if (error instanceof KisiError || error instanceof NexudusError) return error.message;
    throw error;
  }
}

/** How groups and times are told. */
export interface Shows {
  names: Names;
  /** Null: not known. */
  zone: string | null;
}

const states: Record<AccessState, string> = {
  new: 'has not been looked at yet',
  access: 'has access',
  noAccess: 'has no access',
  otherProfile: 'leaves the keys to another profile with the same e-mail',
  ended: 'has ended: there is nothing left to watch',
};

/** One member as text. `kisi` null: it is not known what Kisi holds. */
export function memberWords(row: KnownMember, kisi: InKisi | null, shows: Shows): string {
  const { memberId, view, closed } = row;
  if (view !== null) return viewWords(view, kisi, shows);
  const others = kisi === null ? [] : kisi.keys.map((key) => keyInKisiWords(key, shows));
  if (closed === null) return [bareWords(row, shows), ...others].join('\n');
  return [
    `Nobody looks after member ${memberId} now: its workflow was closed (${withLocalTimes(closed, shows.zone)}).`,
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

function keyInKisiWords(key: KeyInKisi, { names, zone }: Shows): string {
  const { groupId, role, byLatchkey } = key;
  const group = idWords(groupId, names);
  const what =
    role === keyRole ? `Key to group ${group} in Kisi` : `Right to group ${group} in Kisi (${role})`;
  return `${what}, ${endInKisi(key, zone)}: ${byLatchkey ? 'given by Latchkey.' : 'given by a person or another integration.'}`;
}

function endInKisi({ until, isEndReadable }: KeyInKisi, zone: string | null): string {
  if (!isEndReadable) return 'with an end that cannot be read';
  return until === null ? 'without an end' : `until ${timeWords(until, zone)}`;
}

/** Which keys of a Kisi user are on record as Latchkey's; none where the database does not answer. */
async function recordedKeys(databaseUrl: string, userId: number): Promise<RecordedKey[]> {
  if (!mayExist(databaseUrl)) return [];
  try {
    const db = await openDatabase(databaseUrl);
    try {
      return recordedKeysOf(userId, await createOwnership(db, Date.now).all());
    } finally {
      await db.destroy();
    }
  } catch (error) {
    if (error instanceof DatabaseError) return [];
    throw error;
  }
}

/** One member's view as text. `kisi` null: it is not known what Kisi holds. */
export function viewWords(view: MemberView, kisi: InKisi | null, shows: Shows): string {
  const { names, zone } = shows;
  const told = (text: string): string => withLocalTimes(withGroupNames(text, names), zone);
  const lines = [headline(view, kisi)];
  if (view.state !== 'access' && view.standing !== '') lines.push(told(view.standing));
  const others = (kisi?.keys ?? []).filter(({ groupId }) =>
    view.keys.every((key) => key.groupId !== groupId),
  );
  if (others.length > 0) lines.push('', ...others.map((key) => keyInKisiWords(key, shows)));
  for (const key of view.keys) {
    const end = key.until === null ? 'no end known' : `until ${endWords(key.until, zone)}`;
    lines.push('', `Key to group ${idWords(key.groupId, names)}, ${end}.`, `  Why: ${told(key.because)}.`);
    if (key.givenByHand) lines.push('  Given by hand: Latchkey never takes it away.');
    lines.push(`  The door closes by itself: ${timeOrElse(key.kisiEndsAt, zone, 'never')}.`);
  }
  const { nextChange, waitingFor, lastError, lastCheckedAt } = view;
  lines.push(
    '',
    nextChange === null
      ? 'Next change: none known.'
      : `Next change: ${endWords(nextChange.at, zone)}, ${told(nextChange.what)}.`,
  );
  if (waitingFor !== null) {
    lines.push(`Waiting since ${timeWords(waitingFor.since, zone)}: ${told(waitingFor.what)}`);
    lines.push(`  Goes on ${waitingFor.wakes}.`);
  }
  if (lastError !== null && lastError !== waitingFor?.what) lines.push(`Last error: ${told(lastError)}`);
  lines.push(`Last checked: ${timeOrElse(lastCheckedAt, zone, 'never')}.`);
  return lines.join('\n');
}

function timeOrElse(at: string | null, zone: string | null, otherwise: string): string {
  return at === null ? otherwise : timeWords(at, zone);
}

function bareWords({ memberId, state, problem, nextChangeAt }: MemberRow, { zone }: Shows): string {
  return [
    `Member ${memberId}: state ${state ?? 'unknown'}, problem ${problem ?? 'none'}.`,
    `Next change: ${timeOrElse(nextChangeAt, zone, 'none known')}.`,
  ].join('\n');
}
