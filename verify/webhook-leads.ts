import { KisiError, isKisiError } from '../kisi/errors.js';
import { NexudusError } from '../nexudus/errors.js';
import type { CollectionName } from '../nexudus/records.js';
import type { WebhookSeen } from '../push/seen.js';
import type { KisiLook } from './kisi-look.js';
import type { NexudusLook } from './nexudus-look.js';

/** Whether an id led to a record; null: it was not asked for, or no good answer came. */
export type Led = boolean | null;

/** The most ids of each kind that are looked up: a few tell as much as a flood. */
const mostOfAKind = 5;

const recordsOf: Partial<Record<WebhookSeen['kind'], CollectionName>> = {
  coworker: 'coworkers',
  contract: 'coworkercontracts',
  team: 'teams',
  checkin: 'checkins',
};

/** Looks up what webhooks name, as soon as they have come: what is deleted later was there. By GET only. */
export class WebhookLeads {
  private readonly known = new Map<string, boolean>();
  private readonly asked = new Map<string, number>();

  constructor(
    private readonly nexudus: NexudusLook,
    private readonly kisi: KisiLook,
  ) {}

  /** Whether the member of a webhook of Nexudus is there. */
  member({ memberId }: WebhookSeen): Led {
    return memberId === null ? null : (this.known.get(`coworkers ${memberId}`) ?? null);
  }

  /** Whether the record that a webhook carries, or the object of an event, is there. */
  record({ source, kind, recordId }: WebhookSeen): Led {
    const list = source === 'nexudus' ? recordsOf[kind] : kind;
    return this.known.get(`${list ?? ''} ${recordId ?? ''}`) ?? null;
  }

  /** Looks up what is new in these, the newest first. */
  async follow(seen: readonly WebhookSeen[]): Promise<void> {
    for (const one of [...seen].reverse()) {
      if (!one.isSigned) continue;
      if (one.source === 'kisi') await this.followEvent(one);
      else await this.followWebhook(one);
    }
  }

  /** Asks again for what was not there: a record may be readable a moment later than it is told of. */
  async askAgain(seen: readonly WebhookSeen[]): Promise<void> {
    for (const [name, isThere] of this.known) if (!isThere) this.known.delete(name);
    this.asked.clear();
    await this.follow(seen);
  }

  private async followWebhook({ kind, memberId, recordId }: WebhookSeen): Promise<void> {
    if (memberId !== null) await this.ask(kind, 'coworkers', memberId);
    const list = recordsOf[kind];
    if (list !== undefined && recordId !== null) await this.ask(`${kind} record`, list, recordId);
  }

  private async ask(kind: string, list: CollectionName, id: number): Promise<void> {
    await this.once(kind, `${list} ${id}`, async () => (await this.nexudus.record(list, id)) !== null);
  }

  private async followEvent({ kind, action, recordId }: WebhookSeen): Promise<void> {
    if (recordId === null || action === 'destroy' || (kind !== 'role_assignment' && kind !== 'user')) return;
    const path = kind === 'user' ? '/users/{id}' : '/role_assignments/{id}';
    await this.once(kind, `${kind} ${recordId}`, async () => {
      try {
        await this.kisi.record(path, recordId);
        return true;
      } catch (error) {
        if (isKisiError(error, 'notFound')) return false;
        throw error;
      }
    });
  }

  /** What an API does not answer is not known, and asked for again with the next webhook. */
  private async once(kind: string, name: string, isThere: () => Promise<boolean>): Promise<void> {
    const count = this.asked.get(kind) ?? 0;
    if (this.known.has(name) || count >= mostOfAKind) return;
    this.asked.set(kind, count + 1);
    try {
      this.known.set(name, await isThere());
    } catch (error) {
      if (!(error instanceof NexudusError) && !(error instanceof KisiError)) throw error;
    }
  }
}
