import type { BrokenRow, NexudusClient } from './client.js';
import { createLookups } from './lookups.js';
import type {
  ContractRecord,
  CoworkerRecord,
  PassRecord,
  PausedPeriodRecord,
  TeamRecord,
} from './records.js';
import { isThere } from './source.js';

/** What members own, as whole collections. */
export interface Collections {
  coworkers: CoworkerRecord[];
  contracts: ContractRecord[];
  pauses: PausedPeriodRecord[];
  passes: PassRecord[];
  /** Of those that share passes, with their members. */
  teams: TeamRecord[];
  /** Rows of any of them that are malformed. */
  broken: BrokenRow[];
}

/** Passes, and rows that are malformed. */
export interface PassRows {
  rows: PassRecord[];
  broken: BrokenRow[];
}

/** Reads whole collections; which passes there is need of, `readPasses` says. Throws NexudusError. */
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
  return {
    coworkers: coworkers.rows,
    contracts: contracts.rows,
    pauses: pauses.rows,
    passes: passes.rows,
    teams,
    broken: [coworkers, contracts, pauses, passes].flatMap(({ broken }) => broken),
  };
}

/** All teams, with the members of those that share passes. Throws NexudusError. */
export async function readTeams(client: NexudusClient): Promise<TeamRecord[]> {
  const lookups = createLookups(client);
  const teams = await client.list('teams');
  const full = teams.map(async (team) =>
    team.sharesPasses && team.memberIds === null ? lookups.find('teams', team.id) : team,
  );
  return (await Promise.all(full)).filter(isThere);
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
