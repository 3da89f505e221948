import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { groupBy, readCollections, type Collections } from './collections.js';
import type { NexudusError } from './errors.js';
import { once } from './fresh.js';
import { findSparing, type Lookups } from './lookups.js';
import { readRecentPasses } from './passes.js';
import type { ContractRecord, CoworkerRecord, TeamRecord } from './records.js';
import { findContract, isThere, joinPauses, type ContractRows, type RecordSource } from './source.js';

/** Everybody's records, read at once. */
export interface FullRead extends RecordSource {
  /** About how many requests it took. */
  requests: number;
  collections: Collections;
}

const rowsPerRequest = 1000;

/**
 * Reads whole collections: coworkers, contracts, pauses, teams, and passes that are neither used nor expired long since.
 * Of the others, one that a key stands on is looked up by its id. Throws NexudusError.
 */
export async function readEverybody(
  client: NexudusClient,
  lookups: Lookups,
  startedAt: Instant,
): Promise<FullRead> {
  const all = await readCollections(client, () => readRecentPasses(client, startedAt));
  // Two requests for passes, and one more for the members of teams.
  const requests = [all.coworkers, all.contracts, all.pauses, all.passes, all.teams].reduce(
    (sum, rows) => sum + Math.max(1, Math.ceil(rows.length / rowsPerRequest)),
    2,
  );
  return { ...sourceOf(all, client, lookups), startedAt, requests, collections: all };
}

/** Everybody's records, out of whole collections. */
export function sourceOf(
  { coworkers, contracts, pauses, passes, teams, broken }: Collections,
  client: NexudusClient,
  lookups: Lookups,
): Omit<RecordSource, 'startedAt'> {
  const pausesBy = groupBy(pauses, (pause) => pause.contractId);
  const coworkerBy = new Map(coworkers.map((coworker) => [coworker.id, coworker]));
  const coworkersBy = groupBy(coworkers, (coworker) => coworker.email);
  const passesBy = groupBy(passes, (pass) => pass.memberId);
  const contractsBy = groupBy(contracts, (contract) => contract.memberId);
  const contractBy = new Map(contracts.map((contract) => [contract.uniqueId, contract]));
  const teamBy = new Map(teams.map((team) => [team.id, team]));
  const teamsBy = new Map<number, TeamRecord[]>();
  for (const team of teams) {
    for (const id of team.memberIds ?? []) teamsBy.set(id, [...(teamsBy.get(id) ?? []), team]);
  }
  const brokenPasses = broken.filter(({ collection }) => collection === 'coworkertimepasses');
  const brokenPassesBy = groupBy(brokenPasses, ({ ownerId }) => ownerId);
  const others = broken.filter(({ collection }) => collection !== 'coworkertimepasses');
  const errorBy = new Map<number | null, NexudusError>(others.map(({ ownerId, error }) => [ownerId, error]));
  const brokenCoworkers = new Map(
    others
      .filter(({ collection }) => collection === 'coworkers')
      .map(({ ownerId, error }) => [ownerId, error]),
  );

  /** Of a member with a malformed contract or pause, none is known; of all others all are. */
  function ifWhole<T>(memberId: number, records: T): Promise<T> {
    const error = errorBy.get(memberId);
    return error === undefined ? Promise.resolve(records) : Promise.reject(error);
  }

  function contractsOf(memberId: number): Promise<ContractRows> {
    const own = contractsBy.get(memberId) ?? [];
    return ifWhole(memberId, { contracts: own, pauses: own.flatMap(({ id }) => pausesBy.get(id) ?? []) });
  }

  async function contractWithUniqueId(uniqueId: string): Promise<ContractRecord | null> {
    const own = contractBy.get(uniqueId);
    return own === undefined ? lookUpContract(uniqueId) : joinPauses(own, pausesBy.get(own.id) ?? []);
  }

  const lookUpContract = once((uniqueId: string) => findContract(client, uniqueId));

  async function teamsOf(coworker: CoworkerRecord, alsoIds: readonly number[]): Promise<TeamRecord[]> {
    const own = coworker.teamIds ?? [];
    const byTeam = teamsBy.get(coworker.id) ?? [];
    const named = [...own, ...alsoIds].map(async (id) => {
      const known = teamBy.get(id);
      if (known !== undefined) return known;
      const found = await findSparing(lookups, 'teams', id);
      return 'error' in found ? null : found.row;
    });
    const all = [...byTeam, ...(await Promise.all(named)).filter(isThere)];
    const belongs = all.filter(
      (team) => own.includes(team.id) || (team.memberIds ?? []).includes(coworker.id),
    );
    return [...new Map(belongs.map((team) => [team.id, team])).values()];
  }

  return {
    coworker(id) {
      const error = brokenCoworkers.get(id);
      if (error !== undefined) return Promise.reject(error);
      const known = coworkerBy.get(id);
      return known === undefined ? lookups.find('coworkers', id) : Promise.resolve(known);
    },
    coworkersWithEmail: ({ id, email }) =>
      Promise.resolve((coworkersBy.get(email) ?? []).filter((other) => other.id !== id)),
    passesOf: (memberId) =>
      Promise.resolve({ rows: passesBy.get(memberId) ?? [], broken: brokenPassesBy.get(memberId) ?? [] }),
    contractsOf,
    teamsOf,
    contractWithUniqueId,
  };
}
