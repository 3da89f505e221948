import { isLike, normalEmail } from '../lib/emails.js';
import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import type { PassRows } from './collections.js';
import { isNexudusError } from './errors.js';
import { parseInstant } from './fields.js';
import { equal, withUniqueId } from './filters.js';
import { once } from './fresh.js';
import { findSparing, type Lookups } from './lookups.js';
import { readRecentPasses } from './passes.js';
import type {
  CheckinRecord,
  ContractRecord,
  CoworkerRecord,
  PausedPeriodRecord,
  Records,
  TeamRecord,
} from './records.js';

/** Where the records of members come from: asked for one by one, or out of whole collections read at once. */
export interface RecordSource {
  /** When the first of its reads began. */
  startedAt: Instant;
  /** Null: neither a list nor its own address has it. */
  coworker(id: number): Promise<CoworkerRecord | null>;
  /** All coworkers with just this e-mail. */
  coworkersWithEmail(coworker: CoworkerRecord): Promise<CoworkerRecord[]>;
  /** The passes, with malformed ones apart: they count for nobody. */
  passesOf(memberId: number): Promise<PassRows>;
  contractsOf(memberId: number): Promise<ContractRows>;
  /** Every team that the coworker or the team itself says it belongs to; teams of `alsoIds` are looked at too. */
  teamsOf(coworker: CoworkerRecord, alsoIds: readonly number[]): Promise<TeamRecord[]>;
  contractWithUniqueId(uniqueId: string): Promise<ContractRecord | null>;
}

/** The contracts of a coworker and their paused periods, not yet joined. */
export interface ContractRows {
  contracts: readonly ContractRecord[];
  pauses: readonly PausedPeriodRecord[];
}

/** Whether Nexudus knows the nested filter of pauses; where it does not, contracts are asked for one by one. */
export interface PauseQuirk {
  nestedFilterIgnored: boolean;
}

/** Reads one member at a time, about five requests each; what two members share is read once. */
export function createDirectSource(
  client: NexudusClient,
  lookups: Lookups,
  quirk: PauseQuirk,
  startedAt: Instant,
): RecordSource {
  const passesOf = once((memberId: number) => readPassesOf(client, memberId, startedAt));
  const contractsOf = once(async (memberId: number) => {
    const contracts = await client.list('coworkercontracts', [
      equal('coworkercontracts', 'Coworker', memberId, (contract) => contract.memberId === memberId),
    ]);
    return { contracts, pauses: await pausesOf(client, contracts, quirk, memberId) };
  });

  async function coworkersWithEmail(coworker: CoworkerRecord): Promise<CoworkerRecord[]> {
    const found = await searchEmail(client, coworker.emailAsWritten);
    const others = found.filter(({ id }) => id !== coworker.id);
    // List rows leave the teams out, so each is read in full.
    const full = await Promise.all(others.map(({ id }) => lookups.find('coworkers', id)));
    return full.filter((other) => other !== null && other.email === coworker.email).filter(isThere);
  }

  async function teamsOf(coworker: CoworkerRecord, alsoIds: readonly number[]): Promise<TeamRecord[]> {
    const own = coworker.teamIds ?? [];
    const ids = [...new Set([...own, ...alsoIds])];
    // Nothing is known of a malformed team: what it lent stands unless `confirmEvidence` says otherwise.
    const teams = await Promise.all(ids.map((id) => findSparing(lookups, 'teams', id)));
    return teams
      .map((found) => ('error' in found ? null : found.row))
      .filter(isThere)
      .filter((team) => own.includes(team.id) || (team.memberIds ?? []).includes(coworker.id));
  }

  return {
    startedAt,
    coworker: (id) => lookups.find('coworkers', id),
    coworkersWithEmail,
    passesOf,
    contractsOf,
    teamsOf,
    contractWithUniqueId: once((uniqueId: string) => findContract(client, uniqueId)),
  };
}

/** All passes of a coworker; where there are thousands, those that still matter. Throws NexudusError. */
async function readPassesOf(client: NexudusClient, memberId: number, at: Instant): Promise<PassRows> {
  const name = 'coworkertimepasses';
  const filters = [equal(name, 'Coworker', memberId, (pass) => pass.memberId === memberId)];
  const first = await client.page(name, { filters, page: 1 });
  const isAll = first.rows.length + first.broken.length === first.total;
  return isAll ? first : readRecentPasses(client, at, filters);
}

/**
 * All coworkers with just this e-mail, in whatever case, as list rows. How the filter compares is not documented: both
 * spellings are asked for, and rows that merely contain the text are taken for rows that the filter lets through. Throws
 * NexudusError.
 */
export async function searchEmail(
  client: Pick<NexudusClient, 'list'>,
  emailAsWritten: string,
): Promise<CoworkerRecord[]> {
  const email = normalEmail(emailAsWritten);
  const search = (spelling: string): Promise<CoworkerRecord[]> =>
    client.list('coworkers', [equal('coworkers', 'Email', spelling, (row) => isLike(row.email, email))]);
  const found = await Promise.all([...new Set([email, emailAsWritten])].map(search));
  const same = found.flat().filter((row) => row.email === email);
  return [...new Map(same.map((row) => [row.id, row])).values()].sort((a, b) => a.id - b.id);
}

/** The contract with this GUID, with its pauses; null: there is none. Throws NexudusError. */
export async function findContract(client: NexudusClient, uniqueId: string): Promise<ContractRecord | null> {
  const found = await findByUniqueId(client, 'coworkercontracts', uniqueId);
  return found === null ? null : withOwnPauses(client, found);
}

/** The record with this GUID; null: there is none. Throws NexudusError. */
export async function findByUniqueId<N extends 'coworkercontracts' | 'tarifftimepasses'>(
  client: NexudusClient,
  name: N,
  uniqueId: string,
): Promise<Records[N] | null> {
  const found = await client.list(name, [withUniqueId(uniqueId)]).catch(async (error: unknown) => {
    if (!isNexudusError(error, 'filterIgnored')) throw error;
    // Where Nexudus does not know the filter, all rows come: the record is among them or does not exist.
    return (await client.listSparing(name)).rows.filter((row) => row.uniqueId === uniqueId);
  });
  return found[0] ?? null;
}

/** A contract that was looked up apart from the others, with its pauses. Throws NexudusError. */
export async function withOwnPauses(
  client: NexudusClient,
  contract: ContractRecord,
): Promise<ContractRecord> {
  return joinPauses(contract, await ownPauses(client, contract.id));
}

function ownPauses(client: NexudusClient, contractId: number): Promise<PausedPeriodRecord[]> {
  return client.list('contractpausedperiods', [
    equal('contractpausedperiods', 'CoworkerContract', contractId, (row) => row.contractId === contractId),
  ]);
}

/** A contract is paused where its own flag says so or where a paused period does. */
export function joinPauses(
  contract: ContractRecord,
  periods: readonly Pick<PausedPeriodRecord, 'contractId' | 'pause' | 'updatedOn'>[],
): ContractRecord {
  const own = periods.filter(({ contractId }) => contractId === contract.id);
  const more = own.map(({ pause }) => pause);
  const isNew = (pause: ContractRecord['pauses'][number]): boolean =>
    !contract.pauses.some((known) => known.from === pause.from && known.until === pause.until);
  const changes = [contract.changedAt, ...own.map(({ updatedOn }) => parseInstant(updatedOn))].filter(
    isThere,
  );
  return {
    ...contract,
    pauses: [...contract.pauses, ...more.filter(isNew)],
    changedAt: changes.length === 0 ? null : Math.max(...changes),
  };
}

async function pausesOf(
  client: NexudusClient,
  contracts: readonly ContractRecord[],
  quirk: PauseQuirk,
  memberId: number,
): Promise<PausedPeriodRecord[]> {
  if (contracts.length === 0) return [];
  const ids = contracts.map(({ id }) => id);
  if (!quirk.nestedFilterIgnored) {
    const nested = equal(
      'contractpausedperiods',
      'CoworkerContract_Coworker',
      memberId,
      (row) => row.memberId === memberId || ids.includes(row.contractId),
    );
    try {
      return await client.list('contractpausedperiods', [nested]);
    } catch (error) {
      if (!isNexudusError(error, 'filterIgnored')) throw error;
      quirk.nestedFilterIgnored = true;
    }
  }
  return (await Promise.all(ids.map((id) => ownPauses(client, id)))).flat();
}

/** The check-ins of a coworker that are open. Throws NexudusError. */
export async function openCheckins(client: NexudusClient, memberId: number): Promise<CheckinRecord[]> {
  const all = await client.list('checkins', [
    equal('checkins', 'Coworker', memberId, (checkin) => checkin.memberId === memberId),
  ]);
  return all.filter((checkin) => checkin.open);
}

/** For filters: drops what was not found. */
export function isThere<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
