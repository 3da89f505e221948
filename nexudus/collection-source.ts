import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { groupBy, type Collections, type PassRows } from './collections.js';
import type { NexudusError } from './errors.js';
import { once } from './fresh.js';
import { findSparing, type Lookups } from './lookups.js';
import type {
  ContractRecord,
  CoworkerRecord,
  PassRecord,
  PausedPeriodRecord,
  TeamRecord,
} from './records.js';
import type { BrokenRow } from './rows.js';
import { findContract, isThere, joinPauses, type ContractRows, type RecordSource } from './source.js';

/** Everybody's records, out of whole collections. */
export class CollectionSource implements RecordSource {
  private readonly coworkerBy: ReadonlyMap<number, CoworkerRecord>;
  private readonly coworkersByEmail: ReadonlyMap<string, CoworkerRecord[]>;
  private readonly passesBy: ReadonlyMap<number, PassRecord[]>;
  private readonly brokenPassesBy: ReadonlyMap<number | null, BrokenRow[]>;
  private readonly contractsBy: ReadonlyMap<number, ContractRecord[]>;
  private readonly contractBy: ReadonlyMap<string, ContractRecord>;
  private readonly pausesBy: ReadonlyMap<number, PausedPeriodRecord[]>;
  private readonly teamBy: ReadonlyMap<number, TeamRecord>;
  private readonly teamsBy = new Map<number, TeamRecord[]>();
  /** The errors of malformed records other than passes, by coworker; and those of the coworkers' own records. */
  private readonly errorBy: ReadonlyMap<number | null, NexudusError>;
  private readonly coworkerErrorBy: ReadonlyMap<number | null, NexudusError>;
  private readonly findContract: (uniqueId: string) => Promise<ContractRecord | null>;

  constructor(
    readonly collections: Collections,
    client: NexudusClient,
    private readonly lookups: Lookups,
    readonly startedAt: Instant,
  ) {
    const { coworkers, contracts, pauses, passes, teams, broken } = collections;
    this.coworkerBy = new Map(coworkers.map((coworker) => [coworker.id, coworker]));
    this.coworkersByEmail = groupBy(coworkers, ({ email }) => email);
    this.passesBy = groupBy(passes, ({ memberId }) => memberId);
    this.contractsBy = groupBy(contracts, ({ memberId }) => memberId);
    this.contractBy = new Map(contracts.map((contract) => [contract.uniqueId, contract]));
    this.pausesBy = groupBy(pauses, ({ contractId }) => contractId);
    this.teamBy = new Map(teams.map((team) => [team.id, team]));
    for (const team of teams)
      for (const id of team.memberIds ?? []) this.teamsBy.set(id, [...(this.teamsBy.get(id) ?? []), team]);
    const brokenOf = groupBy(broken, ({ collection }) => collection);
    this.brokenPassesBy = groupBy(brokenOf.get('coworkertimepasses') ?? [], ({ ownerId }) => ownerId);
    this.errorBy = errorsBy(broken.filter(({ collection }) => collection !== 'coworkertimepasses'));
    this.coworkerErrorBy = errorsBy(brokenOf.get('coworkers') ?? []);
    this.findContract = once((uniqueId: string) => findContract(client, uniqueId));
  }

  async coworker(id: number): Promise<CoworkerRecord | null> {
    const error = this.coworkerErrorBy.get(id);
    if (error !== undefined) throw error;
    return this.coworkerBy.get(id) ?? this.lookups.find('coworkers', id);
  }

  coworkersWithEmail({ id, email }: CoworkerRecord): Promise<CoworkerRecord[]> {
    const others = this.coworkersByEmail.get(email) ?? [];
    return Promise.resolve(others.filter((other) => other.id !== id));
  }

  passesOf(memberId: number): Promise<PassRows> {
    const rows = this.passesBy.get(memberId) ?? [];
    return Promise.resolve({ rows, broken: this.brokenPassesBy.get(memberId) ?? [] });
  }

  /** Rejects for a member with a malformed contract or pause: then none of the contracts is known. */
  contractsOf(memberId: number): Promise<ContractRows> {
    const error = this.errorBy.get(memberId);
    if (error !== undefined) return Promise.reject(error);
    const contracts = this.contractsBy.get(memberId) ?? [];
    return Promise.resolve({ contracts, pauses: contracts.flatMap(({ id }) => this.pausesBy.get(id) ?? []) });
  }

  async teamsOf(coworker: CoworkerRecord, alsoIds: readonly number[]): Promise<TeamRecord[]> {
    const own = coworker.teamIds ?? [];
    const byTeam = this.teamsBy.get(coworker.id) ?? [];
    const named = await Promise.all([...own, ...alsoIds].map((id) => this.team(id)));
    const all = [...byTeam, ...named.filter(isThere)];
    const belongs = all.filter(
      (team) => own.includes(team.id) || (team.memberIds ?? []).includes(coworker.id),
    );
    return [...new Map(belongs.map((team) => [team.id, team])).values()];
  }

  async contractWithUniqueId(uniqueId: string): Promise<ContractRecord | null> {
    const own = this.contractBy.get(uniqueId);
    if (own === undefined) return this.findContract(uniqueId);
    return joinPauses(own, this.pausesBy.get(own.id) ?? []);
  }

  private async team(id: number): Promise<TeamRecord | null> {
    const known = this.teamBy.get(id);
    if (known !== undefined) return known;
    const found = await findSparing(this.lookups, 'teams', id);
    return 'error' in found ? null : found.row;
  }
}

function errorsBy(broken: readonly BrokenRow[]): Map<number | null, NexudusError> {
  return new Map(broken.map(({ ownerId, error }) => [ownerId, error]));
}
