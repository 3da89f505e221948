import type { Instant, ReadingRules } from '../access/types.js';
import { sourceOf } from './full-read.js';
import type { BrokenRow, NexudusClient } from './client.js';
import { readTeams } from './collections.js';
import { updatedSince } from './filters.js';
import { findSparing, type Lookups } from './lookups.js';
import type { MemberRequest } from './person.js';
import type { ContractRecord, CoworkerRecord, PassRecord, PausedPeriodRecord, Records } from './records.js';
import type { Followed, Replica } from './replica.js';
import { isThere, withOwnPauses, type ContractRows, type RecordSource } from './source.js';
import { overlapMs, readStamped } from './stamps.js';

/** What a catch-up needs, and what it is for. */
export interface CatchUpJob {
  client: NexudusClient;
  readingRules: ReadingRules;
  replica: Replica;
  lookups: Lookups;
  /** When it begins, by the clock of those who ask. */
  startedAt: Instant;
  /** The time by which Nexudus stamps what is written now, or an earlier one. */
  stampedNow: () => Instant;
  /** Whether old records of all who ask are looked up by their ids, to see that they are still there. */
  isExact: boolean;
}

/** For whom records are wanted: what existing keys stand on, and whether all that happened is that the member came or went. */
type Asking = Pick<MemberRequest, 'standsOn' | 'isCheckIn'>;

/** The records as a catch-up found them. */
export type CaughtUp = (asking: Asking) => RecordSource;

/** A catch-up in two steps. Both throw NexudusError. */
export interface CatchUp {
  /** Pauses and teams are as polls have read them. */
  lists: () => Promise<CaughtUp>;
  /** After the lists, for those whom no list explains: pauses and teams are read as well. */
  all: () => Promise<CaughtUp>;
}

/** What a list showed: each of them is there. */
type Seen = Record<Followed, ReadonlySet<number>>;

/**
 * Brings the replica up to date by what was written since, in three requests for however many members: passes, contracts and
 * coworkers.
 *
 * - What is new or was written is in the lists, which also show that it is there.
 * - What no list showed may have been deleted. It is looked up by its id, a hundred in a request, before it gives a new key,
 *   and, where the catch-up is exact, before it keeps one. Of whoever only came or went, passes alone are looked up.
 */
export function catchUp(job: CatchUpJob): CatchUp {
  const seen: Record<Followed, Set<number>> = {
    coworkers: new Set(),
    coworkercontracts: new Set(),
    contractpausedperiods: new Set(),
    coworkertimepasses: new Set(),
  };
  const follow = async (name: Followed): Promise<void> => {
    const rows = await readWritten(job, name);
    for (const row of rows) if (job.replica.holds(name, row)) seen[name].add(row.id);
  };
  const caughtUp = (): CaughtUp => {
    const all = sourceOf(job.replica.collections(), job.client, job.lookups);
    const read = { ...all, startedAt: job.startedAt };
    return (asking) => sureOf(job, read, seen, asking);
  };
  return {
    async lists() {
      // Passes last: what is bought after their read waits for the next one, and has then least to wait for.
      await Promise.all([follow('coworkers'), follow('coworkercontracts'), follow('coworkertimepasses')]);
      return caughtUp();
    },
    async all() {
      await Promise.all([follow('contractpausedperiods'), followTeams(job)]);
      return caughtUp();
    },
  };
}

async function readWritten(
  { client, replica, stampedNow }: CatchUpJob,
  name: Followed,
): Promise<readonly Records[Followed][]> {
  const since = (replica.readTo(name) ?? stampedNow()) - overlapMs;
  const { answer, readAt } = await readStamped(client.clock, stampedNow, () =>
    client.listSparing(name, [updatedSince(name, since)]),
  );
  replica.take(name, { ...answer, since, readAt });
  return answer.rows;
}

async function followTeams({ client, replica, stampedNow }: CatchUpJob): Promise<void> {
  const readAt = stampedNow();
  replica.takeTeams(await readTeams(client), readAt);
}

/** The replica's records, made sure of where that matters. */
function sureOf(
  { client, lookups, startedAt, ...job }: CatchUpJob,
  all: RecordSource,
  seen: Seen,
  { standsOn, isCheckIn }: Asking,
): RecordSource {
  const isExact = job.isExact && !isCheckIn;
  const held = new Set(standsOn.map(({ passId }) => passId));
  /** One that was used may count until its day is over, and what was used before that is not in the copy for long. */
  const mayGive = ({ id }: PassRecord): boolean => !held.has(id);
  /** Whether it does not matter what of the member's is still there. */
  async function isMoot(memberId: number): Promise<boolean> {
    const known = await all.coworker(memberId);
    return known !== null && job.readingRules.isSuspended(known);
  }

  async function passesOf(memberId: number): Promise<{ rows: PassRecord[]; broken: BrokenRow[] }> {
    const known = await all.passesOf(memberId);
    if (await isMoot(memberId)) return known;
    const isSure = (pass: PassRecord): boolean =>
      seen.coworkertimepasses.has(pass.id) || (!mayGive(pass) && !isExact && !isCheckIn);
    const found = await Promise.all(
      known.rows.map(async (pass) =>
        isSure(pass) ? { row: pass } : findSparing(lookups, 'coworkertimepasses', pass.id),
      ),
    );
    const rows = found.flatMap((one) => ('error' in one || one.row?.memberId !== memberId ? [] : [one.row]));
    return { rows, broken: [...known.broken, ...found.filter((one) => 'error' in one)] };
  }

  async function contractsOf(memberId: number): Promise<ContractRows> {
    const [known, { rows: passes }] = await Promise.all([all.contractsOf(memberId), all.passesOf(memberId)]);
    if (await isMoot(memberId)) return known;
    const areLookedUp =
      isExact || passes.some((pass) => mayGive(pass) && job.readingRules.comesFromPlan(pass));
    const sure = async (contract: ContractRecord): Promise<ContractRecord | null> =>
      !areLookedUp || seen.coworkercontracts.has(contract.id)
        ? contract
        : lookups.find('coworkercontracts', contract.id);
    // A pause that was deleted must keep nobody out.
    const surePause = async (pause: PausedPeriodRecord): Promise<PausedPeriodRecord | null> =>
      seen.contractpausedperiods.has(pause.id) ? pause : lookups.find('contractpausedperiods', pause.id);
    const [contracts, pauses] = await Promise.all([
      Promise.all(known.contracts.map(sure)),
      Promise.all(known.pauses.map(surePause)),
    ]);
    const own = contracts.filter(isThere).filter((contract) => contract.memberId === memberId);
    const isOfOwn = (pause: PausedPeriodRecord): boolean => own.some(({ id }) => id === pause.contractId);
    return { contracts: own, pauses: pauses.filter(isThere).filter(isOfOwn) };
  }

  async function coworker(id: number): Promise<CoworkerRecord | null> {
    const known = await all.coworker(id);
    if (known === null || seen.coworkers.has(id) || !isExact) return known;
    return lookups.find('coworkers', id);
  }

  async function coworkersWithEmail(one: CoworkerRecord): Promise<CoworkerRecord[]> {
    const known = await all.coworkersWithEmail(one);
    const sure = async (other: CoworkerRecord): Promise<CoworkerRecord | null> =>
      other.id === one.id || seen.coworkers.has(other.id) ? other : lookups.find('coworkers', other.id);
    const found = await Promise.all(known.map(sure));
    return found.filter(isThere).filter(({ email }) => email === one.email);
  }

  async function contractWithUniqueId(uniqueId: string): Promise<ContractRecord | null> {
    const known = await all.contractWithUniqueId(uniqueId);
    const found = known === null ? null : await lookups.find('coworkercontracts', known.id);
    return found === null ? null : withOwnPauses(client, found);
  }

  return {
    startedAt,
    coworker,
    coworkersWithEmail,
    passesOf,
    contractsOf,
    teamsOf: (one, alsoIds) => all.teamsOf(one, alsoIds),
    contractWithUniqueId,
  };
}
