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
  private readonly findContract: (uniqueId: string) => Promise<ContractRecord | null>;

  constructor(
    readonly collections: Readonly<Collections>,
    client: NexudusClient,
    private readonly lookups: Lookups,
    readonly startedAt: Instant,
  ) {
    this.findContract = once((uniqueId: string) => findContract(client, uniqueId));
  }

  async coworker(id: number): Promise<CoworkerRecord | null> {
    const { coworkers, broken } = this.collections;
    const error = brokenBy(broken).coworkers.get(id);
    if (error !== undefined) throw error;
    return coworkerBy(coworkers).get(id) ?? this.lookups.find('coworkers', id);
  }

  coworkersWithEmail({ id, email }: CoworkerRecord): Promise<CoworkerRecord[]> {
    const others = coworkersByEmail(this.collections.coworkers).get(email) ?? [];
    return Promise.resolve(others.filter((other) => other.id !== id));
  }

  passesOf(memberId: number): Promise<PassRows> {
    const { passes, broken } = this.collections;
    const rows = passesBy(passes).get(memberId) ?? [];
    return Promise.resolve({ rows, broken: brokenBy(broken).passes.get(memberId) ?? [] });
  }

  /** Rejects for a member with a malformed contract or pause: then none of the contracts is known. */
  contractsOf(memberId: number): Promise<ContractRows> {
    const error = brokenBy(this.collections.broken).others.get(memberId);
    if (error !== undefined) return Promise.reject(error);
    const contracts = contractsBy(this.collections.contracts).get(memberId) ?? [];
    return Promise.resolve({ contracts, pauses: contracts.flatMap(({ id }) => this.pausesOf(id)) });
  }

  async teamsOf(coworker: CoworkerRecord, alsoIds: readonly number[]): Promise<TeamRecord[]> {
    const own = coworker.teamIds ?? [];
    const byTeam = teamsBy(this.collections.teams).get(coworker.id) ?? [];
    const named = await Promise.all([...own, ...alsoIds].map((id) => this.team(id)));
    const all = [...byTeam, ...named.filter(isThere)];
    const belongs = all.filter(
      (team) => own.includes(team.id) || (team.memberIds ?? []).includes(coworker.id),
    );
    return [...new Map(belongs.map((team) => [team.id, team])).values()];
  }

  async contractWithUniqueId(uniqueId: string): Promise<ContractRecord | null> {
    const own = contractBy(this.collections.contracts).get(uniqueId);
    if (own === undefined) return this.findContract(uniqueId);
    return joinPauses(own, this.pausesOf(own.id));
  }

  private pausesOf(contractId: number): PausedPeriodRecord[] {
    return pausesBy(this.collections.pauses).get(contractId) ?? [];
  }

  private async team(id: number): Promise<TeamRecord | null> {
    const known = teamBy(this.collections.teams).get(id);
    if (known !== undefined) return known;
    const found = await findSparing(this.lookups, 'teams', id);
    return 'error' in found ? null : found.row;
  }
}

const coworkerBy = remembered((rows: CoworkerRecord[]) => new Map(rows.map((row) => [row.id, row])));
const coworkersByEmail = remembered((rows: CoworkerRecord[]) => groupBy(rows, ({ email }) => email));
const passesBy = remembered((rows: PassRecord[]) => groupBy(rows, ({ memberId }) => memberId));
const contractsBy = remembered((rows: ContractRecord[]) => groupBy(rows, ({ memberId }) => memberId));
const contractBy = remembered((rows: ContractRecord[]) => new Map(rows.map((row) => [row.uniqueId, row])));
const pausesBy = remembered((rows: PausedPeriodRecord[]) => groupBy(rows, ({ contractId }) => contractId));
const teamBy = remembered((rows: TeamRecord[]) => new Map(rows.map((row) => [row.id, row])));
const teamsBy = remembered((rows: TeamRecord[]) => {
  const ofMembers = rows.flatMap((team) => (team.memberIds ?? []).map((memberId) => ({ memberId, team })));
  const groups = groupBy(ofMembers, ({ memberId }) => memberId);
  return new Map([...groups].map(([memberId, teams]) => [memberId, teams.map(({ team }) => team)]));
});
/** Malformed records by coworker: passes, the coworkers' own records, and all but passes. */
const brokenBy = remembered((rows: BrokenRow[]) => {
  const passes = rows.filter(({ collection }) => collection === 'coworkertimepasses');
  return {
    passes: groupBy(passes, ({ ownerId }) => ownerId),
    coworkers: errorsBy(rows.filter(({ collection }) => collection === 'coworkers')),
    others: errorsBy(rows.filter(({ collection }) => collection !== 'coworkertimepasses')),
  };
});

function errorsBy(broken: readonly BrokenRow[]): Map<number | null, NexudusError> {
  return new Map(broken.map(({ ownerId, error }) => [ownerId, error]));
}

/** What `index` makes of a list, kept for as long as the list: the copy gives the same one until it changes. */
function remembered<T, I>(index: (rows: T[]) => I): (rows: T[]) => I {
  const known = new WeakMap<T[], I>();
  return (rows) => {
    const made = known.get(rows) ?? index(rows);
    known.set(rows, made);
    return made;
  };
}
