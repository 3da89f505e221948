import type { Instant } from '../access/types.js';
import type { NexudusClient } from './client.js';
import { isNexudusError } from './errors.js';
import type { FullReads } from './full-read.js';
import type { MemberRead, MemberRequest } from './person.js';
import { beginRead, type SharedRead } from './shared-read.js';
import { createDirectSource, type PauseQuirk } from './source.js';
import { boundsSignal, untilAborted } from '../lib/within.js';

export interface RoundsOptions {
  /** The clients for reads that one member waits for, that several wait for together, and that nobody waits for. */
  clients: { single: NexudusClient; groups: NexudusClient; batches: NexudusClient };
  fullReads: FullReads;
  now: () => Instant;
  /** How long requests gather before they are read together. */
  gatherMs: number;
  /** Reads a member out of a read. */
  serve: (read: SharedRead, request: MemberRequest) => Promise<MemberRead>;
}

/** A request that waits for the next round. */
interface Waiting {
  request: MemberRequest;
  /** Called with the read that serves the request. Whoever asked runs that read, within their own bounds. */
  serve: (read: () => Promise<MemberRead>) => void;
}

/** Members that are read one by one: those that somebody waits for, and those of a batch. */
type Kind = 'single' | 'batch';

/** Pass types and locations, which both ways of reading need, are not counted here. */
const requestsPerMember = 6;
/** How long a filter that Nexudus ignored is not tried again. */
const fullReadsOnlyMs = 10 * 60_000;

/** Requests that gather for a moment, and are then read one by one or all together, whichever costs less. */
export class Rounds {
  private waiting: Waiting[] = [];
  private isGathering = false;
  private directAgainAt = -Infinity;
  private readonly running: Record<Kind, number> = { single: 0, batch: 0 };
  private readonly quirk: PauseQuirk = { nestedFilterIgnored: false };

  constructor(private readonly options: RoundsOptions) {}

  /** Waits for the next round, and reads in the way that the round chose. */
  async read(request: MemberRequest): Promise<MemberRead> {
    let mine: Waiting | null = null;
    const read = await untilAborted<() => Promise<MemberRead>>(
      boundsSignal(),
      (serve) => {
        mine = { request, serve };
        this.waiting.push(mine);
        this.gather();
      },
      () => {
        this.waiting = this.waiting.filter((one) => one !== mine);
      },
    );
    return read();
  }

  /** Whether whole collections are read, since Nexudus ignores a filter that a read of one member needs. */
  isForAllOnly(): boolean {
    return this.options.now() < this.directAgainAt;
  }

  /** Reads by `read`; in the next round where Nexudus ignores a filter that `read` needs. */
  async orInNext(request: MemberRequest, read: () => Promise<MemberRead>): Promise<MemberRead> {
    try {
      return await read();
    } catch (error) {
      if (!isNexudusError(error, 'filterIgnored')) throw error;
      this.directAgainAt = this.options.now() + fullReadsOnlyMs;
      return this.read(request);
    }
  }

  /** A full read is over: the next round begins where anybody waits for it. */
  goOn(): void {
    if (this.waiting.length > 0) this.gather();
  }

  private gather(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    setTimeout(() => {
      this.begin();
    }, this.options.gatherMs);
  }

  /**
   * A member that somebody waits for is read at once, even beside a read for all, where that costs less; the others are read
   * together.
   */
  private begin(): void {
    const { fullReads, clients } = this.options;
    this.isGathering = false;
    const single = this.waiting.filter(({ request }) => !request.isBatch);
    const ofBatches = this.waiting.filter(({ request }) => request.isBatch);
    this.waiting = [];
    const areDirect = this.isCheaperDirectly(single, 'single');
    if (areDirect) this.readDirectly(single, 'single', clients.single);
    const batch = this.unserved(areDirect ? ofBatches : [...ofBatches, ...single]);
    if (batch.length === 0) return;
    // The full read that runs began before their wake: they get the next one.
    if (fullReads.isRunning()) this.waiting.push(...batch);
    else this.readTogether(batch);
  }

  private readTogether(batch: readonly Waiting[]): void {
    const { fullReads, clients, serve } = this.options;
    // Somebody who waits for one of them waits for all.
    const isAwaited = batch.some(({ request }) => !request.isBatch);
    const client = isAwaited ? clients.groups : clients.batches;
    if (this.isCheaperDirectly(batch, 'batch')) {
      this.readDirectly(batch, 'batch', client);
      return;
    }
    const read = fullReads.begin(client);
    for (const one of batch) one.serve(() => serve(read, one.request));
  }

  /** Serves all requests that the running or kept read for all is fresh enough for; answers the others. */
  private unserved(batch: readonly Waiting[]): Waiting[] {
    const { fullReads, serve } = this.options;
    return batch.filter((one) => {
      const usable = fullReads.usable(one.request.notBefore);
      if (usable !== null) one.serve(() => serve(usable, one.request));
      return usable === null;
    });
  }

  private isCheaperDirectly(served: readonly Waiting[], kind: Kind): boolean {
    const { fullReads } = this.options;
    const members = new Set(served.map(({ request }) => request.memberId)).size;
    const requests = (this.running[kind] + members) * requestsPerMember;
    // Beside a read for all, the other way is to wait for that one and the next.
    return requests <= fullReads.cost() * (fullReads.isRunning() ? 2 : 1) && !this.isForAllOnly();
  }

  private readDirectly(served: readonly Waiting[], kind: Kind, client: NexudusClient): void {
    if (served.length === 0) return;
    const { now, serve } = this.options;
    const common = beginRead(client, now());
    const source = createDirectSource(client, common.lookups, this.quirk, common.startedAt);
    const read = { ...common, source: () => Promise.resolve(source) };
    for (const one of served) {
      this.running[kind]++;
      one.serve(() =>
        this.orInNext(one.request, () => serve(read, one.request)).finally(() => this.running[kind]--),
      );
    }
  }
}
