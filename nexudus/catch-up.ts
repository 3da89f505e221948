import type { Instant, ReadingRules } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { CollectionSource } from './collection-source.js';
import { readTeams, type PassRows } from './collections.js';
import { updatedSince } from './filters.js';
import { findSparing, type Lookups } from './lookups.js';
import type { MemberRequest } from './person.js';
import type {
  ContractRecord,
  CoworkerRecord,
  PassRecord,
  PausedPeriodRecord,
  Records,
  TeamRecord,
} from './records.js';
import type { Followed, Replica } from './replica.js';
import { isThere, withOwnPauses, type ContractRows, type RecordSource } from './source.js';
import { overlapMs, readStamped } from './stamps.js';

/** What a catch-up needs, and what it is for. */
export interface CatchUpJob {
  client: NexudusClient;
  readingRules: ReadingRules;
  replica: Replica;
  lookups: Lookups;
  /** When the catch-up begins, by the clock of those who ask. */
  startedAt: Instant;
  /** The time by which Nexudus stamps what is written now, or an earlier one. */
  stampedNow: () => Instant;
  /** Whether old records of all who ask are looked up by their ids, to see that they are still there. */
  isExact: boolean;
}

/** A member whose records are wanted: what existing keys stand on, and whether the member only came or went. */
type Asking = Pick<MemberRequest, 'standsOn' | 'isCheckIn'> & {
  /** A list shows why the member was woken: only what gives a new key is looked up. */
  isExplained?: boolean;
};

/** The records as a catch-up found them. */
export type CaughtUp = (asking: Asking) => RecordSource;

/** A catch-up in two steps. Both throw NexudusError. */
export interface CatchUp {
  /** Pauses and teams are as polls have read them. */
  lists: () => Promise<CaughtUp>;
  /** After the lists, for members whose wake no list explains: pauses and teams are read as well. */
  all: () => Promise<CaughtUp>;
}

/** The ids of the records that a list showed: each of those records is there. */
type Seen = Record<Followed, ReadonlySet<number>>;

/**
 * Brings the replica up to date by what was written since, in three requests for however many members: passes, contracts and
 * coworkers.
 *
 * - What is new or was written is in the lists, which also show that it is there.
 * - A record that no list showed may have been deleted. It is looked up by its id, a hundred in a request, before it gives a
 *   new key, and, where the catch-up is exact, before it keeps one. For a member who only came or went, only passes are looked
 *   up.
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
    const all = new CollectionSource(job.replica.collections(), job.client, job.lookups, job.startedAt);
    return (asking) => new SureSource(job, all, seen, asking);
  };
  return {
    async lists() {
      // Passes last: a pass that is bought after their read waits for the next read, which is then as near as can be.
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

/** The replica's records, looked up again where a deletion would matter. */
class SureSource implements RecordSource {
  readonly startedAt: Instant;
  private readonly isExact: boolean;
  private readonly stoodOn: ReadonlySet<number>;

  constructor(
    private readonly job: CatchUpJob,
    private readonly all: RecordSource,
    private readonly seen: Seen,
    private readonly asking: Asking,
  ) {
    this.startedAt = job.startedAt;
    this.isExact = job.isExact && !asking.isCheckIn && asking.isExplained !== true;
    this.stoodOn = new Set(asking.standsOn.map(({ passId }) => passId));
  }

  async coworker(id: number): Promise<CoworkerRecord | null> {
    const known = await this.all.coworker(id);
    if (known === null || this.seen.coworkers.has(id) || !this.isExact) return known;
    return this.job.lookups.find('coworkers', id);
  }

  async coworkersWithEmail(one: CoworkerRecord): Promise<CoworkerRecord[]> {
    const known = await this.all.coworkersWithEmail(one);
    const sure = async (other: CoworkerRecord): Promise<CoworkerRecord | null> =>
      other.id === one.id ? other : this.seenOrFound('coworkers', other);
    const found = await Promise.all(known.map(sure));
    return found.filter(isThere).filter(({ email }) => email === one.email);
  }

  async passesOf(memberId: number): Promise<PassRows> {
    const known = await this.all.passesOf(memberId);
    if (await this.isMoot(memberId)) return known;
    const found = await Promise.all(
      known.rows.map(async (pass) =>
        this.isSure(pass) ? { row: pass } : findSparing(this.job.lookups, 'coworkertimepasses', pass.id),
      ),
    );
    const rows = found.flatMap((one) => ('error' in one || one.row?.memberId !== memberId ? [] : [one.row]));
    return { rows, broken: [...known.broken, ...found.filter((one) => 'error' in one)] };
  }

  async contractsOf(memberId: number): Promise<ContractRows> {
    const [known, { rows: passes }] = await Promise.all([
      this.all.contractsOf(memberId),
      this.all.passesOf(memberId),
    ]);
    if (await this.isMoot(memberId)) return known;
    const areLookedUp =
      this.isExact || passes.some((pass) => this.mayGive(pass) && this.job.readingRules.comesFromPlan(pass));
    const sure = async (contract: ContractRecord): Promise<ContractRecord | null> =>
      areLookedUp ? this.seenOrFound('coworkercontracts', contract) : contract;
    const [contracts, pauses] = await Promise.all([
      Promise.all(known.contracts.map(sure)),
      // A pause that was deleted must keep nobody out.
      Promise.all(known.pauses.map((pause) => this.seenOrFound('contractpausedperiods', pause))),
    ]);
    const own = contracts.filter(isThere).filter((contract) => contract.memberId === memberId);
    const isOfOwn = (pause: PausedPeriodRecord): boolean => own.some(({ id }) => id === pause.contractId);
    return { contracts: own, pauses: pauses.filter(isThere).filter(isOfOwn) };
  }

  teamsOf(one: CoworkerRecord, alsoIds: readonly number[]): Promise<TeamRecord[]> {
    return this.all.teamsOf(one, alsoIds);
  }

  async contractWithUniqueId(uniqueId: string): Promise<ContractRecord | null> {
    const { client, lookups } = this.job;
    const known = await this.all.contractWithUniqueId(uniqueId);
    const found = known === null ? null : await lookups.find('coworkercontracts', known.id);
    return found === null ? null : withOwnPauses(client, found);
  }

  /** Whether it does not matter which of the member's records are still there. */
  private async isMoot(memberId: number): Promise<boolean> {
    const known = await this.all.coworker(memberId);
    return known !== null && this.job.readingRules.isSuspended(known);
  }

  private isSure(pass: PassRecord): boolean {
    const mayWait = !this.mayGive(pass) && !this.isExact && !this.asking.isCheckIn;
    return mayWait || this.seen.coworkertimepasses.has(pass.id);
  }

  /** A used pass may count until its day is over, and the copy soon loses a pass that was used before that day. */
  private mayGive({ id }: PassRecord): boolean {
    return !this.stoodOn.has(id);
  }

  private async seenOrFound<N extends Followed>(name: N, row: Records[N]): Promise<Records[N] | null> {
    return this.seen[name].has(row.id) ? row : this.job.lookups.find(name, row.id);
  }
}
