import type { BrokenRow, NexudusClient } from './client.js';
import { createLookups, findSparing } from './lookups.js';
import type { Rows } from './rows.js';
import type {
  ContractRecord,
  CoworkerRecord,
  PassRecord,
  PausedPeriodRecord,
  TeamRecord,
} from './records.js';
import { saysWhoPays } from './schemas.js';

/** What members own, as whole collections. */
export interface Collections {
  coworkers: CoworkerRecord[];
  contracts: ContractRecord[];
  pauses: PausedPeriodRecord[];
  passes: PassRecord[];
  /** All teams, with the members of those that share passes. */
  teams: TeamRecord[];
  /** Rows of any of them that are malformed. */
  broken: BrokenRow[];
}

/** Passes, and rows that are malformed. */
export type PassRows = Rows<'coworkertimepasses'>;

/** Reads whole collections; `readPasses` says which passes are needed. Throws NexudusError. */
export async function readCollections(
  client: NexudusClient,
  readPasses: () => Promise<PassRows>,
): Promise<Collections> {
  const [coworkers, contracts, pauses, passes, teams] = await Promise.all([
    client.listSparing('coworkers'),
    client.listSparing('coworkercontracts'),
    client.listSparing('contractpausedperiods'),
    readPasses(),
    readTeams(client),
  ]);
  return collectionsOf({ coworkers, contracts, pauses, passes, teams });
}

/** Rows of a list, and those that are malformed. */
interface Read<T> {
  rows: T[];
  broken: readonly BrokenRow[];
}

/** The lists together; each malformed row with the coworker that it concerns, where that is known. */
export function collectionsOf({
  coworkers,
  contracts,
  pauses,
  passes,
  teams,
}: { [N in Exclude<keyof Collections, 'broken'>]: Read<Collections[N][number]> }): Collections {
  return {
    coworkers: coworkers.rows,
    contracts: contracts.rows,
    pauses: pauses.rows,
    passes: passes.rows,
    teams: teams.rows,
    broken: [
      ...[coworkers, contracts, passes, teams].flatMap(({ broken }) => broken),
      ...pauses.broken.map((row) => withOwner(row, contracts.rows)),
    ],
  };
}

/**
 * A pause only takes access away, so the coworker that it may concern waits. Where the pause names none, it is the contract's
 * owner.
 */
function withOwner(row: BrokenRow, contracts: readonly ContractRecord[]): BrokenRow {
  const contract = contracts.find(({ id }) => id === row.contractId);
  return { ...row, ownerId: row.ownerId ?? contract?.memberId ?? null };
}

/** All teams, with the members of those that share passes. Throws NexudusError. */
export async function readTeams(client: NexudusClient): Promise<Rows<'teams'>> {
  const lookups = createLookups(client);
  const { rows, broken } = await client.listSparing('teams');
  const full = rows.map(async (team) => {
    const lendsNothing = team.sharesPasses === false;
    const isWhole = lendsNothing || (saysWhoPays(team) && team.memberIds !== null);
    return isWhole ? { row: team } : findSparing(lookups, 'teams', team.id);
  });
  return withFull(await Promise.all(full), broken);
}

/** Rows that were looked up in full, and those that turned out to be malformed then. */
export function withFull<T>(
  found: readonly ({ row: T | null } | BrokenRow)[],
  broken: readonly BrokenRow[],
): { rows: T[]; broken: BrokenRow[] } {
  return {
    rows: found.flatMap((one) => ('error' in one || one.row === null ? [] : [one.row])),
    broken: [...broken, ...found.filter((one) => 'error' in one)],
  };
}

/** The items by a key. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
