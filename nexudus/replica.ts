import type { Instant } from '../access/types.js';
import type { BrokenRow } from './client.js';
import { collectionsOf, type Collections } from './collections.js';
import { parseInstant } from './fields.js';
import type { CollectionName, Records, Stamped, TeamRecord } from './records.js';
import { isThere } from './source.js';

/** What members own. For each of these collections a list of what was written lately shows all that is new. */
const followed = [
  'coworkers',
  'coworkercontracts',
  'contractpausedperiods',
  'coworkertimepasses',
] as const satisfies readonly CollectionName[];
export type Followed = (typeof followed)[number];

/** A list of what was written at or after `since`, whose read began at `readAt`, both by Nexudus' clock. */
export interface Written<N extends Followed> {
  rows: readonly Records[N][];
  broken: readonly BrokenRow[];
  since: Instant;
  readAt: Instant;
}

/** A row, or a malformed one, and the number of the take that brought it last. */
interface Kept<T> {
  row: T | null;
  broken: BrokenRow | null;
  take: number;
}

type Row<N extends Followed> = Omit<Kept<Records[N]>, 'take'>;

/** Rows by id; a malformed row without an id by its whole text. */
class Table<N extends Followed> extends Map<number | string, Kept<Records[N]>> {
  private listed: Listed<Records[N]> | null = null;

  /** All rows, by their ids. The same lists for as long as nothing new comes. */
  list(): Listed<Records[N]> {
    return (this.listed ??= this.listNow());
  }

  /** To be called where something new came. */
  noteNews(): void {
    this.listed = null;
  }

  private listNow(): Listed<Records[N]> {
    const kept = [...this.values()];
    const rows = kept.map(({ row }) => row).filter(isThere);
    return {
      rows: rows.sort((one, other) => one.id - other.id),
      broken: kept.map(({ broken }) => broken).filter(isThere),
    };
  }
}

interface Listed<T> {
  rows: T[];
  broken: readonly BrokenRow[];
}

type Tables = { [N in Followed]: Table<N> };

/** How long a change is remembered: an older one explains nothing any more. */
const rememberedMs = 5 * 60_000;

const noTables = (): Tables => ({
  coworkers: new Table(),
  coworkercontracts: new Table(),
  contractpausedperiods: new Table(),
  coworkertimepasses: new Table(),
});

/** A copy that is empty yet. `nowMs`: of a clock that nobody sets. */
export const createReplica = (nowMs: () => number = () => performance.now()): Replica => new Replica(nowMs);

/**
 * A copy of everybody's records, in memory: a read of everything, kept up by lists of what was written since. It shows all that
 * is there, and may still show what was deleted, since a deletion leaves no trace in a list; whoever needs to be sure of a
 * record looks it up by its id (catch-up.ts).
 */
export class Replica {
  private tables = noTables();
  private teams: Listed<TeamRecord> = { rows: [], broken: [] };
  private readonly readUpTo = new Map<Followed | 'teams', Instant>();
  private teamsTake = 0;
  private takes = 0;
  /** When a record of each member last changed, or was news to the member. What is long ago is forgotten. */
  private readonly changedMs = new Map<number, number>();

  constructor(private readonly nowMs: () => number) {}

  /**
   * To be called as a read of everything begins, at `readAt` by Nexudus' clock. Answers the function that takes the read: a
   * record that the read lacks is gone, unless it came in meanwhile.
   */
  rebase(readAt: Instant): (all: Collections) => void {
    const take = ++this.takes;
    return (all) => {
      this.layAnew(all, readAt, take);
    };
  }

  /** Takes a list of what was written. It brings the copy up to date where it begins no later than the copy ends. */
  take<N extends Followed>(name: N, written: Written<N>): void {
    const readBefore = this.readUpTo.get(name);
    if (readBefore === undefined) return;
    if (written.since <= readBefore) this.readUpTo.set(name, Math.max(readBefore, written.readAt));
    this.put(name, written, ++this.takes);
  }

  /** Takes all teams as they were read at `readAt`. */
  takeTeams(read: Listed<TeamRecord>, readAt: Instant): void {
    const readBefore = this.readUpTo.get('teams');
    // Answers may overtake each other.
    if (readBefore === undefined || readAt < readBefore) return;
    this.teams = read;
    this.teamsTake = ++this.takes;
    this.readUpTo.set('teams', readAt);
  }

  /** Whether the copy has just this row, and not one that says that it was written later. */
  holds<N extends Followed>(name: N, row: Records[N]): boolean {
    return this.tables[name].get(row.id)?.row === row;
  }

  /** Notes that these members were not judged yet by what the copy has of them, for however long it has had that. */
  noteNewsOf(memberIds: Iterable<number>): void {
    for (const memberId of memberIds) this.changedMs.set(memberId, this.nowMs());
  }

  /** Whether something of the member has changed within this time, or was news. */
  hasChanged(memberId: number, withinMs: number): boolean {
    return (this.changedMs.get(memberId) ?? -Infinity) >= this.nowMs() - withinMs;
  }

  /** Whether there is such a coworker, as far as the copy knows. */
  hasCoworker(id: number): boolean {
    return (this.tables.coworkers.get(id)?.row ?? null) !== null;
  }

  /** Up to when the copy of a collection is complete; null: nothing was read yet, of any of them. */
  readTo(name: Followed | 'teams'): Instant | null {
    return this.readUpTo.get(name) ?? null;
  }

  /** All that it holds. A list is the same one for as long as nothing new comes to it. */
  collections(): Collections {
    const { coworkers, coworkercontracts, contractpausedperiods, coworkertimepasses } = this.tables;
    return collectionsOf({
      coworkers: coworkers.list(),
      contracts: coworkercontracts.list(),
      pauses: contractpausedperiods.list(),
      passes: coworkertimepasses.list(),
      teams: this.teams,
    });
  }

  private layAnew(all: Collections, readAt: Instant, take: number): void {
    const before = this.tables;
    this.tables = noTables();
    const brokenOf = (name: CollectionName): BrokenRow[] =>
      all.broken.filter(({ collection }) => collection === name);
    const lay = <N extends Followed>(name: N, rows: readonly Records[N][]): void => {
      this.put(name, { rows, broken: brokenOf(name) }, take, before);
    };
    lay('coworkers', all.coworkers);
    lay('coworkercontracts', all.contracts);
    lay('contractpausedperiods', all.pauses);
    lay('coworkertimepasses', all.passes);
    this.keepLater(before, take);
    if (this.teamsTake < take) this.teams = { rows: all.teams, broken: brokenOf('teams') };
    for (const name of [...followed, 'teams'] as const)
      this.readUpTo.set(name, Math.max(this.readUpTo.get(name) ?? -Infinity, readAt));
  }

  /** `before`: the tables as they were. */
  private put<N extends Followed>(
    name: N,
    { rows, broken }: Pick<Written<N>, 'rows' | 'broken'>,
    take: number,
    before = this.tables,
  ): void {
    const table = this.tables[name];
    const keep = (key: number | string, kept: Row<N>): void => {
      const known = table.get(key);
      if (known !== undefined && isOlder(kept, known)) return;
      this.noteChange(name, before[name].get(key), kept);
      table.set(key, { ...kept, take });
    };
    for (const row of rows) keep(row.id, { row, broken: null });
    for (const one of broken) keep(one.id ?? one.text, { row: null, broken: one });
    const forgotten = this.nowMs() - rememberedMs;
    for (const [memberId, at] of this.changedMs) if (at < forgotten) this.changedMs.delete(memberId);
  }

  private noteChange<N extends Followed>(name: N, was: Row<N> | undefined, is: Row<N> | undefined): void {
    // The first read of everything is no news of anybody.
    if (!this.readUpTo.has(name)) return;
    if (was !== undefined && is !== undefined && textOf(was) === textOf(is)) return;
    this.tables[name].noteNews();
    for (const owner of [this.ownerOf(name, was), this.ownerOf(name, is)])
      if (owner !== null) this.changedMs.set(owner, this.nowMs());
  }

  /** The owner of a record; for a pause that does not name one, the owner of its contract. */
  private ownerOf<N extends Followed>(name: N, kept: Row<N> | undefined): number | null {
    if (kept === undefined) return null;
    const contractId = kept.broken?.contractId ?? contractOf(kept.row);
    const contract = contractId === null ? undefined : this.tables.coworkercontracts.get(contractId);
    const byContract = contract?.row?.memberId ?? null;
    if (kept.broken !== null) return kept.broken.ownerId ?? byContract;
    if (kept.row === null) return null;
    return name === 'coworkers' ? kept.row.id : (memberOf(kept.row) ?? byContract);
  }

  /** What was there before, and is not in a read of everything that began later, is gone. */
  private keepLater(before: Tables, take: number): void {
    for (const name of followed) {
      const [from, to]: [Table<Followed>, Table<Followed>] = [before[name], this.tables[name]];
      for (const [key, kept] of from) {
        const known = to.get(key);
        if (kept.take > take && (known === undefined || !isOlder(kept, known))) to.set(key, kept);
        else if (known === undefined) this.noteChange(name, kept, undefined);
      }
    }
  }
}

const textOf = ({ row, broken }: { row: unknown; broken: BrokenRow | null }): string =>
  broken?.text ?? JSON.stringify(row);

/** By UpdatedOn, which moves with each change of a record: answers may overtake each other. */
function isOlder(one: { row: Stamped | null }, other: { row: Stamped | null }): boolean {
  if (one.row === null || other.row === null) return false;
  return (parseInstant(one.row.updatedOn) ?? Infinity) < (parseInstant(other.row.updatedOn) ?? -Infinity);
}

function memberOf(row: Records[Followed]): number | null {
  return 'memberId' in row ? row.memberId : null;
}

function contractOf(row: Records[Followed] | null): number | null {
  return row !== null && 'contractId' in row && typeof row.contractId === 'number' ? row.contractId : null;
}
