import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Instant } from '../access/types.js';
import type { Config } from '../config/config.js';
import type { WebhooksSeen } from '../database/webhooks-seen.js';
import { isRefused } from '../push/answers.js';
import type { Call } from '../push/listener.js';
import { seenIn, webhookSeen, type WebhookSeen } from '../push/seen.js';

/** How long it is known that a webhook came in. */
const seenForMs = 24 * 60 * 60_000;

/** Ids mean something in one account only. */
type Addresses = { nexudus: Pick<Config['nexudus'], 'baseUrl'>; kisi: Pick<Config['kisi'], 'baseUrl'> };

export interface SeenKeeperOptions {
  /** The addresses of the APIs whose webhooks these are. */
  apis: Addresses;
  seen: Pick<WebhooksSeen, 'add' | 'prune'>;
  nexudusSecret: string | null;
  /** Told once when it cannot be kept, until it can again. */
  onProblem: (error: unknown) => void;
  now?: () => Instant;
  everyMs?: number;
}

const usualEveryMs = 1_000;
const pruneEveryMs = 60 * 60_000;
/** The most calls of each kind in one write: a few tell as much as a flood, and reading each would hold the flood up. */
const mostOfAKind = 20;
/** Strangers may call as often as they like: one call of theirs tells as much as many. */
const refusedEveryMs = 60_000;

/**
 * Keeps for a day what came in by webhook: forms, times and ids, for `latchkey verify --push`. Nothing waits for it, and what
 * cannot be kept is left out: it proves something about the APIs, and nobody's access stands on it.
 */
export class SeenKeeper {
  private readonly options: Required<SeenKeeperOptions>;
  private gathered: WebhookSeen[] = [];
  private readonly counts = new Map<string, number>();
  private readonly refused = new Map<string, Instant>();
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();
  private prunedAt = -Infinity;
  private isFailing = false;

  constructor(options: SeenKeeperOptions) {
    this.options = { now: Date.now, everyMs: usualEveryMs, ...options };
  }

  /** Returns at once. */
  note(call: Call): void {
    const count = (this.counts.get(call.url) ?? 0) + 1;
    if (!isRefused(call.outcome) && count > mostOfAKind) return;
    const one = seenIn(call, this.options.now(), this.options.nexudusSecret);
    if (one === null || (!one.isSigned && !this.isNews(one))) return;
    if (one.isSigned) this.counts.set(call.url, count);
    this.gathered.push(one);
    this.timer ??= setTimeout(() => {
      void this.write();
    }, this.options.everyMs).unref();
  }

  /** Resolves when all is kept, or cannot be. */
  async close(): Promise<void> {
    await this.write();
  }

  private isNews({ kind, signature, at }: WebhookSeen): boolean {
    const name = `${kind} ${signature}`;
    const last = this.refused.get(name);
    if (last !== undefined && at - last < refusedEveryMs && at >= last) return false;
    this.refused.set(name, at);
    return true;
  }

  private write(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const rows = this.gathered;
    this.gathered = [];
    this.counts.clear();
    this.writing = this.writing.then(() => this.keep(rows));
    return this.writing;
  }

  private async keep(rows: readonly WebhookSeen[]): Promise<void> {
    const { seen, apis, now, onProblem } = this.options;
    if (rows.length === 0) return;
    try {
      const of = digestOf(apis);
      await seen.add(rows.map((one) => ({ at: one.at, value: z.json().parse({ ...one, of }) })));
      if (now() - this.prunedAt > pruneEveryMs) {
        this.prunedAt = now();
        await seen.prune(now() - seenForMs);
      }
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) onProblem(error);
      this.isFailing = true;
    }
  }
}

const keptSeen = webhookSeen.extend({ of: z.string() });

/** What came in within the last day from the APIs at these addresses, the oldest first. Rejects with a DatabaseError. */
export async function readSeen(
  seen: Pick<WebhooksSeen, 'since'>,
  apis: Addresses,
  now: Instant = Date.now(),
): Promise<WebhookSeen[]> {
  const rows = await seen.since(now - seenForMs);
  const wanted = digestOf(apis);
  return rows.flatMap(({ value }) => {
    const read = keptSeen.safeParse(value);
    return read.success && read.data.of === wanted ? [webhookSeen.parse(read.data)] : [];
  });
}

function digestOf({ nexudus, kisi }: Addresses): string {
  const text = JSON.stringify([nexudus.baseUrl, kisi.baseUrl]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
