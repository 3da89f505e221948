/** Kisi's event webhook: tells of keys and users that anybody changed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { anyId, headerOf, recordsIn, type Answer, type Headers, type PushOutcome } from './answers.js';
import { isSignedByKisi, looksSignedByKisi } from './signatures.js';

/** What happened to a key or a user; `unclear`: something did, and the event does not say what. */
export interface KisiEvent {
  type: (typeof types)[number] | typeof unclear;
  /** Of the role assignment or the user; null: it does not say. */
  objectId: number | null;
}

export interface KisiRouteOptions {
  /** The key that signs the events. */
  key: string;
  /** Sees to the events that came at about the same time. It must not reject. */
  judge: (events: readonly KisiEvent[]) => Promise<void>;
  /**
   * How long events are gathered, and how long they are then left: a write of our own is noted as done only after its event.
   */
  gatherMs?: number;
  waitMs?: number;
  /** How many events are remembered, to know one that comes again. */
  remembered?: number;
}

export const signatureHeader = 'x-signature';

/** Whether a call may be signed at all: its body need not be read where not. */
export function mayBeOfKisi(headers: Headers): boolean {
  return looksSignedByKisi(headerOf(headers, signatureHeader));
}

/** Takes the events of one organization. */
export class KisiRoute {
  private readonly options: Required<KisiRouteOptions>;
  private readonly seen = new Set<string>();
  private readonly judging = new Set<Promise<void>>();
  private gathering: KisiEvent[] | null = null;

  constructor(options: KisiRouteOptions) {
    this.options = { gatherMs: 250, waitMs: 2_000, remembered: 10_000, ...options };
  }

  take(body: Buffer, headers: Headers): Answer {
    const signature = headerOf(headers, signatureHeader);
    if (signature === null || !isSignedByKisi(body, signature, this.options.key))
      return { outcome: 'forged' };
    const { records, isWhole } = recordsIn(body);
    const outcomes = records.map((one) => this.takeEvent(event.parse(one)));
    if (!isWhole) outcomes.push(this.takeEvent(nothingSaid));
    return { outcome: outranking.find((one) => outcomes.includes(one)) ?? 'ignored' };
  }

  /** Resolves when every event that came has been judged. */
  async drain(): Promise<void> {
    await Promise.all(this.judging);
  }

  private takeEvent({ uuid, type, object_id }: z.infer<typeof event>): PushOutcome {
    const known = types.find((one) => one === type);
    if (type !== null && known === undefined) return 'ignored';
    // Without its id nobody can say that it came before.
    if (uuid !== null && !this.isNew(uuid)) return 'repeated';
    this.gather({ type: known ?? unclear, objectId: object_id });
    return known === undefined ? 'unclear' : 'taken';
  }

  private isNew(uuid: string): boolean {
    const { seen } = this;
    if (seen.has(uuid)) return false;
    seen.add(uuid);
    const [oldest] = seen;
    if (seen.size > this.options.remembered && oldest !== undefined) seen.delete(oldest);
    return true;
  }

  private gather(event: KisiEvent): void {
    if (this.gathering !== null) {
      this.gathering.push(event);
      return;
    }
    const batch = [event];
    this.gathering = batch;
    const one = this.judge(batch).finally(() => this.judging.delete(one));
    this.judging.add(one);
  }

  private async judge(batch: readonly KisiEvent[]): Promise<void> {
    const { gatherMs, waitMs, judge } = this.options;
    await sleep(gatherMs);
    this.gathering = null;
    await sleep(waitMs);
    await judge(batch);
  }
}

const unclear = 'unclear';
const types = [
  'role_assignment.create',
  'role_assignment.update',
  'role_assignment.destroy',
  'user.create',
  'user.update',
  'user.destroy',
] as const;

/** The outcome of a call with several events: the first of these that one of the events has. */
const outranking = ['unclear', 'taken', 'repeated'] as const;

const said = z.string().min(1).max(100).nullable().catch(null);
const event = z.object({ uuid: said, type: said, object_id: anyId });
const nothingSaid: z.infer<typeof event> = { uuid: null, type: null, object_id: null };
