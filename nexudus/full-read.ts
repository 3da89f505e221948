import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { CollectionSource } from './collection-source.js';
import { readCollections, type Collections, type PassRows } from './collections.js';
import type { Follower } from './follower.js';
import type { Lookups } from './lookups.js';
import { readRecentPasses } from './passes.js';
import type { Baselines } from './plausible.js';
import type { CollectionName } from './records.js';
import { beginRead, type SharedRead } from './shared-read.js';
import { shared } from '../lib/shared.js';

export interface FullReadOptions {
  now: () => Instant;
  baselines: () => Promise<Baselines | null>;
  follower?: Follower | undefined;
  /** How long a full read may take for all who wait for it. */
  limitMs: number;
  /** Passes of past years are read too. */
  pastPasses: boolean;
  /** Called when a full read is over. */
  onOver: () => void;
}

/** The requests that a full read is taken to cost until its cost is known: those of a small space. */
const unknownCost = 8;
const rowsPerRequest = 1000;
/** How long a full read is kept: a thousand members take a while to ask, and one read serves all who may use it. */
const keptMs = 5 * 60_000;

/** Reads of everybody: one at a time, kept for those who come later. */
export class FullReads {
  private last: SharedRead | null = null;
  private isUnderWay = false;
  private knownCost: number | null = null;

  constructor(private readonly options: FullReadOptions) {}

  isRunning(): boolean {
    return this.isUnderWay;
  }

  /** About how many requests a full read takes. */
  cost(): number {
    return this.knownCost ?? unknownCost;
  }

  /** The full read that runs or is kept, where it is fresh enough. */
  usable(notBefore: Instant): SharedRead | null {
    const { last } = this;
    const now = this.options.now();
    // A read from the future began before somebody set the clock back.
    if (last === null || last.startedAt < notBefore || last.startedAt > now) return null;
    if (this.isUnderWay || now - last.startedAt < keptMs) return last;
    this.last = null;
    return null;
  }

  /** Begins a full read. */
  begin(client: NexudusClient): SharedRead {
    const { now, follower, limitMs, pastPasses } = this.options;
    const common = beginRead(client, now());
    const read = async (): Promise<CollectionSource> => {
      const take = follower?.rebase();
      const all = await readEverybody(client, common.lookups, common.startedAt, pastPasses);
      this.knownCost = costOf(all.collections);
      take?.(all.collections);
      return all;
    };
    const onOver = (isAnswered: boolean): void => {
      if (!isAnswered) this.last = null;
      this.isUnderWay = false;
      this.options.onOver();
    };
    this.isUnderWay = true;
    this.last = { ...common, source: shared(read, { limit: { limitMs, of: 'Nexudus' }, onOver }) };
    return this.last;
  }

  /** Before the first full read its cost is estimated from what the last reconciliation counted. */
  estimateCost(): void {
    if (this.knownCost !== null) return;
    const estimate = async (): Promise<void> => {
      const baselines = await this.options.baselines();
      if (baselines !== null) this.knownCost ??= costBy(baselines);
    };
    // A failure of Temporal leaves only the estimate unknown.
    void estimate().catch(() => undefined);
  }
}

/**
 * Reads whole collections: coworkers, contracts, pauses, teams, and passes that are neither used nor expired long since.
 * Of the others, one that a key stands on is looked up by its id; `pastPasses`: they are read as well. Throws NexudusError.
 */
export async function readEverybody(
  client: NexudusClient,
  lookups: Lookups,
  startedAt: Instant,
  pastPasses = false,
): Promise<CollectionSource> {
  const readPasses = (): Promise<PassRows> =>
    pastPasses ? client.listSparing('coworkertimepasses') : readRecentPasses(client, startedAt);
  const all = await readCollections(client, readPasses);
  return new CollectionSource(all, client, lookups, startedAt);
}

/** About how many requests it took to read these. */
function costOf({ coworkers, contracts, pauses, passes, teams }: Collections): number {
  // Two requests for passes, and one more for the members of teams.
  return [coworkers, contracts, pauses, passes, teams].reduce(
    (sum, rows) => sum + Math.max(1, Math.ceil(rows.length / rowsPerRequest)),
    2,
  );
}

function costBy(baselines: Baselines): number {
  const pagesOf = (name: CollectionName): number =>
    Math.max(1, Math.ceil((baselines[name]?.count ?? 0) / rowsPerRequest));
  const names = ['coworkers', 'coworkercontracts', 'contractpausedperiods', 'teams'] as const;
  // The baselines count the passes of many years, which are not read.
  const passes = Math.min(pagesOf('coworkertimepasses'), pagesOf('coworkers') + 3);
  return names.reduce((sum, name) => sum + pagesOf(name), passes + 2);
}
