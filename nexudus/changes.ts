import type { Instant } from '../access/types.js';
import type { BrokenRow, NexudusClient } from './client.js';
import { groupBy, readCollections, readTeams, type Collections } from './collections.js';
import { isSenseless, parseInstant } from './fields.js';
import { updatedSince } from './filters.js';
import { createLookups, findSparing, type Lookups } from './lookups.js';
import { malformed, type NexudusError } from './errors.js';
import { readRecentPasses, stillMatters } from './passes.js';
import type {
  CollectionName,
  PassRecord,
  PausedPeriodRecord,
  Records,
  Stamped,
  TeamRecord,
} from './records.js';
import { collections } from './schemas.js';
import type { TimeZones } from './places.js';
import { readReference } from './reference.js';
import type { Followed, Replica } from './replica.js';
import { isThere } from './source.js';
import { fingerprint, fingerprintOfMember, writtenOf, type OwnRecords, type Written } from './written.js';

export { plausible, type Baselines } from './plausible.js';
export { contentOf, type Written } from './written.js';

/** The collections that tell of changes. */
export type PolledName =
  | 'coworkertimepasses'
  | 'coworkercontracts'
  | 'coworkers'
  | 'contractpausedperiods'
  | 'teams'
  | 'checkins'
  | 'timepasses'
  | 'tarifftimepasses';

/** A record that was written, and a member that it may concern. */
export interface Touch extends Written {
  memberId: number;
}

/** For each team that lends passes, by the team's id: who pays, and who borrows. */
export type Lending = Record<string, { payerId: number; borrowerIds: number[] }>;

/** A record that is malformed, or makes no sense, and what to tell an operator of it. */
export type Broken = Written & {
  error: NexudusError;
  /** What comes of it: 'coworker 7 waits'. */
  harm: string;
};

/** What was written since an instant. */
export interface Changes {
  /** When the first of the reads began. */
  readAt: Instant;
  touched: Touch[];
  /** Pass types and plan allowances, which concern everyone. */
  reference: Written[];
  /** Malformed records, which touch their owners like any other: what to tell an operator. */
  broken: Broken[];
  /** The teams that lend, as read now, or as given where teams were not read: only a comparison shows who left a team. */
  lending: Lending;
}

/** Everything there is, as fingerprints: what differs from the last one has changed. */
export interface Index {
  /** When the first of the reads began. */
  readAt: Instant;
  /** Rows of each whole collection. */
  counts: Record<string, number>;
  /** For each member with a contract, a pass that is neither used nor long expired, or a team that lends passes. */
  members: Record<string, string>;
  /** Pass types, allowances and locations. */
  reference: string;
  broken: Broken[];
  /** Locations without a known time zone. */
  zoneless: number[];
}

const minuteMs = 60_000;

/** What to read: the collections that are named, each from its own instant on. */
export interface ChangesRequest {
  since: Partial<Record<PolledName, Instant>>;
  /** Which teams lent passes, and to which members, when teams were last read. */
  lending: Lending;
  now: () => Instant;
  /** The copy that this read brings up to date; left out: none. */
  replica?: Replica;
}

/**
 * What was written at or after `since` (cut to the minute, as Nexudus does): one request for each collection where
 * there is nothing new. A record that is lent to a team touches its members too. Deleted records leave no trace here;
 * `readIndex` sees them. Throws NexudusError.
 */
export async function readChanges(
  client: NexudusClient,
  { since, lending, now, replica }: ChangesRequest,
): Promise<Changes> {
  const readAt = now();
  const broken: BrokenRow[] = [];
  const updated = async <N extends Exclude<PolledName, 'teams'>>(
    name: N,
    keep: (read: { rows: Records[N][]; broken: BrokenRow[]; since: Instant }) => void = () => undefined,
  ): Promise<Records[N][]> => {
    if (since[name] === undefined) return [];
    const read = await client.listSparing(name, [updatedSince(name, since[name])]);
    broken.push(...read.broken);
    keep({ ...read, since: since[name] });
    return read.rows;
  };
  const followed = <N extends Followed>(name: N): Promise<Records[N][]> =>
    updated(name, (read) => replica?.take(name, { ...read, readAt }));
  // Passes last: a pass that is bought after their read waits for the next poll, which is then as near as can be.
  const [teams, pauses, coworkers, contracts, passes, checkins, passTypes, allowances] = await Promise.all([
    since.teams === undefined ? null : readTeams(client),
    followed('contractpausedperiods'),
    followed('coworkers'),
    followed('coworkercontracts'),
    followed('coworkertimepasses'),
    updated('checkins'),
    updated('timepasses'),
    updated('tarifftimepasses'),
  ]);
  if (teams !== null) replica?.takeTeams(teams, readAt);
  const owned = await Promise.all(broken.map((row) => withOwner(client, row)));
  const own: Touch[] = [
    ...coworkers.map((row) => touchOf('coworkers', row, row.id)),
    ...contracts.map((row) => touchOf('coworkercontracts', row, row.memberId)),
    ...(await touchesOfPauses(client, pauses)),
    ...passes.map((row) => touchOf('coworkertimepasses', row, row.memberId)),
    ...checkins.flatMap((row) => (row.memberId === null ? [] : [touchOf('checkins', row, row.memberId)])),
    ...owned.flatMap(({ ownerId, ...row }) =>
      ownerId === null ? [] : [{ memberId: ownerId, ...writtenBroken(row) }],
    ),
  ];
  const lendingNow = teams === null ? lending : lendingOf(teams.rows);
  const written = teams === null ? [] : touchesOfTeams(teams.rows, since.teams ?? readAt);
  return {
    readAt,
    touched: [...own, ...written, ...lentTouches(own, lendingNow)],
    reference: [
      ...passTypes.map((row) => writtenOf('timepasses', row)),
      ...allowances.map((row) => writtenOf('tarifftimepasses', row)),
    ],
    broken: [...[...owned, ...(teams?.broken ?? [])].map(brokenOf), ...senseless(passes)],
    lending: lendingNow,
  };
}

function brokenOf({ ownerId, error, ...row }: BrokenRow): Broken {
  const harm =
    ownerId === null
      ? 'it counts for nobody'
      : row.collection === 'coworkertimepasses'
        ? `it opens nothing for coworker ${ownerId}`
        : `coworker ${ownerId} waits`;
  return { ...writtenBroken(row), error, harm };
}

/** Passes that the rules can make nothing of. */
function senseless(passes: readonly PassRecord[]): Broken[] {
  return passes
    .filter(({ expiresAt }) => isSenseless(expiresAt))
    .map((pass) => ({
      ...writtenOf('coworkertimepasses', pass),
      error: malformed(collections.coworkertimepasses.path, `record ${pass.id}: ExpireDate makes no sense`),
      harm: `it opens nothing for coworker ${pass.memberId}`,
    }));
}

function writtenBroken({ collection, id, text }: Pick<BrokenRow, 'collection' | 'id' | 'text'>): Written {
  return {
    collection,
    record: `malformed ${collection} ${id ?? 'without id'}`,
    stamp: fingerprint([text]),
    writtenAt: null,
  };
}

function lendingOf(teams: readonly TeamRecord[]): Lending {
  const lending: Lending = {};
  for (const { id, sharesPasses, payerId, memberIds } of teams) {
    if (!sharesPasses || payerId === null) continue;
    lending[id] = { payerId, borrowerIds: (memberIds ?? []).filter((memberId) => memberId !== payerId) };
  }
  return lending;
}

function touchOf(collection: PolledName, row: Stamped, memberId: number): Touch {
  return { memberId, ...writtenOf(collection, row) };
}

async function touchesOfPauses(
  client: NexudusClient,
  pauses: readonly PausedPeriodRecord[],
): Promise<Touch[]> {
  const lookups = createLookups(client);
  const touches = pauses.map(async (row) => {
    const memberId = row.memberId ?? (await ownerOfContract(lookups, row.contractId));
    return memberId === null ? null : touchOf('contractpausedperiods', row, memberId);
  });
  return (await Promise.all(touches)).filter(isThere);
}

/** A malformed pause that names no member belongs to the owner of its contract. */
async function withOwner(client: NexudusClient, row: BrokenRow): Promise<BrokenRow> {
  if (row.ownerId !== null || row.contractId === null) return row;
  return { ...row, ownerId: await ownerOfContract(createLookups(client), row.contractId) };
}

/** The member that has the contract; null: that cannot be made out. */
async function ownerOfContract(lookups: Lookups, contractId: number): Promise<number | null> {
  const found = await findSparing(lookups, 'coworkercontracts', contractId);
  return 'error' in found ? null : (found.row?.memberId ?? null);
}

/** A team that was written touches all in it. */
function touchesOfTeams(teams: readonly TeamRecord[], since: Instant): Touch[] {
  const bound = Math.floor(since / minuteMs) * minuteMs;
  const written = teams.filter((team) => (parseInstant(team.updatedOn) ?? -Infinity) >= bound);
  return written.flatMap((team) => {
    const everyone = new Set([...(team.memberIds ?? []), team.payerId].filter(isThere));
    return [...everyone].map((memberId) => touchOf('teams', team, memberId));
  });
}

/** A record that touches a member who lends passes touches those who borrow them. */
function lentTouches(own: readonly Touch[], lending: Lending): Touch[] {
  const ofMember = groupBy(own, ({ memberId }) => memberId);
  return Object.entries(lending).flatMap(([team, { payerId, borrowerIds }]) =>
    (ofMember.get(payerId) ?? []).flatMap((touch) =>
      borrowerIds.map((memberId) => ({
        ...touch,
        memberId,
        record: `${touch.record} by team ${team}`,
        writtenAt: null,
      })),
    ),
  );
}

/** How to read everything. */
export interface IndexRequest {
  now: () => Instant;
  timeZones?: TimeZones;
  /** Told of all that members own. */
  followedBy?: (all: Collections) => void;
}

/**
 * Everything that bears on members, from whole collections. Of the passes only those that still matter (`stillMatters`): one that
 * gets used or deleted, or has long expired, drops out, which shows too. Throws NexudusError.
 */
export async function readIndex(
  client: NexudusClient,
  { now, timeZones = {}, followedBy = () => undefined }: IndexRequest,
): Promise<Index> {
  const readAt = now();
  const name = 'coworkertimepasses';
  const [all, passCount, { broken: brokenOffers, ...reference }] = await Promise.all([
    readCollections(client, () => readRecentPasses(client, readAt)),
    client.count(name),
    readReference(client, timeZones),
  ]);
  followedBy(all);
  const broken = [...all.broken, ...brokenOffers];
  const countOf = (collection: CollectionName, rows: readonly unknown[]): number =>
    rows.length + broken.filter((row) => row.collection === collection).length;
  return {
    readAt,
    counts: {
      coworkers: countOf('coworkers', all.coworkers),
      coworkercontracts: countOf('coworkercontracts', all.contracts),
      contractpausedperiods: countOf('contractpausedperiods', all.pauses),
      coworkertimepasses: passCount,
      teams: countOf('teams', all.teams),
      timepasses: countOf('timepasses', reference.passTypes),
      tarifftimepasses: countOf('tarifftimepasses', reference.allowances),
      businesses: countOf('businesses', reference.locations),
    },
    members: membersOf({ ...all, passes: all.passes.filter((pass) => stillMatters(pass, readAt)) }, readAt),
    reference: fingerprint([JSON.stringify(reference), ...brokenOffers.map(({ text }) => text)]),
    broken: [...broken.map(brokenOf), ...senseless(all.passes)],
    zoneless: reference.locations.filter(({ timeZone }) => timeZone === null).map(({ id }) => id),
  };
}

function membersOf(
  { coworkers, contracts, pauses, passes, teams, broken }: Collections,
  readAt: Instant,
): Record<string, string> {
  const pausesBy = groupBy(pauses, ({ contractId }) => contractId);
  const contractsBy = groupBy(contracts, ({ memberId }) => memberId);
  const passesBy = groupBy(passes, ({ memberId }) => memberId);
  const coworkerBy = new Map(coworkers.map((coworker) => [coworker.id, coworker]));
  const owned = broken.flatMap(({ ownerId, text }) => (ownerId === null ? [] : [{ ownerId, text }]));
  const brokenBy = groupBy(owned, ({ ownerId }) => ownerId);

  function ownOf(memberId: number): OwnRecords {
    const coworker = coworkerBy.get(memberId);
    const own = contractsBy.get(memberId) ?? [];
    return {
      coworkers: coworker === undefined ? [] : [coworker],
      contracts: own,
      pauses: own.flatMap(({ id }) => pausesBy.get(id) ?? []),
      passes: passesBy.get(memberId) ?? [],
    };
  }

  const loans = new Map<number, { team: TeamRecord; payer: OwnRecords }[]>();
  for (const team of teams) {
    const { payerId, sharesPasses, memberIds } = team;
    if (!sharesPasses || payerId === null) continue;
    const loan = { team, payer: ownOf(payerId) };
    for (const id of memberIds ?? []) {
      if (id !== payerId) loans.set(id, [...(loans.get(id) ?? []), loan]);
    }
  }
  const ids = new Set([...contractsBy.keys(), ...passesBy.keys(), ...loans.keys(), ...brokenBy.keys()]);
  // A contract of a coworker that does not exist gives nobody access.
  const members = [...ids].filter((id) => coworkerBy.has(id) || brokenBy.has(id));
  return Object.fromEntries(
    members.map((id) => {
      const broken = (brokenBy.get(id) ?? []).map(({ text }) => text);
      const records = { own: ownOf(id), loans: loans.get(id) ?? [], broken, readAt };
      return [String(id), fingerprintOfMember(records)];
    }),
  );
}
