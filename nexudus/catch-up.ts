import type { Instant, StandsOn } from '../access/types.js';
import { sourceOf } from './bulk.js';
import type { BrokenRow, NexudusClient } from './client.js';
import { readTeams } from './collections.js';
import { updatedSince } from './filters.js';
import { findSparing, type Lookups } from './lookups.js';
import type { ContractRecord, CoworkerRecord, PassRecord, PausedPeriodRecord, Records } from './records.js';
import type { Followed, Replica } from './replica.js';
import { isThere, withOwnPauses, type ContractRows, type RecordSource } from './source.js';
import { overlapMs, readStamped } from './stamps.js';

/** What a catch-up needs, and what it is for. */
export interface CatchUp {
  client: NexudusClient;
  replica: Replica;
  lookups: Lookups;
  /** When it begins, by the clock of those who ask. */
  startedAt: Instant;
  /** The time by which Nexudus stamps what is written now, or an earlier one. */
  stampedNow: () => Instant;
  /** Of whom something is to be told. */
  memberIds: ReadonlySet<number>;
  /** Whether there is room for reads that are good to have: what else is new, and whether old records are still there. */
  isRoomy: boolean;
}

/** Whose records are wanted of a catch-up. */
interface Wanted {
  /** The records that existing keys stand on. */
  heldOn: readonly StandsOn[];
}

/** What a list showed: each of them is there. */
type Seen = Record<Followed, ReadonlySet<number>>;

/**
 * Brings the replica up to date by what was written since, in three requests for however many members: passes, contracts and
 * coworkers. Pauses and teams are as polls have read them, unless there is room and somebody was woken by none of the three.
 * Answers whose records they are then, for one who asks:
 *
 * - What is new or was written is in the lists, which also show that it is there.
 * - What no list showed may have been deleted. It is looked up by its id, a hundred in a request, before it gives a new key,
 *   and, where there is room or no list explains why the member was woken, before it keeps one.
 *
 * Throws NexudusError.
 */
export async function catchUp(job: CatchUp): Promise<(wanted: Wanted) => RecordSource> {
  const seen: Record<Followed, Set<number>> = {
    coworkers: new Set(),
    coworkercontracts: new Set(),
    contractpausedperiods: new Set(),
    coworkertimepasses: new Set(),
  };
  const changed = new Set<number>();
  const follow = async (name: Followed): Promise<void> => {
    const { rows, touched } = await readWritten(job, name);
    for (const row of rows) if (job.replica.holds(name, row)) seen[name].add(row.id);
    for (const memberId of touched) changed.add(memberId);
  };
  // Passes last: what is bought after their read waits for the next one, and has then least to wait for.
  await Promise.all([follow('coworkers'), follow('coworkercontracts'), follow('coworkertimepasses')]);
  const isPuzzled = [...job.memberIds].some((id) => !changed.has(id));
  if (isPuzzled && job.isRoomy) await Promise.all([follow('contractpausedperiods'), followTeams(job)]);
  const all = sourceOf(job.replica.collections(), job.client, job.lookups);
  return (wanted) => sureOf(job, { ...all, startedAt: job.startedAt }, { seen, changed }, wanted);
}

async function readWritten(
  { client, replica, stampedNow }: CatchUp,
  name: Followed,
): Promise<{ rows: readonly Records[Followed][]; touched: ReadonlySet<number> }> {
  const since = (replica.readTo(name) ?? stampedNow()) - overlapMs;
  const { answer, readAt } = await readStamped(client.clock, stampedNow, () =>
    client.listSparing(name, [updatedSince(name, since)]),
  );
  return { rows: answer.rows, touched: replica.take(name, { ...answer, since, readAt }) };
}

async function followTeams({ client, replica, stampedNow }: CatchUp): Promise<void> {
  const readAt = stampedNow();
  replica.takeTeams(await readTeams(client), readAt);
}

/** The replica's records, made sure of where that matters. */
function sureOf(
  { client, lookups, startedAt, isRoomy }: CatchUp,
  all: RecordSource,
  { seen, changed }: { seen: Seen; changed: ReadonlySet<number> },
  { heldOn }: Wanted,
): RecordSource {
  const held = new Set(heldOn.map(({ passId }) => passId));
  /** Whether what the member has already is looked at as well. */
  const isExact = (memberId: number): boolean => isRoomy || !changed.has(memberId);
  /** One that was used may count until its day is over, and what was used before that is not in the copy for long. */
  const mayGive = ({ id }: PassRecord): boolean => !held.has(id);

  async function passesOf(memberId: number): Promise<{ rows: PassRecord[]; broken: BrokenRow[] }> {
    const known = await all.passesOf(memberId);
    const isSure = (pass: PassRecord): boolean =>
      seen.coworkertimepasses.has(pass.id) || (!mayGive(pass) && !isExact(memberId));
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
    const areLookedUp = isExact(memberId) || passes.some(mayGive);
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
    if (known === null || seen.coworkers.has(id) || !isExact(id)) return known;
    return lookups.find('coworkers', id);
  }

  async function coworkersWithEmail(one: CoworkerRecord): Promise<CoworkerRecord[]> {
    const known = await all.coworkersWithEmail(one);
    const sure = async (other: CoworkerRecord): Promise<CoworkerRecord | null> =>
      seen.coworkers.has(other.id) ? other : lookups.find('coworkers', other.id);
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
