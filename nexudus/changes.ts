import { createHash } from 'node:crypto';
import type { Instant } from '../access/types.js';
import { groupBy, readTeams } from './bulk.js';
import type { NexudusClient } from './client.js';
import { parseInstant } from './fields.js';
import { equal, updatedSince } from './filters.js';
import { createLookups } from './lookups.js';
import type { CollectionName, PausedPeriodRecord, Records, Stamped, TeamRecord } from './records.js';
import { readReference } from './reference.js';
import { isThere } from './source.js';

export { plausible, type Baselines } from './plausible.js';

/** A record that was written, and a member whom it may concern. */
export interface Touch {
  memberId: number;
  /** The record, in words: 'pass 123', or 'pass 123 by team 5' for one that is lent. */
  record: string;
  /** Differs whenever its content does: two writes in one second share an UpdatedOn. */
  stamp: string;
}

/** What was written since an instant. */
export interface Changes {
  /** When the first of the reads began. */
  readAt: Instant;
  touched: Touch[];
  /** Pass types and plan allowances, which concern everyone. */
  reference: { record: string; stamp: string }[];
  /** Whom each team that lends passes lends them to: those who left it show only by comparison. */
  borrowers: Record<string, number[]>;
}

/** Everything there is, as fingerprints: what differs from the last one has changed. */
export interface Index {
  /** When the first of the reads began. */
  readAt: Instant;
  /** Rows of each whole collection. */
  counts: Record<string, number>;
  /** For each member with a contract, a pass that is not used, or a team that lends passes. */
  members: Record<string, string>;
  /** Pass types, allowances and locations. */
  reference: string;
}

const minuteMs = 60_000;

/** What to read: `everything`, or without what changes seldom (pass types, allowances, check-ins). */
export interface ChangesRequest {
  since: Instant;
  everything: boolean;
  now: () => Instant;
}

/**
 * What was written at or after `since` (cut to the minute, as Nexudus does), from one list of each collection and
 * all teams: 5 requests when there is nothing new, 8 for everything. A record that is lent to a team touches its
 * members too. Deleted records leave no trace here; `readIndex` sees them. Throws NexudusError.
 */
export async function readChanges(
  client: NexudusClient,
  { since, everything, now }: ChangesRequest,
): Promise<Changes> {
  const readAt = now();
  const updated = <N extends CollectionName>(name: N): Promise<Records[N][]> =>
    client.list(name, [updatedSince(name, since)]);
  const seldom = <N extends CollectionName>(name: N): Promise<Records[N][]> =>
    everything ? updated(name) : Promise.resolve([]);
  const [coworkers, contracts, pauses, passes, teams, checkins, passTypes, allowances] = await Promise.all([
    updated('coworkers'),
    updated('coworkercontracts'),
    updated('contractpausedperiods'),
    updated('coworkertimepasses'),
    readTeams(client),
    seldom('checkins'),
    seldom('timepasses'),
    seldom('tarifftimepasses'),
  ]);
  const own: Touch[] = [
    ...coworkers.map((row) => touchOf('coworker', row, row.id)),
    ...contracts.map((row) => touchOf('contract', row, row.memberId)),
    ...(await touchesOfPauses(client, pauses)),
    ...passes.map((row) => touchOf('pass', row, row.memberId)),
    ...checkins.flatMap((row) => (row.memberId === null ? [] : [touchOf('checkin', row, row.memberId)])),
  ];
  const reference = [
    ...passTypes.map((row) => ({ record: `pass type ${row.id}`, stamp: stampOf(row) })),
    ...allowances.map((row) => ({ record: `allowance ${row.id}`, stamp: stampOf(row) })),
  ];
  const touched = [...own, ...(await touchesOfTeams(client, teams, own, since))];
  return { readAt, touched, reference, borrowers: borrowersOf(teams) };
}

function borrowersOf(teams: readonly TeamRecord[]): Record<string, number[]> {
  const lending = teams.filter((team) => team.sharesPasses && team.payerId !== null);
  return Object.fromEntries(
    lending.map((team) => [String(team.id), (team.memberIds ?? []).filter((id) => id !== team.payerId)]),
  );
}

function touchOf(kind: string, row: Stamped, memberId: number): Touch {
  return { memberId, record: `${kind} ${row.id}`, stamp: stampOf(row) };
}

async function touchesOfPauses(
  client: NexudusClient,
  pauses: readonly PausedPeriodRecord[],
): Promise<Touch[]> {
  const lookups = createLookups(client);
  const touches = pauses.map(async (row) => {
    const memberId =
      row.memberId ?? (await lookups.find('coworkercontracts', row.contractId))?.memberId ?? null;
    return memberId === null ? null : touchOf('pause', row, memberId);
  });
  return (await Promise.all(touches)).filter(isThere);
}

/** A team that was written touches all in it; one that lends passes hands on what touched its paying member. */
async function touchesOfTeams(
  client: NexudusClient,
  teams: readonly TeamRecord[],
  own: readonly Touch[],
  since: Instant,
): Promise<Touch[]> {
  const lookups = createLookups(client);
  const bound = Math.floor(since / minuteMs) * minuteMs;
  const ofMember = groupBy(own, ({ memberId }) => memberId);
  const touches = teams.map(async (team): Promise<Touch[]> => {
    const written = (parseInstant(team.updatedOn) ?? -Infinity) >= bound;
    const lent = team.sharesPasses && team.payerId !== null ? (ofMember.get(team.payerId) ?? []) : [];
    if (!written && lent.length === 0) return [];
    const full = team.memberIds === null ? await lookups.find('teams', team.id) : team;
    const memberIds = full?.memberIds ?? [];
    const everyone = [...new Set([...memberIds, team.payerId].filter(isThere))];
    const borrowers = memberIds.filter((id) => id !== team.payerId);
    return [
      ...(written ? everyone.map((id) => touchOf('team', team, id)) : []),
      ...lent.flatMap(({ record, stamp }) =>
        borrowers.map((memberId) => ({ memberId, record: `${record} by team ${team.id}`, stamp })),
      ),
    ];
  });
  return (await Promise.all(touches)).flat();
}

/**
 * Everything that bears on members, from whole collections. Of the passes only those that are not used: a pass that
 * gets used or deleted drops out, which shows too. Throws NexudusError.
 */
export async function readIndex(client: NexudusClient, { now }: { now: () => Instant }): Promise<Index> {
  const readAt = now();
  const name = 'coworkertimepasses';
  const [coworkers, contracts, pauses, passes, passCount, teams, reference] = await Promise.all([
    client.list('coworkers'),
    client.list('coworkercontracts'),
    client.list('contractpausedperiods'),
    client.list(name, [equal(name, 'Used', false, (pass) => !pass.used)]),
    client.count(name),
    readTeams(client),
    readReference(client, {}),
  ]);
  return {
    readAt,
    counts: {
      coworkers: coworkers.length,
      coworkercontracts: contracts.length,
      contractpausedperiods: pauses.length,
      coworkertimepasses: passCount,
      teams: teams.length,
      timepasses: reference.passTypes.length,
      tarifftimepasses: reference.allowances.length,
      businesses: reference.locations.length,
    },
    members: membersOf({ coworkers, contracts, pauses, passes, teams }),
    reference: fingerprint([JSON.stringify(reference)]),
  };
}

interface Everything {
  coworkers: Records['coworkers'][];
  contracts: Records['coworkercontracts'][];
  pauses: Records['contractpausedperiods'][];
  passes: Records['coworkertimepasses'][];
  teams: TeamRecord[];
}

function membersOf({ coworkers, contracts, pauses, passes, teams }: Everything): Record<string, string> {
  const pausesBy = groupBy(pauses, ({ contractId }) => contractId);
  const contractsBy = groupBy(contracts, ({ memberId }) => memberId);
  const passesBy = groupBy(passes, ({ memberId }) => memberId);
  const coworkerBy = new Map(coworkers.map((coworker) => [coworker.id, coworker]));

  function recordsOf(memberId: number): string[] {
    const coworker = coworkerBy.get(memberId);
    const own = contractsBy.get(memberId) ?? [];
    return [
      ...(coworker === undefined ? [] : [markOf('coworker', coworker)]),
      ...own.map((contract) => markOf('contract', contract)),
      ...own.flatMap(({ id }) => pausesBy.get(id) ?? []).map((pause) => markOf('pause', pause)),
      ...(passesBy.get(memberId) ?? []).map((pass) => markOf('pass', pass)),
    ];
  }

  const lent = new Map<number, string[]>();
  for (const team of teams) {
    const { payerId, sharesPasses, memberIds } = team;
    if (!sharesPasses || payerId === null) continue;
    const records = [
      markOf('team', { id: team.id, updatedOn: team.updatedOn }),
      ...recordsOf(payerId).map((record) => `lent ${record}`),
    ];
    for (const id of memberIds ?? []) {
      if (id !== payerId) lent.set(id, [...(lent.get(id) ?? []), ...records]);
    }
  }
  const ids = new Set([...contractsBy.keys(), ...passesBy.keys(), ...lent.keys()]);
  // A contract of a coworker that does not exist gives nobody access.
  const members = [...ids].filter((id) => coworkerBy.has(id));
  return Object.fromEntries(
    members.map((id) => [String(id), fingerprint([...recordsOf(id), ...(lent.get(id) ?? [])])]),
  );
}

function markOf(kind: string, row: Stamped): string {
  return `${kind} ${row.id} ${stampOf(row)}`;
}

function stampOf(row: Stamped): string {
  return fingerprint([JSON.stringify(row)]);
}

/** 8 hex digits that differ when any of the texts does; their order does not matter. */
function fingerprint(texts: readonly string[]): string {
  return createHash('sha256')
    .update([...texts].sort().join('\n'))
    .digest('hex')
    .slice(0, 8);
}
